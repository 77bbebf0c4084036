//! A database of the advisories of a test.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use wharfinger_advisories::{
    Affected, Database, Document, FixStatus, ImportMode, ImportOptions, Interval, Record, Store,
    VersionEnd,
};
use wharfinger_core::Timestamp;
use wharfinger_package::{Ecosystem, PackageIdentity};
use wharfinger_scanner::{PackageVulnerability, match_package};

/// A database, and the folder that holds it.
pub(crate) struct Built {
    pub(crate) database: Arc<Database>,
    folder: TempDir,
}

impl Built {
    pub(crate) fn of(documents: impl IntoIterator<Item = Document>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(folder.path());
        let options = ImportOptions {
            mode: ImportMode::Replace,
            updated_at: None,
            imported_at: Timestamp::from_seconds(1_800_000_000),
            license: None,
        };
        let documents = documents.into_iter().map(Ok::<_, Infallible>);
        store.import(&options, documents).expect("the documents are read");
        let database = store.current().expect("it is read").expect("it is there");
        Self { database, folder }
    }

    /// The folder that holds it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn matches(&self, package: &PackageIdentity) -> Vec<PackageVulnerability> {
        match_package(&self.database, package).expect("the database is whole")
    }
}

pub(crate) fn document(source: &str, id: &str, records: Vec<Record>) -> Document {
    Document { source: source.to_owned(), id: id.to_owned(), modified_at: None, records }
}

pub(crate) fn package(ecosystem: &str, name: &str, version: &str) -> PackageIdentity {
    PackageIdentity {
        ecosystem: ecosystem.parse().expect(ecosystem),
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        module: None,
        vendor: None,
    }
}

/// What holds before `fixed`, or always.
pub(crate) fn affected(vulnerability: &str, fixed: Option<&str>) -> Affected {
    let end = match fixed {
        Some(fixed) => VersionEnd::Fixed(fixed.to_owned()),
        None => VersionEnd::Open,
    };
    Affected {
        vulnerability: vulnerability.to_owned(),
        intervals: vec![Interval { introduced: None, end }],
        status: if fixed.is_some() { FixStatus::Fixed } else { FixStatus::Affected },
        ..Affected::default()
    }
}

pub(crate) fn says(ecosystem: &Ecosystem, name: &str, affected: Affected) -> Record {
    Record::Affected { ecosystem: ecosystem.clone(), name: name.to_owned(), affected }
}
