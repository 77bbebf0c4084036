//! A tiny image of Debian and a database of advisories about it.

use std::io::Write;
use std::sync::Arc;

use wharfinger_advisories::{
    Affected, Cvss, Document, FixStatus, ImportMode, ImportOptions, Interval, Record, Store,
    VersionEnd, Vulnerability,
};
use wharfinger_core::{Digest, Timestamp};
use wharfinger_package::{Ecosystem, Family, Severity};

use super::fixture::{Fixture, digest_of};

/// `openssl` and `zlib1g` are installed, and a package of Python beside them.
pub const STATUS: &str = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\n\
    Version: 3.0.9-1\nDescription: tool\n\n\
    Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\n\
    Source: zlib\nVersion: 1:1.2.13.dfsg-1\nDescription: library\n";
pub const OS_RELEASE: &str =
    "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
pub const METADATA: &str = "Metadata-Version: 2.1\nName: jinja2\nVersion: 2.11.1\n\n";
pub const SITE: &str = "usr/lib/python3/site-packages/jinja2-2.11.1.dist-info/METADATA";

/// A tar archive of these files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, content) in files {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        let size = format!("{:011o}\0", content.len());
        header[124..136].copy_from_slice(size.as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.write_all(&header).unwrap();
        archive.write_all(content).unwrap();
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// The layer of the image.
pub fn layer() -> Vec<u8> {
    tar(&[
        ("etc/os-release", OS_RELEASE.as_bytes()),
        ("var/lib/dpkg/status", STATUS.as_bytes()),
        (SITE, METADATA.as_bytes()),
    ])
}

pub fn manifest(config: &[u8], layers: &[(&str, &[u8])]) -> String {
    let layers: Vec<String> = layers
        .iter()
        .map(|(media_type, layer)| {
            let (digest, size) = (digest_of(layer), layer.len());
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
        })
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{}]}}"#,
        digest_of(config),
        config.len(),
        layers.join(",")
    )
}

pub const TAR: &str = "application/vnd.oci.image.layer.v1.tar";

/// Pushes an image of these layers; `mark` tells it from others.
pub async fn push(fixture: &Fixture, mark: &str, layers: &[Vec<u8>], tag: Option<&str>) -> Digest {
    let config = format!(r#"{{"architecture":"amd64","os":"linux","author":"{mark}"}}"#);
    fixture.layer("app", config.as_bytes()).await;
    for layer in layers {
        fixture.layer("app", layer).await;
    }
    let layers: Vec<(&str, &[u8])> = layers.iter().map(|layer| (TAR, layer.as_slice())).collect();
    let manifest = manifest(config.as_bytes(), &layers);
    fixture.put("app", &manifest, tag).await.unwrap().id.digest
}

pub fn debian() -> Ecosystem {
    Ecosystem::released(Family::Debian, "12")
}

pub fn affected(ecosystem: &Ecosystem, name: &str, id: &str, fixed: Option<&str>) -> Record {
    let severity = if id.ends_with('1') { Severity::Critical } else { Severity::Low };
    let end = fixed.map_or(VersionEnd::Open, |fixed| VersionEnd::Fixed(fixed.into()));
    Record::Affected {
        ecosystem: ecosystem.clone(),
        name: name.into(),
        affected: Affected {
            vulnerability: id.into(),
            source: "debian".into(),
            intervals: vec![Interval { introduced: None, end }],
            status: if fixed.is_some() { FixStatus::Fixed } else { FixStatus::Affected },
            severity: Some(severity),
            ..Affected::default()
        },
    }
}

/// What is known of the image: two vulnerabilities of its system's packages, one of its library.
pub fn records() -> Vec<Record> {
    let pypi = Ecosystem::rolling(Family::PyPi);
    vec![
        Record::Covers(debian()),
        Record::Covers(pypi.clone()),
        affected(&debian(), "openssl", "CVE-2024-0001", Some("3.0.11-1")),
        affected(&debian(), "zlib", "CVE-2024-0002", None),
        affected(&debian(), "openssl", "CVE-2024-0009", Some("3.0.8-1")),
        affected(&pypi, "jinja2", "CVE-2024-0011", Some("3.0")),
    ]
}

/// What NVD tells of one of them.
pub fn told() -> Vec<Record> {
    vec![Record::Vulnerability(Vulnerability {
        id: "CVE-2024-0001".into(),
        source: "nvd".into(),
        description: Some("A flaw in openssl.".into()),
        cvss: vec![Cvss {
            version: "3.1".into(),
            vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
            score: 9.8,
            source: "NVD".into(),
        }],
        published_at: Some(Timestamp::from_seconds(1_700_000_000)),
        ..Vulnerability::default()
    })]
}

/// Imports records of a source, as all that it says.
pub fn import(store: &Store, source: &str, records: Vec<Record>) {
    let at = Timestamp::from_seconds(1_790_000_000);
    let options = ImportOptions {
        mode: ImportMode::Replace,
        updated_at: Some(at),
        imported_at: at,
        license: None,
    };
    let document =
        Document { source: source.into(), id: "all".into(), modified_at: Some(at), records };
    store.import(&options, [Ok::<_, std::io::Error>(document)]).unwrap();
}

/// Imports all that is known of the image.
pub fn import_all(store: &Store) {
    import(store, "debian", records());
    import(store, "nvd", told());
}

/// The same fixture with advisories.
pub fn with_advisories(fixture: Fixture) -> (Fixture, Arc<Store>) {
    let store = Arc::new(Store::new(&fixture.folder.path().join("advisories")));
    let Fixture { folder, clock, kms, registry, seed } = fixture;
    let registry = registry.with_advisories(Arc::clone(&store));
    (Fixture { folder, clock, kms, registry, seed }, store)
}
