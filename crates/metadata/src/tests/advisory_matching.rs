//! Where the matching stands, the images it goes along, and VEX documents.

use super::{digest, image_row, now, open, with_repository, write};
use crate::advisory_matching::{self, MatchingRow, WatchedImage};
use crate::package_vulnerability::{self, PackageVulnerabilityRow};
use crate::scan::{self, ScanRow};
use crate::vex_document::{self, VexDocumentRow};
use crate::{MetadataError, RepositoryId, Tx, image};

/// Every statement once.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    image::insert(tx, id, &image_row(41, 1), b"", &[], &[]).await?;
    let inventory = super::inventory::with_inventory(tx, id, 41, 41, &["bash", "curl"]).await?;
    assert_eq!(advisory_matching::watched_image(tx, 41).await?, None);
    let mut row = ScanRow::without_findings(digest(41), "ENHANCED", "ACTIVE", "", now());
    row.completed_at = Some(now());
    scan::put(tx, id, &row, None).await?;
    let mut watched = WatchedImage {
        repository: id,
        digest: digest(41),
        counts: None,
        completed_at: Some(now()),
        suppressed: None,
    };
    assert_eq!(advisory_matching::watched_image(tx, 41).await?, Some(watched.clone()));
    advisory_matching::set_counts(tx, &watched, "{}", "db", Some(now())).await?;
    scan::set_suppressed(tx, id, &digest(41), "ENHANCED", Some(b"some")).await?;
    (watched.counts, watched.suppressed) = (Some("{}".into()), Some(b"some".into()));
    assert_eq!(advisory_matching::watched_image(tx, 41).await?, Some(watched));
    assert_eq!(advisory_matching::watched_image(tx, 42).await?, None);
    let severities = ["LOW", "HIGH"].into_iter().zip(&inventory.package_ids);
    for (severity, package) in severities {
        let row = PackageVulnerabilityRow {
            vulnerability: "CVE-2026-41".into(),
            severity: severity.into(),
            detail: "{}".into(),
            first_seen_at: now(),
            updated_at: now(),
        };
        package_vulnerability::put(tx, *package, &row).await?;
    }
    let first = inventory.package_ids[0];
    let all = advisory_matching::severities(tx, "CVE-2026-41", 0, 10).await?;
    assert_eq!(all.iter().map(|it| it.1.as_str()).collect::<Vec<_>>(), ["LOW", "HIGH"]);
    assert_eq!(advisory_matching::severities(tx, "CVE-2026-41", first, 10).await?, all[1..]);
    run_standing(tx).await?;
    run_documents(tx).await
}

async fn run_standing(tx: &mut Tx) -> Result<(), MetadataError> {
    assert_eq!(advisory_matching::find(tx).await?, None);
    assert_eq!(advisory_matching::mark(tx).await?, None);
    let mut row = MatchingRow {
        database_id: "b".into(),
        older_ids: "a".into(),
        position: String::new(),
        plan: None,
        told_inventory_id: 0,
        finished_at: None,
    };
    advisory_matching::put(tx, &row).await?;
    assert_eq!(advisory_matching::find(tx).await?.as_ref(), Some(&row));
    let mark = advisory_matching::mark(tx).await?.unwrap();
    assert!(!mark.is_under_way);
    (row.plan, row.finished_at) = (Some(vec![1]), Some(now()));
    advisory_matching::put(tx, &row).await?;
    assert!(advisory_matching::mark(tx).await?.unwrap().is_under_way);
    (row.plan, row.position) = (None, "further".into());
    advisory_matching::put(tx, &row).await?;
    assert_ne!(advisory_matching::mark(tx).await?, Some(mark));
    advisory_matching::note_told(tx, 7).await?;
    row.told_inventory_id = 7;
    assert_eq!(advisory_matching::find(tx).await?, Some(row));
    Ok(())
}

async fn run_documents(tx: &mut Tx) -> Result<(), MetadataError> {
    let registry = super::repository_row("app").registry;
    let document = |id: &str, content: &[u8]| VexDocumentRow {
        document_id: id.into(),
        content: content.into(),
        added_at: now(),
    };
    for (id, content) in [("b", &b"1"[..]), ("a", b"2"), ("b", b"3")] {
        vex_document::put(tx, &registry, &document(id, content)).await?;
    }
    let all = vex_document::list(tx, &registry, "", 10).await?;
    assert_eq!(all, [document("a", b"2"), document("b", b"3")]);
    assert_eq!(vex_document::list(tx, &registry, "a", 10).await?, all[1..]);
    let registries = vex_document::registries(tx, ("", ""), 10).await?;
    assert_eq!(registries.iter().collect::<Vec<_>>(), [&registry]);
    let account = registry.account.to_string();
    let none = vex_document::registries(tx, (&account, "zz"), 10).await?;
    assert_eq!(none, []);
    assert!(vex_document::delete(tx, &registry, "a").await?);
    assert!(!vex_document::delete(tx, &registry, "a").await?);
    Ok(())
}

#[tokio::test]
async fn matching_is_resumed_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let done: Result<(), MetadataError> =
        write(&metadata, move |tx| Box::pin(async move { run(tx, id).await })).await;
    done.unwrap();
}
