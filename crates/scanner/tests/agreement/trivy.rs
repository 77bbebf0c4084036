//! Trivy's reports on images, with its own advisories: seven images, 19 findings, and not one more.

use std::collections::BTreeSet;

use serde_json::Value;
use wharfinger_package::{PackageIdentity, SourcePackage};

use super::comparison::compare;
use super::database::{Built, package};
use super::{CORPUS, trivy_fixture};

/// Image, its packages, the ecosystem.
const IMAGES: [(&str, &str, &str); 7] = [
    ("alpine-310", "alpine-310", "alpine:3.10"),
    ("centos-6", "centos-6", "centos:6"),
    ("debian-buster", "debian-buster", "debian:10"),
    ("opensuse-leap-151", "opensuse-leap-151", "opensuse-leap:15.1"),
    ("oraclelinux-8", "oraclelinux-8-slim", "oracle:8"),
    ("photon-30", "photon-30", "photon:3.0"),
    ("distroless-base", "gcr.io-distroless-base-latest", "debian:9"),
];

#[test]
fn images_have_what_trivy_finds_in_them() {
    let built = Built::of(trivy_fixture::documents());
    for (image, packages, ecosystem) in IMAGES {
        let report = golden(&format!("reports/{image}"));
        let results = report["Results"].as_array().into_iter().flatten();
        let rows = results.flat_map(|it| it["Vulnerabilities"].as_array().into_iter().flatten());
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
        let expected: BTreeSet<_> = rows
            .map(|row| {
                let [id, name, installed, fixed, severity] =
                    ["VulnerabilityID", "PkgName", "InstalledVersion", "FixedVersion", "Severity"]
                        .map(|key| text(row, key));
                format!("{id} {name}@{installed} {fixed} {severity}")
            })
            .collect();
        let packages = golden(&format!("packages/{packages}"));
        let mut found = BTreeSet::new();
        for row in packages.as_array().into_iter().flatten() {
            let package = identity(row, ecosystem);
            found.extend(built.matches(&package).into_iter().map(|it| {
                let fixed = it.fixed_version.as_deref().unwrap_or("-");
                let (name, version) = (&package.name, &package.version);
                format!("{} {name}@{version} {fixed} {}", it.vulnerability, it.severity)
            }));
        }
        compare(&format!("trivy/{image}"), &expected, &found);
    }
}

fn golden(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("{CORPUS}/trivy/{name}.json.golden")).expect(name);
    serde_json::from_str(&text).expect(name)
}

fn identity(row: &Value, ecosystem: &str) -> PackageIdentity {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let version = |prefix: &str| {
        let epoch = row[format!("{prefix}Epoch")].as_u64().unwrap_or_default();
        let epoch = if epoch > 0 { format!("{epoch}:") } else { String::new() };
        let release = text(&format!("{prefix}Release"));
        let release = if release.is_empty() { release } else { format!("-{release}") };
        format!("{epoch}{}{release}", text(&format!("{prefix}Version")))
    };
    PackageIdentity {
        architecture: Some(text("Arch")).filter(|it| !it.is_empty()),
        source: Some(SourcePackage { name: text("SrcName"), version: version("Src") })
            .filter(|it| !it.name.is_empty()),
        ..package(ecosystem, &text("Name"), &version(""))
    }
}
