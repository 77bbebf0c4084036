//! Versions of rpm packages, `epoch:version-release`:
//! <https://rpm-software-management.github.io/rpm/manual/dependencies.html>.

use std::cmp::Ordering;

/// A release that is absent is before every release, so that the order is total.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    rpm_version::rpm_evr_compare(a, b)
}
