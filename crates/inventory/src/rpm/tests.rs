//! Databases of real images, and what is left of them when they are damaged.

macro_rules! corpus {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/", $path))
    };
}

mod damage;
mod synthetic;

use super::*;
use crate::found::SystemPackage;
use wharfinger_package::SourcePackage;

const MARINER: &[u8] = corpus!("pkgdb/rpm/cbl-mariner-2.0-sqlite/rpmdb.sqlite");
const SLE: &[u8] = corpus!("pkgdb/rpm/sle15-bci-ndb/Packages.db");
const LIBUUID: &[u8] = corpus!("pkgdb/rpm/libuuid-bdb/Packages");
const SYFT: &[u8] = corpus!("pkgdb/rpm/syft-bdb-Packages");

/// What `rpm -qa` said of a package, as the reader says it.
fn queried(parts: [&str; 6]) -> SystemPackage {
    let [name, epoch, version, release, architecture, source] = parts;
    let epoch = epoch.parse().unwrap_or(0);
    let (source_name, source_version) = source
        .strip_suffix(".src.rpm")
        .and_then(|file| file.rsplitn(3, '-').last().map(|name| (name, &file[name.len() + 1..])))
        .unwrap();
    let prefix = if epoch > 0 { format!("{epoch}:") } else { String::new() };
    SystemPackage {
        name: name.to_owned(),
        version: format!("{prefix}{version}-{release}"),
        architecture: architecture.replace("(none)", ""),
        source: Some(SourcePackage {
            name: source_name.to_owned(),
            version: format!("{prefix}{source_version}"),
        }),
        ..SystemPackage::default()
    }
}

/// Packages as far as `rpm -qa` was asked for them.
fn bare(packages: SystemPackages) -> Vec<SystemPackage> {
    let bare = |package| SystemPackage { vendor: None, module: None, licenses: vec![], ..package };
    packages.packages.into_iter().map(bare).collect()
}

#[test]
fn sqlite_of_mariner_is_what_rpm_lists() {
    let expected: &[u8] = corpus!("pkgdb/rpm/cbl-mariner-2.0-sqlite/expected-rpm-qa.tsv");
    let lines = str::from_utf8(expected).unwrap().lines();
    let mut expected: Vec<_> = lines
        .map(|line| queried(line.split('\t').collect::<Vec<_>>().try_into().unwrap()))
        .collect();
    expected.sort_unstable();
    let read = read(MARINER, &Limits::default()).unwrap();
    assert_eq!(read.packages.len(), 129);
    let bash = read.packages.iter().find(|package| package.name == "bash").unwrap();
    assert_eq!(bash.vendor.as_deref(), Some("Microsoft Corporation"));
    assert_eq!(bash.licenses, ["GPLv3"]);
    assert!(read.owned_paths.contains(&"bin/bash".to_owned()));
    assert!(!read.owned_paths.contains(&"bin/sh".to_owned()), "a link is no program");
    assert_eq!(bare(read), expected);
}

#[test]
fn ndb_of_sle_is_what_rpm_lists() {
    let lists: &[u8] = corpus!("pkglists/rpm-qa.jsonl.zst");
    let lists = String::from_utf8(zstd::decode_all(lists).unwrap()).unwrap();
    let of_image = |line: &&str| line.contains(r#""list":"SLE15WithNDB""#);
    let package = |line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let epoch = line["epoch"].as_u64().unwrap_or(0).to_string();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let texts = ["name", "version", "release", "arch", "sourcerpm"].map(text);
        let [name, version, release, arch, source] = texts.each_ref().map(String::as_str);
        queried([name, &epoch, version, release, arch, source])
    };
    let mut expected: Vec<_> = lists.lines().filter(of_image).map(package).collect();
    expected.sort_unstable();
    let read = bare(read(SLE, &Limits::default()).unwrap());
    assert_eq!(read.len(), 35);
    assert_eq!(read, expected);
}

#[test]
fn berkeley_db_is_read() {
    let named = |file| {
        let packages = read(file, &Limits::default()).unwrap().packages;
        packages.into_iter().map(|package| (package.name, package.version)).collect::<Vec<_>>()
    };
    assert_eq!(named(LIBUUID), [("libuuid".to_owned(), "2.32.1-42.el8_8".to_owned())]);
    assert_eq!(named(SYFT), [("dive".to_owned(), "0.9.2-1".to_owned())]);
}

#[test]
fn a_damaged_chain_of_pages_ends() {
    let file: &[u8] = corpus!("pkgdb/rpm/damaged-bdb-loops-rpmdb-crate.db");
    let error = read(file, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "page 4 of the Berkeley DB file is damaged");
}

#[test]
fn what_is_no_database_is_an_error() {
    let other: &[u8] = corpus!("pkgdb/rpm/claircore-no_packages.sqlite");
    let said = |file| read(file, &Limits::default()).unwrap_err().to_string();
    assert_eq!(said(other), "the SQLite file has no table of packages");
    let none = "it is no database of rpm: not Berkeley DB, ndb or SQLite";
    assert_eq!(said(b""), none);
    assert_eq!(said(b"#!/bin/sh"), none);
    let limits = Limits { database_bytes: 100, ..Limits::default() };
    assert_eq!(read(MARINER, &limits).unwrap_err().to_string(), "it is larger than 100 bytes");
    let limits = Limits { packages: 128, ..Limits::default() };
    assert_eq!(read(MARINER, &limits).unwrap_err().to_string(), "it holds more than 128 packages");
    let limits = Limits { entries: 1000, ..Limits::default() };
    assert_eq!(read(MARINER, &limits).unwrap_err().to_string(), "it holds more than 1000 files");
}

#[test]
fn the_list_of_an_image_without_a_database() {
    let list = b"mariner-release\t2.0-12.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t580\tnoarch\t0\tmariner-release-2.0-12.cm2.src.rpm\n\
        ca-certificates-base\t2.0.0-1.cm2\t1\t2\t(none)\t(none)\t3\tnoarch\t1\tca-certificates-2.0.0-1.cm2.src.rpm\n\n";
    let read = read_manifest(list, &Limits::default()).unwrap().packages;
    let parts = |at: usize| {
        let source = read[at].source.as_ref().unwrap();
        (read[at].name.as_str(), read[at].version.as_str(), &*source.name, &*source.version)
    };
    let certificates = ("ca-certificates-base", "1:2.0.0-1.cm2");
    let source = ("ca-certificates", "1:2.0.0-1.cm2");
    assert_eq!(parts(0), (certificates.0, certificates.1, source.0, source.1));
    assert_eq!(parts(1), ("mariner-release", "2.0-12.cm2", "mariner-release", "2.0-12.cm2"));
    assert_eq!(read[1].vendor.as_deref(), Some("Microsoft Corporation"));
    for damaged in [&b"bash\t5.1"[..], &list[..60], b"\xff\xff"] {
        assert!(read_manifest(damaged, &Limits::default()).is_err());
    }
}
