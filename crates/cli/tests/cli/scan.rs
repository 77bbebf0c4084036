//! Scans of saved images, as people and CI meet them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wharfinger_advisories::{
    Affected, Document, FixStatus, ImportMode, ImportOptions, Interval, Record, Store, VersionEnd,
};
use wharfinger_core::Timestamp;
use wharfinger_package::{Ecosystem, Family, Severity};

use super::{Home, error_of};

const STATUS: &str = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\n\
    Version: 3.0.9-1\nDescription: tool\n\n";
const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n";
const CONFIG: &str = r#"{"os":"linux","architecture":"amd64","created":"2026-03-01T12:30:00Z","rootfs":{"type":"layers","diff_ids":[
    "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"]}}"#;

/// A tar archive of these files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, content) in files {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

fn layer() -> Vec<u8> {
    tar(&[("etc/os-release", OS_RELEASE.as_bytes()), ("var/lib/dpkg/status", STATUS.as_bytes())])
}

/// What `docker save` wrote for long.
fn saved(home: &Home) -> PathBuf {
    let path = home.folder.path().join("saved.tar");
    let manifest =
        json!([{ "Config": "c.json", "RepoTags": ["app:v1"], "Layers": ["l/layer.tar"] }]);
    let manifest = manifest.to_string();
    let files: [(&str, &[u8]); 3] = [
        ("c.json", CONFIG.as_bytes()),
        ("l/layer.tar", &layer()),
        ("manifest.json", manifest.as_bytes()),
    ];
    fs::write(&path, tar(&files)).unwrap();
    path
}

/// An OCI layout with an index of two platforms, of which one is there.
fn layout(home: &Home) -> PathBuf {
    let folder = home.folder.path().join("layout");
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let digest = |sign: &str| format!("sha256:{}", sign.repeat(64));
    let put = |sign: &str, bytes: &[u8]| fs::write(blobs.join(sign.repeat(64)), bytes).unwrap();
    let (manifest, config) =
        ("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json");
    let child = |sign: &str, architecture: &str| {
        json!({ "mediaType": manifest, "digest": digest(sign), "size": 1,
                "platform": { "os": "linux", "architecture": architecture } })
    };
    put("b", CONFIG.as_bytes());
    put("c", &layer());
    let image = json!({ "schemaVersion": 2, "mediaType": manifest,
        "config": { "mediaType": config, "digest": digest("b"), "size": 1 },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar",
                     "digest": digest("c"), "size": 1 }] });
    put("a", image.to_string().as_bytes());
    let index =
        json!({ "schemaVersion": 2, "manifests": [child("d", "arm64"), child("a", "amd64")] });
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    folder
}

fn import(home: &Home) -> PathBuf {
    let folder = home.folder.path().join("advisories");
    let debian = Ecosystem::released(Family::Debian, "12");
    let affected = |id: &str, fixed: Option<&str>, severity| Record::Affected {
        ecosystem: debian.clone(),
        name: "openssl".into(),
        affected: Affected {
            vulnerability: id.into(),
            source: "debian".into(),
            intervals: vec![Interval {
                introduced: None,
                end: fixed.map_or(VersionEnd::Open, |fixed| VersionEnd::Fixed(fixed.into())),
            }],
            status: if fixed.is_some() { FixStatus::Fixed } else { FixStatus::Affected },
            severity: Some(severity),
            ..Affected::default()
        },
    };
    let at = Timestamp::from_seconds(1_790_000_000);
    let document = Document {
        source: "debian".into(),
        id: "all".into(),
        modified_at: Some(at),
        records: vec![
            Record::Covers(debian.clone()),
            affected("CVE-2026-1", Some("3.0.11-1"), Severity::High),
            affected("CVE-2026-2", None, Severity::Critical),
        ],
    };
    let options = ImportOptions {
        mode: ImportMode::Replace,
        updated_at: Some(at),
        imported_at: at,
        license: None,
    };
    Store::new(&folder).import(&options, [Ok::<_, std::io::Error>(document)]).unwrap();
    folder
}

fn line(image: &Path, advisories: &Path, more: &str) -> String {
    let (image, advisories) = (image.display(), advisories.display());
    format!("scan --archive {image} --advisories {advisories} {more}")
}

fn ids(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["vulnerability"].as_str().unwrap()).collect()
}

#[test]
fn saved_images_are_scanned_without_an_installation() {
    let home = Home::new();
    let advisories = import(&home);
    for image in [saved(&home), layout(&home)] {
        let report = home.json(&line(&image, &advisories, "--format json"));
        assert_eq!(ids(&report), ["CVE-2026-2", "CVE-2026-1"], "{}", image.display());
        assert_eq!(report["image"]["platform"], "linux/amd64");
        assert_eq!(report["distribution"]["name"], "Debian 12");
        let table = home.ok(&line(&image, &advisories, ""));
        assert!(table.ends_with("\n2 findings: 1 critical, 1 high\n"), "{table}");
        let sarif = home.json(&line(&image, &advisories, "--format sarif"));
        assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2);
        let bill = home.json(&line(&image, &advisories, "--format cyclonedx"));
        let references: Vec<_> = bill["components"].as_array().unwrap().iter().collect();
        let affected = &bill["vulnerabilities"][0]["affects"][0]["ref"];
        assert!(references.iter().any(|component| component["bom-ref"] == *affected), "{bill}");
        let spdx = home.json(&line(&image, Path::new("/nowhere"), "--format spdx"));
        assert_eq!(spdx["spdxVersion"], "SPDX-2.3");
        assert_eq!(spdx["creationInfo"]["created"], "2026-03-01T12:30:00Z");
    }
}

#[test]
fn how_it_ends_says_what_was_found() {
    let home = Home::new();
    let (image, advisories) = (saved(&home), import(&home));
    let code = |more: &str| {
        let output = home.run(&line(&image, &advisories, more));
        (output.status.code().unwrap(), error_of(&output))
    };
    assert_eq!(code(""), (0, String::new()));
    assert_eq!(code("--fail-on critical"), (3, String::new()));
    assert_eq!(code("--fail-on high --ignore-unfixed"), (3, String::new()));
    assert_eq!(code("--fail-on critical --ignore-unfixed"), (0, String::new()));
    assert_eq!(code("--fail-on bad").0, 2);
    let vex = home.folder.path().join("vex.json");
    let statement = json!({ "vulnerability": { "name": "CVE-2026-2" }, "status": "fixed" });
    let mut document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x", "author": "Team",
        "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": [statement],
    });
    fs::write(&vex, document.to_string()).unwrap();
    assert_eq!(code(&format!("--fail-on critical --vex {}", vex.display())), (0, String::new()));
    document["version"] = json!(0);
    fs::write(&vex, document.to_string()).unwrap();
    let (code_of_wrong, error) = code(&format!("--vex {}", vex.display()));
    assert!(code_of_wrong == 1 && error.contains("version begins with 1"), "{error}");
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let home = Home::new();
    let (image, advisories) = (saved(&home), import(&home));
    let error = home.fails(&line(&image, Path::new("/nowhere"), ""));
    assert!(error.contains("advisories"), "{error}");
    let error = home.fails(&line(&layout(&home), &advisories, "--platform linux/s390x"));
    assert!(error.contains("linux/arm64, linux/amd64"), "{error}");
    let error = home.fails(&line(&layout(&home), &advisories, "--platform linux/arm64"));
    assert!(error.contains("the archive has no sha256:dddd"), "{error}");
    let broken = home.folder.path().join("broken.tar");
    let whole = fs::read(&image).unwrap();
    for bytes in [&b""[..], b"no archive", &whole[..700], &[7; 4096]] {
        fs::write(&broken, bytes).unwrap();
        home.fails(&line(&broken, &advisories, ""));
    }
    let empty = home.folder.path().join("empty.tar");
    fs::write(&empty, tar(&[("x", b"")])).unwrap();
    let error = home.fails(&line(&empty, &advisories, ""));
    assert!(error.contains("neither an OCI layout"), "{error}");
}
