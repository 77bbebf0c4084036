//! The product tree of a CSAF document: which package of which release of a distribution an id means.

use std::collections::HashMap;

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Family, PackageUrl};

/// Relations from a component to its platform that are followed: a package of a module of a release
/// takes two.
const RELATIONS_MAX: usize = 6;

/// The tree.
#[derive(Deserialize, Default)]
pub(super) struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    product_identification_helper: Option<Helper>,
}

#[derive(Deserialize)]
struct Helper {
    cpe: Option<String>,
    purl: Option<String>,
}

/// `product_reference` as a part of `relates_to_product_reference`.
#[derive(Deserialize)]
struct Relationship {
    full_product_name: FullName,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Deserialize)]
struct FullName {
    product_id: String,
}

/// The products of a tree, to be looked up by their ids.
pub(super) struct Products<'a> {
    helpers: HashMap<&'a str, Option<&'a Helper>>,
    relations: HashMap<&'a str, &'a Relationship>,
}

/// A package of a release of a distribution.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) ecosystem: Ecosystem,
    pub(super) name: String,
    /// `epoch:version-release`, without an epoch of 0.
    pub(super) version: Option<String>,
    pub(super) architecture: Option<String>,
    /// `nodejs:12`.
    pub(super) module: Option<String>,
}

impl Tree {
    /// Its products.
    pub(super) fn products(&self) -> Products<'_> {
        let mut helpers = HashMap::new();
        let mut open: Vec<&Branch> = self.branches.iter().collect();
        while let Some(branch) = open.pop() {
            if let Some(product) = &branch.product {
                let helper = product.product_identification_helper.as_ref();
                helpers.insert(product.product_id.as_str(), helper);
            }
            open.extend(&branch.branches);
        }
        let relation = |it| {
            let it: &Relationship = it;
            (it.full_product_name.product_id.as_str(), it)
        };
        Products { helpers, relations: self.relationships.iter().map(relation).collect() }
    }
}

impl Products<'_> {
    /// The package that an id means; `None` if it is none of a distribution that images are made of.
    pub(super) fn component(&self, id: &str) -> Option<Component> {
        let relation = self.relations.get(id)?;
        let part = relation.product_reference.as_str();
        let (mut platform, mut module) = (relation.relates_to_product_reference.as_str(), None);
        for _ in 0..RELATIONS_MAX {
            let Some(relation) = self.relations.get(platform) else { break };
            module = self.module(&relation.product_reference);
            platform = &relation.relates_to_product_reference;
        }
        let helper = |id: &str| self.helpers.get(id).copied().flatten();
        let ecosystem = ecosystem(helper(platform)?.cpe.as_deref()?)?;
        let (name, version, architecture, of_purl) =
            match helper(part).and_then(|helper| helper.purl.as_deref()) {
                Some(purl) => of_purl(&purl.parse().ok()?)?,
                None => of_id(part)?,
            };
        Some(Component { ecosystem, name, version, architecture, module: of_purl.or(module) })
    }

    /// The module that an id means: `nodejs:12` of `nodejs:12:8010020190612:cdc1202b`.
    fn module(&self, id: &str) -> Option<String> {
        let purl =
            self.helpers.get(id).copied().flatten().and_then(|helper| helper.purl.as_deref());
        match purl.and_then(|purl| purl.parse::<PackageUrl>().ok()) {
            Some(purl) if purl.kind == "rpmmod" || purl.namespace.as_deref() == Some("rpmmod") => {
                Some(format!("{}:{}", purl.name, purl.version?.split(':').next()?))
            }
            _ => label(id),
        }
    }
}

/// Name, version, architecture and module.
type Named = (String, Option<String>, Option<String>, Option<String>);

fn of_purl(purl: &PackageUrl) -> Option<Named> {
    if purl.kind != "rpm" {
        return None;
    }
    let epoch = purl.qualifier("epoch").filter(|epoch| *epoch != "0");
    let version = purl.version.as_deref().map(|version| match epoch {
        Some(epoch) => format!("{epoch}:{version}"),
        None => version.to_owned(),
    });
    let architecture = purl.qualifier("arch").map(str::to_owned);
    let module = purl.qualifier("rpmmod").and_then(label);
    Some((purl.name.clone(), version, architecture, module))
}

/// The first two parts of the label of a module.
fn label(text: &str) -> Option<String> {
    let mut parts = text.split(':').filter(|part| !part.is_empty());
    Some(format!("{}:{}", parts.next()?, parts.next()?))
}

/// A package by its id alone: `bash`, `bash-0:5.1.8-6.el9.x86_64`. Names of containers have a slash.
fn of_id(id: &str) -> Option<Named> {
    if id.contains('/') || id.is_empty() {
        return None;
    }
    let parts = || {
        let (rest, architecture) = id.rsplit_once('.')?;
        let (rest, release) = rest.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        let version = version.strip_prefix("0:").unwrap_or(version);
        is_version.then(|| (name, format!("{version}-{release}"), architecture.to_owned()))
    };
    Some(match parts() {
        Some((name, version, architecture)) => {
            (name.to_owned(), Some(version), Some(architecture), None)
        }
        None => (id.to_owned(), None, None, None),
    })
}

/// The ecosystem of a platform, by its CPE: `cpe:/o:redhat:enterprise_linux:8::baseos`,
/// `cpe:/o:suse:sles:15:sp5`. `None` for products that no image is made of, and for streams with
/// fixes of their own (`rhel_eus`).
pub(in crate::source) fn ecosystem(cpe: &str) -> Option<Ecosystem> {
    let mut parts = cpe.strip_prefix("cpe:/")?.split(':').skip(1);
    let (vendor, product) = (parts.next()?, parts.next()?);
    let (version, update) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let released = |family, release: &str| {
        let is_release = release.starts_with(|c: char| c.is_ascii_digit());
        is_release.then(|| Ecosystem::released(family, release))
    };
    match (vendor, product) {
        ("redhat", "enterprise_linux") => released(Family::RedHat, version.split('.').next()?),
        ("suse", product) if product == "sles" || product.starts_with("sle-module-") => {
            match update.strip_prefix("sp") {
                Some(pack) => released(Family::Suse, &format!("{version}.{pack}")),
                None => released(Family::Suse, version),
            }
        }
        ("opensuse", "leap") => released(Family::OpenSuseLeap, version),
        ("opensuse", "tumbleweed") => Some(Ecosystem::rolling(Family::OpenSuseTumbleweed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_by_their_cpe() {
        for (cpe, expected) in [
            ("cpe:/o:redhat:enterprise_linux:8::baseos", Some("redhat:8")),
            ("cpe:/a:redhat:enterprise_linux:9::appstream", Some("redhat:9")),
            ("cpe:/o:redhat:enterprise_linux:10.0", Some("redhat:10")),
            ("cpe:/o:redhat:rhel_eus:8.4::baseos", None),
            ("cpe:/a:redhat:openshift:4.16::el9", None),
            ("cpe:/o:suse:sles:15:sp5", Some("suse:15.5")),
            ("cpe:/o:suse:sle-module-basesystem:15:sp6", Some("suse:15.6")),
            ("cpe:/o:opensuse:leap:15.5", Some("opensuse-leap:15.5")),
            ("cpe:/o:opensuse:tumbleweed", Some("opensuse-tumbleweed")),
            ("cpe:/o:redhat:enterprise_linux", None),
            ("nonsense", None),
        ] {
            let found = ecosystem(cpe).map(|ecosystem| ecosystem.to_string());
            assert_eq!(found.as_deref(), expected, "{cpe}");
        }
    }

    #[test]
    fn packages_by_their_id() {
        let named = |id: &str| of_id(id).map(|(name, version, ..)| (name, version));
        let bash = ("bash".to_owned(), Some("5.1.8-6.el9".to_owned()));
        assert_eq!(named("bash-0:5.1.8-6.el9.x86_64"), Some(bash));
        assert_eq!(named("python3.12"), Some(("python3.12".into(), None)));
        assert_eq!(named("rhel8/buildah"), None);
        assert_eq!(label("nodejs:12:8010020190612:cdc1202b").as_deref(), Some("nodejs:12"));
    }
}
