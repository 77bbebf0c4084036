//! CycloneDX 1.6 in JSON: <https://cyclonedx.org/docs/1.6/json/>.

mod document;
mod reading;

use std::collections::HashSet;

use crate::{Distribution, Inventory, Package};

use super::{SbomError, Subject, TOOL, to_json};
use document::{Component, Document, License, LicenseChoice, Metadata, Property, Tools};

pub(super) use reading::read;

/// Names of what the format has no place for.
const ECOSYSTEM: &str = "wharfinger:ecosystem";
const LAYER: &str = "wharfinger:layer";
const MANAGER: &str = "wharfinger:manager";
const PATH: &str = "wharfinger:path";

/// An inventory as CycloneDX 1.6. The `bom-ref` of a package is its package URL, with a number after
/// `#` where there are several of one.
///
/// # Errors
/// [`SbomError::Malformed`] if it cannot be written as JSON, which does not happen.
pub fn write(inventory: &Inventory, subject: &Subject) -> Result<Vec<u8>, SbomError> {
    let mut references = HashSet::new();
    let distribution = inventory.distribution.iter().map(operating_system);
    let packages = inventory.packages.iter().map(|package| component(package, &mut references));
    to_json(&Document {
        schema: Some("http://cyclonedx.org/schema/bom-1.6.schema.json".to_owned()),
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!("urn:uuid:{}", subject.uuid()),
        version: 1,
        metadata: Metadata {
            timestamp: subject.created_at.iso8601(),
            tools: Tools {
                components: vec![Component {
                    version: Some(TOOL.1.to_owned()),
                    ..Component::new("application", TOOL.0)
                }],
            },
            component: Component {
                bom_ref: Some("image".to_owned()),
                version: Some(subject.digest.to_string()),
                purl: Some(subject.package_url()),
                ..Component::new("container", &subject.name)
            },
        },
        components: distribution.chain(packages).collect(),
    })
}

fn operating_system(distribution: &Distribution) -> Component {
    let ecosystem = distribution.ecosystem.as_ref().map(ToString::to_string);
    Component {
        bom_ref: Some("operating-system".to_owned()),
        version: Some(distribution.version.clone()),
        description: Some(distribution.pretty_name.clone()).filter(|it| !it.is_empty()),
        properties: Property::list([(ECOSYSTEM, ecosystem)]),
        ..Component::new("operating-system", &distribution.id)
    }
}

fn component(package: &Package, references: &mut HashSet<String>) -> Component {
    let url = package.identity.package_url();
    let is_system = package.identity.ecosystem.family.is_distribution();
    let group = url.namespace.clone().filter(|_| !is_system);
    let purl = url.to_string();
    let mut reference = purl.clone();
    let mut number = 1_u32;
    while !references.insert(reference.clone()) {
        number = number.saturating_add(1);
        reference = format!("{purl}#{number}");
    }
    let licenses = package.licenses.iter().map(|name| LicenseChoice {
        license: Some(License { name: Some(name.clone()), id: None }),
        expression: None,
    });
    Component {
        bom_ref: Some(reference),
        group,
        version: Some(package.identity.version.clone()),
        publisher: package.identity.vendor.clone(),
        licenses: licenses.collect(),
        purl: Some(purl),
        properties: Property::list([
            (LAYER, Some(package.layer.to_string())),
            (MANAGER, Some(package.manager.as_str().to_owned())),
            (PATH, package.path.clone()),
        ]),
        ..Component::new("library", &url.name)
    }
}
