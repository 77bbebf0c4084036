//! The order of versions: what the ecosystems' own tools say of 72,000 pairs, and that it is an order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use wharfinger_package::{VersionOrder, VersionScheme, compare};

const VERSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/versions");

/// Lines that are answered otherwise, each with the reason: `file: line` and then `why: …`.
const ODDITIES: &str = include_str!("version_order/oddities.txt");

const FILES: [(&str, &[VersionScheme]); 17] = [
    ("scalibr/alpine-versions-generated.txt", &[VersionScheme::Apk]),
    ("scalibr/alpine-versions.txt", &[VersionScheme::Apk]),
    ("scalibr/debian-versions-generated.txt", &[VersionScheme::Deb]),
    ("scalibr/debian-versions.txt", &[VersionScheme::Deb]),
    ("scalibr/maven-versions-generated.txt", &[VersionScheme::Maven]),
    ("scalibr/maven-versions.txt", &[VersionScheme::Maven]),
    ("scalibr/nuget-versions.txt", &[VersionScheme::NuGet]),
    ("scalibr/packagist-versions-generated.txt", &[VersionScheme::Composer]),
    ("scalibr/packagist-versions.txt", &[VersionScheme::Composer]),
    ("scalibr/pypi-versions-generated.txt", &[VersionScheme::Pep440]),
    ("scalibr/pypi-versions.txt", &[VersionScheme::Pep440]),
    ("scalibr/redhat-versions.txt", &[VersionScheme::Rpm]),
    ("claircore-rpm/rpmvercmp", &[VersionScheme::Rpm]),
    ("scalibr/rubygems-versions-generated.txt", &[VersionScheme::RubyGems]),
    ("scalibr/rubygems-versions.txt", &[VersionScheme::RubyGems]),
    (
        "scalibr/semver-versions.txt",
        &[VersionScheme::SemVer, VersionScheme::Npm, VersionScheme::Go],
    ),
    ("claircore-rpm/compare", &[VersionScheme::Rpm]),
];

/// `a < b`, `a == b`; anything else is a remark.
fn vector(line: &str) -> Option<(&str, Ordering, &str)> {
    let line = line.trim();
    if line.starts_with('#') || line.starts_with("//") {
        return None;
    }
    let mut words = line.split_whitespace();
    let (a, operator, b) = (words.next()?, words.next()?, words.next()?);
    let order = match operator {
        "<" => Ordering::Less,
        "=" | "==" => Ordering::Equal,
        ">" => Ordering::Greater,
        _ => return None,
    };
    Some((a, order, b))
}

#[test]
fn vectors_are_answered_as_the_tools_do() {
    let mut odd = BTreeMap::new();
    let mut count = 0;
    for (file, schemes) in FILES {
        for line in fs::read_to_string(format!("{VERSIONS}/{file}")).unwrap().lines() {
            let Some((a, order, b)) = vector(line) else { continue };
            for scheme in schemes {
                count += 1;
                let (answer, reverse) = (compare(*scheme, a, b), compare(*scheme, b, a));
                assert_eq!(answer.map(Ordering::reverse), reverse, "{scheme:?} {a} {b}");
                if answer != Some(order) {
                    odd.insert(format!("{file}: {}", line.trim()), answer);
                }
            }
        }
    }
    assert!(count > 71_000, "{count} vectors");
    let mut listed = BTreeMap::new();
    for entry in ODDITIES.split("\n\n").filter(|it| !it.trim().is_empty()) {
        let (why, lines) = entry.trim().split_once('\n').unwrap();
        assert!(why.starts_with("why: "), "an entry without a reason: {entry}");
        listed.extend(lines.lines().map(|line| (line.to_owned(), why)));
    }
    let unlisted: Vec<_> = odd.iter().filter(|it| !listed.contains_key(it.0)).collect();
    assert!(unlisted.is_empty(), "answered otherwise, {}: {unlisted:#?}", unlisted.len());
    let stale: Vec<_> = listed.iter().filter(|it| !odd.contains_key(it.0)).collect();
    assert!(stale.is_empty(), "listed, but answered as they should be: {stale:#?}");
}

#[test]
fn versions_that_alpine_has_had_are_equal_to_themselves_only() {
    for file in ["osv-alpine-valid_versions.txt", "osv-alpine-invalid_versions.txt"] {
        let text = fs::read_to_string(format!("{VERSIONS}/{file}")).unwrap();
        for version in text.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
            let same = compare(VersionScheme::Apk, version, version);
            assert_eq!(same, Some(Ordering::Equal), "{version}");
        }
    }
}

#[test]
fn versions_of_go_are_ordered() {
    for (a, b) in [
        ("go1.21.9", "1.22.3"),
        ("go1.22rc1", "v1.22.0"),
        ("go1.22beta1", "go1.22rc2"),
        ("1.22.0-rc.1", "go1.22"),
        ("1.22.0-0", "go1.22beta1"),
        ("go1.18.1", "go1.18.2b7"),
        ("go1.22.3 X:boringcrypto", "1.22.4"),
        ("v0.0.0-20200101000000-abcdefabcdef", "0.0.0-20200101000001-000000000000"),
        ("v1.2.3-0.20200101000000-abcdefabcdef", "v1.2.3"),
        ("v1.2.2", "v1.2.3-0.20200101000000-abcdefabcdef"),
        ("v2.0.0-20180818164646-67afb5ed74ec+incompatible", "2.0.0+incompatible"),
        ("v3.2.0+incompatible", "3.2.1"),
    ] {
        assert_eq!(compare(VersionScheme::Go, a, b), Some(Ordering::Less), "{a} {b}");
    }
    for (a, b) in [
        ("go1.22.3 X:boringcrypto", "1.22.3"),
        ("go1.18.1b7", "v1.18.1"),
        ("v1.0.0+incompatible", "1.0.0"),
        ("go1.22rc1", "1.22.0-rc1"),
    ] {
        assert_eq!(compare(VersionScheme::Go, a, b), Some(Ordering::Equal), "{a} {b}");
    }
}

#[test]
fn what_is_no_version_is_not_ordered() {
    let long = "1".repeat(2000);
    for (scheme, wrong) in [
        (VersionScheme::Go, "(devel)"),
        (VersionScheme::Go, "devel +abc"),
        (VersionScheme::Go, ""),
        (VersionScheme::Npm, "latest"),
        (VersionScheme::Npm, "1.2.3.4"),
        (VersionScheme::Npm, "1.2.3-"),
        (VersionScheme::SemVer, "git+https://host/x"),
        (VersionScheme::NuGet, "1.2.3.4.5"),
        (VersionScheme::NuGet, "1..2"),
        (VersionScheme::Pep440, "0.1-bulbasaur"),
        (VersionScheme::RubyGems, "junk"),
        (VersionScheme::Deb, "a:1.0"),
        (VersionScheme::Deb, "1:"),
        (VersionScheme::Rpm, " "),
        (VersionScheme::Apk, &long),
    ] {
        assert_eq!(compare(scheme, wrong, "1.0.0"), None, "{scheme:?} {wrong}");
        assert_eq!(compare(scheme, "1.0.0", wrong), None, "{scheme:?} {wrong}");
    }
}

/// Text that is close to a version, so that versions meet versions that are nearly the same.
fn near_version() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[0-3]{1,2}",
        "[.~^+_:-]",
        "(alpha|beta|rc|a|b|p|pl|dev|sp|ga|final|snapshot|post|git|x|r)",
    ];
    proptest::collection::vec(part, 1..7).prop_map(|parts| format!("1.{}", parts.concat()))
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_compared(a in any::<String>(), b in "[ -~]{0,24}") {
        for scheme in VersionScheme::ALL {
            for (a, b) in [(&a, &b), (&b, &a), (&a, &a), (&b, &b)] {
                let order = compare(scheme, a, b);
                assert_eq!(order.map(Ordering::reverse), compare(scheme, b, a));
                assert_eq!(VersionOrder::of(scheme, a).to(b), order);
            }
        }
    }

    #[test]
    fn a_version_that_is_read_once_is_compared_alike(
        a in near_version(),
        b in near_version(),
        spaces in 0_usize..2_000,
    ) {
        let padded = format!("{}{b} ", " ".repeat(spaces));
        for scheme in VersionScheme::ALL {
            for other in [&b, &padded, &a, &String::new()] {
                assert_eq!(VersionOrder::of(scheme, &a).to(other), compare(scheme, &a, other));
                assert_eq!(VersionOrder::of(scheme, other).to(&a), compare(scheme, other, &a));
            }
        }
    }

    #[test]
    fn the_order_is_total(a in near_version(), b in near_version(), c in near_version()) {
        for scheme in VersionScheme::ALL {
            let of = |a: &String, b: &String| compare(scheme, a, b);
            let mut versions = [&a, &b, &c];
            if versions.iter().any(|it| of(it, it).is_none()) {
                continue;
            }
            versions.sort_by(|a, b| of(a, b).unwrap());
            let [low, middle, high] = versions;
            assert_ne!(of(low, middle), Some(Ordering::Greater), "{scheme:?} {versions:?}");
            assert_ne!(of(middle, high), Some(Ordering::Greater), "{scheme:?} {versions:?}");
            assert_ne!(of(low, high), Some(Ordering::Greater), "{scheme:?} {versions:?}");
            if of(low, high) == Some(Ordering::Equal) {
                assert_eq!(of(low, middle), Some(Ordering::Equal), "{scheme:?} {versions:?}");
                assert_eq!(of(middle, high), Some(Ordering::Equal), "{scheme:?} {versions:?}");
            }
            assert_eq!(of(low, middle).map(Ordering::reverse), of(middle, low));
        }
    }

    #[test]
    fn semantic_versions_are_those_of_the_crates(a in semantic(), b in semantic()) {
        let ours = compare(VersionScheme::SemVer, &a, &b).unwrap();
        let (c, d): (semver::Version, semver::Version) = (a.parse().unwrap(), b.parse().unwrap());
        assert_eq!(ours, c.cmp_precedence(&d), "{a} {b}");
        let (c, d): (nodejs_semver::Version, nodejs_semver::Version) =
            (a.parse().unwrap(), b.parse().unwrap());
        assert_eq!(compare(VersionScheme::Npm, &a, &b), Some(c.cmp(&d)), "{a} {b}");
    }
}

fn semantic() -> impl Strategy<Value = String> {
    "(0|1|12)\\.(0|1|12)\\.(0|1|12)(-(rc|0|1|12|a-b|A)(\\.(rc|0|1|12|a-b|A)){0,2})?"
}
