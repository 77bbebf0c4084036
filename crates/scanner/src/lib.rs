//! Vulnerabilities of packages: what the advisories come to for a package, an inventory, a report.
//!
//! Matching is about one package and one database, so that a first scan and a new look after an import
//! are the same code.

mod authority;
mod matching;
mod support;

pub mod report;
pub mod suppression;

pub use matching::{PackageVulnerability, advisory_names, match_package};
pub use support::{ScanMode, Unsupported, end_of_life, end_of_life_note, unsupported};
