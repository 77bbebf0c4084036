//! Which files of a layer are read, and as what.

use crate::dpkg::Form;
use crate::language::{self, LanguageFile};

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A text that tells the distribution.
    Release,
    /// A database of dpkg.
    Dpkg(Form),
    /// A database of apk.
    Apk,
    /// A database of rpm; at a place where it usually is, or with its name only (a link may lead to it).
    Rpm {
        /// Whether it is at a usual place.
        usual: bool,
    },
    /// rpm's database in SQLite, which may have a log beside it.
    RpmSqlite {
        /// Whether it is at a usual place.
        usual: bool,
    },
    /// The log.
    RpmLog {
        /// Whether it is at a usual place.
        usual: bool,
    },
    /// What Azure Linux without a database has in its place.
    RpmManifest,
    /// Files of a package of dpkg.
    Owned,
    /// A package file of a language.
    Language(LanguageFile),
}

/// Files that tell the distribution, the better first.
pub(crate) const RELEASES: [&str; 14] = [
    "etc/os-release",
    "usr/lib/os-release",
    "etc/debian_version",
    "etc/alpine-release",
    "etc/almalinux-release",
    "etc/rocky-release",
    "etc/oracle-release",
    "etc/centos-release",
    "etc/fedora-release",
    "etc/redhat-release",
    "etc/system-release",
    "etc/SuSE-release",
    "etc/lsb-release",
    "etc/apk/repositories",
];
const DPKG: [&str; 2] = ["var/lib/dpkg/status", "usr/lib/dpkg/status"];
/// Where distroless images have a file for each package.
pub(crate) const DPKG_PARTS: [&str; 2] = ["var/lib/dpkg/status.d", "usr/lib/dpkg/status.d"];
const DPKG_LISTS: &str = "var/lib/dpkg/info";
/// What stands beside the packages in `status.d` and says nothing of versions.
const NO_PARTS: [&str; 10] = [
    ".conffiles",
    ".config",
    ".list",
    ".postinst",
    ".postrm",
    ".preinst",
    ".prerm",
    ".shlibs",
    ".templates",
    ".triggers",
];
const APK: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];
const RPM_FOLDERS: [&str; 3] = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
const RPM_NAMES: [&str; 3] = ["Packages", "Packages.db", RPM_SQLITE];
/// rpm's database in SQLite.
pub(super) const RPM_SQLITE: &str = "rpmdb.sqlite";
const RPM_LOG: &str = "rpmdb.sqlite-wal";
const RPM_MANIFEST: &str = "var/lib/rpmmanifest/container-manifest-2";

/// The paths at which whole databases are.
pub(crate) fn databases() -> impl Iterator<Item = String> {
    let rpm =
        RPM_FOLDERS.into_iter().flat_map(|folder| RPM_NAMES.map(|name| format!("{folder}/{name}")));
    DPKG.into_iter().chain(APK).chain([RPM_MANIFEST]).map(str::to_owned).chain(rpm)
}

impl Role {
    /// What a file is read as, by its path and whether it can be executed.
    pub(super) fn of(path: &str, executable: bool) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match name {
            "os-release" => return Some(Self::Release),
            "status" if folder.ends_with("dpkg") => return Some(Self::Dpkg(Form::Status)),
            "installed" if folder.ends_with("apk/db") => return Some(Self::Apk),
            "repositories" if folder == "etc/apk" => return Some(Self::Release),
            RPM_SQLITE => return Some(Self::RpmSqlite { usual: RPM_FOLDERS.contains(&folder) }),
            RPM_LOG => return Some(Self::RpmLog { usual: RPM_FOLDERS.contains(&folder) }),
            name if RPM_NAMES.contains(&name) => {
                return Some(Self::Rpm { usual: RPM_FOLDERS.contains(&folder) });
            }
            _ if path == RPM_MANIFEST => return Some(Self::RpmManifest),
            _ => {}
        }
        match folder {
            "etc" | "usr/lib" if is_release(name) => Some(Self::Release),
            DPKG_LISTS if name.ends_with(".list") => Some(Self::Owned),
            _ if !DPKG_PARTS.contains(&folder) => {
                language::kind(path, executable).map(Self::Language)
            }
            _ if name.ends_with(".md5sums") => Some(Self::Owned),
            _ if NO_PARTS.iter().any(|end| name.ends_with(end)) => None,
            _ => Some(Self::Dpkg(Form::Part)),
        }
    }

    /// Whether a file by that name may be something else than what it is read as.
    pub(super) fn may_be_malformed(self) -> bool {
        match self {
            Self::Language(_) => true,
            Self::Rpm { usual } | Self::RpmSqlite { usual } | Self::RpmLog { usual } => !usual,
            Self::Release | Self::Dpkg(_) | Self::Apk | Self::RpmManifest | Self::Owned => false,
        }
    }
}

/// The names of files that tell the distribution, wherever a link in `etc` leads.
fn is_release(name: &str) -> bool {
    RELEASES.iter().any(|known| known.rsplit('/').next() == Some(name))
}

/// Whether a path, or what it is a directory of, belongs to where distributions and databases are told:
/// links there lead to them.
pub(super) fn leads_to_databases(path: &str) -> bool {
    let leads = |place: &str| {
        place == path || place.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    RELEASES.into_iter().chain(DPKG_PARTS).chain([DPKG_LISTS]).any(leads)
        || databases().any(|place| leads(&place))
}

/// Whether a file of a package of the operating system is one that a reader of languages would look
/// at. Lists do not say what can be executed: programs are in folders of programs.
pub(super) fn is_owned_of_interest(path: &str) -> bool {
    if language::kind(path, false).is_some() {
        return true;
    }
    let program = path.split('/').any(|part| matches!(part, "bin" | "sbin" | "libexec"));
    program && language::kind(path, true).is_some()
}

/// The package that a list of files belongs to: `info/libc6:amd64.list`, `status.d/libc6.md5sums`.
pub(super) fn package_of_list(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".list").or(name.strip_suffix(".md5sums")).unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}
