//! What every engine must hold: transactions whole or not at all, durable, isolated; lists in
//! order; and what the engine says when the disk is full.

mod advisory_matching;
mod change_counter;
mod check;
mod commit;
mod counters;
mod findings_recount;
mod garbage;
mod iam;
mod index_scan;
mod inventory;
mod job;
mod kms_keys;
mod lifecycle;
mod plan;
mod principals;
mod public;
mod purge;
mod replication_backfill;
mod scan;
mod storage_class;
mod templates;
mod undo;
mod upgrade;

use std::sync::Arc;

use tempfile::TempDir;
use wharfinger_core::{Digest, ObjectId, RegistryId, SeededEntropy, Timestamp, UploadId};

use crate::image::{ImagePosition, ImageRow, ImageStatus, TagStatus};
use crate::repository::RepositoryRow;
use crate::upload::UploadRow;
use crate::{
    Metadata, MetadataError, OpenMode, RepositoryId, Tx, blob, image, installation, repository,
    tag, upload,
};

fn open(folder: &TempDir) -> Metadata {
    Metadata::open(&folder.path().join("metadata.db"), OpenMode::CreateOrMigrate).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

fn digest(byte: u8) -> Digest {
    Digest::Sha256([byte; 32])
}

async fn write<T: Send + 'static>(
    metadata: &Metadata,
    body: impl for<'t> FnOnce(&'t mut Tx) -> crate::BoxFuture<'t, Result<T, MetadataError>>
    + Send
    + 'static,
) -> Result<T, MetadataError> {
    metadata.write(body).await
}

fn repository_row(name: &str) -> RepositoryRow {
    let entropy = SeededEntropy::new(name.len() as u64 + u64::from(name.as_bytes()[0]));
    RepositoryRow {
        id: RepositoryId::new(now(), &entropy),
        registry: RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap()),
        name: name.parse().unwrap(),
        created_at: now(),
        tag_mutability: "MUTABLE".into(),
        exclusion_filters: "[]".into(),
        scan_on_push: false,
        encryption_type: "AES256".into(),
        kms_key: None,
        key_domain: "domain".into(),
        image_count: 0,
    }
}

fn image_row(byte: u8, pushed_at: i64) -> ImageRow {
    ImageRow {
        digest: digest(byte),
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        artifact_media_type: None,
        artifact_type: None,
        subject: None,
        size_bytes: 10,
        manifest_size_bytes: 5,
        pushed_at: Timestamp::from_millis(pushed_at),
        tag_count: 0,
        status: ImageStatus::Active,
        archived_at: None,
        activated_at: None,
        last_pulled_at: None,
    }
}

async fn with_repository(metadata: &Metadata) -> RepositoryId {
    let row = repository_row("app");
    let id = row.id;
    write(metadata, move |tx| Box::pin(async move { repository::insert(tx, &row).await }))
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn what_is_acknowledged_is_there_when_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| Box::pin(async move { installation::insert(tx, "key", "value").await }))
        .await
        .unwrap();
    drop(metadata);
    let found: Result<Option<String>, MetadataError> =
        open(&folder).read(|tx| Box::pin(async move { installation::get(tx, "key").await })).await;
    assert_eq!(found.unwrap().as_deref(), Some("value"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_fails_takes_nothing_but_its_own_changes_along() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = Arc::new(open(&folder));
    let bodies: Vec<_> = (0..200_u32)
        .map(|number| {
            let metadata = Arc::clone(&metadata);
            tokio::spawn(async move {
                write(&metadata, move |tx| {
                    Box::pin(async move {
                        installation::insert(tx, &format!("{number:03}"), "x").await?;
                        match number % 4 {
                            0 => Err(MetadataError::Closed),
                            1 => panic!("a defect in the body"),
                            _ => Ok(()),
                        }
                    })
                })
                .await
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for body in bodies {
        outcomes.push(body.await.unwrap());
    }
    for (number, outcome) in outcomes.iter().enumerate() {
        let key = format!("{number:03}");
        let found: Result<Option<String>, MetadataError> = metadata
            .read(move |tx| Box::pin(async move { installation::get(tx, &key).await }))
            .await;
        assert_eq!(found.unwrap().is_some(), number % 4 > 1);
        assert!(matches!(
            (number % 4, outcome),
            (0, Err(MetadataError::Closed)) | (1, Err(MetadataError::Panicked)) | (_, Ok(()))
        ));
    }
}

#[tokio::test]
async fn a_body_that_waits_for_something_else_is_abandoned() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let waits = write(&metadata, |tx| {
        Box::pin(async move {
            installation::insert(tx, "key", "value").await?;
            std::future::pending::<()>().await;
            Ok(())
        })
    });
    assert!(matches!(waits.await, Err(MetadataError::Panicked)));
    let found: Result<Option<String>, MetadataError> =
        metadata.read(|tx| Box::pin(async move { installation::get(tx, "key").await })).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let limit = |pages: &'static str| {
        write(&metadata, move |tx| {
            Box::pin(async move {
                tx.connection().pragma_update(None, "max_page_count", pages)?;
                Ok(())
            })
        })
    };
    write(&metadata, |tx| Box::pin(async move { installation::insert(tx, "kept", "x").await }))
        .await
        .unwrap();
    limit("60").await.unwrap();
    let large = "x".repeat(1_000_000);
    let refused = write(&metadata, move |tx| {
        Box::pin(async move { installation::insert(tx, "large", &large).await })
    });
    assert!(matches!(refused.await, Err(MetadataError::StorageFull(_))));
    limit("1000000").await.unwrap();
    write(&metadata, |tx| Box::pin(async move { installation::insert(tx, "again", "x").await }))
        .await
        .unwrap();
    let found: Result<_, MetadataError> = metadata
        .read(|tx| {
            Box::pin(async move {
                let kept = installation::get(tx, "kept").await?.is_some();
                Ok((kept, installation::get(tx, "large").await?.is_some()))
            })
        })
        .await;
    assert_eq!(found.unwrap(), (true, false));
}

#[test]
fn a_newer_format_is_refused_in_both_modes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metadata.db");
    let missing = Metadata::open(&path, OpenMode::Existing);
    assert!(matches!(missing, Err(MetadataError::ReadOnly(_))));
    drop(open(&folder));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 9999).unwrap();
    for mode in [OpenMode::CreateOrMigrate, OpenMode::Existing] {
        let refused = Metadata::open(&path, mode);
        assert!(matches!(refused, Err(MetadataError::NewerFormat { found: 9999, .. })));
    }
    connection.pragma_update(None, "user_version", 0).unwrap();
    let refused = Metadata::open(&path, OpenMode::Existing);
    assert!(matches!(refused, Err(MetadataError::OlderFormat { found: 0, .. })));
}

#[tokio::test]
async fn counts_of_tags_and_images_follow_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let counts = write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in [1, 2] {
                let row = image_row(byte, 0);
                image::insert(tx, id, &row, b"sealed", &[digest(9)], &[]).await?;
            }
            let moving = "moving".parse().unwrap();
            tag::put(tx, id, &moving, &digest(1), now()).await?;
            tag::put(tx, id, &"other".parse().unwrap(), &digest(1), now()).await?;
            tag::put(tx, id, &moving, &digest(2), now()).await?;
            let mut counts = Vec::new();
            for byte in [1, 2] {
                let row = image::find(tx, id, &digest(byte)).await?;
                counts.push(row.map(|row| row.tag_count));
            }
            assert!(tag::delete(tx, id, &moving).await?);
            assert!(!tag::delete(tx, id, &moving).await?);
            assert!(blob::is_used(tx, id, &digest(9)).await?);
            assert!(image::delete(tx, id, &digest(1)).await?);
            assert!(image::delete(tx, id, &digest(2)).await?);
            assert!(!image::delete(tx, id, &digest(2)).await?);
            assert!(!blob::is_used(tx, id, &digest(9)).await?, "deleted with its images");
            assert_eq!(tag::list(tx, id, None, "", 10).await?, vec![]);
            Ok(counts)
        })
    })
    .await
    .unwrap();
    assert_eq!(counts, [Some(1), Some(1)]);
}

#[tokio::test]
async fn lists_of_images_go_on_where_a_page_ended() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in 0..50 {
                let row = image_row(byte, i64::from(byte) / 10);
                image::insert(tx, id, &row, b"", &[], &[]).await?;
            }
            let (mut after, mut seen) = (ImagePosition::default(), Vec::new());
            loop {
                let page = image::list(tx, id, TagStatus::Untagged, None, &after, 7).await?;
                let Some(last) = page.last() else { break };
                after =
                    ImagePosition { pushed_at: last.pushed_at, digest: last.digest.to_string() };
                seen.extend(page.iter().map(|row| row.digest));
            }
            assert_eq!(seen, (0..50).map(digest).collect::<Vec<_>>());
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn of_two_writers_to_an_upload_one_is_told_no() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let row = UploadRow {
        upload_id: UploadId::random(&SeededEntropy::new(1)),
        repository: id,
        received_bytes: 0,
        part_count: 0,
        last_part_first_byte: None,
        last_part_sha256: None,
        short_part: false,
        object_id: Some(ObjectId::random(&SeededEntropy::new(2))),
        checkpoint: Some(vec![1, 2, 3]),
        created_at: now(),
        updated_at: now(),
        begun_by: Some("AKIA".into()),
    };
    write(&metadata, move |tx| {
        Box::pin(async move {
            upload::insert(tx, &row).await?;
            let mut next = row.clone();
            next.received_bytes = 10;
            next.last_part_first_byte = Some(0);
            assert!(upload::advance(tx, &next, 0).await?);
            assert!(!upload::advance(tx, &next, 0).await?);
            assert_eq!(upload::find(tx, id, &row.upload_id).await?, Some(next));
            // A repository that goes leaves the objects of its uploads to be deleted.
            repository::delete(tx, id, now()).await?;
            assert_eq!(upload::find(tx, id, &row.upload_id).await?, None);
            assert_eq!(blob::discarded_objects(tx, "", 10).await?, vec![row.object_id.unwrap()]);
            Ok(())
        })
    })
    .await
    .unwrap();
}
