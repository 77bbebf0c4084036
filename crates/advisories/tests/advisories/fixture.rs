//! Documents of all kinds, and a folder for them.

use std::convert::Infallible;

use tempfile::TempDir;
use wharfinger_advisories::{
    Affected, Database, DatabaseInformation, Document, FixStatus, ImportMode, ImportOptions,
    Interval, Record, Store, VersionEnd, Vulnerability,
};
use wharfinger_core::Timestamp;
use wharfinger_package::Ecosystem;

/// A folder that is removed at the end.
pub struct Folder {
    pub folder: TempDir,
    pub store: Store,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(&folder.path().join("advisories"));
        Self { folder, store }
    }

    pub fn import(&self, mode: ImportMode, documents: Vec<Document>) -> DatabaseInformation {
        self.store.import(&options(mode), documents.into_iter().map(Ok::<_, Infallible>)).unwrap()
    }

    pub fn current(&self) -> std::sync::Arc<Database> {
        self.store.current().unwrap().unwrap()
    }
}

pub fn options(mode: ImportMode) -> ImportOptions {
    ImportOptions { mode, updated_at: None, imported_at: at(1_000_000), license: None }
}

pub const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub fn ecosystem(text: &str) -> Ecosystem {
    text.parse().unwrap()
}

/// An advisory: `id` is in `name` of `of` before `fixed`.
pub fn document(source: &str, id: &str, of: &str, name: &str, fixed: &str) -> Document {
    Document {
        source: source.to_owned(),
        id: id.to_owned(),
        modified_at: Some(at(100)),
        records: vec![affected(source, id, of, name, fixed), vulnerability(source, id)],
    }
}

pub fn affected(source: &str, id: &str, of: &str, name: &str, fixed: &str) -> Record {
    Record::Affected {
        ecosystem: ecosystem(of),
        name: name.to_owned(),
        affected: Affected {
            vulnerability: id.to_owned(),
            source: source.to_owned(),
            intervals: vec![Interval { introduced: None, end: VersionEnd::Fixed(fixed.into()) }],
            status: FixStatus::Fixed,
            ..Affected::default()
        },
    }
}

pub fn vulnerability(source: &str, id: &str) -> Record {
    Record::Vulnerability(Vulnerability {
        id: id.to_owned(),
        source: source.to_owned(),
        title: Some(format!("{id} as {source} tells it")),
        ..Vulnerability::default()
    })
}
