//! Packages: which ecosystem they belong to, how its versions are ordered, and how bad a
//! vulnerability is.
//!
//! Pure. What an image holds is read by `inventory`, what is known of packages by `advisories`; both
//! speak of them in these words.

pub mod cvss;
mod ecosystem;
mod identity;
mod purl;
mod severity;
mod version;

pub use ecosystem::{Ecosystem, Family};
pub use identity::{PackageIdentity, SourcePackage};
pub use purl::PackageUrl;
pub use severity::Severity;
pub use version::{VersionOrder, VersionScheme, compare};
