//! Children and referrers follow what held them: out of the repository, into the archive, and back.

use std::time::Duration;

use wharfinger_core::limits::ORPHAN_DELAY_SECONDS;
use wharfinger_core::{Digest, Upkeep};
use wharfinger_registry::{Error, ImageStatus, RequestedImage, StorageClass};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, permit_for};
use super::work::run_jobs;

const DELAY: Duration = Duration::from_secs(ORPHAN_DELAY_SECONDS);

fn referrer_of(subject: &Digest, note: &str) -> String {
    let config = digest_of(b"{}");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/signature","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":[],"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{subject}","size":1}},"annotations":{{"note":"{note}"}}}}"#
    )
}

async fn referrer(fixture: &Fixture, subject: &Digest, note: &str) -> Digest {
    fixture.layer("app", b"{}").await;
    fixture.put("app", &referrer_of(subject, note), None).await.unwrap().id.digest
}

async fn index(fixture: &Fixture, children: &[Digest], tag: Option<&str>) -> Digest {
    fixture.put("app", &index_of(children), tag).await.unwrap().id.digest
}

/// The tag that cosign, or the referrers tag schema, gives to what refers to a subject.
fn tag_of(subject: &Digest, suffix: &str) -> String {
    format!("{}{suffix}", subject.to_string().replace(':', "-"))
}

async fn delete(fixture: &Fixture, id: RequestedImage) {
    let permit = permit_for("app");
    let deleted = fixture.registry.batch_delete_image(&permit, vec![id]).await.unwrap();
    assert_eq!(deleted.failures, []);
}

async fn set_class(fixture: &Fixture, digest: &Digest, class: StorageClass) {
    let permit = permit_for("app");
    let changed =
        fixture.registry.update_image_storage_class(&permit, by_digest(digest), class).await;
    changed.unwrap();
}

async fn status(fixture: &Fixture, digest: &Digest) -> Option<ImageStatus> {
    let permit = permit_for("app");
    match fixture.registry.describe_images_by_id(&permit, vec![by_digest(digest)]).await {
        Ok(found) => Some(found[0].status),
        Err(Error::ImageNotFound { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

async fn assert_gone(fixture: &Fixture, digests: &[&Digest]) {
    for digest in digests {
        assert_eq!(status(fixture, digest).await, None);
    }
}

async fn assert_status(fixture: &Fixture, expected: ImageStatus, digests: &[&Digest]) {
    for digest in digests {
        assert_eq!(status(fixture, digest).await, Some(expected));
    }
}

/// Work, nothing of which may fail.
async fn work(fixture: &Fixture) {
    for (row, outcome) in run_jobs(fixture).await {
        assert!(outcome.is_ok(), "{}: {outcome:?}", row.kind);
    }
}

#[tokio::test]
async fn children_follow_an_index_that_was_deleted() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let leaf = fixture.image("app", "leaf", None).await;
    let shared = fixture.image("app", "shared", None).await;
    let tagged = fixture.image("app", "tagged", Some("kept")).await;
    let signature = referrer(&fixture, &leaf, "of the leaf").await;
    let inner = index(&fixture, &[leaf], None).await;
    let outer = index(&fixture, &[inner, shared, tagged], Some("multi")).await;
    let other = index(&fixture, &[shared], Some("other")).await;
    delete(&fixture, by_tag("multi")).await;
    assert_gone(&fixture, &[&outer]).await;
    work(&fixture).await;
    fixture.clock.advance(DELAY - Duration::from_millis(1));
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Active, &[&inner, &leaf, &signature, &shared]).await;
    fixture.clock.advance(Duration::from_millis(1));
    work(&fixture).await;
    // What they held follows at once: it has waited with them.
    assert_gone(&fixture, &[&inner, &leaf, &signature]).await;
    assert_status(&fixture, ImageStatus::Active, &[&shared, &tagged, &other]).await;
    assert_eq!(fixture.registry.counters().images_followed.get(), 3);
    // The other index frees what only it held then.
    delete(&fixture, by_tag("other")).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_gone(&fixture, &[&shared]).await;
}

#[tokio::test]
async fn what_is_pushed_again_meanwhile_stays() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let kept = fixture.image("app", "kept", None).await;
    let listed = fixture.image("app", "listed", None).await;
    let gone = fixture.image("app", "gone", None).await;
    index(&fixture, &[kept, listed, gone], Some("multi")).await;
    delete(&fixture, by_tag("multi")).await;
    // Docker pushes again what is there already, and is told so.
    let manifest = fixture.manifest("app", "kept").await;
    let again = fixture.put("app", &manifest, None).await;
    assert!(matches!(again, Err(Error::ImageAlreadyExists { .. })));
    index(&fixture, &[listed], None).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Active, &[&kept, &listed]).await;
    assert_gone(&fixture, &[&gone]).await;
}

#[tokio::test]
async fn what_is_pushed_again_does_not_follow_an_index_within_an_index() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let kept = fixture.image("app", "kept", None).await;
    let gone = fixture.image("app", "gone", None).await;
    let inner = index(&fixture, &[kept, gone], None).await;
    index(&fixture, &[inner], Some("multi")).await;
    delete(&fixture, by_tag("multi")).await;
    fixture.clock.advance(Duration::from_secs(1));
    // The inner index still lists it, and goes when its time is over.
    let manifest = fixture.manifest("app", "kept").await;
    let again = fixture.put("app", &manifest, None).await;
    assert!(matches!(again, Err(Error::ImageAlreadyExists { .. })));
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_gone(&fixture, &[&inner, &gone]).await;
    assert_status(&fixture, ImageStatus::Active, &[&kept]).await;
    // An index that is deleted later takes it along.
    index(&fixture, &[kept], Some("other")).await;
    delete(&fixture, by_tag("other")).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_gone(&fixture, &[&kept]).await;
}

#[tokio::test]
async fn signatures_follow_their_subject() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let subject = fixture.image("app", "subject", Some("v1")).await;
    let bystander = fixture.image("app", "bystander", Some("v2")).await;
    let by_subject = referrer(&fixture, &subject, "one").await;
    let of_referrer = referrer(&fixture, &by_subject, "of one").await;
    let named = referrer(&fixture, &subject, "named").await;
    let manifest = referrer_of(&subject, "named");
    fixture.put("app", &manifest, Some("release-notes")).await.unwrap();
    let cosign = fixture.image("app", "sig", Some(&tag_of(&subject, ".sig"))).await;
    // One document for two subjects.
    let sbom = fixture.image("app", "sbom", Some(&tag_of(&subject, ".sbom"))).await;
    let sbom_text = fixture.manifest("app", "sbom").await;
    fixture.put("app", &sbom_text, Some(&tag_of(&bystander, ".sbom"))).await.unwrap();
    let fallback = index(&fixture, &[by_subject], Some(&tag_of(&subject, ""))).await;
    delete(&fixture, by_tag("v1")).await;
    // It was pushed when there was no subject; that may come again.
    fixture.clock.advance(Duration::from_secs(1));
    let early = referrer(&fixture, &subject, "early").await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_gone(&fixture, &[&subject, &by_subject, &of_referrer, &cosign, &fallback]).await;
    assert_status(&fixture, ImageStatus::Active, &[&named, &sbom, &early, &bystander]).await;
    delete(&fixture, by_tag("v2")).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_gone(&fixture, &[&sbom]).await;
    assert_status(&fixture, ImageStatus::Active, &[&named, &early]).await;
}

#[tokio::test]
async fn a_subject_that_is_pushed_again_keeps_its_referrers() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let subject = fixture.image("app", "subject", Some("v1")).await;
    let signature = referrer(&fixture, &subject, "one").await;
    let cosign = fixture.image("app", "sig", Some(&tag_of(&subject, ".sig"))).await;
    delete(&fixture, by_tag("v1")).await;
    fixture.clock.advance(DELAY / 2);
    work(&fixture).await;
    fixture.image("app", "subject", Some("v1")).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Active, &[&subject, &signature, &cosign]).await;
}

#[tokio::test]
async fn many_referrers_go_in_steps() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let subject = fixture.image("app", "subject", Some("v1")).await;
    let mut referrers = Vec::new();
    for number in 0..230 {
        referrers.push(referrer(&fixture, &subject, &number.to_string()).await);
    }
    let all: Vec<&Digest> = referrers.iter().collect();
    set_class(&fixture, &subject, StorageClass::Archive).await;
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Active, &all).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Archived, &all).await;
    set_class(&fixture, &subject, StorageClass::Standard).await;
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Active, &all).await;
    delete(&fixture, by_tag("v1")).await;
    work(&fixture).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_gone(&fixture, &all).await;
}

#[tokio::test]
async fn the_archive_follows_likewise() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let child = fixture.image("app", "child", None).await;
    let shared = fixture.image("app", "shared", None).await;
    let tagged = fixture.image("app", "tagged", Some("v0")).await;
    let outer = index(&fixture, &[child, shared, tagged], Some("multi")).await;
    let other = index(&fixture, &[shared], Some("other")).await;
    let signature = referrer(&fixture, &outer, "one").await;
    let of_child = fixture.image("app", "sig", Some(&tag_of(&child, ".sig"))).await;
    set_class(&fixture, &outer, StorageClass::Archive).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Archived, &[&outer, &child, &signature, &of_child]).await;
    assert_status(&fixture, ImageStatus::Active, &[&shared, &tagged, &other]).await;
    set_class(&fixture, &outer, StorageClass::Standard).await;
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Active, &[&outer, &child, &signature, &of_child]).await;
    // A restore within the delay leaves everything where it is.
    set_class(&fixture, &outer, StorageClass::Archive).await;
    set_class(&fixture, &outer, StorageClass::Standard).await;
    work(&fixture).await;
    fixture.clock.advance(DELAY);
    work(&fixture).await;
    assert_status(&fixture, ImageStatus::Active, &[&outer, &child, &signature]).await;
    // A push restores the referrers as well, of an image that was archived or is new.
    for deleted in [false, true] {
        set_class(&fixture, &outer, StorageClass::Archive).await;
        fixture.clock.advance(DELAY);
        work(&fixture).await;
        assert_status(&fixture, ImageStatus::Archived, &[&signature]).await;
        if deleted {
            delete(&fixture, by_digest(&outer)).await;
        }
        index(&fixture, &[child, shared, tagged], Some("multi")).await;
        work(&fixture).await;
        assert_status(&fixture, ImageStatus::Active, &[&outer, &child, &signature]).await;
    }
}

#[tokio::test]
async fn without_a_delay_they_follow_in_the_next_round() {
    let Fixture { folder, clock, kms, registry, seed } = Fixture::new();
    let upkeep = Upkeep { orphan_delay: Duration::ZERO, ..Upkeep::default() };
    let fixture = Fixture { folder, clock, kms, registry: registry.with_upkeep(upkeep), seed };
    fixture.create("app", "MUTABLE").await.unwrap();
    let child = fixture.image("app", "child", None).await;
    let multi = index(&fixture, &[child], Some("multi")).await;
    let signature = referrer(&fixture, &multi, "one").await;
    delete(&fixture, by_tag("multi")).await;
    work(&fixture).await;
    assert_gone(&fixture, &[&child, &signature]).await;
}
