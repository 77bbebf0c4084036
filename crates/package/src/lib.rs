//! Packages: which ecosystem they belong to, how its versions are ordered, and how bad a
//! vulnerability is.
//!
//! Pure. What an image holds is read by `inventory`, what is known of packages by `advisories`; both
//! speak of them in these words.

pub mod cvss;
mod ecosystem;
mod identity;
mod name;
mod purl;
mod severity;
mod version;

pub use ecosystem::{Ecosystem, Family};
pub use identity::{PackageIdentity, SourcePackage};
pub use name::debian_release;
pub use purl::PackageUrl;
pub use severity::Severity;
pub use version::{VersionOrder, VersionScheme, compare};
