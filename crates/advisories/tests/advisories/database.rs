//! The database: what goes in comes out, whatever it is; what was damaged is told so.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;

use proptest::prelude::{
    Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::test_runner::Config;
use wharfinger_advisories::{
    Affected, Cvss, Database, Document, Epss, FixStatus, ImportMode, Interval, KnownExploited,
    Record, VersionEnd, Vulnerability,
};
use wharfinger_package::Severity;

use crate::fixture::{Folder, affected, at, document, ecosystem, vulnerability};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.:~-]{0,12}", "\\PC{0,6}"]
}

fn status() -> impl Strategy<Value = FixStatus> {
    prop_oneof![
        Just(FixStatus::Affected),
        Just(FixStatus::Fixed),
        Just(FixStatus::WillNotFix),
        Just(FixStatus::Deferred),
        Just(FixStatus::EndOfLife),
        Just(FixStatus::UnderInvestigation),
        Just(FixStatus::NotAffected),
    ]
}

fn severity() -> impl Strategy<Value = Option<Severity>> {
    prop::option::of(prop::sample::select(Severity::ALL.to_vec()))
}

fn interval() -> impl Strategy<Value = Interval> {
    let end = prop_oneof![
        Just(VersionEnd::Open),
        text().prop_map(VersionEnd::Fixed),
        text().prop_map(VersionEnd::LastAffected),
    ];
    (prop::option::of(text()), end).prop_map(|(introduced, end)| Interval { introduced, end })
}

fn statement() -> impl Strategy<Value = Affected> {
    let words =
        (text(), prop::option::of(text()), prop::option::of(text()), prop::option::of(text()));
    let lists = (
        prop::collection::vec(interval(), 0..4),
        prop::collection::vec(text(), 0..5),
        prop::collection::vec(text(), 0..3),
    );
    (words, lists, status(), severity()).prop_map(|(words, lists, status, severity)| {
        let (vulnerability, advisory, module, vendor_severity) = words;
        let (intervals, versions, architectures) = lists;
        Affected {
            vulnerability,
            advisory,
            source: "debian".to_owned(),
            intervals,
            versions,
            architectures,
            module,
            status,
            severity,
            vendor_severity,
        }
    })
}

fn told() -> impl Strategy<Value = Vulnerability> {
    let words = (
        prop::option::of(text()),
        prop::option::of("\\PC{0,300}"),
        prop::option::of(text()),
        prop::option::of(text()),
    );
    let lists = (
        prop::collection::btree_set("[A-Z]{1,6}", 0..4),
        prop::collection::btree_set(text(), 0..4),
        prop::collection::vec((text(), text(), 0.0..10.0, text()), 0..2),
    );
    let times = (prop::option::of(any::<i32>()), prop::option::of(any::<i32>()));
    (words, lists, severity(), times).prop_map(|(words, lists, severity, times)| {
        let (title, description, vendor_severity, url) = words;
        let (aliases, references, cvss) = lists;
        let cvss = cvss.into_iter().map(|(version, vector, score, source)| Cvss {
            version,
            vector,
            score,
            source,
        });
        Vulnerability {
            id: String::new(),
            source: "debian".to_owned(),
            aliases: aliases.into_iter().collect(),
            title,
            description,
            severity,
            vendor_severity,
            cvss: cvss.collect(),
            published_at: times.0.map(|it| at(it.into())),
            modified_at: times.1.map(|it| at(it.into())),
            url,
            references: references.into_iter().collect(),
        }
    })
}

proptest! {
    #![proptest_config(Config::with_cases(48))]

    #[test]
    fn what_is_built_is_what_is_read(
        said in prop::collection::btree_map(
            (prop::sample::select(vec!["debian:12", "npm", "alpine:3.18"]), text()),
            prop::collection::vec(statement(), 1..6),
            0..12,
        ),
        told in prop::collection::btree_map("[0-9]{1,6}", told(), 0..12),
        epss in prop::collection::btree_map("[0-9]{1,6}", (0.0..1.0, 0.0..1.0), 0..12),
        exploited in prop::collection::btree_map("[0-9]{1,6}", any::<i32>(), 0..12),
    ) {
        let mut records = Vec::new();
        for ((of, name), statements) in &said {
            records.extend(statements.iter().map(|affected| Record::Affected {
                ecosystem: ecosystem(of),
                name: name.clone(),
                affected: affected.clone(),
            }));
        }
        let told: BTreeMap<_, _> =
            told.into_iter().map(|(id, it)| (id.clone(), Vulnerability { id, ..it })).collect();
        records.extend(told.values().cloned().map(Record::Vulnerability));
        records.extend(epss.iter().map(|(id, (score, percentile))| Record::Epss(Epss {
            vulnerability: id.clone(),
            score: *score,
            percentile: *percentile,
        })));
        records.extend(exploited.iter().map(|(id, added)| Record::KnownExploited(KnownExploited {
            vulnerability: id.clone(),
            added_at: at((*added).into()),
        })));
        records.push(Record::Covers(ecosystem("npm")));
        let folder = Folder::new();
        let document = Document {
            source: "debian".into(),
            id: "all".into(),
            modified_at: None,
            records,
        };
        folder.import(ImportMode::Replace, vec![document]);
        let database = folder.current();
        database.verify().unwrap();
        prop_assert_eq!(&database.information().ecosystems, &[ecosystem("npm")]);
        for ((of, name), statements) in said {
            let read = database.affecting(&ecosystem(of), &name).unwrap();
            prop_assert!(statements.iter().all(|it| read.contains(it)));
            prop_assert!(read.iter().all(|it| statements.contains(it)));
        }
        for (id, it) in &told {
            let read = database.vulnerability(id).unwrap();
            prop_assert!(read.contains(it), "{:?} in {:?}", it, read);
            for alias in &it.aliases {
                prop_assert!(database.vulnerability(alias).unwrap().contains(it));
            }
        }
        for (id, (score, percentile)) in epss {
            let read = database.epss(&id).unwrap().unwrap();
            prop_assert_eq!((read.score, read.percentile), (score, percentile));
        }
        for (id, added) in exploited {
            prop_assert_eq!(database.known_exploited(&id).unwrap(), Some(at(added.into())));
        }
        prop_assert_eq!(database.epss("no").unwrap(), None);
        prop_assert_eq!(database.known_exploited("no").unwrap(), None);
        prop_assert!(database.vulnerability("no").unwrap().is_empty());
    }

    #[test]
    fn damaged_files_never_lie_about_it(places in prop::collection::vec((any::<u32>(), 1_u8..), 1..4)) {
        let folder = Folder::new();
        let information = folder.import(ImportMode::Replace, a_bit_of_everything());
        let path = folder.folder.path().join(format!("advisories/databases/{}.db", information.id));
        let intact = Database::open(&path).unwrap();
        let file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        let length = file.metadata().unwrap().len();
        let mut changed = false;
        for (place, bits) in places {
            let place = u64::from(place) % length;
            let mut byte = [0];
            file.read_exact_at(&mut byte, place).unwrap();
            file.write_all_at(&[byte[0] ^ bits], place).unwrap();
            changed = true;
        }
        prop_assert!(changed);
        // The intact database reads the same file, with the tables it has in memory.
        for database in [Some(intact), Database::open(&path).ok()].into_iter().flatten() {
            for name in 0..20 {
                let read = database.affecting(&ecosystem("npm"), &format!("package-{name}"));
                prop_assert!(read.is_err() || read.unwrap().len() == 1);
                let read = database.vulnerability(&format!("CVE-{name}"));
                prop_assert!(read.is_err() || read.unwrap().len() == 1);
            }
        }
    }
}

fn a_bit_of_everything() -> Vec<Document> {
    (0..20)
        .map(|n| document("ghsa", &format!("CVE-{n}"), "npm", &format!("package-{n}"), "1.2.3"))
        .collect()
}

#[test]
fn large_packages_are_compressed_and_read_back() {
    let folder = Folder::new();
    let records = (0..20_000).map(|n| {
        affected("debian", &format!("CVE-2024-{n}"), "debian:12", "linux", &format!("6.1.{n}-1"))
    });
    let document = Document {
        source: "debian".into(),
        id: "linux".into(),
        modified_at: None,
        records: records.collect(),
    };
    folder.import(ImportMode::Replace, vec![document]);
    let database = folder.current();
    let statements = database.statements(&ecosystem("debian:12"), "linux").unwrap().unwrap();
    assert_eq!(statements.iter().unwrap().count(), 20_000);
    let read = database.affecting(&ecosystem("debian:12"), "linux").unwrap();
    assert!(read.iter().any(|it| it.vulnerability == "CVE-2024-19999"));
    assert!(database.statements(&ecosystem("debian:11"), "linux").unwrap().is_none());
}

#[test]
fn an_alias_leads_to_all_that_is_told_of_what_it_stands_for() {
    let folder = Folder::new();
    let told = |source: &str, id: &str, aliases: &[&str]| Document {
        source: source.into(),
        id: id.into(),
        modified_at: None,
        records: vec![Record::Vulnerability(Vulnerability {
            id: id.into(),
            aliases: aliases.iter().map(|&it| it.into()).collect(),
            ..Vulnerability::default()
        })],
    };
    let documents = vec![
        told("ghsa", "CVE-1", &["GHSA-1"]),
        told("nvd", "CVE-1", &[]),
        told("nvd", "CVE-2", &[]),
        // Not all aliases are mutual.
        told("pypa", "PYSEC-1", &["CVE-1"]),
        told("osv", "OSV-1", &["PYSEC-1"]),
    ];
    folder.import(ImportMode::Replace, documents);
    let database = folder.current();
    let sources = |id: &str| -> Vec<String> {
        database.vulnerability(id).unwrap().into_iter().map(|it| it.source).collect()
    };
    assert_eq!(sources("CVE-1"), ["ghsa", "nvd", "pypa", "osv"]);
    assert_eq!(sources("GHSA-1"), ["ghsa", "nvd", "pypa"]);
    assert_eq!(sources("PYSEC-1"), ["osv", "pypa"]);
    assert_eq!(sources("CVE-2"), ["nvd"]);
}

#[test]
fn changes_are_those_of_statements_and_of_what_is_told() {
    let folder = Folder::new();
    let mut documents = a_bit_of_everything();
    let first = folder.import(ImportMode::Replace, documents.clone());
    let unchanged = folder.import(ImportMode::Replace, documents.clone());
    let first = folder.store.by_id(&first.id).unwrap();
    // Equal contents at equal times are the same database.
    assert_eq!(first.unwrap().information(), &unchanged);
    let before = folder.current();
    // A statement changes, one goes, one comes, and of one vulnerability something else is told.
    documents[3].records[0] = affected("ghsa", "CVE-3", "npm", "package-3", "1.2.4");
    documents[4].records.remove(0);
    documents.push(document("ghsa", "CVE-20", "npm", "package-20", "1"));
    documents[5].records[1] = vulnerability("ghsa", "CVE-5 ");
    let epss = Epss { vulnerability: "CVE-6".into(), score: 0.5, percentile: 0.5 };
    documents[6].records.push(Record::Epss(epss));
    documents[7].modified_at = Some(at(101));
    folder.import(ImportMode::Replace, documents);
    let after = folder.current();
    let changed: Vec<String> =
        after.changed_since(&before).unwrap().into_iter().map(|(_, name)| name).collect();
    assert_eq!(changed, ["package-20", "package-3", "package-4", "package-5"]);
    assert_eq!(before.changed_since(&after).unwrap().len(), 4);
    assert_eq!(after.changed_since(&after).unwrap(), []);
}

#[test]
fn other_files_are_no_databases() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for content in [&b""[..], b"SQLite format 3\0", &[0; 4096], b"WHRFADV\n"] {
        std::fs::write(&path, content).unwrap();
        let error = Database::open(&path).unwrap_err();
        assert!(error.to_string().starts_with("the advisory database is damaged"), "{error}");
    }
    assert!(Database::open(&folder.path().join("none")).is_err());
}
