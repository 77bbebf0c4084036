//! Bills of others, and documents that are none.

use wharfinger_inventory::sbom::{Imported, SbomError, read};
use wharfinger_inventory::{Limits, PackageManager};
use wharfinger_package::{Ecosystem, Family};

use crate::sample::IMAGE;

fn import(name: &str) -> Imported {
    let path = format!("{}/../../corpus/trivy/sbom/{name}", env!("CARGO_MANIFEST_DIR"));
    read(&std::fs::read(path).unwrap(), IMAGE, &Limits::default()).unwrap()
}

fn named(imported: &Imported) -> Vec<String> {
    let packages = imported.inventory.packages.iter();
    packages.map(|it| format!("{} {}", it.identity.name, it.identity.version)).collect()
}

#[test]
fn an_image_of_centos_in_both_formats() {
    for name in ["centos-7-cyclonedx.json", "centos-7-spdx.json"] {
        let imported = import(name);
        let distribution = imported.inventory.distribution.as_ref().unwrap();
        assert_eq!(
            (distribution.id.as_str(), distribution.version.as_str()),
            ("centos", "7.6.1810")
        );
        assert_eq!(
            distribution.ecosystem,
            Some(Ecosystem::released(Family::CentOs, "7")),
            "{name}"
        );
        assert_eq!(
            named(&imported),
            ["bash 4.2.46-31.el7", "openssl-libs 1:1.0.2k-16.el7"],
            "{name}"
        );
        assert_eq!(imported.unknown, 0);
        let bash = &imported.inventory.packages[0];
        assert_eq!(bash.manager, PackageManager::Os);
        assert_eq!(bash.licenses, ["GPLv3+"]);
        assert_eq!(bash.identity.architecture.as_deref(), Some("x86_64"));
        assert_eq!(bash.identity.source, None);
        let layer = "sha256:ac9208207adaac3a48e54a4dc6b49c69e78c3072d2b3add7efdabf814db2133b";
        assert_eq!(bash.layer.to_string(), layer);
    }
    let openssl = &import("centos-7-cyclonedx.json").inventory.packages[1];
    let source = openssl.identity.source.as_ref().unwrap();
    assert_eq!((source.name.as_str(), source.version.as_str()), ("openssl", "1:1.0.2k-16.el7"));
}

#[test]
fn an_image_of_debian_with_a_gem() {
    let imported = import("fluentd-multiple-lockfiles-cyclonedx.json");
    assert_eq!(named(&imported), ["bash 5.0-4", "libidn2-0 2.0.5-1", "activesupport 6.0.2.1"]);
    let packages = &imported.inventory.packages;
    assert_eq!(packages[1].identity.ecosystem, Ecosystem::released(Family::Debian, "10"));
    assert_eq!(packages[1].identity.advisory_name(), "libidn2");
    assert_eq!(packages[2].manager, PackageManager::Gemspec);
    assert_eq!(
        packages[2].path.as_deref(),
        Some("var/lib/gems/2.5.0/specifications/activesupport-6.0.2.1.gemspec")
    );
    let distribution = imported.inventory.distribution.unwrap();
    assert_eq!(distribution.ecosystem, Some(Ecosystem::released(Family::Debian, "10")));
}

#[test]
fn bills_of_other_things() {
    let imported = import("license-cyclonedx.json");
    assert_eq!(
        named(&imported),
        [
            "org.eclipse.sisu:org.eclipse.sisu.plexus 0.3.0.M1",
            "org.ow2.asm:asm 9.5",
            "org.slf4j:slf4j-api 2.0.11"
        ]
    );
    assert_eq!(imported.inventory.packages[0].layer, IMAGE);
    assert_eq!(imported.inventory.distribution, None);
    let imported = import("minikube-kbom.json");
    assert!(imported.unknown > 0, "packages of Kubernetes have no advisories here");
    assert!(named(&imported).contains(&"docker 24.0.4".to_owned()), "{:?}", named(&imported));
}

#[test]
fn what_is_no_bill_is_refused() {
    let limits = Limits { database_bytes: 1 << 20, packages: 2, ..Limits::default() };
    let read = |document: &str| read(document.as_bytes(), IMAGE, &limits).unwrap_err();
    assert!(matches!(read("SPDXVersion: SPDX-2.2"), SbomError::Malformed(_)));
    assert!(matches!(read("{}"), SbomError::Foreign));
    assert!(matches!(read(r#"{"spdxVersion": "SPDX-3.0"}"#), SbomError::Foreign));
    assert!(matches!(
        read(r#"{"bomFormat": "CycloneDX", "components": 1}"#),
        SbomError::Malformed(_)
    ));
    assert!(matches!(read(&" ".repeat(2 << 20)), SbomError::TooLarge(_)));
    let many = r#"{"purl": "pkg:npm/a@1"},"#.repeat(3);
    let many = format!(r#"{{"bomFormat": "CycloneDX", "components": [{many}{{}}]}}"#);
    assert!(matches!(read(&many), SbomError::TooMany(2)));
}

#[test]
fn documents_that_were_made_to_hurt_end() {
    let limits = Limits::default();
    let empty =
        format!(r#"{{"bomFormat": "CycloneDX", "components": [{}{{}}]}}"#, "{},".repeat(2_000_000));
    assert!(matches!(read(empty.as_bytes(), IMAGE, &limits), Err(SbomError::TooComplex(_))));
    let deep = format!(
        r#"{{"bomFormat": "CycloneDX", "components": {}"#,
        r#"[{"components":"#.repeat(100_000)
    );
    assert!(matches!(read(deep.as_bytes(), IMAGE, &limits), Err(SbomError::Malformed(_))));
}

#[test]
fn components_within_components_count() {
    let document = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
        {"type": "application", "name": "a", "components": [{"purl": "pkg:npm/b@1.0.0"},
        {"purl": "pkg:npm/b@1.0.0"}]}, {"purl": "pkg:generic/c@1"}, {"purl": "no"},
        {"type": "operating-system", "name": "debian", "version": "12"}]}"#;
    let imported = read(document.as_bytes(), IMAGE, &Limits::default()).unwrap();
    assert_eq!(named(&imported), ["b 1.0.0"]);
    assert_eq!(imported.unknown, 2);
    let distribution = imported.inventory.distribution.unwrap();
    assert_eq!(distribution.ecosystem, Some(Ecosystem::released(Family::Debian, "12")));
}
