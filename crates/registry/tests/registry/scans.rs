//! Scans: what they find, in both shapes.

use std::collections::BTreeMap;

use wharfinger_core::Digest;
use wharfinger_registry::{
    BasicFinding, DescribedScan, EnhancedFinding, Error, ImageScan, PageRequest, RequestedImage,
    ScanFindings, ScanFrequency, ScanStatus, ScanType, ScannedImage, Severity, VulnerablePackage,
};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, permit_for};
use super::scanned::{SITE, import_all, layer, push, with_advisories};
use super::scanning::{configure, rule};
use super::work::run_jobs;

pub async fn describe(
    fixture: &Fixture,
    image: RequestedImage,
    max_results: Option<u32>,
    next_token: Option<String>,
) -> Result<DescribedScan, Error> {
    let page = PageRequest { max_results, next_token };
    fixture.registry.describe_image_scan_findings(&permit_for("app"), image, &page).await
}

pub async fn status(fixture: &Fixture, digest: &Digest) -> (ScanStatus, String) {
    let found = describe(fixture, by_digest(digest), None, None).await.unwrap();
    (found.scan.status, found.scan.description)
}

pub fn basic(found: DescribedScan) -> Vec<BasicFinding> {
    match found.findings {
        Some(ScanFindings::Basic(findings)) => findings,
        other => panic!("{other:?}"),
    }
}

pub fn enhanced(found: DescribedScan) -> (Vec<EnhancedFinding>, ScannedImage) {
    match found.findings {
        Some(ScanFindings::Enhanced { findings, image }) => (findings, *image),
        other => panic!("{other:?}"),
    }
}

/// A registry with advisories that scans what is pushed to `app`.
pub async fn scanning() -> Fixture {
    let (fixture, store) = with_advisories(Fixture::with_repository("MUTABLE").await);
    import_all(&store);
    let permit = permit_for("app");
    fixture.registry.put_image_scanning_configuration(&permit, true).await.unwrap();
    fixture
}

fn found_counts(scan: &ImageScan) -> BTreeMap<Severity, u64> {
    scan.summary.as_ref().unwrap().counts.clone()
}

#[tokio::test]
async fn a_push_is_scanned_for_what_the_system_has() {
    let fixture = scanning().await;
    let digest = push(&fixture, "a", &[layer()], Some("v1")).await;
    let begun = describe(&fixture, by_tag("v1"), None, None).await.unwrap();
    assert_eq!((begun.scan.status, begun.findings), (ScanStatus::InProgress, None));
    let again = fixture.registry.start_image_scan(&permit_for("app"), by_tag("v1")).await;
    assert!(matches!(again, Err(Error::ScanQuotaExceeded)), "the push counts");
    run_jobs(&fixture).await;

    let found = describe(&fixture, by_tag("v1"), None, None).await.unwrap();
    assert_eq!(found.scan.status, ScanStatus::Complete);
    assert_eq!(found.scan.description, "The scan was completed successfully.");
    let summary = found.scan.summary.clone().unwrap();
    assert_eq!(summary.completed_at, fixture.now());
    assert_eq!(summary.source_updated_at.unwrap().seconds(), 1_790_000_000);
    let counts = BTreeMap::from([(Severity::Critical, 1), (Severity::Low, 1)]);
    assert_eq!(summary.counts, counts);
    let findings = basic(found);
    let names: Vec<_> = findings.iter().map(|finding| finding.name.as_str()).collect();
    assert_eq!(names, ["CVE-2024-0001", "CVE-2024-0002"], "the worst first; none of Python");
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    assert_eq!(
        findings[0],
        BasicFinding {
            name: "CVE-2024-0001".into(),
            description: Some("A flaw in openssl.".into()),
            uri: Some("https://security-tracker.debian.org/tracker/CVE-2024-0001".into()),
            severity: Severity::Critical,
            attributes: vec![
                ("package_name", "openssl".into()),
                ("package_version", "3.0.9-1".into()),
                ("CVSS3_VECTOR", vector.into()),
                ("CVSS3_SCORE", "9.8".into()),
                ("fixed_version", "3.0.11-1".into()),
            ],
        }
    );
    let of_zlib = [("package_name", "zlib1g"), ("package_version", "1:1.2.13.dfsg-1")];
    assert_eq!(findings[1].attributes, of_zlib.map(|(key, value)| (key, value.to_owned())));

    let permit = permit_for("app");
    let details = fixture.registry.describe_images_by_id(&permit, vec![by_digest(&digest)]).await;
    let scan = details.unwrap()[0].scan.clone().unwrap();
    assert_eq!((scan.status, found_counts(&scan)), (ScanStatus::Complete, counts));
}

#[tokio::test]
async fn findings_come_in_pages() {
    let fixture = scanning().await;
    push(&fixture, "a", &[layer()], Some("v1")).await;
    run_jobs(&fixture).await;
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let page = describe(&fixture, by_tag("v1"), Some(1), token).await.unwrap();
        assert_eq!(found_counts(&page.scan).values().sum::<u64>(), 2, "of all pages");
        token = page.next_token.clone();
        names.extend(basic(page).into_iter().map(|finding| finding.name));
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["CVE-2024-0001", "CVE-2024-0002"]);
    let first = describe(&fixture, by_tag("v1"), Some(1), None).await.unwrap();
    push(&fixture, "b", &[layer()], Some("v2")).await;
    run_jobs(&fixture).await;
    let foreign = describe(&fixture, by_tag("v2"), Some(1), first.next_token).await;
    assert!(matches!(foreign, Err(Error::InvalidParameter { member: "nextToken", .. })));
}

#[tokio::test]
async fn enhanced_scanning_looks_at_languages_and_stays_active() {
    let fixture = scanning().await;
    let rules = vec![rule(ScanFrequency::ContinuousScan, &["app"])];
    configure(&fixture, ScanType::Enhanced, rules).await;
    let digest = push(&fixture, "ann", &[layer()], Some("v1")).await;
    assert_eq!(status(&fixture, &digest).await.0, ScanStatus::Pending);
    run_jobs(&fixture).await;
    let found = describe(&fixture, by_tag("v1"), None, None).await.unwrap();
    assert_eq!(found.scan.status, ScanStatus::Active);
    assert_eq!(
        found_counts(&found.scan),
        BTreeMap::from([(Severity::Critical, 2), (Severity::Low, 1)])
    );
    let (findings, image) = enhanced(found);
    assert_eq!(image.digest, digest);
    assert_eq!(image.tags, ["v1".parse().unwrap()]);
    assert_eq!(image.platform.as_deref(), Some("DEBIAN_12"));
    assert_eq!(
        (image.architecture.as_deref(), image.author.as_deref()),
        (Some("amd64"), Some("ann"))
    );
    let titles: Vec<_> = findings.iter().map(|finding| finding.title.as_str()).collect();
    let expected = ["CVE-2024-0001 - openssl", "CVE-2024-0011 - jinja2", "CVE-2024-0002 - zlib1g"];
    assert_eq!(titles, expected);
    let openssl = &findings[0];
    assert_eq!(openssl.source, "DEBIAN_CVE");
    assert_eq!(openssl.score.as_ref().map(|rating| rating.score), Some(9.8));
    assert_eq!(openssl.has_fix(), Some(true));
    assert_eq!(openssl.remediation().as_deref(), Some("Upgrade openssl to 3.0.11-1."));
    assert_eq!(openssl.first_observed_at, fixture.now());
    let layer_digest = digest_of(&layer());
    assert_eq!(
        openssl.packages,
        [VulnerablePackage {
            name: "openssl".into(),
            version: "3.0.9".into(),
            epoch: Some(0),
            release: Some("1".into()),
            architecture: Some("amd64".into()),
            manager: openssl.packages[0].manager,
            path: None,
            layer: Some(layer_digest),
            fixed_version: Some("3.0.11-1".into()),
        }]
    );
    let jinja = &findings[1].packages[0];
    assert_eq!(jinja.manager.map(|it| it.as_str()), Some("PYTHONPKG"));
    assert_eq!((jinja.path.as_deref(), jinja.epoch), (Some(SITE), None));
    assert_eq!(findings[2].has_fix(), None);
    assert_eq!(findings[2].remediation(), None);

    // The same look again, and no other finding has this ARN.
    let again = describe(&fixture, by_digest(&digest), Some(1), None).await.unwrap();
    assert!(again.next_token.is_some());
    assert_eq!(enhanced(again).0[0].arn, openssl.arn);
    assert_ne!(findings[1].arn, openssl.arn);

    // Each mode has its own scan, and shows it when it is back.
    let started = fixture.registry.start_image_scan(&permit_for("app"), by_tag("v1")).await;
    assert!(matches!(started, Err(Error::Validation { .. })));
    configure(&fixture, ScanType::Basic, vec![]).await;
    let hidden = describe(&fixture, by_tag("v1"), None, None).await;
    assert!(matches!(hidden, Err(Error::ScanNotFound { .. })));
    fixture.registry.start_image_scan(&permit_for("app"), by_tag("v1")).await.unwrap();
    run_jobs(&fixture).await;
    assert_eq!(basic(describe(&fixture, by_tag("v1"), None, None).await.unwrap()).len(), 2);
    configure(&fixture, ScanType::Enhanced, vec![]).await;
    assert_eq!(enhanced(describe(&fixture, by_tag("v1"), None, None).await.unwrap()).0.len(), 3);
}

#[tokio::test]
async fn enhanced_scans_on_push_are_complete_and_no_rule_means_none() {
    let fixture = scanning().await;
    let rules = vec![rule(ScanFrequency::ScanOnPush, &["app"])];
    configure(&fixture, ScanType::Enhanced, rules).await;
    push(&fixture, "a", &[layer()], Some("v1")).await;
    run_jobs(&fixture).await;
    let found = describe(&fixture, by_tag("v1"), None, None).await.unwrap();
    assert_eq!(found.scan.status, ScanStatus::Complete);
    assert_eq!(enhanced(found).0.len(), 3);
    configure(&fixture, ScanType::Enhanced, vec![rule(ScanFrequency::ScanOnPush, &["prod"])]).await;
    push(&fixture, "b", &[layer()], Some("v2")).await;
    let off = describe(&fixture, by_tag("v2"), None, None).await;
    assert!(matches!(off, Err(Error::ScanNotFound { .. })), "the flag counts in basic scanning");
}

#[tokio::test]
async fn an_index_shows_what_its_images_have() {
    let fixture = scanning().await;
    let child = push(&fixture, "a", &[layer()], None).await;
    fixture.put("app", &index_of(&[child]), Some("all")).await.unwrap();
    run_jobs(&fixture).await;
    assert_eq!(status(&fixture, &child).await.0, ScanStatus::Complete);
    let index = describe(&fixture, by_tag("all"), None, None).await.unwrap();
    let alone = describe(&fixture, by_digest(&child), None, None).await.unwrap();
    assert_eq!((&index.scan, &index.findings), (&alone.scan, &alone.findings));
    assert_eq!(index.id.tag.unwrap().as_str(), "all");
}
