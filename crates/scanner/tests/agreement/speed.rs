//! How long 500 packages take against all the advisories of the corpus.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use wharfinger_advisories::{Cvss, Document, Record, Vulnerability};
use wharfinger_package::PackageIdentity;

use super::database::{Built, document, package};
use super::documents;

const SOURCES: [&str; 8] = [
    "advisories/almalinux/alma-osv.jsonl.zst",
    "advisories/crates.io/rustsec.jsonl.zst",
    "advisories/debian/DSA.list",
    "advisories/debian/DLA.list",
    "advisories/go/govulndb-osv.jsonl.zst",
    "advisories/pypi/pypa-osv.jsonl.zst",
    "advisories/rubygems/ruby-advisory-db.jsonl.zst",
    "advisories/ubuntu/uct-2020-06.jsonl.zst",
];

/// What NVD tells of each vulnerability that something is said of, so that all of them are rated.
fn nvd(documents: &[Document]) -> Document {
    let said = documents.iter().flat_map(|it| &it.records).filter_map(|it| match it {
        Record::Affected { affected, .. } => Some(affected.vulnerability.as_str()),
        _ => None,
    });
    let cvss = Cvss {
        version: "3.1".to_owned(),
        vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N".to_owned(),
        score: 7.5,
        source: "NVD".to_owned(),
    };
    let told = |id: &str| {
        Record::Vulnerability(Vulnerability {
            id: id.to_owned(),
            description: Some(format!("{id} is told of in a line of some length. ").repeat(8)),
            cvss: vec![cvss.clone()],
            ..Vulnerability::default()
        })
    };
    let ids: BTreeSet<_> = said.filter(|it| it.starts_with("CVE-")).collect();
    document("nvd", "cves", ids.into_iter().map(told).collect())
}

/// Packages of an image, spread evenly over the names that something is said of: `early` of eight in an
/// early version, the others in one that nothing is said of.
fn image(
    documents: &[Document],
    ecosystem: &str,
    count: usize,
    early: usize,
) -> Vec<PackageIdentity> {
    let mut names = BTreeSet::new();
    for record in documents.iter().flat_map(|it| &it.records) {
        match record {
            Record::Affected { ecosystem: of, name, .. } if of.to_string() == ecosystem => {
                names.insert(name.as_str());
            }
            _ => {}
        }
    }
    let version = |index: usize| if index % 8 < early { "1.0.1-1" } else { "2000.1.2-3" };
    let names = names.iter().step_by((names.len() / count).max(1)).take(count).enumerate();
    names.map(|(index, name)| package(ecosystem, name, version(index))).collect()
}

/// `cargo test --release -p wharfinger-scanner --test agreement speed -- --ignored --nocapture`
#[test]
#[ignore = "it measures"]
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "durations are measured")]
fn packages_of_an_image_are_matched() {
    let mut documents: Vec<_> = SOURCES.into_iter().flat_map(documents).collect();
    documents.push(nvd(&documents));
    let ecosystems = ["debian:10", "ubuntu:18.04", "alma:8", "go", "pypi"];
    let images = ecosystems.map(|it| [0, 1].map(|early| (it, image(&documents, it, 500, early))));
    let built = Built::of(documents);
    for (ecosystem, packages) in images.into_iter().flatten() {
        let mut best = Duration::MAX;
        let mut found = 0;
        let mut first = Duration::ZERO;
        for round in 0..20 {
            let begun = Instant::now();
            found = packages.iter().map(|it| built.matches(it).len()).sum();
            best = best.min(begun.elapsed());
            if round == 0 {
                first = begun.elapsed();
            }
        }
        eprintln!(
            "{ecosystem}: {} packages, {found} findings, first {first:?}, best {best:?}",
            packages.len()
        );
    }
}
