//! Names that are written in several ways, brought to one: packages by the rules of their registry,
//! releases of Debian by their numbers.

use crate::Family;

/// Releases of Debian by their code names.
const DEBIAN_RELEASES: [(&str, &str); 18] = [
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
    ("sid", "sid"),
];

impl Family {
    /// The name of a package as inventories and advisories write it: of registries to which case is
    /// nothing in lower case, of the Python Package Index as PEP 503 says
    /// (<https://peps.python.org/pep-0503/>), of all others as it stands.
    pub fn package_name(self, name: &str) -> String {
        match self {
            Self::NuGet | Self::Packagist => name.to_lowercase(),
            Self::PyPi => python_name(name),
            _ => name.to_owned(),
        }
    }
}

/// Lower case, and each run of `-`, `_` and `.` is one `-`.
fn python_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(character.to_lowercase()),
        }
    }
    normal
}

/// The number of a release of Debian by its code name: of `bookworm` 12; `sid` is never released and
/// keeps its name. `None` for names that are none (`experimental`).
pub fn debian_release(codename: &str) -> Option<&'static str> {
    DEBIAN_RELEASES.iter().find(|(name, _)| *name == codename).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_their_registry() {
        for (family, written, name) in [
            (Family::PyPi, "Zope._-.Interface__x", "zope-interface-x"),
            (Family::NuGet, "Newtonsoft.Json", "newtonsoft.json"),
            (Family::Packagist, "GuzzleHttp/Psr7", "guzzlehttp/psr7"),
            (Family::Npm, "@Scope/JSONStream", "@Scope/JSONStream"),
            (Family::Go, "github.com/BurntSushi/toml", "github.com/BurntSushi/toml"),
        ] {
            assert_eq!(family.package_name(written), name);
        }
    }

    #[test]
    fn releases_of_debian_have_numbers() {
        assert_eq!(debian_release("bookworm"), Some("12"));
        assert_eq!(debian_release("sid"), Some("sid"));
        assert_eq!(debian_release("experimental"), None);
    }
}
