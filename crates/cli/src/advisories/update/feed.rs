//! The sources that can be fetched, and where they are.

use std::collections::BTreeMap;

/// A source on the network.
pub(super) struct OnlineSource {
    pub(super) name: &'static str,
    /// Who publishes it: several sources may have one base.
    pub(super) publisher: &'static str,
    base: &'static str,
    pub(super) feeds: &'static [Feed],
    pub(super) by_default: bool,
}

/// Something to be fetched, by its path under the base.
pub(super) enum Feed {
    /// A file.
    File(&'static str),
    /// Files of each minor release from the first, with `{minor}` in their paths, as long as there are
    /// any. Of those up to the newest that is known some may be gone.
    Branches { paths: &'static [&'static str], first: u16, known: u16 },
    /// A file for each year from the first, with `{year}` in its path.
    Years { path: &'static str, first: u16 },
    /// An ecosystem of osv.dev: all of it, and later what changed.
    Osv(&'static str),
    /// Red Hat's VEX: all of it, and later what changed.
    RedHat,
    /// A list of mirrors of an rpm repository, of which the first is used.
    Mirrors(&'static str),
    /// An rpm repository with an `updateinfo.xml`.
    Repository(&'static str),
}

impl OnlineSource {
    /// Where it is fetched from: what is said of it, or of its publisher, or where it is published.
    pub(super) fn base<'a>(&'a self, bases: &'a BTreeMap<String, String>) -> &'a str {
        bases.get(self.name).or_else(|| bases.get(self.publisher)).map_or(self.base, String::as_str)
    }
}

const OSV: &str = "https://storage.googleapis.com/osv-vulnerabilities";

const fn osv(name: &'static str, feeds: &'static [Feed], by_default: bool) -> OnlineSource {
    OnlineSource { name, publisher: "osv", base: OSV, feeds, by_default }
}

const fn own(name: &'static str, base: &'static str, feeds: &'static [Feed]) -> OnlineSource {
    OnlineSource { name, publisher: name, base, feeds, by_default: true }
}

/// Alpine's lists by branch.
const ALPINE: [Feed; 3] = [
    Feed::Branches {
        paths: &["v3.{minor}/main.json", "v3.{minor}/community.json"],
        first: 8,
        known: 24,
    },
    Feed::File("edge/main.json"),
    Feed::File("edge/community.json"),
];

const AMAZON: [Feed; 2] = [
    Feed::Mirrors("2/core/latest/x86_64/mirror.list"),
    Feed::Mirrors("al2023/core/mirrors/latest/x86_64/mirror.list"),
];

const ORACLE: [Feed; 6] = [
    Feed::Repository("OL8/baseos/latest/x86_64"),
    Feed::Repository("OL8/appstream/x86_64"),
    Feed::Repository("OL9/baseos/latest/x86_64"),
    Feed::Repository("OL9/appstream/x86_64"),
    Feed::Repository("OL10/baseos/latest/x86_64"),
    Feed::Repository("OL10/appstream/x86_64"),
];

/// All of them.
pub(super) const SOURCES: &[OnlineSource] = &[
    osv("alma", &[Feed::Osv("AlmaLinux")], true),
    own("alpine", "https://secdb.alpinelinux.org", &ALPINE),
    own("amazon", "https://cdn.amazonlinux.com", &AMAZON),
    osv("azurelinux", &[Feed::Osv("Azure%20Linux")], true),
    OnlineSource {
        by_default: false,
        ..own("chainguard", "https://packages.cgr.dev/chainguard", &[Feed::File("security.json")])
    },
    osv("crates.io", &[Feed::Osv("crates.io")], true),
    own("debian", "https://security-tracker.debian.org/tracker/data", &[Feed::File("json")]),
    own("epss", "https://epss.empiricalsecurity.com", &[Feed::File("epss_scores-current.csv.gz")]),
    osv("go", &[Feed::Osv("Go")], true),
    own(
        "kev",
        "https://www.cisa.gov/sites/default/files/feeds",
        &[Feed::File("known_exploited_vulnerabilities.json")],
    ),
    osv("maven", &[Feed::Osv("Maven")], true),
    osv("npm", &[Feed::Osv("npm")], true),
    osv("nuget", &[Feed::Osv("NuGet")], true),
    own(
        "nvd",
        "https://nvd.nist.gov/feeds/json/cve/2.0",
        &[Feed::Years { path: "nvdcve-2.0-{year}.json.gz", first: 2002 }],
    ),
    osv("opensuse", &[Feed::Osv("openSUSE")], false),
    OnlineSource {
        by_default: false,
        ..own("oracle", "https://yum.oracle.com/repo/OracleLinux", &ORACLE)
    },
    osv("packagist", &[Feed::Osv("Packagist")], true),
    osv("pypi", &[Feed::Osv("PyPI")], true),
    own("redhat", "https://security.access.redhat.com/data/csaf/v2/vex", &[Feed::RedHat]),
    osv("rocky", &[Feed::Osv("Rocky%20Linux")], true),
    osv("rubygems", &[Feed::Osv("RubyGems")], true),
    osv("suse", &[Feed::Osv("SUSE")], false),
    osv("ubuntu", &[Feed::Osv("Ubuntu")], true),
    OnlineSource {
        by_default: false,
        ..own("wolfi", "https://packages.wolfi.dev/os", &[Feed::File("security.json")])
    },
];
