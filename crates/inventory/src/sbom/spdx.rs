//! SPDX 2.3 in JSON: <https://spdx.github.io/spdx-spec/v2.3/>.

mod document;
mod reading;

use crate::{Distribution, Inventory, Package};

use super::license::{Defined, NO_ASSERTION};
use super::{SbomError, Subject, TOOL, to_json};
use document::{
    Annotation, CreationInfo, Document, ExternalRef, ExtractedLicense, Relationship, SpdxPackage,
};

pub(super) use reading::read;

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";
const OPERATING_SYSTEM: &str = "SPDXRef-OperatingSystem";

/// What annotations of a package begin with; the value follows.
const ECOSYSTEM: &str = "wharfinger:ecosystem ";
const LAYER: &str = "wharfinger:layer ";
const MANAGER: &str = "wharfinger:manager ";
const PATH: &str = "wharfinger:path ";

/// An inventory as SPDX 2.3. Licences that are none of SPDX's list are defined in the document; what the
/// format has no place for is in annotations.
///
/// # Errors
/// [`SbomError::Malformed`] if it cannot be written as JSON, which does not happen.
pub fn write(inventory: &Inventory, subject: &Subject) -> Result<Vec<u8>, SbomError> {
    let defined = Defined::of(inventory.packages.iter().flat_map(|it| &it.licenses));
    let writer = Writer { date: subject.created_at.iso8601(), tool: tool(), defined: &defined };
    let mut packages = vec![writer.image(subject)];
    packages.extend(inventory.distribution.iter().map(|it| writer.operating_system(it)));
    let numbered = inventory.packages.iter().enumerate();
    packages.extend(numbered.map(|(number, package)| writer.package(number, package)));
    let relationships = std::iter::once(Relationship::new(DOCUMENT, "DESCRIBES", IMAGE))
        .chain(packages.iter().skip(1).map(|it| Relationship::new(IMAGE, "CONTAINS", &it.id)))
        .collect();
    to_json(&Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: subject.name.clone(),
        document_namespace: format!("https://spdx.org/spdxdocs/{}-{}", TOOL.0, subject.uuid()),
        creation_info: CreationInfo { created: writer.date.clone(), creators: vec![tool()] },
        has_extracted_licensing_infos: defined.iter().map(ExtractedLicense::new).collect(),
        packages,
        relationships,
    })
}

fn tool() -> String {
    format!("Tool: {}-{}", TOOL.0, TOOL.1)
}

/// What all packages of a document share.
struct Writer<'a> {
    date: String,
    tool: String,
    defined: &'a Defined,
}

impl Writer<'_> {
    fn image(&self, subject: &Subject) -> SpdxPackage {
        SpdxPackage {
            version_info: Some(subject.digest.to_string()),
            primary_package_purpose: Some("CONTAINER".to_owned()),
            external_refs: vec![ExternalRef::purl(subject.package_url())],
            ..SpdxPackage::new(IMAGE, &subject.name)
        }
    }

    fn operating_system(&self, distribution: &Distribution) -> SpdxPackage {
        let ecosystem = distribution.ecosystem.as_ref().map(ToString::to_string);
        SpdxPackage {
            version_info: Some(distribution.version.clone()),
            description: Some(distribution.pretty_name.clone()).filter(|it| !it.is_empty()),
            primary_package_purpose: Some("OPERATING-SYSTEM".to_owned()),
            annotations: self.annotations([(ECOSYSTEM, ecosystem)]),
            ..SpdxPackage::new(OPERATING_SYSTEM, &distribution.id)
        }
    }

    fn package(&self, number: usize, package: &Package) -> SpdxPackage {
        let identity = &package.identity;
        SpdxPackage {
            version_info: Some(identity.version.clone()),
            supplier: Some(match &identity.vendor {
                Some(vendor) => format!("Organization: {vendor}"),
                None => NO_ASSERTION.to_owned(),
            }),
            license_declared: Some(self.defined.expression(&package.licenses)),
            external_refs: vec![ExternalRef::purl(identity.package_url().to_string())],
            annotations: self.annotations([
                (LAYER, Some(package.layer.to_string())),
                (MANAGER, Some(package.manager.as_str().to_owned())),
                (PATH, package.path.clone()),
            ]),
            ..SpdxPackage::new(&format!("SPDXRef-Package-{number}"), &identity.name)
        }
    }

    fn annotations<const N: usize>(&self, of: [(&str, Option<String>); N]) -> Vec<Annotation> {
        let some = of.into_iter().filter_map(|(name, value)| Some(format!("{name}{}", value?)));
        let annotation = |comment| Annotation {
            annotation_date: self.date.clone(),
            annotation_type: "OTHER".to_owned(),
            annotator: self.tool.clone(),
            comment,
        };
        some.map(annotation).collect()
    }
}
