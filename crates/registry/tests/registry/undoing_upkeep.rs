//! Undo beside the work of the workers: what they delete and collect can be brought back as long as it
//! is kept, and no longer takes space after that.

use std::time::Duration;

use wharfinger_core::limits::ORPHAN_DELAY_SECONDS;
use wharfinger_registry::{Error, UndoError};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, manifest_of, permit_for};
use super::undoing::{
    HOUR, WEEK, blob, delete, deleted, describe, points_to, tag_of, undelete, undelete_tag,
};
use super::work::run_jobs;

const DAY: Duration = Duration::from_secs(ORPHAN_DELAY_SECONDS);

/// Lets the time pass, an hour's share at a time, with the workers at work.
async fn work_for(fixture: &Fixture, time: Duration) {
    for _ in 0..4 {
        fixture.clock.advance(time / 4);
        for (row, outcome) in run_jobs(fixture).await {
            assert!(outcome.is_ok(), "{row:?} {outcome:?}");
        }
        fixture.registry.collect_garbage().await.unwrap();
    }
}

#[tokio::test]
async fn signatures_that_went_with_their_image_come_back_with_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let image = fixture.image("app", "one", Some("v1")).await;
    fixture.layer("app", b"{}").await;
    fixture.layer("app", b"sbom").await;
    let plain = manifest_of(b"{}", b"sbom");
    let subject = format!(
        r#","subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{image}","size":1}}}}"#
    );
    let referrer = format!("{}{subject}", plain.strip_suffix('}').unwrap());
    let referrer = fixture.put("app", &referrer, None).await.unwrap().id.digest;
    let cosign = format!("{}.sig", image.to_string().replace(':', "-"));
    let signature = fixture.image("app", "signature", Some(&cosign)).await;
    let unrelated = fixture.image("app", "unrelated", Some("v2")).await;
    let by_itself = fixture.image("app", "by itself", None).await;
    for digest in [image, by_itself] {
        delete(&fixture, by_digest(&digest)).await;
    }
    work_for(&fixture, DAY * 2).await;
    let left: Vec<_> = describe(&fixture).await.iter().map(|image| image.digest).collect();
    assert_eq!(left, [unrelated]);
    work_for(&fixture, DAY * 4).await;
    let back = undelete_tag(&fixture, "v1", None, false).await.unwrap();
    let mut digests: Vec<_> = back.images.iter().map(|image| image.digest).collect();
    assert_eq!(digests.remove(0), image);
    digests.sort();
    let mut expected = vec![referrer, signature];
    expected.sort();
    assert_eq!(digests, expected);
    assert_eq!(points_to(&fixture, &cosign).await, Some(signature));
    for layer in ["layer of one", "sbom", "layer of signature"] {
        assert_eq!(blob(&fixture, layer.as_bytes()).await, layer.as_bytes());
    }
    assert_eq!(deleted(&fixture).await, [by_itself]);
    work_for(&fixture, WEEK * 2).await;
    for layer in ["layer of one", "sbom", "layer of signature"] {
        assert_eq!(blob(&fixture, layer.as_bytes()).await, layer.as_bytes(), "it stays");
    }
    assert_eq!(describe(&fixture).await.len(), 4);
}

#[tokio::test]
async fn children_that_followed_their_index_come_back_with_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut children = vec![];
    for content in ["arm", "intel"] {
        children.push(fixture.image("app", content, None).await);
    }
    let index = fixture.put("app", &index_of(&children), Some("multi")).await.unwrap().id.digest;
    delete(&fixture, by_tag("multi")).await;
    work_for(&fixture, DAY * 6).await;
    assert_eq!(describe(&fixture).await, []);
    let back = undelete(&fixture, index).await.unwrap();
    assert_eq!(back.images.len(), 3);
    work_for(&fixture, WEEK).await;
    for layer in ["layer of arm", "layer of intel"] {
        assert_eq!(blob(&fixture, layer.as_bytes()).await, layer.as_bytes());
    }
    assert_eq!(describe(&fixture).await.len(), 3, "what is held again does not follow");
    // Brought back before its children have gone, it keeps them.
    delete(&fixture, by_tag("multi")).await;
    work_for(&fixture, HOUR).await;
    undelete_tag(&fixture, "multi", None, false).await.unwrap();
    work_for(&fixture, WEEK).await;
    assert_eq!(describe(&fixture).await.len(), 3);
}

#[tokio::test]
async fn what_is_no_more_kept_gives_its_space_back() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let large = vec![b'x'; 300_000];
    fixture.layer("app", b"{}").await;
    fixture.layer("app", &large).await;
    fixture.put("app", &manifest_of(b"{}", &large), Some("v1")).await.unwrap();
    delete(&fixture, by_tag("v1")).await;
    work_for(&fixture, WEEK - HOUR).await;
    assert_eq!(fixture.objects().len(), 1);
    undelete_tag(&fixture, "v1", None, false).await.unwrap();
    assert_eq!(blob(&fixture, &large).await, large);
    delete(&fixture, by_tag("v1")).await;
    work_for(&fixture, WEEK * 2).await;
    assert_eq!(fixture.objects().len(), 0);
    let gone = fixture.registry.open_blob(&permit_for("app"), digest_of(&large)).await;
    assert!(matches!(gone, Err(Error::LayerNotFound { .. })));
    let gone = undelete_tag(&fixture, "v1", None, false).await;
    assert!(matches!(gone, Err(UndoError::TagUnknown(_) | UndoError::ImageGone(_))), "{gone:?}");
}

#[tokio::test]
async fn a_deleted_repository_keeps_its_blobs_until_its_time_is_over() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let large = vec![b'x'; 300_000];
    fixture.layer("app", b"{}").await;
    fixture.layer("app", &large).await;
    fixture.put("app", &manifest_of(b"{}", &large), Some("v1")).await.unwrap();
    let other = fixture.image("app", "other", Some("v2")).await;
    delete(&fixture, by_digest(&other)).await;
    let registry = &fixture.registry;
    registry.delete_repository(&permit_for("app"), true).await.unwrap();
    work_for(&fixture, WEEK - HOUR).await;
    let name = || "app".parse().unwrap();
    registry.undelete_repository(&permit_for("app"), name(), None).await.unwrap();
    assert_eq!(blob(&fixture, &large).await, large);
    registry.undelete_tag(&permit_for("app"), tag_of("v2"), None, false).await.unwrap();
    assert_eq!(blob(&fixture, b"layer of other").await, b"layer of other");
    work_for(&fixture, WEEK).await;
    assert_eq!(blob(&fixture, &large).await, large);
    registry.delete_repository(&permit_for("app"), true).await.unwrap();
    work_for(&fixture, WEEK * 2).await;
    assert_eq!(fixture.objects().len(), 0);
    let gone = registry.undelete_repository(&permit_for("app"), name(), None).await;
    assert!(matches!(gone, Err(UndoError::RepositoryGone(_))), "{gone:?}");
}
