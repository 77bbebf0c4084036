//! Releases of Debian by their names.

use wharfinger_package::Ecosystem;

use super::released;

/// The releases that are not over, at the time of writing: those without a statement of their own get
/// that of unstable.
pub(super) const CURRENT: [&str; 4] = ["11", "12", "13", "14"];
/// The release that is never released: unstable.
pub(super) const UNSTABLE: &str = "sid";

const NUMBERS: [(&str, &str); 17] = [
    ("hamm", "2.0"),
    ("slink", "2.1"),
    ("potato", "2.2"),
    ("woody", "3.0"),
    ("sarge", "3.1"),
    ("etch", "4"),
    ("lenny", "5"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

/// The ecosystem of a release; `None` for names that are none (`experimental`).
pub(in crate::source) fn ecosystem(codename: &str) -> Option<Ecosystem> {
    let codename = codename.split('-').next().unwrap_or_default();
    if codename == UNSTABLE {
        return Some(released(UNSTABLE));
    }
    NUMBERS.iter().find(|(name, _)| *name == codename).map(|(_, number)| released(number))
}
