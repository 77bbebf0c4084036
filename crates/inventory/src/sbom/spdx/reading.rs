//! SPDX of ours and of others. Trivy writes into attribution texts, or annotations, what is not in a
//! package URL.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharfinger_package::SourcePackage;

use crate::language::text::Items;
use crate::sbom::imported::{Builder, Described, DescribedDistribution};
use crate::sbom::{SbomError, json, license};

use super::document::{ExtractedLicense, SpdxPackage};
use super::{ECOSYSTEM, LAYER, MANAGER, PATH};

/// A document, as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    packages: Items<SpdxPackage>,
    #[serde(default)]
    has_extracted_licensing_infos: Items<ExtractedLicense>,
}

/// Reads a document. The image itself has a package URL too, of type `oci`, and is no package of it.
pub(in crate::sbom) fn read(document: &[u8], into: &mut Builder) -> Result<(), SbomError> {
    let document: Document = json(document)?;
    let licenses: BTreeMap<&str, &str> =
        document.has_extracted_licensing_infos.0.iter().map(defined).collect();
    for package in &document.packages.0 {
        let purl = package.external_refs.iter().find(|it| it.reference_type == "purl");
        match purl.map(|it| it.reference_locator.as_str()) {
            Some(url) if url.starts_with("pkg:oci/") => {}
            Some(url) => into.package(described(package, url, &licenses))?,
            None if package.is_operating_system() => into.distribution(DescribedDistribution {
                id: package.name.clone(),
                version: package.version_info.clone().unwrap_or_default(),
                pretty_name: package.description.clone().unwrap_or_default(),
                ecosystem: package.said(&[ECOSYSTEM]),
            }),
            None => {}
        }
    }
    Ok(())
}

fn defined(license: &ExtractedLicense) -> (&str, &str) {
    let text = license.name.as_deref().unwrap_or(&license.extracted_text);
    (&license.license_id, text)
}

fn described(
    package: &SpdxPackage,
    package_url: &str,
    licenses: &BTreeMap<&str, &str>,
) -> Described {
    let declared = package.license_declared.as_deref().unwrap_or_default();
    let supplier = package.supplier.as_deref().unwrap_or_default();
    Described {
        package_url: package_url.to_owned(),
        layer: package.said(&[LAYER, "LayerDigest: "]),
        path: package.said(&[PATH, "FilePath: "]),
        manager: package.said(&[MANAGER]),
        vendor: supplier.strip_prefix("Organization: ").map(str::to_owned),
        licenses: license::read(declared, licenses),
        source: package.source_info.as_deref().and_then(source),
    }
}

/// `built package from: name version`, as Trivy writes it.
fn source(text: &str) -> Option<SourcePackage> {
    let (name, version) = text.strip_prefix("built package from: ")?.split_once(' ')?;
    Some(SourcePackage { name: name.to_owned(), version: version.to_owned() })
}

impl SpdxPackage {
    /// What follows the first of the prefixes that an annotation or attribution begins with.
    fn said(&self, prefixes: &[&str]) -> Option<String> {
        let annotations = self.annotations.iter().map(|it| it.comment.as_str());
        let texts: Vec<&str> =
            annotations.chain(self.attribution_texts.iter().map(String::as_str)).collect();
        let after = |prefix: &&str| texts.iter().find_map(|text| text.strip_prefix(prefix));
        prefixes.iter().find_map(after).map(str::to_owned)
    }

    fn is_operating_system(&self) -> bool {
        self.primary_package_purpose.as_deref() == Some("OPERATING-SYSTEM")
            || self.id.starts_with("SPDXRef-OperatingSystem")
    }
}
