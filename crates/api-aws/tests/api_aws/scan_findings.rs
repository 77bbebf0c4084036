//! Findings of scans: golden answers in both shapes, pages, summaries.

use serde_json::{Value, json};
use wharfinger_advisories::{
    Affected, Cvss, Document, FixStatus, ImportMode, ImportOptions, Interval, Record, Store,
    VersionEnd, Vulnerability,
};
use wharfinger_auth::actions::PutRegistryScanningConfiguration;
use wharfinger_auth::{Permit, RegistryResource};
use wharfinger_core::Timestamp;
use wharfinger_package::{Ecosystem, Family, Severity};

use crate::world::{NOW, World, digest_of, registry_id};

const STATUS: &[u8] = b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\n\
    Version: 3.0.9-1\n\nPackage: zlib1g\nStatus: install ok installed\nArchitecture: amd64\n\
    Source: zlib\nVersion: 1:1.2.13.dfsg-1\n";
pub const UPDATED_AT: i64 = 1_690_000_000;
const VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, content) in files {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        for field in [100, 108, 116] {
            header[field..field + 8].copy_from_slice(b"0000644\0");
        }
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
    let release = b"ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n";
    tar(&[("etc/os-release", release), ("var/lib/dpkg/status", STATUS)])
}

pub fn import(store: &Store, source: &str, records: Vec<Record>) {
    let at = Timestamp::from_seconds(UPDATED_AT);
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

pub fn affected(name: &str, id: &str, severity: Severity, fixed: Option<&str>) -> Record {
    let end = fixed.map_or(VersionEnd::Open, |fixed| VersionEnd::Fixed(fixed.into()));
    Record::Affected {
        ecosystem: Ecosystem::released(Family::Debian, "12"),
        name: name.into(),
        affected: Affected {
            vulnerability: id.into(),
            intervals: vec![Interval { introduced: None, end }],
            status: if fixed.is_some() { FixStatus::Fixed } else { FixStatus::Affected },
            severity: Some(severity),
            ..Affected::default()
        },
    }
}

fn import_all(store: &Store) {
    let debian = vec![
        Record::Covers(Ecosystem::released(Family::Debian, "12")),
        affected("openssl", "CVE-2024-0001", Severity::Critical, Some("3.0.11-1")),
        affected("zlib", "CVE-2024-0002", Severity::Undefined, None),
    ];
    import(store, "debian", debian);
    let told = Vulnerability {
        id: "CVE-2024-0001".into(),
        description: Some("A flaw in openssl.".into()),
        cvss: vec![Cvss {
            version: "3.1".into(),
            vector: VECTOR.into(),
            score: 9.8,
            source: "NVD".into(),
        }],
        published_at: Some(Timestamp::from_seconds(1_680_000_000)),
        modified_at: Some(Timestamp::from_seconds(1_685_000_000)),
        references: vec!["https://example.com/advisory".into()],
        ..Vulnerability::default()
    };
    import(store, "nvd", vec![Record::Vulnerability(told)]);
}

/// Pushes an image of Debian into a registry of this configuration, and has it scanned.
pub async fn scanned(configuration: Value) -> (World, String) {
    let world = World::new().await;
    import_all(&world.advisories);
    world.create_repository("team/app").await;
    world.call("PutRegistryScanningConfiguration", configuration).await.ok();
    let config = br#"{"architecture":"amd64","os":"linux","author":"ann"}"#;
    let config_digest = world.push_layer("team/app", config).await;
    let layer = layer();
    let digest = world.push_layer("team/app", &layer).await;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config_digest, "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest,
            "size": layer.len(),
        }],
    });
    let put = json!({
        "repositoryName": "team/app", "imageTag": "v1", "imageManifest": manifest.to_string(),
    });
    let image = world.call("PutImage", put).await.ok();
    world.run_jobs().await;
    let digest = image["image"]["imageId"]["imageDigest"].as_str().unwrap().to_owned();
    (world, digest)
}

pub fn configuration(scan_type: &str, frequency: &str) -> Value {
    let filters = json!([{ "filter": "*", "filterType": "WILDCARD" }]);
    let rule = json!({ "scanFrequency": frequency, "repositoryFilters": filters });
    json!({ "scanType": scan_type, "rules": [rule] })
}

fn wanted() -> Value {
    json!({ "repositoryName": "team/app", "imageId": { "imageTag": "v1" } })
}

#[tokio::test]
async fn basic_findings() {
    let (world, digest) = scanned(configuration("BASIC", "SCAN_ON_PUSH")).await;
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": value });
    let page = "https://security-tracker.debian.org/tracker/";
    let counts = json!({ "CRITICAL": 1, "UNDEFINED": 1 });
    let findings = json!([
        {
            "name": "CVE-2024-0001", "description": "A flaw in openssl.",
            "uri": format!("{page}CVE-2024-0001"), "severity": "CRITICAL",
            "attributes": [
                attribute("package_name", "openssl"), attribute("package_version", "3.0.9-1"),
                attribute("CVSS3_VECTOR", VECTOR), attribute("CVSS3_SCORE", "9.8"),
                attribute("fixed_version", "3.0.11-1"),
            ],
        },
        {
            "name": "CVE-2024-0002", "uri": format!("{page}CVE-2024-0002"),
            "severity": "UNDEFINED",
            "attributes": [
                attribute("package_name", "zlib1g"),
                attribute("package_version", "1:1.2.13.dfsg-1"),
            ],
        },
    ]);
    let answer = |findings: Value| {
        json!({
            "registryId": "111122223333", "repositoryName": "team/app",
            "imageId": { "imageDigest": digest, "imageTag": "v1" },
            "imageScanStatus": {
                "status": "COMPLETE", "description": "The scan was completed successfully.",
            },
            "imageScanFindings": {
                "imageScanCompletedAt": NOW as f64,
                "vulnerabilitySourceUpdatedAt": UPDATED_AT as f64,
                "findingSeverityCounts": counts, "findings": findings,
            },
        })
    };
    let reply = world.call("DescribeImageScanFindings", wanted()).await.ok();
    assert_eq!(numbers(reply), numbers(answer(findings.clone())));

    let mut page = wanted();
    page["maxResults"] = 1.into();
    for (finding, last) in [(&findings[0], false), (&findings[1], true)] {
        let reply = world.call("DescribeImageScanFindings", page.clone()).await.ok();
        let mut expected = answer(json!([finding]));
        if !last {
            expected["nextToken"] = reply["nextToken"].clone();
            assert!(reply["nextToken"].is_string());
        }
        page["nextToken"] = reply["nextToken"].clone();
        assert_eq!(numbers(reply), numbers(expected));
    }
    let body = json!({ "repositoryName": "team/app" });
    let detail = world.call("DescribeImages", body).await.ok()["imageDetails"][0].clone();
    assert_eq!(detail["imageScanStatus"]["status"], "COMPLETE");
    assert_eq!(
        numbers(detail["imageScanFindingsSummary"].clone()),
        numbers(json!({
            "imageScanCompletedAt": NOW as f64,
            "vulnerabilitySourceUpdatedAt": UPDATED_AT as f64, "findingSeverityCounts": counts,
        }))
    );
}

#[tokio::test]
async fn enhanced_findings() {
    let (world, digest) = scanned(configuration("ENHANCED", "CONTINUOUS_SCAN")).await;
    let reply = world.call("DescribeImageScanFindings", wanted()).await.ok();
    assert_eq!(
        reply["imageScanStatus"],
        json!({ "status": "ACTIVE", "description": "Continuous scan is selected for image." })
    );
    let found = &reply["imageScanFindings"];
    assert_eq!(found.get("findings"), None);
    assert_eq!(found["findingSeverityCounts"], json!({ "CRITICAL": 1, "UNDEFINED": 1 }));
    let [openssl, zlib] = found["enhancedFindings"].as_array().unwrap().as_slice() else {
        panic!("{found}");
    };
    let arn = openssl["findingArn"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:inspector2:eu-west-1:111122223333:finding/"), "{arn}");
    let expected = json!({
        "awsAccountId": "111122223333", "description": "A flaw in openssl.", "findingArn": arn,
        "firstObservedAt": NOW as f64, "lastObservedAt": NOW as f64, "updatedAt": NOW as f64,
        "status": "ACTIVE", "severity": "CRITICAL", "title": "CVE-2024-0001 - openssl",
        "type": "PACKAGE_VULNERABILITY", "score": 9.8,
        "scoreDetails": { "cvss": {
            "adjustments": [], "score": 9.8, "scoreSource": "NVD", "scoringVector": VECTOR,
            "version": "3.1",
        } },
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2024-0001", "source": "DEBIAN_CVE",
            "sourceUrl": "https://security-tracker.debian.org/tracker/CVE-2024-0001",
            "vendorCreatedAt": 1_680_000_000_f64, "vendorUpdatedAt": 1_685_000_000_f64,
            "referenceUrls": ["https://example.com/advisory"], "relatedVulnerabilities": [],
            "cvss": [{
                "baseScore": 9.8, "scoringVector": VECTOR, "source": "NVD", "version": "3.1",
            }],
            "vulnerablePackages": [{
                "name": "openssl", "version": "3.0.9", "release": "1", "epoch": 0,
                "arch": "amd64", "packageManager": "OS",
                "sourceLayerHash": digest_of(&layer()), "fixedInVersion": "3.0.11-1",
            }],
        },
        "remediation": { "recommendation": { "text": "Upgrade openssl to 3.0.11-1." } },
        "resources": [{
            "id": format!("arn:aws:ecr:eu-west-1:111122223333:repository/team/app/{digest}"),
            "type": "AWS_ECR_CONTAINER_IMAGE", "tags": {},
            "details": { "awsEcrContainerImage": {
                "architecture": "amd64", "author": "ann", "imageHash": digest,
                "imageTags": ["v1"], "platform": "DEBIAN_12", "pushedAt": NOW as f64,
                "registry": "111122223333", "repositoryName": "team/app",
            } },
        }],
        "fixAvailable": "YES", "exploitAvailable": "NO",
    });
    assert_eq!(numbers(openssl.clone()), numbers(expected));
    assert_eq!((&zlib["severity"], &zlib["fixAvailable"]), (&json!("UNTRIAGED"), &json!("NO")));
    assert_eq!(zlib["remediation"]["recommendation"]["text"], "None Provided");
    assert_eq!(zlib.get("score"), None);
}

/// The same with every number as a float: times may come without their fraction.
pub fn numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, numbers(value))).collect()
        }
        other => other,
    }
}

#[tokio::test]
async fn a_suppressed_finding_says_why() {
    let (world, _) = scanned(configuration("ENHANCED", "CONTINUOUS_SCAN")).await;
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex/1",
        "author": "ann", "timestamp": "2026-11-21T00:00:00Z", "version": 1,
        "statements": [{
            "vulnerability": { "name": "CVE-2024-0001" }, "status": "not_affected",
            "products": [{ "@id": "pkg:deb/debian/openssl" }],
            "justification": "vulnerable_code_not_in_execute_path",
            "impact_statement": "it serves no TLS",
        }],
    });
    let resource = RegistryResource { registry: registry_id() };
    let permit = Permit::<PutRegistryScanningConfiguration>::system(resource);
    world.registry.add_vex_document(&permit, document.to_string().into_bytes()).await.unwrap();
    let reply = world.call("DescribeImageScanFindings", wanted()).await.ok();
    let found = &reply["imageScanFindings"];
    assert_eq!(found["findingSeverityCounts"], json!({ "UNDEFINED": 1 }));
    let suppressed = found["enhancedFindings"].as_array().unwrap().iter();
    let mut suppressed = suppressed.filter(|finding| finding["status"] == "SUPPRESSED");
    let finding = suppressed.next().unwrap();
    assert_eq!(finding["title"], "CVE-2024-0001 - openssl");
    let text = finding["remediation"]["recommendation"]["text"].as_str().unwrap();
    assert!(
        text.contains("it serves no TLS") && text.contains("https://example.com/vex/1"),
        "{text}"
    );
    assert!(suppressed.next().is_none());
}
