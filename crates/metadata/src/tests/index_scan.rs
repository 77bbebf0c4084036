//! What indexes show: stale from any change of what they list, until it is counted.

use super::{digest, image_row, now, open, with_repository, write};
use crate::advisory_matching::{self, WatchedImage};
use crate::check::recount;
use crate::image::ImageRow;
use crate::index_scan::{self, StaleIndex};
use crate::scan::{self, ScanRow};
use crate::{MetadataError, RepositoryId, Tx, image};

/// Every statement once.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    image::insert(tx, id, &image_row(51, 1), b"", &[], &[]).await?;
    index(tx, id, 52, &[51]).await?;
    let stale = index_scan::stale(tx, None, 10).await?;
    index_scan::stale(tx, stale.first(), 10).await?;
    index_scan::put(tx, &stale[0], Some("{}"), None).await?;
    index_scan::find(tx, id, &digest(52)).await?;
    Ok(())
}

async fn index(
    tx: &mut Tx,
    id: RepositoryId,
    byte: u8,
    children: &[u8],
) -> Result<(), MetadataError> {
    let row = ImageRow { media_type: "index".into(), ..image_row(byte, 1) };
    let children: Vec<_> = children.iter().map(|child| digest(*child)).collect();
    image::insert(tx, id, &row, b"", &[], &children).await
}

async fn stale(tx: &mut Tx) -> Vec<StaleIndex> {
    index_scan::stale(tx, None, 10).await.unwrap()
}

async fn settle(tx: &mut Tx) {
    for index in stale(tx).await {
        assert!(index_scan::put(tx, &index, Some("b"), Some("e")).await.unwrap());
    }
    assert_eq!(stale(tx).await, []);
}

fn numbers(stale: &[StaleIndex]) -> Vec<u8> {
    stale.iter().map(|it| it.digest.hash()[0]).collect()
}

#[tokio::test]
async fn every_change_of_an_image_makes_the_indexes_that_list_it_stale() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let done: Result<(), MetadataError> = write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in [1, 2] {
                image::insert(tx, id, &image_row(byte, 1), b"", &[], &[]).await?;
            }
            assert_eq!(stale(tx).await, []);
            index(tx, id, 3, &[1, 2]).await?;
            index(tx, id, 4, &[2]).await?;
            assert_eq!(numbers(&stale(tx).await), [3, 4]);
            let new = index_scan::find(tx, id, &digest(3)).await?.unwrap();
            assert_eq!((new.is_stale, new.basic, new.enhanced), (true, None, None));
            settle(tx).await;

            let row = ScanRow::without_findings(digest(1), "ENHANCED", "ACTIVE", "", now());
            scan::put(tx, id, &row, None).await?;
            assert_eq!(numbers(&stale(tx).await), [3]);
            // What was shown before is there still, and known to be old.
            let row = index_scan::find(tx, id, &digest(3)).await?.unwrap();
            assert!(row.is_stale && row.basic.as_deref() == Some("b"));
            settle(tx).await;
            scan::set_counts(tx, id, &digest(1), "ENHANCED", "{}").await?;
            assert_eq!(numbers(&stale(tx).await), [3]);
            settle(tx).await;
            let watched = WatchedImage {
                repository: id,
                digest: digest(1),
                counts: None,
                completed_at: None,
                suppressed: None,
            };
            advisory_matching::set_counts(tx, &watched, "{}", "db", None).await?;
            assert_eq!(numbers(&stale(tx).await), [3]);
            settle(tx).await;
            image::archive(tx, id, &digest(2), now()).await?;
            assert_eq!(numbers(&stale(tx).await), [3, 4]);
            settle(tx).await;
            image::activate(tx, id, &digest(2), now()).await?;
            assert_eq!(numbers(&stale(tx).await), [3, 4]);
            let first = stale(tx).await.remove(0);
            assert_eq!(numbers(&index_scan::stale(tx, Some(&first), 10).await?), [4]);
            // What changes while it is counted is counted again.
            image::delete(tx, id, &digest(2)).await?;
            assert!(!index_scan::put(tx, &first, Some("{}"), None).await?);
            assert_eq!(numbers(&stale(tx).await), [3, 4]);
            settle(tx).await;
            image::insert(tx, id, &image_row(2, 1), b"", &[], &[]).await?;
            assert_eq!(numbers(&stale(tx).await), [3, 4]);
            image::delete(tx, id, &digest(3)).await?;
            assert_eq!(index_scan::find(tx, id, &digest(3)).await?, None);
            settle(tx).await;
            // A repair may find that it lists others.
            recount::references(tx, id, &digest(4), &[], &[digest(1)]).await?;
            assert_eq!(numbers(&stale(tx).await), [4]);
            Ok(())
        })
    })
    .await;
    done.unwrap();
}
