//! Which ecosystem and which source a bucket of Trivy's database is of.

use wharfinger_package::{Ecosystem, Family};

/// What a bucket is of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// None of Red Hat, whose advisories name products.
    pub(super) ecosystem: Option<Ecosystem>,
    pub(super) source: String,
}

/// Buckets of distributions by how their names begin; the release follows.
const DISTRIBUTIONS: [(&str, Family); 14] = [
    ("alma ", Family::Alma),
    ("alpine ", Family::Alpine),
    ("amazon linux ", Family::Amazon),
    ("Azure Linux ", Family::AzureLinux),
    ("CBL-Mariner ", Family::CblMariner),
    ("debian ", Family::Debian),
    ("openSUSE Leap ", Family::OpenSuseLeap),
    ("Oracle Linux ", Family::Oracle),
    ("Photon OS ", Family::Photon),
    ("rocky ", Family::Rocky),
    ("SUSE Linux Enterprise Server ", Family::Suse),
    ("SUSE Linux Enterprise Micro ", Family::CentOs),
    ("SUSE Linux Enterprise ", Family::Suse),
    ("ubuntu ", Family::Ubuntu),
];

const LANGUAGES: [(&str, Family); 8] = [
    ("cargo", Family::CratesIo),
    ("composer", Family::Packagist),
    ("go", Family::Go),
    ("maven", Family::Maven),
    ("npm", Family::Npm),
    ("nuget", Family::NuGet),
    ("pip", Family::PyPi),
    ("rubygems", Family::RubyGems),
];

impl Place {
    /// What a bucket of this name is of; `None` if it is of nothing that images are matched with.
    pub(super) fn of(bucket: &str) -> Option<Self> {
        let named = |ecosystem: Ecosystem| {
            let source = ecosystem.family.as_str().to_owned();
            Some(Self { ecosystem: Some(ecosystem), source })
        };
        match bucket {
            "Red Hat" => return Some(Self { ecosystem: None, source: "redhat".into() }),
            "wolfi" => return named(Ecosystem::rolling(Family::Wolfi)),
            "chainguard" => return named(Ecosystem::rolling(Family::Chainguard)),
            "openSUSE Tumbleweed" => return named(Ecosystem::rolling(Family::OpenSuseTumbleweed)),
            _ => {}
        }
        if let Some((kind, publisher)) = bucket.split_once("::") {
            let (_, family) = LANGUAGES.iter().find(|(name, _)| *name == kind)?;
            let ecosystem = Some(Ecosystem::rolling(*family));
            return Some(Self { ecosystem, source: publisher_name(publisher) });
        }
        let (prefix, family) = DISTRIBUTIONS.iter().find(|(it, _)| bucket.starts_with(it))?;
        let release = bucket.strip_prefix(prefix)?.replace("-SP", ".");
        // Other distributions of SUSE are not what images are made of.
        let is_release = release.starts_with(|c: char| c.is_ascii_digit()) || release == "edge";
        (is_release && *family != Family::CentOs).then_some(())?;
        named(Ecosystem::released(*family, release))
    }

    /// The name of a package as its ecosystem has it.
    pub(super) fn package(&self, name: &str) -> String {
        let family = self.ecosystem.as_ref().map(|ecosystem| ecosystem.family);
        family.map_or_else(|| name.to_owned(), |family| family.package_name(name))
    }
}

fn publisher_name(publisher: &str) -> String {
    match publisher {
        _ if publisher.starts_with("GitHub") => "ghsa".into(),
        _ if publisher.starts_with("GitLab") => "glad".into(),
        "Open Source Vulnerability" => "osv".into(),
        other => other.to_ascii_lowercase().replace(' ', "-"),
    }
}
