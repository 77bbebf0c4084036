//! Versions of Python packages: <https://peps.python.org/pep-0440/>. The versions of before (`0.1-bulbasaur`) are none:
//! pip refuses them.

use std::cmp::Ordering;

use pep440_rs::Version;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.parse::<Version>().ok()?, b.parse::<Version>().ok()?);
    Some(a.cmp(&b))
}
