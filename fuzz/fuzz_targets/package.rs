//! Versions, package URLs and CVSS vectors: what bills of materials, advisories and package databases hold.
#![no_main]

use std::cmp::Ordering;

use wharfinger_package::{PackageUrl, VersionScheme, compare, cvss};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, '\n');
    let [a, b, c] = [(); 3].map(|()| parts.next().unwrap_or_default());
    for scheme in VersionScheme::ALL {
        let order = compare(scheme, a, b);
        assert_eq!(order.map(Ordering::reverse), compare(scheme, b, a));
        if order.is_some_and(Ordering::is_le) && compare(scheme, b, c).is_some_and(Ordering::is_le) {
            assert!(compare(scheme, a, c).is_none_or(Ordering::is_le), "{scheme:?}");
        }
    }
    if let Ok(url) = a.parse::<PackageUrl>() {
        let _ = url.identity();
        let again: PackageUrl = url.to_string().parse().expect("what was written is read");
        assert_eq!(again.to_string(), url.to_string());
    }
    assert!(cvss::base_score(a).is_none_or(|score| (0.0..=10.0).contains(&score)));
});
