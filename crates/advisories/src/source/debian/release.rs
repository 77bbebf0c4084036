//! Releases of Debian by their names.

use wharfinger_package::{Ecosystem, debian_release};

use super::released;

/// The releases that are not over, at the time of writing: those without a statement of their own get
/// that of unstable.
pub(super) const CURRENT: [&str; 4] = ["11", "12", "13", "14"];
/// The release that is never released: unstable.
pub(super) const UNSTABLE: &str = "sid";

/// The ecosystem of a release; `None` for names that are none (`experimental`).
pub(in crate::source) fn ecosystem(codename: &str) -> Option<Ecosystem> {
    let codename = codename.split('-').next().unwrap_or_default();
    debian_release(codename).map(released)
}
