//! Advisories: what is known of the vulnerabilities of packages, in one local file.
//!
//! Sources (OSV, the trackers of distributions) are read into [`Document`]s of [`Record`]s, which are
//! kept by source in the folder of a [`Store`]; a [`Database`] is built of all of them, is read by
//! position, and is never changed. Its format is described in `docs/advisory-database.md`.

mod builder;
pub mod bundle;
mod catalog;
mod database;
mod document;
mod encoding;
mod format;
mod keys;
mod limits;
pub mod osv;
pub mod rating;
mod record;
mod sorting;
pub mod source;
mod statements;
mod store;
mod vulnerability;

pub use catalog::{KNOWN_SOURCES, KnownSource, known_source};
pub use database::{Database, DatabaseError, DatabaseInformation, SourceInformation};
pub use document::Document;
pub use record::{
    Affected, Cvss, Epss, FixStatus, Interval, KnownExploited, Record, VersionEnd, Vulnerability,
};
pub use statements::{
    IntervalView, Intervals, Judgements, Statement, Statements, Texts, VersionEndView,
};
pub use store::{Documents, Import, ImportMode, ImportOptions, SourceChange, Store, StoreError};
