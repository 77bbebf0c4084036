//! Products of statements: which image, which package of it.

use wharfinger_core::Digest;
use wharfinger_package::{Family, PackageIdentity, PackageUrl};

use super::ImageProduct;

/// A product, and the parts of it that are meant; all of it if none are named.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Product {
    pub(super) whole: Component,
    pub(super) parts: Vec<Component>,
}

/// A software, by any of its identifiers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Component {
    urls: Vec<PackageUrl>,
    digests: Vec<Digest>,
}

impl Product {
    /// Whether `package` of `image` is it, or is a part of it that is meant.
    pub(super) fn is(
        &self,
        image: &ImageProduct,
        package: &PackageIdentity,
        beside: &[&PackageIdentity],
    ) -> bool {
        let meant = || self.parts.iter().any(|part| part.is_package(package));
        if self.whole.is_image(image) {
            return self.parts.is_empty() || meant();
        }
        match self.parts.is_empty() {
            true => self.whole.is_package(package),
            false => beside.iter().any(|it| self.whole.is_package(it)) && meant(),
        }
    }
}

impl Component {
    /// Reads identifiers: package URLs, digests, references that end in a digest. What is none of them
    /// (any IRI may stand there) identifies nothing here.
    ///
    /// # Errors
    /// A sentence, if what says that it is a package URL or a digest is none.
    pub(super) fn read<'a>(
        names: impl Iterator<Item = &'a str>,
        hashes: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, String> {
        let mut component = Self::default();
        for name in names {
            if name.starts_with("pkg:") {
                let url = name.parse().map_err(|_| format!("{name:?} is no package URL"))?;
                component.urls.push(url);
            } else if let Ok(digest) = name.rsplit('@').next().unwrap_or(name).parse() {
                component.digests.push(digest);
            }
        }
        for (name, hash) in hashes {
            let algorithm = match name.to_ascii_lowercase().as_str() {
                "sha-256" | "sha256" => "sha256",
                "sha-512" | "sha512" => "sha512",
                _ => continue,
            };
            let digest = format!("{algorithm}:{}", hash.to_ascii_lowercase()).parse();
            component.digests.push(digest.map_err(|_| format!("{hash:?} is no {name}"))?);
        }
        Ok(component)
    }

    fn is_image(&self, image: &ImageProduct) -> bool {
        self.digests.iter().any(|digest| image.digests.contains(digest))
            || self.urls.iter().any(|url| url.kind == "oci" && names_image(url, image))
    }

    fn is_package(&self, package: &PackageIdentity) -> bool {
        self.urls.iter().any(|url| names_package(url, package))
    }
}

/// `pkg:oci/debian@sha256%3A…?repository_url=docker.io/library/debian&arch=amd64&tag=latest`
fn names_image(url: &PackageUrl, image: &ImageProduct) -> bool {
    let by_digest = match &url.version {
        Some(version) => match version.parse::<Digest>() {
            Ok(digest) if image.digests.contains(&digest) => true,
            _ => return false,
        },
        None => false,
    };
    let known = url.qualifiers.iter().all(|(key, value)| match key.as_str() {
        // A digest says more than where it was once to be had.
        "repository_url" => by_digest || is_repository(value, &image.repository),
        "tag" => by_digest || image.tags.contains(value),
        // Without a digest an architecture cannot be checked.
        "arch" => by_digest,
        _ => false,
    });
    let last = image.repository.rsplit('/').next().unwrap_or_default();
    known && (by_digest || (!last.is_empty() && last.eq_ignore_ascii_case(&url.name)))
}

/// Whether `asked` is the repository, with its host or without.
fn is_repository(asked: &str, repository: &str) -> bool {
    let asked = asked.split_once("://").map_or(asked, |(_, rest)| rest).trim_end_matches('/');
    let ends = repository.strip_suffix(asked);
    !asked.is_empty() && ends.is_some_and(|before| before.is_empty() || is_host(before))
}

/// `localhost:4566/`: one part, with the dot or colon that a name's part cannot begin a reference with.
fn is_host(before: &str) -> bool {
    let host = before.strip_suffix('/').unwrap_or_default();
    !host.contains('/') && (host.contains(['.', ':']) || host == "localhost")
}

fn names_package(url: &PackageUrl, package: &PackageIdentity) -> bool {
    let family = package.ecosystem.family;
    let (kind, vendors) = spelled(family);
    if url.kind != kind {
        return false;
    }
    let separator = if family == Family::Maven { ":" } else { "/" };
    let named = match &url.namespace {
        Some(namespace) if !family.is_distribution() => {
            format!("{namespace}{separator}{}", url.name)
        }
        _ => url.name.clone(),
    };
    let namespace = url.namespace.as_deref().unwrap_or_default();
    let vendor = !family.is_distribution()
        || vendors.iter().any(|vendor| namespace.eq_ignore_ascii_case(vendor));
    let named = family.package_name(&named);
    vendor
        && named.eq_ignore_ascii_case(&package.name)
        && url.version.as_deref().is_none_or(|version| is_version(version, url, package))
        && url.qualifiers.iter().all(|(key, value)| is_qualified(key, value, package))
}

/// An epoch stands in the version, in a qualifier, or nowhere.
fn is_version(version: &str, url: &PackageUrl, package: &PackageIdentity) -> bool {
    let whole = package.version.as_str();
    if package.ecosystem.family == Family::Go {
        return version.trim_start_matches('v') == whole.trim_start_matches('v');
    }
    if version == whole {
        return true;
    }
    let (epoch, rest) = whole.split_once(':').unwrap_or(("0", whole));
    let asked = url.qualifiers.get("epoch").map_or(epoch, String::as_str);
    package.ecosystem.family.is_distribution() && version == rest && asked == epoch
}

fn is_qualified(key: &str, value: &str, package: &PackageIdentity) -> bool {
    match key {
        "arch" => package.architecture.as_deref() == Some(value),
        "distro" => {
            let (family, release) = (package.ecosystem.family.as_str(), &package.ecosystem.release);
            let release = release.as_deref().unwrap_or_default();
            let asked = value.strip_prefix(family).unwrap_or(value).trim_start_matches('-');
            let rest = asked.strip_prefix(release);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        "epoch" => package.version.split_once(':').map_or("0", |(epoch, _)| epoch) == value,
        // Where it may be had, and what form it has, does not make it another package.
        "repository_url" | "download_url" | "vcs_url" | "type" => true,
        _ => false,
    }
}

/// The type of package URLs of a family, and the namespaces that are in use for a distribution.
const fn spelled(family: Family) -> (&'static str, &'static [&'static str]) {
    match family {
        Family::Alma => ("rpm", &["almalinux", "alma"]),
        Family::Alpine => ("apk", &["alpine"]),
        Family::Amazon => ("rpm", &["amazon", "amzn", "amazonlinux"]),
        Family::AzureLinux => ("rpm", &["azurelinux"]),
        Family::CblMariner => ("rpm", &["cbl-mariner", "mariner"]),
        Family::CentOs => ("rpm", &["centos"]),
        Family::Chainguard => ("apk", &["chainguard"]),
        Family::CratesIo => ("cargo", &[]),
        Family::Debian => ("deb", &["debian"]),
        Family::Fedora => ("rpm", &["fedora"]),
        Family::Go => ("golang", &[]),
        Family::Maven => ("maven", &[]),
        Family::Npm => ("npm", &[]),
        Family::NuGet => ("nuget", &[]),
        Family::OpenSuseLeap => ("rpm", &["opensuse", "opensuse-leap"]),
        Family::OpenSuseTumbleweed => ("rpm", &["opensuse", "opensuse-tumbleweed"]),
        Family::Oracle => ("rpm", &["oracle", "oraclelinux", "ol"]),
        Family::Packagist => ("composer", &[]),
        Family::Photon => ("rpm", &["photon"]),
        Family::PyPi => ("pypi", &[]),
        Family::RedHat => ("rpm", &["redhat", "rhel"]),
        Family::Rocky => ("rpm", &["rocky", "rockylinux"]),
        Family::RubyGems => ("gem", &[]),
        Family::Suse => ("rpm", &["suse", "sles"]),
        Family::Ubuntu => ("deb", &["ubuntu"]),
        Family::Wolfi => ("apk", &["wolfi"]),
    }
}
