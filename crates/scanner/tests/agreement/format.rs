//! A database of the first version of the format, which has no ratings beside its statements: what is
//! found with it is what is found with one of today.

use std::path::PathBuf;

use wharfinger_advisories::{
    Affected, Cvss, Database, Document, FixStatus, Interval, Record, Store, VersionEnd,
    Vulnerability,
};
use wharfinger_core::Timestamp;
use wharfinger_package::{PackageIdentity, Severity, SourcePackage};
use wharfinger_scanner::match_package;

use super::database::{Built, affected, document, package, says};

/// What 0.1.0 built of [`documents`].
const FIRST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/agreement/format-1.db");

const ECOSYSTEMS: [&str; 6] = ["pypi", "debian:12", "alma:8", "chainguard", "wolfi", "redhat:8"];
const SOURCES: [&str; 8] = ["nvd", "ghsa", "pypa", "debian", "osv", "redhat", "alma", "wolfi"];
const RATERS: [&str; 6] = ["NVD", "GitHub", "Debian", "SOMEONE", "redhat", "PyPA"];
const VERSIONS: [&str; 5] = ["3.1", "3.0", "4.0", "2.0", "1.0"];
const VECTORS: [&str; 5] = [
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N",
    "AV:N/AC:L/Au:N/C:N/I:N/A:C",
    "no vector",
    "",
];
const SCORES: [f64; 3] = [0.0, 5.5, 9.8];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn id(&mut self) -> String {
        match self.below(10) {
            0..5 => format!("CVE-2024-{}", self.below(60)),
            5..8 => format!("GHSA-{}", self.below(30)),
            8 => format!("PYSEC-{}", self.below(20)),
            _ => format!("ADV-{}", self.below(20)),
        }
    }

    fn severity(&mut self, of_ten: usize) -> Option<Severity> {
        (self.below(10) < of_ten).then(|| self.of(&Severity::ALL))
    }

    fn told(&mut self) -> Vulnerability {
        let ratings = self.below(3);
        let cvss = (0..ratings).map(|_| Cvss {
            version: self.of(&VERSIONS).into(),
            vector: self.of(&VECTORS).into(),
            score: self.of(&SCORES),
            source: self.of(&RATERS).into(),
        });
        let cvss = cvss.collect();
        let aliases = (0..self.below(4)).map(|_| self.id()).collect();
        let (id, severity) = (self.id(), self.severity(3));
        Vulnerability { id, aliases, severity, cvss, ..Vulnerability::default() }
    }

    fn statement(&mut self) -> Affected {
        let end = match self.below(4) {
            0 => VersionEnd::Open,
            1 => VersionEnd::Fixed("1.2".into()),
            _ => VersionEnd::Fixed(format!("2.{}", self.below(9))),
        };
        Affected {
            advisory: (self.below(3) == 0).then(|| self.id()),
            severity: self.severity(2),
            intervals: vec![Interval { introduced: None, end }],
            architectures: if self.below(9) == 0 { vec!["src".into()] } else { vec![] },
            status: self.of(&[
                FixStatus::Fixed,
                FixStatus::Affected,
                FixStatus::Deferred,
                FixStatus::Fixed,
                FixStatus::WillNotFix,
                FixStatus::NotAffected,
            ]),
            ..affected(&self.id(), None)
        }
    }
}

/// Advisories that call one thing by many ids and rate it in many ways, or not at all.
fn documents() -> Vec<Document> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut documents = Vec::new();
    for n in 0..150 {
        let source = numbers.of(&SOURCES);
        let told = Record::Vulnerability(numbers.told());
        documents.push(document(source, &format!("told-{n}"), vec![told]));
    }
    for n in 0..1_000 {
        let (source, ecosystem) = (numbers.of(&SOURCES), numbers.of(&ECOSYSTEMS));
        let name = format!("package-{}", numbers.below(25));
        let ecosystem = ecosystem.parse().expect(ecosystem);
        let said = says(&ecosystem, &name, numbers.statement());
        documents.push(document(source, &format!("said-{n}"), vec![said]));
    }
    let debian = "debian:12".parse().expect("an ecosystem");
    // So much that it is compressed.
    let kernel = (0..1_000).map(|n| {
        let affected = affected(&format!("CVE-2023-{n}"), Some(&format!("6.1.{n}-1")));
        says(&debian, "linux", affected)
    });
    documents.push(document("debian", "linux", kernel.collect()));
    documents
}

fn packages() -> Vec<PackageIdentity> {
    let of = |ecosystem: &'static str| {
        (0..25).map(move |n| PackageIdentity {
            source: (n % 3 == 0).then(|| SourcePackage {
                name: format!("package-{}", (n + 5) % 25),
                version: "1.0".into(),
            }),
            architecture: Some("x86_64".into()),
            ..package(ecosystem, &format!("package-{n}"), "1.5")
        })
    };
    let mut packages: Vec<_> = ECOSYSTEMS.into_iter().flat_map(of).collect();
    packages.push(package("debian:12", "linux", "6.1.500-1"));
    packages
}

#[test]
fn databases_of_the_first_format_find_the_same() {
    let first = Database::open(&PathBuf::from(FIRST)).expect("it is read");
    first.verify().expect("it is whole");
    let built = Built::of(documents());
    let mut count = 0;
    for package in packages() {
        let found = match_package(&first, &package).expect("it is whole");
        assert_eq!(built.matches(&package), found, "{package:?}");
        count += found.len();
    }
    assert_eq!(count, 1_772);
    assert_eq!(built.database.changed_since(&first).expect("they are whole"), []);
}

/// A folder whose current database is of the first format, as one is after an update of the server.
#[test]
fn a_folder_of_the_first_format_is_read_until_it_is_built_anew() {
    let built = Built::of(documents());
    let first = Database::open(&PathBuf::from(FIRST)).expect("it is read");
    let (id, new) = (&first.information().id, &built.database.information().id);
    let folder = built.folder();
    let place = folder.join(format!("databases/{id}.db"));
    std::fs::copy(FIRST, place).expect("it is copied");
    let pointer = std::fs::read_to_string(folder.join("current")).expect("it is read");
    std::fs::write(folder.join("current"), pointer.replace(new, id)).expect("it is written");
    let store = Store::new(folder);
    let current = || store.current().expect("it is read").expect("it is there");
    assert_eq!(&current().information().id, id);
    let rebuilt = store.begin().expect("nobody else imports").commit(Timestamp::from_seconds(7));
    assert_eq!(current().information(), &rebuilt.expect("it is built"));
    let before = store.by_id(id).expect("it is read").expect("it is kept");
    assert_eq!(current().changed_since(&before).expect("they are whole"), []);
}
