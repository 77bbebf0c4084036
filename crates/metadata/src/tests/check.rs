//! What a check and the scrub read and write.

use wharfinger_core::{ObjectId, SeededEntropy, Timestamp};

use super::{digest, now, open, with_repository, write};
use crate::blob::BlobRow;
use crate::check::{self, recount};
use crate::{MetadataError, RepositoryId, Tx, blob, scrub};

/// Every statement, for the test that looks at their plans.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let (object_id, digest) = (ObjectId::from_bytes([9; 16]), digest(0));
    check::blobs(tx, "", "", 10).await?;
    check::find_blob(tx, "d", &digest).await?;
    check::is_known(tx, &object_id).await?;
    check::inline_objects(tx, "", 10).await?;
    check::discarded_objects(tx, "", 10).await?;
    check::find_upload(tx, "u").await?;
    check::uploads(tx, "", 10).await?;
    check::repositories(tx, None, 10).await?;
    check::is_whole(tx, id).await?;
    check::registries(tx, "", "", 10).await?;
    check::hurt_images(tx, "d", &digest, 10).await?;
    check::is_accounted_for(tx, "d", &digest).await?;
    check::image_digests(tx, id, "", 10).await?;
    check::find_image(tx, id, &digest).await?;
    check::uses(tx, id, "d", &digest).await?;
    check::children(tx, id, &digest).await?;
    check::links(tx, id, "d", "", 10).await?;
    check::tags(tx, id, "", 10).await?;
    check::next_deleted(tx, id, "").await?;
    check::is_deleted(tx, id, &digest, now()).await?;
    recount::images(tx, id).await?;
    recount::tags(tx, id, &digest).await?;
    recount::uses(tx, id, &digest).await?;
    recount::repositories(tx, "a", "r").await?;
    recount::keep_discarded(tx, &object_id).await?;
    recount::drop_inline(tx, &object_id).await?;
    recount::take_inline(tx, &object_id).await?;
    recount::note_unlinked(tx, "d", &digest).await?;
    recount::take_manifest(tx, id, &digest, b"").await?;
    recount::size(tx, "d", &digest, 1).await?;
    recount::references(tx, id, &digest, &[], &[]).await?;
    scrub::measure_blobs(tx, "", "", 10).await?;
    scrub::next_domain(tx, "").await?;
    scrub::unverified(tx, "d", now(), (now(), ""), 10).await?;
    scrub::verified_longest_ago(tx, "d").await?;
    scrub::mark_verified(tx, &object_id, "d", &digest, now()).await?;
    scrub::count_damaged(tx, 10).await?;
    Ok(())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

#[tokio::test]
async fn blobs_are_verified_in_the_order_of_their_turns() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let seen: Vec<u8> = write(&metadata, |tx| {
        Box::pin(async move {
            let entropy = SeededEntropy::new(1);
            for (number, verified) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
                let object_id = ObjectId::random(&entropy);
                let row =
                    BlobRow { digest: digest(number), object_id, size_bytes: 1, damaged_at: None };
                blob::insert(tx, "d", &row, at(verified)).await?;
            }
            let damaged = check::find_blob(tx, "d", &digest(4)).await?.unwrap().row;
            blob::mark_damaged(tx, &damaged.object_id, "d", &damaged.digest, at(40)).await?;
            assert_eq!(scrub::count_damaged(tx, 10).await?, 1);
            assert_eq!(scrub::verified_longest_ago(tx, "d").await?, Some(at(10)));
            let (mut seen, mut after) = (Vec::new(), (at(0), String::new()));
            loop {
                let page = scrub::unverified(tx, "d", at(30), (after.0, &after.1), 1).await?;
                let Some(blob) = page.first() else { break };
                seen.push((1..5).find(|number| digest(*number) == blob.row.digest).unwrap());
                after = (blob.verified_at, blob.row.digest.to_string());
            }
            // Another object than the one that was read: nothing is known of it.
            let row = check::find_blob(tx, "d", &digest(2)).await?.unwrap().row;
            let other = ObjectId::from_bytes([1; 16]);
            scrub::mark_verified(tx, &other, "d", &row.digest, at(50)).await?;
            assert_eq!(scrub::verified_longest_ago(tx, "d").await?, Some(at(10)));
            scrub::mark_verified(tx, &row.object_id, "d", &row.digest, at(50)).await?;
            assert_eq!(scrub::verified_longest_ago(tx, "d").await?, Some(at(20)));
            Ok(seen)
        })
    })
    .await
    .unwrap();
    assert_eq!(seen, [2, 3]);
}

#[tokio::test]
async fn the_engine_finds_rows_that_belong_to_nothing_and_they_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let tables = metadata.tables().await.unwrap();
    assert!(tables.iter().any(|table| table == "repository_blob"), "{tables:?}");
    for table in &tables {
        assert_eq!(metadata.faults(table).await.unwrap(), Vec::<String>::new());
        assert_eq!(metadata.broken_references(table).await.unwrap(), []);
    }
    write(&metadata, move |tx| {
        Box::pin(async move { blob::link(tx, id, &digest(1), now(), now()).await.map(|_| ()) })
    })
    .await
    .unwrap();
    let path = folder.path().join("metadata.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM repository").unwrap();
    let [broken] = &metadata.broken_references("repository_blob").await.unwrap()[..] else {
        panic!("not found");
    };
    assert_eq!((broken.referred.as_str(), broken.rows), ("repository", 1));
    assert_eq!(metadata.remove_broken("repository_blob", 10).await.unwrap(), 1);
    assert_eq!(metadata.broken_references("repository_blob").await.unwrap(), []);
    assert_eq!(metadata.schema_version().await.unwrap(), crate::SCHEMA_VERSION);
}

#[tokio::test]
async fn a_damaged_file_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metadata.db");
    let metadata = open(&folder);
    with_repository(&metadata).await;
    // Everything goes into the file when it is closed.
    drop(metadata);
    let root: i64 = {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'repository'", [], |row| {
                row.get(0)
            })
            .unwrap()
    };
    let mut bytes = std::fs::read(&path).unwrap();
    let page = 4096 * (usize::try_from(root).unwrap() - 1);
    // The pointer to its only row.
    bytes[page + 8..page + 10].copy_from_slice(&[0xff, 0xff]);
    std::fs::write(&path, bytes).unwrap();
    let metadata = open(&folder);
    assert!(!metadata.faults("repository").await.unwrap().is_empty());
    assert_eq!(metadata.broken_references("repository").await.unwrap(), []);
    assert_eq!(metadata.faults("blob").await.unwrap(), Vec::<String>::new());
}
