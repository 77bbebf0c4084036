//! What follows an image into the archive and back: its tags, its blobs, its place in lists.

use rusqlite::StatementStatus;
use wharfinger_core::{Tag, Timestamp};

use super::{digest, image_row, now, open, with_repository, write};
use crate::blob::BlobUse;
use crate::image::{ImagePosition, ImageStatus, TagStatus};
use crate::{MetadataError, RepositoryId, Tx, blob, image, tag};

const ACTIVE: Option<ImageStatus> = Some(ImageStatus::Active);
const ARCHIVED: Option<ImageStatus> = Some(ImageStatus::Archived);

fn tag_of(text: &str) -> Tag {
    text.parse().unwrap()
}

async fn with_image(
    tx: &mut Tx,
    id: RepositoryId,
    byte: u8,
    blobs: &[u8],
    children: &[u8],
) -> Result<(), MetadataError> {
    let blobs: Vec<_> = blobs.iter().copied().map(digest).collect();
    let children: Vec<_> = children.iter().copied().map(digest).collect();
    for blob in &blobs {
        blob::link(tx, id, blob, now(), now()).await?;
    }
    image::insert(tx, id, &image_row(byte, i64::from(byte)), b"", &blobs, &children).await
}

/// The tags, digests and pairs that lists of a status show.
async fn shown(tx: &mut Tx, id: RepositoryId, status: Option<ImageStatus>) -> String {
    let first = ImagePosition::default();
    let mut text = String::new();
    for (tag, _) in tag::list(tx, id, status, "", 100).await.unwrap() {
        text.push_str(&format!("{tag} "));
    }
    for tag_status in [TagStatus::Any, TagStatus::Tagged, TagStatus::Untagged] {
        text.push('|');
        for row in image::list(tx, id, tag_status, status, &first, 100).await.unwrap() {
            text.push_str(&format!(" {}", row.digest.hash()[0]));
        }
    }
    text.push('|');
    for (digest, tag, _) in image::list_pairs(tx, id, status, &first, "", 100).await.unwrap() {
        let tag = tag.map(|tag| tag.to_string()).unwrap_or_default();
        text.push_str(&format!(" {}{tag}", digest.hash()[0]));
    }
    text
}

#[tokio::test]
async fn lists_show_images_of_their_status() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in 1..=4 {
                with_image(tx, id, byte, &[], &[]).await?;
            }
            tag::put(tx, id, &tag_of("a"), &digest(1), now()).await?;
            tag::put(tx, id, &tag_of("b"), &digest(2), now()).await?;
            tag::put(tx, id, &tag_of("c"), &digest(2), now()).await?;
            assert_eq!(shown(tx, id, ACTIVE).await, "a b c | 1 2 3 4| 1 2| 3 4| 1a 2b 2c 3 4");
            assert!(image::archive(tx, id, &digest(2), now()).await?);
            assert!(image::archive(tx, id, &digest(4), now()).await?);
            assert!(!image::archive(tx, id, &digest(4), now()).await?, "it is archived");
            assert_eq!(shown(tx, id, ACTIVE).await, "a | 1 3| 1| 3| 1a 3");
            assert_eq!(shown(tx, id, ARCHIVED).await, "b c | 2 4| 2| 4| 2b 2c 4");
            assert_eq!(shown(tx, id, None).await, "a b c | 1 2 3 4| 1 2| 3 4| 1a 2b 2c 3 4");
            assert_eq!(shown(tx, id, Some(ImageStatus::Activating)).await, "||||");
            // A tag takes on the status of the image it moves to.
            tag::put(tx, id, &tag_of("c"), &digest(1), now()).await?;
            tag::put(tx, id, &tag_of("a"), &digest(4), now()).await?;
            assert_eq!(shown(tx, id, ACTIVE).await, "c | 1 3| 1| 3| 1c 3");
            assert!(image::activate(tx, id, &digest(4), now()).await?);
            assert!(!image::activate(tx, id, &digest(4), now()).await?, "it is active");
            assert_eq!(shown(tx, id, ACTIVE).await, "a c | 1 3 4| 1 4| 3| 1c 3 4a");
            let row = image::find(tx, id, &digest(4)).await?.unwrap();
            assert_eq!((row.archived_at, row.activated_at), (Some(now()), Some(now())));
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_blob_knows_whether_an_active_image_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            blob::link(tx, id, &digest(9), now(), now()).await?;
            assert_eq!(blob::find_use(tx, id, &digest(9)).await?, BlobUse::Unused);
            with_image(tx, id, 1, &[8, 9], &[]).await?;
            with_image(tx, id, 2, &[9], &[]).await?;
            assert_eq!(blob::find_use(tx, id, &digest(9)).await?, BlobUse::Active);
            image::archive(tx, id, &digest(1), now()).await?;
            image::archive(tx, id, &digest(1), now()).await?;
            assert_eq!(blob::find_use(tx, id, &digest(8)).await?, BlobUse::Archived);
            assert_eq!(blob::find_use(tx, id, &digest(9)).await?, BlobUse::Active);
            image::delete(tx, id, &digest(2)).await?;
            assert_eq!(blob::find_use(tx, id, &digest(9)).await?, BlobUse::Archived);
            image::activate(tx, id, &digest(1), now()).await?;
            image::activate(tx, id, &digest(1), now()).await?;
            assert_eq!(blob::find_use(tx, id, &digest(9)).await?, BlobUse::Active);
            image::archive(tx, id, &digest(1), now()).await?;
            image::delete(tx, id, &digest(1)).await?;
            image::delete(tx, id, &digest(1)).await?;
            assert_eq!(blob::find_use(tx, id, &digest(9)).await?, BlobUse::Unused);
            with_image(tx, id, 3, &[9], &[]).await?;
            assert_eq!(blob::find_use(tx, id, &digest(9)).await?, BlobUse::Active);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn parents_and_children_are_known_by_status() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in [1, 2] {
                with_image(tx, id, byte, &[], &[]).await?;
            }
            with_image(tx, id, 3, &[], &[1, 2]).await?;
            with_image(tx, id, 4, &[], &[1]).await?;
            assert_eq!(image::active_parents(tx, id, &digest(1)).await?, [digest(3), digest(4)]);
            image::archive(tx, id, &digest(3), now()).await?;
            image::archive(tx, id, &digest(2), now()).await?;
            assert_eq!(image::active_parents(tx, id, &digest(1)).await?, [digest(4)]);
            assert_eq!(image::active_parents(tx, id, &digest(2)).await?, []);
            assert_eq!(image::parents(tx, id, &digest(2)).await?, [digest(3)]);
            assert_eq!(image::inactive_children(tx, id, &digest(3)).await?, [digest(2)]);
            assert_eq!(image::inactive_children(tx, id, &digest(4)).await?, []);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn referrers_are_listed_by_digest_and_pulls_only_move_forward() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in (1..=6).rev() {
                let mut row = image_row(byte, 0);
                row.subject = (byte > 1).then(|| digest(1));
                image::insert(tx, id, &row, b"", &[], &[]).await?;
            }
            image::archive(tx, id, &digest(3), now()).await?;
            let subject = digest(1);
            let all = image::referrers(tx, id, &subject, None, "", 3).await?;
            assert_eq!(all.iter().map(|row| row.digest.hash()[0]).collect::<Vec<_>>(), [2, 3, 4]);
            let after = digest(2).to_string();
            let active = image::referrers(tx, id, &subject, ACTIVE, &after, 3).await?;
            assert_eq!(
                active.iter().map(|row| row.digest.hash()[0]).collect::<Vec<_>>(),
                [4, 5, 6]
            );
            assert_eq!(image::referrers(tx, id, &subject, ARCHIVED, &after, 3).await?.len(), 1);
            for (pulled_at, expected) in [(20, 20), (10, 20), (30, 30)] {
                image::record_pull(tx, id, &subject, Timestamp::from_millis(pulled_at)).await?;
                let row = image::find(tx, id, &subject).await?.unwrap();
                assert_eq!(row.last_pulled_at, Some(Timestamp::from_millis(expected)));
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// A repository that is nearly all archive lists its few active images without a look at the rest.
#[tokio::test]
async fn a_page_of_active_images_costs_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let steps = |tx: &Tx, sql: &str| {
                let mut statement = tx.connection().prepare(sql).unwrap();
                let mut rows = statement.query([]).unwrap();
                while rows.next().unwrap().is_some() {}
                drop(rows);
                statement.get_status(StatementStatus::VmStep)
            };
            // The statements as they run, with the values of a first page put in.
            let mut statements = Vec::new();
            shown(tx, id, ACTIVE).await;
            let repository =
                tx.connection().query_row("SELECT repository_id FROM repository", [], |row| {
                    row.get::<_, i64>(0)
                })?;
            for sql in tx.seen.iter().filter(|sql| sql.contains("status = ?")) {
                let pairs = sql.contains("LEFT JOIN");
                let values = match (sql.contains("FROM tag"), pairs) {
                    (true, _) => [&*repository.to_string(), "''", "100", "'ACTIVE'", "", ""],
                    (_, true) => [&repository.to_string(), "0", "''", "''", "100", "'ACTIVE'"],
                    _ if sql.contains("tagged = ?5") => {
                        [&repository.to_string(), "0", "''", "100", "0", "'ACTIVE'"]
                    }
                    _ => [&repository.to_string(), "0", "''", "100", "'ACTIVE'", ""],
                };
                let mut sql = (*sql).to_owned();
                for (number, value) in values.iter().enumerate() {
                    sql = sql.replace(&format!("?{}", number + 1), value);
                }
                statements.push(sql);
            }
            assert_eq!(statements.len(), 4);
            for byte in 1..=3 {
                with_image(tx, id, byte, &[], &[]).await?;
            }
            let few: Vec<i32> = statements.iter().map(|sql| steps(tx, sql)).collect();
            for number in 0..2000_u32 {
                let mut row = image_row(0, 0);
                let mut hash = [7; 32];
                hash[..4].copy_from_slice(&number.to_be_bytes());
                row.digest = wharfinger_core::Digest::Sha256(hash);
                row.status = ImageStatus::Archived;
                image::insert(tx, id, &row, b"", &[], &[]).await?;
                let tag = tag_of(&format!("t{number}"));
                tag::put(tx, id, &tag, &row.digest, now()).await?;
            }
            let many: Vec<i32> = statements.iter().map(|sql| steps(tx, sql)).collect();
            // One step to see that the next row is of another status, instead of the table's end.
            let same = few.iter().zip(&many).all(|(few, many)| (*many - *few) <= 1);
            assert!(same, "{few:?} {many:?}");
            Ok(())
        })
    })
    .await
    .unwrap();
}
