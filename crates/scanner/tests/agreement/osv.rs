//! What api.osv.dev answered for packages in recorded tests of osv-scanner, where we hold the advisories.

use std::collections::{BTreeMap, BTreeSet};

use wharfinger_advisories::osv::OsvReader;
use wharfinger_advisories::{Database, Document};
use wharfinger_package::VersionScheme;

use super::comparison::compare;
use super::database::{Built, package};
use super::{documents, lines};

const SLICES: [&str; 5] = [
    "advisories/crates.io/rustsec.jsonl.zst",
    "advisories/go/govulndb-osv.jsonl.zst",
    "advisories/packagist/friendsofphp.jsonl.zst",
    "advisories/pypi/pypa-osv.jsonl.zst",
    "advisories/rubygems/ruby-advisory-db.jsonl.zst",
];

/// Records out of other projects' tests. Of some, only the number of versions was kept.
fn single_records() -> Vec<Document> {
    let rows = lines("osv-api/osv-records-from-testdata.jsonl.zst").into_iter();
    let read = |row: serde_json::Value| OsvReader::of_bytes(row.to_string().into_bytes()).next();
    rows.filter_map(read).filter_map(Result::ok).collect()
}

#[test]
fn packages_have_what_osv_says() {
    let built = Built::of(SLICES.into_iter().flat_map(documents).chain(single_records()));
    let (mut expected, mut found) = (BTreeMap::new(), BTreeMap::new());
    for pair in lines("osv-api/pairs.jsonl.zst") {
        let text = |key: &str| pair[key].as_str().unwrap_or_default();
        let (ecosystem, name, version) =
            (ecosystem(text("ecosystem")), text("name"), text("version"));
        let Some(ecosystem) = ecosystem else { continue };
        let mut known = BTreeSet::new();
        for id in pair["ids"].as_array().into_iter().flatten().filter_map(|it| it.as_str()) {
            known.extend(names(&built.database, id));
        }
        let what = |id: &String| format!("{id} {name}@{version}");
        let corpus = format!("osv/{}", ecosystem.split(':').next().unwrap_or_default());
        let all: &mut BTreeSet<_> = expected.entry(corpus.clone()).or_default();
        all.extend(known.iter().map(what));
        let all: &mut BTreeSet<_> = found.entry(corpus).or_default();
        let matches = built.matches(&package(&ecosystem, name, version));
        all.extend(matches.iter().map(|it| what(&it.vulnerability)));
    }
    for (corpus, expected) in &expected {
        compare(corpus, expected, &found[corpus]);
    }
    assert!(expected["osv/go"].len() > 150);
}

fn ecosystem(osv: &str) -> Option<String> {
    let (family, release) = osv.split_once(':').unwrap_or((osv, ""));
    let ours = match family {
        "Go" => "go",
        "PyPI" => "pypi",
        "Maven" => "maven",
        "npm" => "npm",
        "NuGet" => "nuget",
        "RubyGems" => "rubygems",
        "Packagist" => "packagist",
        "crates.io" => "crates.io",
        "Alpine" => return Some(format!("alpine:{}", release.trim_start_matches('v'))),
        "Debian" => return Some(format!("debian:{release}")),
        "Ubuntu" => return Some(format!("ubuntu:{}", release.trim_end_matches(":LTS"))),
        _ => return None,
    };
    Some(ours.to_owned())
}

/// What an id is called in findings; nothing, if we do not hold the advisory.
pub(crate) fn names(database: &Database, id: &str) -> BTreeSet<String> {
    let told = database.vulnerability(id).expect("the database is whole");
    let aliases = told.iter().flat_map(|it| it.aliases.iter().chain([&it.id])).cloned();
    let aliases: BTreeSet<String> = aliases.collect();
    let cves: BTreeSet<_> = aliases.iter().filter(|it| it.starts_with("CVE-")).cloned().collect();
    if !cves.is_empty() {
        return cves;
    }
    let known = aliases.iter().find(|it| it.starts_with("GHSA-")).or(aliases.first());
    known.into_iter().cloned().collect()
}

#[test]
fn a_pseudo_version_is_before_the_fix_that_follows_it() {
    let (a, b) = ("v0.0.0-20210817142637-7d9622a276b7", "0.0.0-20220412211240-33da011f77ad");
    let order = wharfinger_package::compare(VersionScheme::Go, a, b);
    assert_eq!(order, Some(std::cmp::Ordering::Less));
}
