//! What is written is what the formats demand.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wharfinger_inventory::sbom::{cyclonedx, spdx};

use crate::{sample, schema};

fn cyclonedx_schema() -> Value {
    serde_json::from_str(include_str!("cyclonedx-1.6.schema.json")).unwrap()
}

#[test]
fn cyclonedx_keeps_to_its_schema() {
    let schema = cyclonedx_schema();
    for inventory in [sample::inventory(), Default::default()] {
        let document = cyclonedx(&inventory, &sample::subject()).unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(schema::violations(&schema, &schema, &document, ""), [""; 0]);
    }
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let schema = cyclonedx_schema();
    let document = cyclonedx(&sample::inventory(), &sample::subject()).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    for (pointer, value) in [
        ("/serialNumber", json!("urn:uuid:1")),
        ("/version", json!(0)),
        ("/components/0/type", json!("package")),
        ("/components/1/licenses/0", json!({"license": {}})),
        ("/components/1/name", json!(1)),
        ("/components/1/properties/0", json!({"name": "a", "valve": "b"})),
        ("/metadata/tools", json!("a")),
    ] {
        let mut wrong = document.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(!schema::violations(&schema, &schema, &wrong, "").is_empty(), "{pointer}");
    }
}

#[test]
fn cyclonedx_names_each_package_once() {
    let document = cyclonedx(&sample::inventory(), &sample::subject()).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["serialNumber"], "urn:uuid:abababab-abab-8bab-abab-abababababab");
    assert_eq!(document["metadata"]["timestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(
        document["metadata"]["component"]["purl"],
        format!("pkg:oci/web@{}?repository_url=registry.example%2Fteam%2Fweb", sample::IMAGE)
    );
    let components = document["components"].as_array().unwrap();
    let references: BTreeSet<_> =
        components.iter().map(|it| it["bom-ref"].as_str().unwrap()).collect();
    assert_eq!(references.len(), components.len());
    let npm = components.iter().find(|it| it["bom-ref"] == "pkg:npm/%40babel/core@7.0.0").unwrap();
    assert_eq!(
        *npm,
        json!({
            "type": "library",
            "bom-ref": "pkg:npm/%40babel/core@7.0.0",
            "group": "@babel",
            "name": "core",
            "version": "7.0.0",
            "licenses": [{"license": {"name": "MIT"}}],
            "purl": "pkg:npm/%40babel/core@7.0.0",
            "properties": [
                {"name": "wharfinger:layer", "value": sample::BASE.to_string()},
                {"name": "wharfinger:manager", "value": "NODEPKG"},
                {"name": "wharfinger:path", "value": "a/node_modules/@babel/core/package.json"},
            ],
        })
    );
}

/// <https://spdx.github.io/spdx-spec/v2.3/>, the members that it says are mandatory, and what they may be.
#[test]
fn spdx_has_its_mandatory_members() {
    let document = spdx(&sample::inventory(), &sample::subject()).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["spdxVersion"], "SPDX-2.3");
    assert_eq!(document["dataLicense"], "CC0-1.0");
    assert_eq!(document["SPDXID"], "SPDXRef-DOCUMENT");
    assert_eq!(document["name"], "registry.example/team/web");
    assert_eq!(
        document["documentNamespace"],
        "https://spdx.org/spdxdocs/wharfinger-abababab-abab-8bab-abab-abababababab"
    );
    assert_eq!(document["creationInfo"]["created"], "2026-01-01T00:00:00Z");
    assert!(
        document["creationInfo"]["creators"][0].as_str().unwrap().starts_with("Tool: wharfinger-")
    );
    let packages = document["packages"].as_array().unwrap();
    let ids: BTreeSet<_> = packages.iter().map(|it| it["SPDXID"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), packages.len());
    let id = regex::Regex::new("^SPDXRef-[A-Za-z0-9.-]+$").unwrap();
    for package in packages {
        assert!(id.is_match(package["SPDXID"].as_str().unwrap()), "{package}");
        assert!(!package["name"].as_str().unwrap().is_empty(), "{package}");
        assert_eq!(package["downloadLocation"], "NOASSERTION");
        // Without it, `packageVerificationCode` would be mandatory.
        assert_eq!(package["filesAnalyzed"], false);
        for annotation in package["annotations"].as_array().into_iter().flatten() {
            for member in ["annotationDate", "annotationType", "annotator", "comment"] {
                assert!(annotation[member].is_string(), "{annotation}");
            }
        }
    }
    let relationships = document["relationships"].as_array().unwrap();
    assert_eq!(relationships.len(), packages.len());
    assert_eq!(relationships[0]["relationshipType"], "DESCRIBES");
    for relationship in relationships {
        let related = relationship["relatedSpdxElement"].as_str().unwrap();
        assert!(ids.contains(related), "{relationship}");
    }
}

#[test]
fn spdx_defines_each_licence_that_is_not_listed() {
    let document = spdx(&sample::inventory(), &sample::subject()).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(
        document["hasExtractedLicensingInfos"],
        json!([
            {"licenseId": "LicenseRef-0", "extractedText": "Artistic 2.0", "name": "Artistic 2.0"},
            {"licenseId": "LicenseRef-1", "extractedText": "MIT OR Apache-2.0", "name": "MIT OR Apache-2.0"},
        ])
    );
    let declared = |name: &str| {
        let packages = document["packages"].as_array().unwrap();
        packages.iter().find(|it| it["name"] == name).unwrap()["licenseDeclared"].clone()
    };
    assert_eq!(declared("npm"), "LicenseRef-0 AND MIT");
    assert_eq!(declared("org.slf4j:slf4j-api"), "LicenseRef-1");
}

#[test]
fn the_same_inventory_gives_the_same_bytes() {
    let (inventory, subject) = (sample::inventory(), sample::subject());
    assert_eq!(cyclonedx(&inventory, &subject).unwrap(), cyclonedx(&inventory, &subject).unwrap());
    assert_eq!(spdx(&inventory, &subject).unwrap(), spdx(&inventory, &subject).unwrap());
}
