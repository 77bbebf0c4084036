//! Scans: the last one of each mode, gone with its image.

use wharfinger_core::Timestamp;

use super::{digest, image_row, now, open, with_repository, write};
use crate::scan::{self, ScanRow};
use crate::{MetadataError, RepositoryId, Tx, image};

fn row(scan_type: &str, status: &str, started_at: Timestamp) -> ScanRow {
    ScanRow::without_findings(digest(7), scan_type, status, "in words", started_at)
}

/// Every statement once.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    image::insert(tx, id, &image_row(7, 1), b"", &[], &[]).await?;
    scan::put(tx, id, &row("BASIC", "FAILED", now()), None).await?;
    scan::find(tx, id, &digest(7), "BASIC").await?;
    scan::findings(tx, id, &digest(7), "BASIC").await?;
    scan::set_counts(tx, id, &digest(7), "BASIC", "{}").await?;
    scan::set_suppressed(tx, id, &digest(7), "BASIC", None).await?;
    scan::suppressed(tx, id, &digest(7), "BASIC").await?;
    scan::scanned_images(tx, id, "", 10).await?;
    scan::is_counted(tx, id, &digest(7)).await?;
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
            let first = ScanRow {
                completed_at: Some(later),
                database_id: Some("db".into()),
                database_updated_at: Some(now()),
                counts: Some(r#"{"HIGH":1}"#.into()),
                ..row("BASIC", "COMPLETE", now())
            };
            let last = row("BASIC", "FAILED", later);
            let enhanced = row("ENHANCED", "ACTIVE", now());
            assert!(scan::put(tx, id, &first, None).await.is_err(), "a scan of no image");
            image::insert(tx, id, &image_row(7, 1), b"", &[], &[]).await?;
            assert_eq!(scan::find(tx, id, &digest(7), "BASIC").await?, None);
            for row in [&first, &last, &enhanced] {
                let found = row.completed_at.map(|_| &b"found"[..]);
                scan::put(tx, id, row, found).await?;
                let kept = scan::findings(tx, id, &digest(7), &row.scan_type).await?;
                assert_eq!(kept.as_deref(), found);
                assert_eq!(
                    scan::find(tx, id, &digest(7), &row.scan_type).await?.as_ref(),
                    Some(row)
                );
            }
            assert_eq!(scan::find(tx, id, &digest(7), "BASIC").await?, Some(last));
            assert_eq!(scan::find(tx, id, &digest(8), "BASIC").await?, None);
            assert!(!scan::is_counted(tx, id, &digest(7)).await?);
            scan::set_counts(tx, id, &digest(7), "ENHANCED", "{}").await?;
            let counted = scan::find(tx, id, &digest(7), "ENHANCED").await?.unwrap();
            assert_eq!(counted, ScanRow { counts: Some("{}".into()), ..enhanced.clone() });
            assert!(scan::is_counted(tx, id, &digest(7)).await?);
            scan::set_suppressed(tx, id, &digest(7), "ENHANCED", Some(b"some")).await?;
            for (mode, found) in [("BASIC", None), ("ENHANCED", Some(&b"some"[..]))] {
                assert_eq!(scan::suppressed(tx, id, &digest(7), mode).await?.as_deref(), found);
            }
            // Each image once, though it has two scans.
            assert_eq!(scan::scanned_images(tx, id, "", 9).await?, [digest(7)]);
            let after = digest(7).to_string();
            assert_eq!(scan::scanned_images(tx, id, &after, 9).await?, []);
            // What is stated has to be looked at again for another scan.
            scan::put(tx, id, &counted, None).await?;
            assert_eq!(scan::suppressed(tx, id, &digest(7), "ENHANCED").await?, None);
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
