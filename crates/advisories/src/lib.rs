//! Advisories: what is known of the vulnerabilities of packages, in one local file.
//!
//! Sources (OSV, the trackers of distributions) are read into [`Record`]s, which are kept by source in
//! the folder of a [`Store`]; a [`Database`] is built of all of them, is read by position, and is never
//! changed. Its format is described in `docs/advisory-database.md`.

mod database;
mod record;
pub mod source;
mod store;

pub use database::{Database, DatabaseError, DatabaseInformation, SourceInformation};
pub use record::{
    Affected, Cvss, Epss, FixStatus, Interval, KnownExploited, Record, VersionEnd, Vulnerability,
};
pub use store::{Store, StoreError};
