//! An image's inventory, and what it is of.

use wharfinger_core::{Digest, Timestamp};
use wharfinger_inventory::sbom::Subject;
use wharfinger_inventory::{Distribution, Inventory, Package, PackageManager};
use wharfinger_package::{Ecosystem, Family, PackageIdentity, SourcePackage};

pub const IMAGE: Digest = Digest::Sha256([0xab; 32]);
pub const BASE: Digest = Digest::Sha256([1; 32]);

pub fn subject() -> Subject {
    Subject {
        name: "registry.example/team/web".to_owned(),
        digest: IMAGE,
        created_at: Timestamp::from_seconds(1_767_225_600),
    }
}

pub fn identity(ecosystem: Ecosystem, name: &str, version: &str) -> PackageIdentity {
    PackageIdentity {
        ecosystem,
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        module: None,
        vendor: None,
    }
}

pub fn inventory() -> Inventory {
    let redhat = || Ecosystem::released(Family::RedHat, "8");
    let npm =
        PackageIdentity { ..identity(Ecosystem::rolling(Family::Npm), "@babel/core", "7.0.0") };
    let package = |identity, manager, path: Option<&str>, licenses: &[&str]| Package {
        identity,
        manager,
        path: path.map(str::to_owned),
        layer: BASE,
        licenses: licenses.iter().map(|it| (*it).to_owned()).collect(),
    };
    let mut packages = vec![
        package(
            PackageIdentity {
                architecture: Some("x86_64".to_owned()),
                source: Some(SourcePackage {
                    name: "nodejs".to_owned(),
                    version: "1:12.22.5-1.module+el8".to_owned(),
                }),
                module: Some("nodejs:12".to_owned()),
                vendor: Some("Red Hat, Inc.".to_owned()),
                ..identity(redhat(), "npm", "1:6.14.14-1.12.22.5.1.module+el8")
            },
            PackageManager::Os,
            None,
            &["Artistic 2.0", "MIT"],
        ),
        package(
            npm.clone(),
            PackageManager::Nodepkg,
            Some("a/node_modules/@babel/core/package.json"),
            &["MIT"],
        ),
        package(npm, PackageManager::Nodepkg, Some("b/node_modules/@babel/core/package.json"), &[]),
        package(
            identity(Ecosystem::rolling(Family::Maven), "org.slf4j:slf4j-api", "2.0.11"),
            PackageManager::Jar,
            Some("opt/app.war!WEB-INF/lib/slf4j-api-2.0.11.jar"),
            &["MIT OR Apache-2.0"],
        ),
    ];
    packages.sort_by(|a, b| (&a.identity, &a.path).cmp(&(&b.identity, &b.path)));
    Inventory {
        distribution: Some(Distribution {
            id: "rhel".to_owned(),
            version: "8.5".to_owned(),
            pretty_name: "Red Hat Enterprise Linux 8.5 (Ootpa)".to_owned(),
            ecosystem: Some(redhat()),
        }),
        packages,
        unread: Vec::new(),
    }
}
