//! Images of a few layers, and what they come to.

use crate::archive::{Tar, installed};
use crate::{digest, inventory};

const DEBIAN: &str =
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n";

/// `name version @layer` of each package.
fn packages(layers: &[Vec<u8>]) -> Vec<String> {
    let inventory = inventory(layers);
    let line = |package: &wharfinger_inventory::Package| {
        let layer = (0..layers.len()).find(|index| digest(*index) == package.layer).unwrap();
        format!("{} {} @{layer}", package.identity.name, package.identity.version)
    };
    inventory.packages.iter().map(line).collect()
}

fn base() -> Tar {
    Tar::default()
        .directory("etc/")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("usr/lib/os-release", DEBIAN)
        .file("var/lib/dpkg/status", installed("libc6", "2.36-9") + &installed("bash", "5.2-2"))
}

#[test]
fn a_layer_of_debian_is_an_inventory() {
    let inventory = inventory(&[base().gzip()]);
    let distribution = inventory.distribution.unwrap();
    assert_eq!(distribution.ecosystem.unwrap().to_string(), "debian:12");
    assert_eq!(distribution.pretty_name, "Debian GNU/Linux 12 (bookworm)");
    let identities = inventory.packages.iter().map(|it| {
        let identity = &it.identity;
        format!("{} {} {}", identity.ecosystem, identity.name, identity.version)
    });
    assert_eq!(identities.collect::<Vec<_>>(), ["debian:12 bash 5.2-2", "debian:12 libc6 2.36-9"]);
    assert_eq!(packages(&[base().gzip()]), ["bash 5.2-2 @0", "libc6 2.36-9 @0"]);
}
