//! The ecosystems of OSV as ours: <https://ossf.github.io/osv-schema/#defined-ecosystems>.

use wharfinger_package::{Ecosystem, Family};

/// Names of OSV that end where a release begins, or have none.
const NAMES: [(&str, Family); 22] = [
    ("AlmaLinux", Family::Alma),
    ("Alpine", Family::Alpine),
    ("Azure Linux", Family::AzureLinux),
    ("Chainguard", Family::Chainguard),
    ("crates.io", Family::CratesIo),
    ("Debian", Family::Debian),
    ("Go", Family::Go),
    ("Mariner", Family::CblMariner),
    ("Maven", Family::Maven),
    ("npm", Family::Npm),
    ("NuGet", Family::NuGet),
    ("openSUSE", Family::OpenSuseLeap),
    ("Oracle Linux", Family::Oracle),
    ("Packagist", Family::Packagist),
    ("Photon OS", Family::Photon),
    ("PyPI", Family::PyPi),
    ("Red Hat", Family::RedHat),
    ("Rocky Linux", Family::Rocky),
    ("RubyGems", Family::RubyGems),
    ("SUSE", Family::Suse),
    ("Ubuntu", Family::Ubuntu),
    ("Wolfi", Family::Wolfi),
];

/// The ecosystem of a name of OSV; `None` if it is none of ours, or a distribution without a release,
/// which says nothing of any.
pub(super) fn read(text: &str) -> Option<Ecosystem> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let (_, family) = NAMES.into_iter().find(|(known, _)| *known == name)?;
    match family {
        Family::Chainguard | Family::Wolfi => Some(Ecosystem::rolling(family)),
        // The repository of Maven, if it is given, is no release.
        family if !family.is_distribution() => Some(Ecosystem::rolling(family)),
        Family::OpenSuseLeap if rest == "Tumbleweed" => {
            Some(Ecosystem::rolling(Family::OpenSuseTumbleweed))
        }
        family => Some(Ecosystem::released(family, release(family, rest)?)),
    }
}

fn release(family: Family, text: &str) -> Option<String> {
    let release = match family {
        Family::Alpine => text.strip_prefix('v').unwrap_or(text).to_owned(),
        Family::Ubuntu => ubuntu(text)?.to_owned(),
        Family::RedHat => red_hat(text)?.to_owned(),
        Family::Suse => suse(text)?,
        Family::OpenSuseLeap => text.strip_prefix("Leap ")?.to_owned(),
        Family::AzureLinux | Family::CblMariner | Family::Photon if !text.contains('.') => {
            format!("{text}.0")
        }
        _ => text.to_owned(),
    };
    let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '.' || sign == '-';
    (!release.is_empty() && !release.starts_with('.') && release.chars().all(plain))
        .then_some(release)
}

/// `22.04:LTS`, and `Pro:16.04:LTS`, whose packages are those of the release. Other flavours
/// (`Pro:FIPS:…`) have packages of their own.
fn ubuntu(text: &str) -> Option<&str> {
    let release = text.strip_prefix("Pro:").unwrap_or(text).split(':').next()?;
    release.starts_with(|sign: char| sign.is_ascii_digit()).then_some(release)
}

/// `enterprise_linux:8::baseos` and `rhel_eus:8.6::appstream`, which are parts of CPEs.
fn red_hat(text: &str) -> Option<&str> {
    let release = text.strip_prefix("enterprise_linux:")?.split(':').next()?;
    release.split('.').next()
}

/// `Linux Enterprise Server 15 SP3`, and the names of modules that end alike: 15.3.
fn suse(text: &str) -> Option<String> {
    let mut words = text
        .strip_prefix("Linux Enterprise ")?
        .split(' ')
        .skip_while(|word| word.parse::<u32>().is_err());
    let version = words.next()?;
    match words.next().and_then(|word| word.strip_prefix("SP")) {
        Some(pack) => Some(format!("{version}.{}", pack.split('-').next()?)),
        None => Some(version.to_owned()),
    }
}

/// Whether packages of this name have fixes that only subscribers get.
pub(super) fn is_subscription(text: &str) -> bool {
    text.starts_with("Ubuntu:Pro:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_osv_are_ours() {
        for (osv, ours) in [
            ("AlmaLinux:8", "alma:8"),
            ("Alpine:v3.18", "alpine:3.18"),
            ("Alpine:edge", "alpine:edge"),
            ("Azure Linux:3", "azurelinux:3.0"),
            ("Chainguard", "chainguard"),
            ("Debian:12", "debian:12"),
            ("Maven:https://repo.example", "maven"),
            ("PyPI", "pypi"),
            ("Red Hat:enterprise_linux:8::baseos", "redhat:8"),
            ("Rocky Linux:9", "rocky:9"),
            ("SUSE:Linux Enterprise Module for Basesystem 15 SP3", "suse:15.3"),
            ("SUSE:Linux Enterprise Server 15 SP3-LTSS", "suse:15.3"),
            ("SUSE:Linux Enterprise Server 15", "suse:15"),
            ("Ubuntu:22.04:LTS", "ubuntu:22.04"),
            ("Ubuntu:25.10", "ubuntu:25.10"),
            ("Ubuntu:Pro:16.04:LTS", "ubuntu:16.04"),
            ("Wolfi", "wolfi"),
            ("crates.io", "crates.io"),
            ("openSUSE:Leap 15.3", "opensuse-leap:15.3"),
            ("openSUSE:Tumbleweed", "opensuse-tumbleweed"),
        ] {
            assert_eq!(read(osv).map(|it| it.to_string()).as_deref(), Some(ours), "{osv}");
        }
        for none in [
            "",
            "Alpine",
            "Debian",
            "Debian:",
            "Ubuntu:Pro:FIPS:22.04:LTS",
            "SUSE:Manager Server 4.1",
            "Red Hat:rhel_eus:8.6",
            "SwiftURL",
            "Debian:12\0x",
            "Ubuntu",
            "openSUSE:x",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
