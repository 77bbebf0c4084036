//! Deleted repositories: unseen at once, and removed in steps.

use wharfinger_core::Digest;

use super::inventory::with_inventory;
use super::{digest, image_row, now, open, repository_row, with_repository, write};
use crate::repository::RepositoryRow;
use crate::{
    RepositoryId, Tx, blob, deleted_image, image, inventory, package, repository,
    repository_policy, resource_tag, tag, tag_history,
};

/// An image may refer to 10,000 blobs and have 1,000 tags, so that a step of images alone is no step.
#[tokio::test]
async fn no_step_of_a_deletion_is_long() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let many: Vec<Digest> = (100..160).map(digest).collect();
            for byte in 0..4 {
                image::insert(tx, id, &image_row(byte, 0), b"", &many, &many).await?;
                with_inventory(tx, id, byte, i64::from(byte), &[]).await?;
                for number in 0..60 {
                    let tag = format!("t{byte}-{number}").parse().unwrap();
                    tag::put(tx, id, &tag, &digest(byte), now()).await?;
                    let to = Some(digest(byte));
                    tag_history::append(tx, id, &tag, None, to.as_ref(), "", now()).await?;
                }
            }
            for byte in 0..4 {
                deleted_image::keep(tx, id, &digest(byte), &[], "", now(), now()).await?;
            }
            repository::delete(tx, id, now()).await?;
            let changes = |tx: &Tx| {
                let sql = "SELECT total_changes()";
                tx.connection().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
            };
            let mut before = changes(tx);
            while repository::purge(tx, 2).await? {
                let after = changes(tx);
                // Twenty tags, each of which counts as a change of the list it was in.
                assert!(after - before <= 40, "{} rows", after - before);
                before = after;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// A repository may hold a million rows: they go in small steps, and nobody sees them meanwhile.
#[tokio::test]
async fn a_repository_takes_its_rows_along() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            resource_tag::put(tx, id, "team", "news").await?;
            repository_policy::put(tx, id, "{}", now()).await?;
            for byte in 0..5 {
                let row = image_row(byte, 0);
                image::insert(tx, id, &row, b"sealed", &[digest(9)], &[digest(8)]).await?;
                with_inventory(tx, id, byte, i64::from(byte), &["openssl"]).await?;
                blob::link(tx, id, &digest(byte), now(), now()).await?;
            }
            let (v1, one) = ("v1".parse().unwrap(), digest(1));
            tag::put(tx, id, &v1, &one, now()).await?;
            tag_history::append(tx, id, &v1, None, Some(&one), "", now()).await?;
            deleted_image::keep(tx, id, &one, &[v1], "", now(), now()).await?;
            repository::delete(tx, id, now()).await?;
            let row = repository_row("app");
            assert_eq!(repository::find(tx, &row.registry, &row.name).await?, None);
            assert_eq!(repository::count(tx, &row.registry).await?, 0);
            assert_eq!(repository::list(tx, &row.registry, "", 10).await?, vec![]);
            let again = RepositoryRow { id: RepositoryId(1), ..row };
            repository::insert(tx, &again).await?;
            let mut steps = 0;
            while repository::purge(tx, 2).await? {
                steps += 1;
            }
            assert_eq!(
                steps,
                4 + 3 + 3 + 1 + 3 + 1,
                "narrow rows, inventories, images, deleted ones, links, itself"
            );
            assert_eq!(repository::find(tx, &again.registry, &again.name).await?, Some(again));
            let tables = ["image", "manifest", "tag", "image_blob", "image_child", "resource_tag"];
            let last = ["repository_blob", "repository_policy", "repository", "deleted_image"];
            let last = last.iter().chain(&["inventory", "tag_history"]);
            for table in tables.iter().chain(last) {
                let sql = format!("SELECT COUNT(*) FROM {table} WHERE repository_id <> 1");
                let left: i64 = tx.connection().query_row(&sql, [], |row| row.get(0))?;
                assert_eq!(left, 0, "{table}");
            }
            while inventory::discard_some(tx, now(), 2).await? {}
            assert_eq!(package::list(tx, 0, 10).await?, []);
            Ok(())
        })
    })
    .await
    .unwrap();
}
