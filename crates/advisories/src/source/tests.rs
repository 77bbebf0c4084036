//! What importers make of real files, and of damaged ones.

mod corpus;
mod damaged;
mod debian;
mod language;
mod vendor;

pub(super) use vendor::tar_of;

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use wharfinger_package::Ecosystem;

use super::{Format, Found, SourceError, Summary, find, read};
use crate::{Affected, Document, Record};

/// A file of the corpus.
pub(super) fn corpus(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus")).join(name)
}

/// All that a file says.
pub(super) struct Read {
    pub(super) format: Format,
    /// The source.
    pub(super) name: String,
    pub(super) summary: Summary,
    pub(super) records: Vec<Record>,
    pub(super) documents: Vec<Document>,
}

pub(super) fn try_read(path: &Path) -> Result<Read, SourceError<Infallible>> {
    let Found::Files(format, files) = find(path)? else { panic!("{} is OSV", path.display()) };
    assert_eq!(files, [path]);
    let mut documents = Vec::new();
    let summary = read(path, format, &mut |document: Document| {
        documents.push(document);
        Ok(())
    })?;
    let mut sources: Vec<_> = documents.iter().map(|it| it.source.clone()).collect();
    sources.dedup();
    let records: Vec<_> = documents.iter().flat_map(|it| it.records.clone()).collect();
    assert_eq!(summary.record_count, records.len() as u64);
    Ok(Read { format, name: sources.join(" "), summary, records, documents })
}

/// The same of a file with this content.
pub(super) fn read_text(
    name: &str,
    content: impl AsRef<[u8]>,
) -> Result<Read, SourceError<Infallible>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    try_read(&path)
}

pub(super) fn error_of(name: &str, content: impl AsRef<[u8]>) -> String {
    let error = read_text(name, content).err().unwrap_or_else(|| panic!("{name} was read"));
    let text = error.to_string();
    text.split_once(name).map_or(text.clone(), |(_, rest)| rest.trim_start_matches(": ").into())
}

impl Read {
    /// What is said of a package.
    pub(super) fn of(&self, ecosystem: &str, package: &str) -> Vec<&Affected> {
        let wanted: Ecosystem = ecosystem.parse().unwrap();
        self.records
            .iter()
            .filter_map(|record| match record {
                Record::Affected { ecosystem, name, affected } => {
                    (*ecosystem == wanted && name == package).then_some(affected)
                }
                _ => None,
            })
            .collect()
    }

    /// What is said of a package and a vulnerability, of which there is one statement.
    pub(super) fn one(&self, ecosystem: &str, package: &str, id: &str) -> &Affected {
        let mut found = self.of(ecosystem, package);
        found.retain(|affected| affected.vulnerability == id);
        assert_eq!(found.len(), 1, "{ecosystem} {package} {id}: {found:?}");
        found[0]
    }

    pub(super) fn covers(&self) -> Vec<String> {
        let covered = self.records.iter().filter_map(|record| match record {
            Record::Covers(ecosystem) => Some(ecosystem.to_string()),
            _ => None,
        });
        covered.collect()
    }

    pub(super) fn affected_count(&self) -> usize {
        self.records.iter().filter(|record| matches!(record, Record::Affected { .. })).count()
    }
}

/// An interval in short: `[1.0, 2.0)`, `(, 2.0]`, `[1.0, )`.
pub(super) fn intervals(affected: &Affected) -> String {
    use crate::VersionEnd::{Fixed, LastAffected, Open};
    let written = affected.intervals.iter().map(|interval| {
        let from = interval.introduced.as_ref().map_or("(".into(), |from| format!("[{from}"));
        match &interval.end {
            Open => format!("{from}, )"),
            Fixed(version) => format!("{from}, {version})"),
            LastAffected(version) => format!("{from}, {version}]"),
        }
    });
    written.collect::<Vec<_>>().join(" ")
}
