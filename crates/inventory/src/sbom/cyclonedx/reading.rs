//! CycloneDX of ours and of others. Trivy and Syft write into `properties`, under names of their own,
//! what is not in a package URL.

use serde::Deserialize;
use wharfinger_package::SourcePackage;

use crate::language::text::Items;
use crate::sbom::imported::{Builder, Described, DescribedDistribution};
use crate::sbom::{SbomError, json};

use super::document::{Component, LicenseChoice};
use super::{ECOSYSTEM, LAYER, MANAGER, PATH};

/// A document, as it is read.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    components: Items<Component>,
}

/// Reads a document. Components within components count like others.
pub(in crate::sbom) fn read(document: &[u8], into: &mut Builder) -> Result<(), SbomError> {
    let document: Document = json(document)?;
    let mut open = document.components.0;
    // Taken from the end, so that the first comes first.
    open.reverse();
    while let Some(mut component) = open.pop() {
        open.extend(std::mem::take(&mut component.components).into_iter().rev());
        match component.purl.take() {
            Some(package_url) => into.package(described(component, package_url))?,
            None if component.kind == "operating-system" => {
                into.distribution(DescribedDistribution {
                    ecosystem: component.property(&[ECOSYSTEM]),
                    id: component.name,
                    version: component.version.unwrap_or_default(),
                    pretty_name: component.description.unwrap_or_default(),
                });
            }
            None => {}
        }
    }
    Ok(())
}

fn described(component: Component, package_url: String) -> Described {
    let path = component.property(&[PATH, "aquasecurity:trivy:FilePath", "syft:location:0:path"]);
    Described {
        package_url,
        layer: component.property(&[
            LAYER,
            "aquasecurity:trivy:LayerDigest",
            "syft:location:0:layerID",
        ]),
        path: path.map(|it| it.trim_start_matches('/').to_owned()),
        manager: component.property(&[MANAGER]),
        source: source(&component),
        vendor: component.publisher,
        licenses: component.licenses.into_iter().filter_map(license).take(16).collect(),
    }
}

/// The source package as Trivy writes it, in up to four properties.
fn source(component: &Component) -> Option<SourcePackage> {
    let part = |name: &str| component.property(&[&format!("aquasecurity:trivy:Src{name}")]);
    let mut version = part("Version")?;
    if let Some(release) = part("Release") {
        version = format!("{version}-{release}");
    }
    if let Some(epoch) = part("Epoch").filter(|it| it != "0") {
        version = format!("{epoch}:{version}");
    }
    Some(SourcePackage { name: part("Name")?, version })
}

fn license(choice: LicenseChoice) -> Option<String> {
    let license = choice.license.unwrap_or_default();
    license.name.or(license.id).or(choice.expression)
}

impl Component {
    /// The value of the first of the properties that there is.
    fn property(&self, names: &[&str]) -> Option<String> {
        let of = |name: &&str| self.properties.iter().find(|it| it.name == *name);
        names.iter().find_map(of).map(|it| it.value.clone())
    }
}
