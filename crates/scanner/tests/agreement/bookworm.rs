//! Debian 12 as it came out, and which vulnerabilities its later uploads say they fix.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wharfinger_advisories::Record;
use wharfinger_package::{Ecosystem, VersionScheme, compare as order};

use super::comparison::compare;
use super::database::{Built, affected, document, package, says};
use super::lines;

#[test]
fn bookworm_has_what_was_fixed_later() {
    let ecosystem: Ecosystem = "debian:12".parse().expect("an ecosystem");
    let released = released();
    let mut records = vec![Record::Covers(ecosystem.clone())];
    for row in lines("advisories/debian/bookworm-changelog-fixes.jsonl.zst") {
        let source = row["source"].as_str().unwrap_or_default();
        // Uploads to other releases (unstable) come here only as far as bookworm took them over.
        let begun = released.get(source).map_or("", String::as_str);
        let here = |upload: &&Value| {
            let version = upload["version"].as_str().unwrap_or_default();
            let dist = upload["dist"].as_str().unwrap_or_default();
            dist.starts_with("bookworm")
                || order(VersionScheme::Deb, version, begun) != Some(Ordering::Greater)
        };
        // The newest upload is first; the oldest after the release is the one that fixed it. Some name
        // again what one before the release had mended in part.
        let mut fixes = BTreeMap::new();
        for upload in row["history"].as_array().into_iter().flatten().filter(here) {
            let version = upload["version"].as_str().unwrap_or_default();
            let later = order(VersionScheme::Deb, version, begun) == Some(Ordering::Greater);
            for cve in upload["cves"].as_array().into_iter().flatten() {
                let cve = cve.as_str().unwrap_or_default();
                if later || !fixes.contains_key(cve) {
                    fixes.insert(cve, Some(version));
                }
            }
        }
        records.extend(
            fixes.iter().map(|(cve, fixed)| says(&ecosystem, source, affected(cve, *fixed))),
        );
    }
    let built = Built::of([document("debian", "bookworm", records)]);
    let (mut expected, mut found) = (BTreeSet::new(), BTreeSet::new());
    for row in lines("pkglists/debian-bookworm-2023-06-10.jsonl.zst") {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        let (source, version) = (text("source"), text("version"));
        for pair in row["expected"].as_array().into_iter().flatten() {
            let of = |key: &str| pair[key].as_str().unwrap_or_default();
            expected.insert(format!("{} {source}@{version} {}", of("cve"), of("fixed")));
        }
        for it in built.matches(&package("debian:12", source, version)) {
            let fixed = it.fixed_version.as_deref().unwrap_or("-");
            found.insert(format!("{} {source}@{version} {fixed}", it.vulnerability));
        }
    }
    assert_eq!(expected.len(), 5271);
    compare("bookworm", &expected, &found);
}

/// The source packages of the release, and their versions.
fn released() -> BTreeMap<String, String> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = lines("pkglists/debian-bookworm-2023-06-10.jsonl.zst").into_iter();
    rows.map(|row| (text(&row, "source"), text(&row, "version"))).collect()
}
