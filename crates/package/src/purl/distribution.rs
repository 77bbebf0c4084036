//! How package URLs name distributions: the namespace, and the qualifier `distro`.

use crate::{Ecosystem, Family};

/// What is written for a family: its type, its namespace, and the `ID` of its os-release, which begins
/// `distro`.
const WRITTEN: [(Family, &str, &str, &str); 18] = [
    (Family::Alma, "rpm", "almalinux", "almalinux"),
    (Family::Alpine, "apk", "alpine", "alpine"),
    (Family::Amazon, "rpm", "amazon", "amzn"),
    (Family::AzureLinux, "rpm", "azurelinux", "azurelinux"),
    (Family::CblMariner, "rpm", "mariner", "mariner"),
    (Family::CentOs, "rpm", "centos", "centos"),
    (Family::Chainguard, "apk", "chainguard", "chainguard"),
    (Family::Debian, "deb", "debian", "debian"),
    (Family::Fedora, "rpm", "fedora", "fedora"),
    (Family::OpenSuseLeap, "rpm", "opensuse", "opensuse-leap"),
    (Family::OpenSuseTumbleweed, "rpm", "opensuse", "opensuse-tumbleweed"),
    (Family::Oracle, "rpm", "oracle", "ol"),
    (Family::Photon, "rpm", "photon", "photon"),
    (Family::RedHat, "rpm", "redhat", "rhel"),
    (Family::Rocky, "rpm", "rocky", "rocky"),
    (Family::Suse, "rpm", "suse", "sles"),
    (Family::Ubuntu, "deb", "ubuntu", "ubuntu"),
    (Family::Wolfi, "apk", "wolfi", "wolfi"),
];

/// What others write, besides.
const ALSO_READ: [(&str, Family); 9] = [
    ("alma", Family::Alma),
    ("cbl-mariner", Family::CblMariner),
    ("opensuse.leap", Family::OpenSuseLeap),
    ("opensuse.tumbleweed", Family::OpenSuseTumbleweed),
    ("red", Family::RedHat),
    ("rockylinux", Family::Rocky),
    ("sled", Family::Suse),
    ("sles_sap", Family::Suse),
    ("suse linux enterprise server", Family::Suse),
];

/// The type and namespace of a distribution's packages, and the value of `distro`.
pub(super) fn written(ecosystem: &Ecosystem) -> Option<(&'static str, &'static str, String)> {
    let (_, kind, namespace, id) = WRITTEN.iter().find(|it| it.0 == ecosystem.family)?;
    let distro = match &ecosystem.release {
        Some(release) => format!("{id}-{release}"),
        None => (*id).to_owned(),
    };
    Some((kind, namespace, distro))
}

/// The ecosystem that `distro` names, else the namespace alone (without a release).
pub(super) fn read(kind: &str, namespace: Option<&str>, distro: Option<&str>) -> Option<Ecosystem> {
    let namespace = namespace.unwrap_or_default().to_ascii_lowercase();
    let distro = distro.unwrap_or_default().to_ascii_lowercase();
    let ecosystem = read_distro(&distro).or_else(|| {
        let release = distro.starts_with(|it: char| it.is_ascii_digit()).then_some(distro.as_str());
        Some(ecosystem(family(&namespace)?, release))
    })?;
    let fits = WRITTEN.iter().any(|it| it.0 == ecosystem.family && it.1 == kind);
    fits.then_some(ecosystem)
}

fn read_distro(distro: &str) -> Option<Ecosystem> {
    if let Some(family) = family(distro) {
        return Some(ecosystem(family, None));
    }
    let (id, release) = distro.rsplit_once('-')?;
    Some(ecosystem(family(id)?, Some(release)))
}

fn family(name: &str) -> Option<Family> {
    // Both of openSUSE have one namespace; that of a release is Leap.
    let written =
        WRITTEN.iter().find(|it| it.3 == name).or_else(|| WRITTEN.iter().find(|it| it.2 == name));
    let also = || ALSO_READ.iter().find(|it| it.0 == name).map(|it| it.1);
    written.map(|it| it.0).or_else(also)
}

/// The release as advisories are kept by: os-release and others are finer.
fn ecosystem(family: Family, release: Option<&str>) -> Ecosystem {
    let Some(release) = release.filter(|it| !it.is_empty()) else {
        return Ecosystem::rolling(family);
    };
    let parts = |count: usize| match release.match_indices('.').nth(count - 1) {
        Some((end, _)) => release.get(..end).unwrap_or(release),
        None => release,
    };
    let kept = match family {
        Family::OpenSuseTumbleweed | Family::Wolfi | Family::Chainguard => {
            return Ecosystem::rolling(family);
        }
        Family::Amazon if release.starts_with("201") => "1",
        Family::Amazon
        | Family::Alma
        | Family::CentOs
        | Family::Debian
        | Family::Fedora
        | Family::Oracle
        | Family::RedHat
        | Family::Rocky => parts(1),
        _ => parts(2),
    };
    Ecosystem::released(family, kept)
}
