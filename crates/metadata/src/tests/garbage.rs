//! What nothing claims is found, and only that; what claims it in the meantime is seen.

use std::time::Duration;

use wharfinger_core::{ObjectId, SeededEntropy, UploadId};

use super::{digest, image_row, now, open, repository_row, with_repository, write};
use crate::blob::{BlobRow, BlobUse};
use crate::garbage::{BlobClaims, DiscardedObject, FreedBlob, UnusedLink};
use crate::repository::RepositoryRow;
use crate::upload::UploadRow;
use crate::{MetadataError, RepositoryId, Tx, blob, garbage, image, repository, upload};

fn object(seed: u64) -> ObjectId {
    ObjectId::random(&SeededEntropy::new(seed))
}

fn blob_row(byte: u8, size_bytes: u64) -> BlobRow {
    let object_id = object(u64::from(byte));
    BlobRow { digest: digest(byte), object_id, size_bytes, damaged_at: None }
}

fn session(repository: RepositoryId) -> UploadRow {
    UploadRow {
        upload_id: UploadId::random(&SeededEntropy::new(4)),
        repository,
        received_bytes: 12,
        part_count: 0,
        last_part_first_byte: None,
        last_part_sha256: None,
        short_part: false,
        object_id: None,
        checkpoint: None,
        created_at: now(),
        updated_at: now(),
        begun_by: None,
    }
}

fn in_seconds(seconds: u64) -> wharfinger_core::Timestamp {
    now().plus(Duration::from_secs(seconds))
}

/// Runs each statement once, for the test that looks at the plans.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    blob::insert(tx, "domain", &blob_row(200, 9), now()).await?;
    blob::link(tx, id, &digest(200), now(), now()).await?;
    blob::find_link(tx, id, "domain", &digest(200)).await?;
    let links = garbage::list_unused_links(tx, None, 10).await?;
    garbage::list_unused_links(tx, links.last(), 10).await?;
    garbage::unused_links(tx, now(), 10).await?;
    garbage::claims(tx, "domain", &digest(200)).await?;
    blob::unlink(tx, id, &digest(200)).await?;
    garbage::unlinked_blobs(tx, ("", ""), 10).await?;
    garbage::blob_bytes(tx, "domain", &digest(200)).await?;
    garbage::free_unlinked_blob(tx, "domain", &digest(200), now()).await?;
    for discarded in garbage::discarded_objects(tx, "", 10).await? {
        garbage::is_in_use(tx, &discarded).await?;
        garbage::is_known(tx, &discarded.object_id).await?;
    }
    garbage::is_known(tx, &object(300)).await?;
    let upload_id = UploadId::random(&SeededEntropy::new(4));
    upload::touch_idle(tx, &upload_id, now(), now()).await?;
    upload::count_idle(tx, now()).await?;
    Ok(())
}

#[tokio::test]
async fn links_that_nothing_claims_are_found_when_their_lease_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in 1..=4 {
                blob::insert(tx, "domain", &blob_row(byte, 10), now()).await?;
                blob::link(tx, id, &digest(byte), now(), in_seconds(u64::from(byte))).await?;
            }
            image::insert(tx, id, &image_row(9, 0), b"", &[digest(2)], &[]).await?;
            assert_eq!(garbage::unused_links(tx, now(), 10).await?, []);
            let found = garbage::unused_links(tx, in_seconds(3), 10).await?;
            assert_eq!(found, [(id, digest(1)), (id, digest(3))], "the image has the second");
            assert_eq!(garbage::unused_links(tx, in_seconds(9), 2).await?, found, "in order");
            // A lease that is renewed, and an image that goes.
            assert!(blob::lease(tx, id, &digest(1), in_seconds(8)).await?);
            image::delete(tx, id, &digest(9)).await?;
            let found = garbage::unused_links(tx, in_seconds(3), 10).await?;
            assert_eq!(found, [(id, digest(2)), (id, digest(3))]);
            // All of them in pages of any size, those of one lease as well.
            blob::lease(tx, id, &digest(3), in_seconds(8)).await?;
            for limit in 1..=5 {
                let (mut all, mut after): (Vec<UnusedLink>, _) = (Vec::new(), None);
                loop {
                    let page = garbage::list_unused_links(tx, after.as_ref(), limit).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.clone());
                    all.extend(page);
                }
                let digests: Vec<_> = all.iter().map(|link| link.digest).collect();
                assert_eq!(digests, [2, 4, 1, 3].map(digest), "{limit}");
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_link_says_who_uses_the_blob_and_until_when_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            assert_eq!(blob::find_link(tx, id, "domain", &digest(1)).await?, None);
            blob::insert(tx, "domain", &blob_row(1, 10), now()).await?;
            assert_eq!(blob::find_link(tx, id, "domain", &digest(1)).await?, None);
            blob::link(tx, id, &digest(1), now(), in_seconds(5)).await?;
            let uses = async |tx: &mut Tx| -> Result<BlobUse, MetadataError> {
                let link = blob::find_link(tx, id, "domain", &digest(1)).await?.unwrap();
                assert_eq!((link.blob, link.leased_until), (blob_row(1, 10), in_seconds(5)));
                assert_eq!(link.used, blob::find_use(tx, id, &digest(1)).await?);
                Ok(link.used)
            };
            assert_eq!(uses(tx).await?, BlobUse::Unused);
            image::insert(tx, id, &image_row(9, 0), b"", &[digest(1)], &[]).await?;
            assert_eq!(uses(tx).await?, BlobUse::Active);
            image::archive(tx, id, &digest(9), now()).await?;
            assert_eq!(uses(tx).await?, BlobUse::Archived);
            image::delete(tx, id, &digest(9)).await?;
            assert_eq!(uses(tx).await?, BlobUse::Unused);
            assert_eq!(blob::find_link(tx, id, "other", &digest(1)).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// Two repositories of one key domain, and one of another, have the same digest.
#[tokio::test]
async fn a_blob_goes_with_the_last_link_of_its_key_domain() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let first = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let other_domain = repository_row("elsewhere");
            let elsewhere = RepositoryRow { key_domain: "other".into(), ..other_domain };
            let (second, third) = (repository_row("second"), elsewhere.id);
            let second_id = second.id;
            repository::insert(tx, &second).await?;
            repository::insert(tx, &elsewhere).await?;
            let (row, size_bytes) = (blob_row(1, 70_000), 70_000);
            let other = BlobRow { object_id: object(99), ..row.clone() };
            blob::insert(tx, "domain", &row, now()).await?;
            blob::insert(tx, "other", &other, now()).await?;
            for (id, until) in [(first, 1), (second_id, 2), (third, 3)] {
                blob::link(tx, id, &digest(1), now(), in_seconds(until)).await?;
            }
            let claims = garbage::claims(tx, "domain", &digest(1)).await?.unwrap();
            let lowest = first.min(second_id);
            let leased_until = in_seconds(2);
            let two =
                BlobClaims { links: 2, used_links: 0, leased_until, first: lowest, size_bytes };
            assert_eq!(claims, two);
            assert!(blob::unlink(tx, first, &digest(1)).await?);
            assert!(!blob::unlink(tx, first, &digest(1)).await?, "once");
            let noted = garbage::unlinked_blobs(tx, ("", ""), 10).await?;
            assert_eq!(noted, [("domain".to_owned(), digest(1))]);
            assert_eq!(garbage::free_unlinked_blob(tx, "domain", &digest(1), now()).await?, None);
            assert_eq!(garbage::unlinked_blobs(tx, ("", ""), 10).await?, [], "looked at");
            blob::unlink(tx, second_id, &digest(1)).await?;
            assert_eq!(garbage::blob_bytes(tx, "domain", &digest(1)).await?, Some(size_bytes));
            let freed = garbage::free_unlinked_blob(tx, "domain", &digest(1), now()).await?;
            let (object_id, store) = (row.object_id, String::new());
            let discarded = DiscardedObject { object_id, store, size_bytes };
            assert_eq!(freed, Some(FreedBlob { size_bytes, discarded: Some(discarded.clone()) }));
            assert_eq!(blob::find(tx, "domain", &digest(1)).await?, None);
            assert_eq!(blob::find(tx, "other", &digest(1)).await?, Some(other));
            let waiting = garbage::discarded_objects(tx, "", 10).await?;
            assert_eq!(waiting, [discarded]);
            assert!(!garbage::is_in_use(tx, &waiting[0]).await?);
            assert_eq!(garbage::free_unlinked_blob(tx, "domain", &digest(1), now()).await?, None);
            assert_eq!(garbage::claims(tx, "domain", &digest(1)).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_small_blob_goes_with_the_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            // The second is a file, as small ones of older releases are.
            for byte in [1, 2] {
                blob::insert(tx, "domain", &blob_row(byte, 5), now()).await?;
                blob::link(tx, id, &digest(byte), now(), now()).await?;
            }
            blob::insert_inline(tx, &object(1), b"sealed").await?;
            for (byte, has_file) in [(1, false), (2, true)] {
                blob::unlink(tx, id, &digest(byte)).await?;
                let freed = garbage::free_unlinked_blob(tx, "domain", &digest(byte), now()).await?;
                let freed = freed.unwrap();
                assert_eq!((freed.size_bytes, freed.discarded.is_some()), (5, has_file));
                assert_eq!(blob::find_inline(tx, &object(u64::from(byte))).await?, None);
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_object_is_known_as_long_as_a_row_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            assert!(!garbage::is_known(tx, &object(1)).await?);
            let session = session(id);
            upload::insert(tx, &session).await?;
            upload::claim_object(tx, &session.upload_id, &object(1)).await?;
            assert!(garbage::is_known(tx, &object(1)).await?, "an upload");
            let before = in_seconds(1);
            assert_eq!(upload::count_idle(tx, before).await?, (1, 12));
            upload::touch_idle(tx, &session.upload_id, before, before).await?;
            assert_eq!(upload::count_idle(tx, before).await?, (0, 0));
            upload::delete(tx, &session.upload_id).await?;
            assert!(!garbage::is_known(tx, &object(1)).await?);
            blob::insert(tx, "domain", &blob_row(1, 70_000), now()).await?;
            assert!(garbage::is_known(tx, &object(1)).await?, "a blob");
            let (object_id, size_bytes) = (object(1), 0);
            let used = DiscardedObject { object_id, store: String::new(), size_bytes };
            assert!(garbage::is_in_use(tx, &used).await?);
            let moved = DiscardedObject { store: "archive".into(), ..used };
            assert!(!garbage::is_in_use(tx, &moved).await?);
            garbage::free_unlinked_blob(tx, "domain", &digest(1), now()).await?;
            assert!(garbage::is_known(tx, &object(1)).await?, "its deletion");
            blob::forget_object(tx, &object(1)).await?;
            assert!(!garbage::is_known(tx, &object(1)).await?);
            Ok(())
        })
    })
    .await
    .unwrap();
}
