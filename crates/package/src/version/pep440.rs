//! Versions of Python packages: <https://peps.python.org/pep-0440/>. The versions of before (`0.1-bulbasaur`) are none:
//! pip refuses them.

use std::cmp::Ordering;

pub(super) use pep440_rs::Version;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(parse(a)?.cmp(&parse(b)?))
}

pub(super) fn parse(version: &str) -> Option<Version> {
    version.parse().ok()
}
