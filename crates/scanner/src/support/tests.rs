//! Which images can be scanned, and what is said of the others.

use wharfinger_core::{Digest, Timestamp};
use wharfinger_inventory::{Distribution, Package, PackageManager};
use wharfinger_package::PackageIdentity;

use super::*;

fn package(ecosystem: &str) -> Package {
    Package {
        identity: PackageIdentity {
            ecosystem: ecosystem.parse().unwrap(),
            name: "a".into(),
            version: "1".into(),
            architecture: None,
            source: None,
            module: None,
            vendor: None,
        },
        manager: PackageManager::Os,
        path: None,
        layer: Digest::Sha256([0; 32]),
        licenses: Vec::new(),
    }
}

fn inventory(id: &str, ecosystem: Option<&str>, packages: &[&str]) -> Inventory {
    let distribution = Distribution {
        id: id.into(),
        version: "12".into(),
        pretty_name: String::new(),
        ecosystem: ecosystem.map(|it| it.parse().unwrap()),
    };
    Inventory {
        distribution: Some(distribution).filter(|_| !id.is_empty()),
        packages: packages.iter().map(|it| package(it)).collect(),
        unread: Vec::new(),
    }
}

fn reason(inventory: &Inventory, mode: ScanMode, imported: Option<&[&str]>) -> Option<String> {
    let covered = |it: &Ecosystem| {
        let any = |it: &Ecosystem| imported.unwrap_or_default().contains(&it.to_string().as_str());
        authorities(it).iter().any(any)
    };
    unsupported_by(inventory, mode, imported.is_some(), covered).map(|it| it.to_string())
}

#[test]
fn what_has_advisories_can_be_scanned() {
    let debian = inventory("debian", Some("debian:12"), &["debian:12", "npm"]);
    assert_eq!(reason(&debian, ScanMode::Basic, Some(&["debian:12"])), None);
    assert_eq!(reason(&debian, ScanMode::Enhanced, Some(&["debian:12", "npm"])), None);
    let centos = inventory("centos", Some("centos:7"), &["centos:7"]);
    assert_eq!(reason(&centos, ScanMode::Basic, Some(&["redhat:7"])), None);
    let scratch = inventory("", None, &["go"]);
    assert_eq!(reason(&scratch, ScanMode::Enhanced, Some(&["go"])), None);
}

#[test]
fn what_has_none_says_what_to_import() {
    let debian = inventory("debian", Some("debian:12"), &["debian:12", "npm"]);
    let said = reason(&debian, ScanMode::Basic, None).unwrap();
    assert!(said.contains("there is no advisory database"), "{said}");
    let said = reason(&debian, ScanMode::Basic, Some(&["debian:11"])).unwrap();
    assert!(
        said.starts_with("no advisories for debian:12 are in the advisory database;"),
        "{said}"
    );
    assert!(said.contains("`wharfinger advisories import FILE`"), "{said}");
    let said = reason(&debian, ScanMode::Enhanced, Some(&["debian:12"])).unwrap();
    assert!(said.starts_with("no advisories for npm are"), "{said}");
}

#[test]
fn what_nobody_can_tell_is_not_supported() {
    let plan9 = inventory("plan9", None, &[]);
    let said = reason(&plan9, ScanMode::Basic, Some(&["debian:12"])).unwrap();
    assert_eq!(
        said,
        "UnsupportedImageError: the operating system 'plan9' version '12' is not supported"
    );
    let scratch = inventory("", None, &["go"]);
    let said = reason(&scratch, ScanMode::Basic, Some(&["go"])).unwrap();
    assert!(said.starts_with("UnsupportedImageError: the image has no operating system"), "{said}");
    let bare = inventory("debian", Some("debian:12"), &["npm"]);
    let said = reason(&bare, ScanMode::Basic, Some(&["debian:12"])).unwrap();
    assert!(said.contains("no packages that can be told"), "{said}");
}

#[test]
fn the_end_of_a_release_is_known() {
    let at = |time: i64| end_of_life(&"debian:10".parse().unwrap(), Timestamp::from_seconds(time));
    assert_eq!(at(1_719_705_600), None, "2024-06-30");
    assert_eq!(at(1_719_792_000), Some("2024-06-30"), "2024-07-01");
    assert_eq!(end_of_life(&"npm".parse().unwrap(), Timestamp::from_seconds(1_719_792_000)), None);
    let of_debian = inventory("debian", Some("debian:10"), &[]).distribution.unwrap();
    let note = end_of_life_note(&of_debian, Timestamp::from_seconds(1_719_792_000)).unwrap();
    assert!(note.contains("ended on 2024-06-30"), "{note}");
}
