//! Statements: what is stated not to matter is shown as suppressed, with the reason, and not counted.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use wharfinger_core::Digest;
use wharfinger_registry::{JobKind, JobsUnderWay, ScanFrequency, ScanType, Severity, StorageClass};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, permit_for};
use super::scanned::{layer, push};
use super::scanning::{configure, rule};
use super::scans::{basic, describe, enhanced, scanning};
use super::work::run_jobs;

pub fn document(id: &str, at: &str, status: &str, product: &str) -> String {
    let why = match status {
        "not_affected" => r#", "justification": "inline_mitigations_already_exist""#,
        _ => "",
    };
    format!(
        r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "{id}", "author": "Team",
        "timestamp": "{at}", "version": 1, "statements": [{{
        "vulnerability": {{"name": "CVE-2024-0001"}}{product}, "status": "{status}"{why}}}]}}"#
    )
}

pub const OPENSSL: &str = r#", "products": [{"@id": "pkg:deb/debian/openssl"}]"#;

async fn scanned() -> (Fixture, Digest) {
    let fixture = scanning().await;
    let digest = push(&fixture, "a", &[layer()], Some("v1")).await;
    run_jobs(&fixture).await;
    (fixture, digest)
}

/// Attaches a document to an image.
pub async fn attach(fixture: &Fixture, subject: &Digest, document: &str, size: usize) -> Digest {
    fixture.layer("app", b"{}").await;
    let layer = fixture.layer("app", document.as_bytes()).await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
        "artifactType":"application/vnd.openvex+json",
        "config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{}","size":2}},
        "layers":[{{"mediaType":"application/vnd.openvex+json","digest":"{layer}","size":{}}}],
        "subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{subject}","size":{size}}}}}"#,
        digest_of(b"{}"),
        document.len()
    );
    fixture.put("app", &manifest, None).await.unwrap().id.digest
}

/// Whether the critical finding is counted, and why not.
async fn critical(fixture: &Fixture, digest: &Digest) -> (bool, Option<String>) {
    let found = describe(fixture, by_digest(digest), None, None).await.unwrap();
    let counted = found.scan.summary.as_ref().unwrap().counts.contains_key(&Severity::Critical);
    let reason = basic(found).into_iter().find(|it| it.name == "CVE-2024-0001").unwrap();
    let reason = reason.attributes.into_iter().find(|(key, _)| *key == "suppression_reason");
    (counted, reason.map(|(_, reason)| reason))
}

/// Whether lists count the critical finding.
async fn listed(fixture: &Fixture, digest: &Digest) -> bool {
    let (permit, ids) = (permit_for("app"), vec![by_digest(digest)]);
    let listed = fixture.registry.describe_images_by_id(&permit, ids).await.unwrap();
    let scan = listed.into_iter().next().unwrap().scan.unwrap();
    scan.summary.unwrap().counts.contains_key(&Severity::Critical)
}

#[tokio::test]
async fn documents_of_a_registry_hold_for_its_images() {
    let (fixture, digest) = scanned().await;
    assert_eq!(critical(&fixture, &digest).await, (true, None));
    let permit = permit_for("");
    let add = async |text: String| fixture.registry.add_vex_document(&permit, text.into()).await;
    let text = document("https://vex.test/1", "2026-01-01T00:00:00Z", "not_affected", OPENSSL);
    assert_eq!(add(text).await.unwrap(), "https://vex.test/1");
    let reason = "inline_mitigations_already_exist (https://vex.test/1)";
    assert_eq!(critical(&fixture, &digest).await, (false, Some(reason.into())));
    // A newer one that says otherwise, and what is none.
    let text = document("https://vex.test/2", "2026-02-01T00:00:00Z", "affected", OPENSSL);
    add(text).await.unwrap();
    assert_eq!(critical(&fixture, &digest).await, (true, None));
    assert!(add("{}".into()).await.unwrap_err().to_string().contains("OpenVEX"));
    let listed = fixture.registry.vex_documents(&permit).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|it| (it.id.as_str(), it.statement_count)).collect();
    assert_eq!(listed, [("https://vex.test/1", 1), ("https://vex.test/2", 1)]);
    let remove = async |id: &str| fixture.registry.remove_vex_document(&permit, id.into()).await;
    assert!(remove("https://vex.test/2").await.unwrap());
    assert!(!remove("https://vex.test/2").await.unwrap());
    assert!(!critical(&fixture, &digest).await.0);
}

#[tokio::test]
async fn documents_that_refer_to_an_image_hold_for_it_alone() {
    let (fixture, digest) = scanned().await;
    let other = push(&fixture, "b", &[layer()], None).await;
    run_jobs(&fixture).await;
    let text = document("urn:x", "2026-01-01T00:00:00Z", "fixed", "");
    attach(&fixture, &digest, &text, 1).await;
    assert_eq!(critical(&fixture, &digest).await, (false, Some("fixed (urn:x)".into())));
    assert_eq!(critical(&fixture, &other).await, (true, None));
    // Lists have the counts as they are kept.
    assert!(listed(&fixture, &digest).await);
    run_jobs(&fixture).await;
    assert!(!listed(&fixture, &digest).await);
    attach(&fixture, &other, "no document", 2).await;
    assert_eq!(critical(&fixture, &other).await, (true, None));
}

#[tokio::test]
async fn enhanced_findings_are_suppressed() {
    let (fixture, _) = scanned().await;
    let filter = vec![rule(ScanFrequency::ContinuousScan, &["*"])];
    configure(&fixture, ScanType::Enhanced, filter).await;
    let text = document("urn:x", "2026-01-01T00:00:00Z", "not_affected", OPENSSL);
    fixture.registry.add_vex_document(&permit_for(""), text.into()).await.unwrap();
    let digest = push(&fixture, "c", &[layer()], None).await;
    run_jobs(&fixture).await;
    let found = describe(&fixture, by_digest(&digest), None, None).await.unwrap();
    let (findings, _) = enhanced(found);
    let suppressed = findings.into_iter().filter_map(|it| it.suppression).collect::<Vec<_>>();
    assert_eq!(suppressed, ["inline_mitigations_already_exist (urn:x)"]);
}

#[tokio::test]
async fn lists_follow_the_documents_of_a_registry() {
    let (fixture, digest) = scanned().await;
    let other = push(&fixture, "b", &[layer()], None).await;
    run_jobs(&fixture).await;
    let filter = vec![rule(ScanFrequency::ScanOnPush, &["*"])];
    configure(&fixture, ScanType::Enhanced, filter).await;
    run_jobs(&fixture).await;
    configure(&fixture, ScanType::Basic, vec![]).await;
    let permit = permit_for("");
    let text = document("urn:x", "2026-01-01T00:00:00Z", "not_affected", OPENSSL);
    fixture.registry.add_vex_document(&permit, text.into()).await.unwrap();
    let done = run_jobs(&fixture).await;
    let (_, outcome) = done.iter().find(|(row, _)| row.kind == "count-registry").unwrap();
    assert_eq!(outcome.as_ref().unwrap().report.as_deref(), Some(r#"{"images":2}"#));
    for digest in [&digest, &other] {
        assert!(!listed(&fixture, digest).await);
    }
    // The scans of the other mode as well, of which one finding more is left.
    configure(&fixture, ScanType::Enhanced, vec![]).await;
    let (permit_of, ids) = (permit_for("app"), vec![by_digest(&digest)]);
    let found = fixture.registry.describe_images_by_id(&permit_of, ids).await.unwrap().remove(0);
    assert_eq!(found.scan.unwrap().summary.unwrap().counts[&Severity::Critical], 1);
    configure(&fixture, ScanType::Basic, vec![]).await;
    fixture.registry.remove_vex_document(&permit, "urn:x".into()).await.unwrap();
    run_jobs(&fixture).await;
    assert!(listed(&fixture, &digest).await && listed(&fixture, &other).await);
    // Nothing was removed, nothing is done.
    assert!(!fixture.registry.remove_vex_document(&permit, "urn:x".into()).await.unwrap());
    assert!(run_jobs(&fixture).await.iter().all(|(row, _)| row.kind != "count-registry"));
}

#[tokio::test]
async fn lists_follow_a_document_that_goes_and_comes_back() {
    let (fixture, digest) = scanned().await;
    let text = document("urn:x", "2026-01-01T00:00:00Z", "fixed", "");
    let attached = attach(&fixture, &digest, &text, 1).await;
    run_jobs(&fixture).await;
    assert!(!listed(&fixture, &digest).await);
    fixture.delete("app", &attached).await;
    run_jobs(&fixture).await;
    assert!(listed(&fixture, &digest).await);
    fixture.registry.undelete_image(&permit_for("app"), attached, false).await.unwrap();
    run_jobs(&fixture).await;
    assert!(!listed(&fixture, &digest).await);
    for (class, counted) in [(StorageClass::Archive, true), (StorageClass::Standard, false)] {
        let (permit, id) = (permit_for("app"), by_digest(&attached));
        fixture.registry.update_image_storage_class(&permit, id, class).await.unwrap();
        run_jobs(&fixture).await;
        assert_eq!(listed(&fixture, &digest).await, counted, "{class:?}");
    }
}

#[tokio::test]
async fn what_is_stated_while_an_image_is_archived_holds_when_it_is_back() {
    let (fixture, digest) = scanned().await;
    let to = async |class| {
        let (permit, id) = (permit_for("app"), by_digest(&digest));
        fixture.registry.update_image_storage_class(&permit, id, class).await.unwrap();
        run_jobs(&fixture).await;
    };
    to(StorageClass::Archive).await;
    let text = document("urn:x", "2026-01-01T00:00:00Z", "not_affected", OPENSSL);
    fixture.registry.add_vex_document(&permit_for(""), text.into()).await.unwrap();
    run_jobs(&fixture).await;
    to(StorageClass::Standard).await;
    assert!(!listed(&fixture, &digest).await);
}

#[tokio::test]
async fn a_statement_of_a_tag_follows_the_tag() {
    let (fixture, digest) = scanned().await;
    let other = push(&fixture, "b", &[layer()], Some("v2")).await;
    run_jobs(&fixture).await;
    let product = r#", "products": [{"@id": "pkg:oci/app?tag=v1"}]"#;
    let text = document("urn:x", "2026-01-01T00:00:00Z", "not_affected", product);
    fixture.registry.add_vex_document(&permit_for(""), text.into()).await.unwrap();
    run_jobs(&fixture).await;
    assert!(!listed(&fixture, &digest).await && listed(&fixture, &other).await);
    // The tag moves.
    push(&fixture, "b", &[layer()], Some("v1")).await;
    run_jobs(&fixture).await;
    assert!(listed(&fixture, &digest).await && !listed(&fixture, &other).await);
    let permit = permit_for("app");
    fixture.registry.batch_delete_image(&permit, vec![by_tag("v1")]).await.unwrap();
    run_jobs(&fixture).await;
    assert!(listed(&fixture, &other).await);
}

/// Documents that come while an image is scanned, at every step of that.
#[tokio::test]
async fn what_is_stated_while_an_image_is_scanned_holds_for_it() {
    let mut steps = 0;
    loop {
        let (fixture, _) = scanned().await;
        let other = push(&fixture, "b", &[layer()], None).await;
        let due = fixture.registry.lease_jobs(&JobsUnderWay::default()).await.unwrap().jobs;
        let due = due.into_iter().find(|job| job.kind == JobKind::ScanImage).unwrap();
        let mut run = pin!(fixture.registry.run_job(&due.row));
        let mut left = steps;
        let ended = std::future::poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            run.as_mut().poll(context).map(Some)
        });
        let ended = ended.await.is_some();
        let text = document("urn:x", "2026-01-01T00:00:00Z", "not_affected", OPENSSL);
        fixture.registry.add_vex_document(&permit_for(""), text.into()).await.unwrap();
        run_jobs(&fixture).await;
        if !ended {
            run.await.unwrap();
        }
        run_jobs(&fixture).await;
        assert!(!listed(&fixture, &other).await, "after {steps} steps");
        if ended {
            assert!(steps > 3, "only {steps} steps");
            return;
        }
        steps += 1;
    }
}
