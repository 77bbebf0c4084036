//! The order of versions, ecosystem by ecosystem.

use std::cmp::Ordering;

mod apk;
mod composer;
mod deb;
mod digits;
mod gem;
mod maven;
mod nuget;
mod pep440;
mod rpm;
mod semantic;

/// A way to order versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionScheme {
    /// Alpine's: digits, a letter, suffixes, `-rN`.
    Apk,
    /// Composer's, of PHP.
    Composer,
    /// Debian's: epoch, upstream version, revision; `~` sorts first.
    Deb,
    /// Go's: semantic versions with a `v`, pseudo-versions, `+incompatible`.
    Go,
    /// Maven's `ComparableVersion`.
    Maven,
    /// npm's semantic versions.
    Npm,
    /// NuGet's: semantic versions of up to four numbers.
    NuGet,
    /// Python's PEP 440.
    Pep440,
    /// rpm's segments, with `~` and `^`.
    Rpm,
    /// `Gem::Version`.
    RubyGems,
    /// Semantic versions 2.0, as Cargo reads them.
    SemVer,
}

impl VersionScheme {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 11] = [
        Self::Apk,
        Self::Composer,
        Self::Deb,
        Self::Go,
        Self::Maven,
        Self::Npm,
        Self::NuGet,
        Self::Pep440,
        Self::Rpm,
        Self::RubyGems,
        Self::SemVer,
    ];
}

/// The longest text that is looked at as a version, in bytes: images are the work of strangers.
const VERSION_LENGTH_MAX: usize = 1024;

/// A version that is compared with many others; it is read once where reading is what takes the time.
#[derive(Clone, Debug)]
pub struct VersionOrder<'a> {
    scheme: VersionScheme,
    version: &'a str,
    pep440: Option<pep440::Version>,
}

impl<'a> VersionOrder<'a> {
    /// Of a version, or of text that is none.
    pub fn of(scheme: VersionScheme, version: &'a str) -> Self {
        let is_pep440 = scheme == VersionScheme::Pep440 && version.len() <= VERSION_LENGTH_MAX;
        let pep440 = if is_pep440 { pep440::parse(version.trim()) } else { None };
        Self { scheme, version, pep440 }
    }

    /// How it stands to `other`: the same as [`compare`] says.
    pub fn to(&self, other: &str) -> Option<Ordering> {
        let trimmed = other.trim();
        match &self.pep440 {
            Some(own) if trimmed.len() <= VERSION_LENGTH_MAX => {
                Some(own.cmp(&pep440::parse(trimmed)?))
            }
            _ => compare(self.scheme, self.version, other),
        }
    }
}

/// How `a` stands to `b`; `None` if either is no version of the scheme, so that nothing is known.
///
/// Among versions this is a total order. Text that a package manager would refuse is ordered
/// nevertheless where the order of the scheme says how (`1.2` as a semantic version, an apk version
/// with an unknown suffix), because databases of packages hold such text.
pub fn compare(scheme: VersionScheme, a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.trim(), b.trim());
    if a.is_empty() || b.is_empty() || a.len().max(b.len()) > VERSION_LENGTH_MAX {
        return None;
    }
    match scheme {
        VersionScheme::Apk => Some(apk::compare(a, b)),
        VersionScheme::Composer => composer::compare(a, b),
        VersionScheme::Deb => deb::compare(a, b),
        VersionScheme::Go => semantic::compare(semantic::go(a)?, semantic::go(b)?),
        VersionScheme::Maven => Some(maven::compare(a, b)),
        VersionScheme::Npm | VersionScheme::SemVer => {
            semantic::compare(semantic::plain(a)?, semantic::plain(b)?)
        }
        VersionScheme::NuGet => nuget::compare(a, b),
        VersionScheme::Pep440 => pep440::compare(a, b),
        VersionScheme::Rpm => Some(rpm::compare(a, b)),
        VersionScheme::RubyGems => gem::compare(a, b),
    }
}
