//! Databases that somebody made up: their checksums are right, and all else may be anything.

use std::path::Path;

use proptest::prelude::{any, prop, proptest};
use proptest::test_runner::Config;
use wharfinger_core::Timestamp;

use super::Database;
use crate::builder::{Builder, Judged};
use crate::format::{HEADER_BYTES, Header, Place, Section, sha256, short_hash};
use crate::statements::Layout;
use crate::{
    Affected, Epss, Interval, KnownExploited, Record, Statement, VersionEnd, Vulnerability,
    document, statements, vulnerability,
};

fn affected(n: u32) -> Affected {
    Affected {
        vulnerability: format!("CVE-{n}"),
        advisory: Some("DSA-1".to_owned()),
        intervals: vec![Interval {
            introduced: Some("1".to_owned()),
            end: VersionEnd::Fixed(n.to_string()),
        }],
        versions: vec!["0.1".to_owned(), "0.2".to_owned()],
        architectures: vec!["amd64".to_owned()],
        ..Affected::default()
    }
}

fn told(n: u32) -> Vulnerability {
    Vulnerability {
        id: format!("CVE-{n}"),
        aliases: vec![format!("GHSA-{n}")],
        severity: Some(wharfinger_package::Severity::Low),
        title: Some("a title".to_owned()),
        references: vec!["https://a.example".to_owned()],
        ..Vulnerability::default()
    }
}

/// The sections of a small database.
fn sections() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database");
    let mut builder = Builder::new(folder.path());
    for n in 0..40 {
        let name = format!("package-{}", n % 25);
        let ecosystem = "debian:12".parse().unwrap();
        let id = format!("CVE-{n}");
        let records = [
            Record::Affected { ecosystem, name, affected: affected(n) },
            Record::Vulnerability(told(n)),
            Record::Epss(Epss { vulnerability: id.clone(), score: 0.5, percentile: 0.25 }),
            Record::KnownExploited(KnownExploited {
                vulnerability: id,
                added_at: Timestamp::from_seconds(n.into()),
            }),
            Record::Covers("debian:12".parse().unwrap()),
        ];
        for record in records {
            builder.add("debian", record).unwrap();
        }
    }
    builder.finish(&path, Timestamp::from_seconds(1), Vec::new()).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let (header, _) = Header::decode(&bytes, bytes.len() as u64).unwrap();
    let places = Section::ALL.map(|section| header.place(section));
    places
        .iter()
        .map(|it| bytes[it.offset as usize..(it.offset + it.length) as usize].to_vec())
        .collect()
}

/// Puts the checks of an index right: each of `size` bytes holds offset, stored length, raw length, and
/// a hash of `hash` bytes.
fn with_checks(index: &mut [u8], data: &[u8], size: usize, hash: usize) {
    for entry in index.chunks_exact_mut(size) {
        let offset = u64::from_le_bytes(entry[..8].try_into().unwrap()) as usize;
        let length = u32::from_le_bytes(entry[8..12].try_into().unwrap()) as usize;
        if let Some(stored) = offset.checked_add(length).and_then(|end| data.get(offset..end)) {
            entry[16..16 + hash].copy_from_slice(&short_hash(stored)[..hash]);
        }
    }
}

fn write(path: &Path, sections: &[Vec<u8>]) {
    let mut places = [Place::default(); Section::ALL.len()];
    let mut body = Vec::new();
    for (place, section) in places.iter_mut().zip(sections) {
        *place = Place {
            offset: (HEADER_BYTES + body.len()) as u64,
            length: section.len() as u64,
            sha256: sha256(section),
        };
        body.extend_from_slice(section);
    }
    let mut file = Header::new(places).encode();
    file.extend_from_slice(&body);
    std::fs::write(path, file).unwrap();
}

/// Asks for everything; what comes back does not matter, only that something does.
fn ask(path: &Path) {
    let Ok(database) = Database::open(path) else { return };
    database.verify().unwrap();
    let _ = database.changed_since(&database);
    for n in 0..40 {
        let name = format!("package-{n}");
        let _ = database.affecting(&"debian:12".parse().unwrap(), &name);
        if let Ok(Some(said)) = database.statements(&"debian:12".parse().unwrap(), &name) {
            for statement in said.iter().into_iter().flatten().flatten() {
                let _ = statement.judgements().map(|it| it.map(Iterator::count));
            }
        }
        for id in [format!("CVE-{n}"), format!("GHSA-{n}")] {
            let _ = database.vulnerability(&id);
            let _ = database.epss(&id);
            let _ = database.known_exploited(&id);
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(256))]

    #[test]
    fn hostile_databases_are_survived(
        section in 0_usize..Section::ALL.len(),
        changes in prop::collection::vec((any::<u16>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<u16>()),
    ) {
        static SECTIONS: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(sections);
        let mut sections = SECTIONS.clone();
        for (place, byte) in changes {
            let length = sections[section].len();
            sections[section][usize::from(place) % length] = byte;
        }
        if let Some(cut) = cut {
            let length = sections[section].len();
            sections[section].truncate(usize::from(cut) % length);
        }
        let place = |wanted| Section::ALL.iter().position(|it| *it == wanted).unwrap();
        let (packages, blocks) = (place(Section::Packages), place(Section::Blocks));
        let data = [sections[packages].clone(), sections[blocks].clone()];
        with_checks(&mut sections[place(Section::PackageIndex)], &data[0], 40, 8);
        with_checks(&mut sections[place(Section::BlockIndex)], &data[1], 32, 16);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("database");
        write(&path, &sections);
        ask(&path);
    }

    #[test]
    fn hostile_statements_and_records_are_survived(
        changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..4),
    ) {
        let change = |mut bytes: Vec<u8>| {
            for (place, byte) in &changes {
                let length = bytes.len();
                bytes[usize::from(*place) % length] = *byte;
            }
            bytes
        };
        let all = [affected(1), affected(2)];
        for layout in [Layout::Plain, Layout::Judged] {
            let bytes = match layout {
                Layout::Plain => statements::encode(&all),
                Layout::Judged => {
                    let judged = |name: &str| Judged { name: name.to_owned(), byte: 0o43 };
                    let names = || vec![judged("CVE-1"), judged("CVE-3")];
                    statements::encode_judged(&[(&all[0], names()), (&all[1], names())])
                }
            };
            let bytes = change(bytes);
            if let Ok(read) = statements::parse(&bytes, layout) {
                let names = |it: &Statement<'_>| {
                    it.judgements().ok().flatten().map_or(0, |it| it.flatten().count())
                };
                let read = read.flatten().filter(|it| names(it) < 64);
                assert!(read.filter_map(|it| it.to_affected().ok()).count() < 64);
            }
        }
        let _ = vulnerability::decode(&change(vulnerability::encode(&told(1))));
        let records = vec![Record::Vulnerability(told(1))];
        let whole = document::Document { records, ..document::Document::default() };
        let _ = document::bytes::decode("x", "y", &change(document::bytes::encode(&whole)));
    }
}
