//! Scans: the last one of each mode, gone with its image.

use wharfinger_core::Timestamp;

use super::{digest, image_row, now, open, with_repository, write};
use crate::scan::{self, ScanRow};
use crate::{MetadataError, RepositoryId, Tx, image};

fn row(scan_type: &str, status: &str, started_at: Timestamp) -> ScanRow {
    ScanRow {
        digest: digest(7),
        scan_type: scan_type.into(),
        status: status.into(),
        description: "in words".into(),
        started_at,
    }
}

/// Every statement once.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    image::insert(tx, id, &image_row(7, 1), b"", &[], &[]).await?;
    scan::put(tx, id, &row("BASIC", "FAILED", now())).await?;
    scan::find(tx, id, &digest(7), "BASIC").await?;
    Ok(())
}

#[tokio::test]
async fn the_last_scan_of_each_mode_is_kept_as_long_as_its_image() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let later = Timestamp::from_seconds(now().seconds() + 1);
            let (first, last) = (row("BASIC", "COMPLETE", now()), row("BASIC", "FAILED", later));
            let enhanced = row("ENHANCED", "ACTIVE", now());
            assert!(scan::put(tx, id, &first).await.is_err(), "a scan of no image");
            image::insert(tx, id, &image_row(7, 1), b"", &[], &[]).await?;
            assert_eq!(scan::find(tx, id, &digest(7), "BASIC").await?, None);
            for row in [&first, &last, &enhanced] {
                scan::put(tx, id, row).await?;
                assert_eq!(
                    scan::find(tx, id, &digest(7), &row.scan_type).await?.as_ref(),
                    Some(row)
                );
            }
            assert_eq!(scan::find(tx, id, &digest(7), "BASIC").await?, Some(last));
            assert_eq!(scan::find(tx, id, &digest(8), "BASIC").await?, None);
            image::delete(tx, id, &digest(7)).await?;
            for scan_type in ["BASIC", "ENHANCED"] {
                assert_eq!(scan::find(tx, id, &digest(7), scan_type).await?, None);
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}
