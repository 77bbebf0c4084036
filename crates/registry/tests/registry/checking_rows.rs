//! `wharfinger fsck`: rows that were lost or changed are found, each by its code; a repair and the next
//! push make all of it right.

use rusqlite::Connection;
use wharfinger_registry::FindingCode::{
    self, ActiveUseCount, BlobDamaged, BlobMissing, BlobRowMissing, ChildMissing,
    DatabaseReference, DiscardedInUse, ImageCount, ImageReferences, LinkMissing, ManifestDamaged,
    ManifestMissing, RepositoryCount, TagCount, TagStatus, UndoIncomplete, UseCount,
};

use super::checking::{check, damage, large, push, repair};
use super::fixture::{Fixture, by_digest, digest_of, index_of, permit_for};

/// A repository with two images that share nothing, an index of both, and an upload.
async fn world() -> Fixture {
    let fixture = Fixture::with_repository("MUTABLE").await;
    again(&fixture).await;
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, None, &large(9)).await.unwrap();
    fixture
}

/// Pushes everything, as its owner would again.
async fn again(fixture: &Fixture) {
    // With what was lost, a repository may be.
    let _ = fixture.create("app", "MUTABLE").await;
    let (a, b) = (push(fixture, "app", 1, "v1").await, push(fixture, "app", 2, "v2").await);
    let _ = fixture.put("app", &index_of(&[a, b]), Some("all")).await;
}

fn sql(fixture: &Fixture, statements: &str) {
    let connection = Connection::open(fixture.folder.path().join("metadata.db")).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {statements}")).unwrap();
    assert!(connection.changes() > 0, "{statements}");
}

/// Does this, and expects that: found, repaired as far as may be, pushed again, clean.
async fn finds(statements: &str, mut expected: Vec<FindingCode>) {
    let fixture = world().await;
    assert_eq!(check(&fixture, true).await.findings, []);
    sql(&fixture, statements);
    expected.sort_unstable();
    let report = check(&fixture, false).await;
    assert_eq!(damage(&report), expected, "{statements}\n{:?}", report.findings);
    // Nothing is changed by a look.
    assert_eq!(damage(&check(&fixture, false).await), expected, "{statements}");
    repair(&fixture).await;
    again(&fixture).await;
    let report = check(&fixture, true).await;
    assert_eq!(damage(&report), [], "{statements}\n{:?}", report.findings);
    assert_eq!(report.leftover_count, 0, "{statements}\n{:?}", report.findings);
    for (seed, tag) in [(1, "v1"), (2, "v2")] {
        assert!(super::checking::pull(&fixture, "app", seed).await.unwrap() == large(seed));
        let found = super::fixture::by_tag(tag);
        let got = fixture.registry.batch_get_image(&permit_for("app"), vec![found]).await;
        assert_eq!(got.unwrap().0.len(), 1, "{statements}: {tag}");
    }
}

#[tokio::test]
async fn counters() {
    finds("UPDATE repository SET image_count = 7", vec![ImageCount]).await;
    finds("UPDATE registry_count SET repositories = 0", vec![RepositoryCount]).await;
    finds("DELETE FROM registry_count", vec![RepositoryCount]).await;
    finds("UPDATE image SET tag_count = 9 WHERE tagged = 1", vec![TagCount]).await;
    finds("UPDATE image SET tagged = 0", vec![TagCount]).await;
    finds("UPDATE repository_blob SET image_count = image_count + 1", vec![UseCount]).await;
    finds("UPDATE repository_blob SET active_images = 0", vec![ActiveUseCount]).await;
    finds("UPDATE repository_blob SET active_images = -3", vec![ActiveUseCount]).await;
    finds("UPDATE tag SET status = 'ARCHIVED' WHERE tag = 'v1'", vec![TagStatus]).await;
}

#[tokio::test]
async fn lost_rows_of_blobs() {
    finds("DELETE FROM blob", vec![BlobRowMissing]).await;
    finds("DELETE FROM inline_blob", vec![BlobMissing]).await;
    finds("DELETE FROM repository_blob", vec![LinkMissing]).await;
    let discard = "INSERT INTO discarded_object (object_id, discarded_at) \
                   SELECT object_id, 0 FROM blob";
    finds(discard, vec![DiscardedInUse]).await;
}

#[tokio::test]
async fn lost_rows_of_images() {
    let of_image = vec![DatabaseReference, ImageCount, ActiveUseCount, ChildMissing];
    let layers = "(SELECT image_digest FROM image_blob)";
    finds(&format!("DELETE FROM image WHERE digest IN {layers}"), of_image).await;
    finds("DELETE FROM manifest", vec![ManifestMissing]).await;
    finds("DELETE FROM image_blob", vec![ImageReferences, UseCount, ActiveUseCount]).await;
    finds("DELETE FROM image_child", vec![ImageReferences]).await;
    finds("DELETE FROM tag WHERE tag = 'v2'", vec![TagCount]).await;
    finds("DELETE FROM repository", vec![DatabaseReference, RepositoryCount]).await;
}

#[tokio::test]
async fn changed_bytes_in_rows() {
    let flip = "substr(sealed, 1, length(sealed) - 20) || x'00' || substr(sealed, -19)";
    let sealed = |table: &str| format!("UPDATE {table} SET sealed = CAST({flip} AS BLOB)");
    finds(&sealed("inline_blob"), vec![BlobDamaged]).await;
    finds(&sealed("manifest"), vec![ManifestDamaged]).await;
    finds("UPDATE manifest SET sealed = x''", vec![ManifestDamaged]).await;
    finds("UPDATE blob SET size_bytes = size_bytes + 1", vec![BlobDamaged]).await;
}

#[tokio::test]
async fn a_lost_link_is_not_made_up() {
    let fixture = world().await;
    sql(&fixture, "DELETE FROM repository_blob");
    let report = repair(&fixture).await;
    assert_eq!(damage(&report), [LinkMissing]);
    assert_eq!(report.repaired_count, 0);
    assert!(report.findings[0].what_to_do.contains("does not make links up"));
    assert_eq!(damage(&check(&fixture, false).await), [LinkMissing]);
}

#[tokio::test]
async fn a_push_makes_a_lost_link_count_what_uses_it() {
    let fixture = world().await;
    sql(&fixture, "DELETE FROM repository_blob");
    again(&fixture).await;
    assert_eq!(check(&fixture, false).await.findings, []);
    assert!(super::checking::pull(&fixture, "app", 1).await.unwrap() == large(1));
}

#[tokio::test]
async fn a_damaged_manifest_is_put_aside_and_a_push_of_the_image_brings_it_back() {
    let fixture = world().await;
    sql(&fixture, "UPDATE manifest SET sealed = x'00'");
    assert_eq!(repair(&fixture).await.repaired_count, 3);
    let aside = std::fs::read_dir(fixture.folder.path().join("quarantine")).unwrap().count();
    assert_eq!(aside, 3);
    assert_eq!(damage(&check(&fixture, false).await), [ManifestMissing]);
    // The very image under the very tag, which says nothing new as a rule.
    push(&fixture, "app", 1, "v1").await;
    let image =
        digest_of(super::fixture::manifest_of("{\"seed\":1}".as_bytes(), &large(1)).as_bytes());
    let got = fixture
        .registry
        .batch_get_image(&permit_for("app"), vec![by_digest(&image)])
        .await
        .unwrap();
    assert_eq!(got.0.len(), 1);
    assert_eq!(check(&fixture, false).await.finding_count, 2);
}

#[tokio::test]
async fn a_deleted_image_that_lacks_something_is_found_while_it_could_be_brought_back() {
    let fixture = world().await;
    let keep = "INSERT INTO deleted_image (repository_id, digest, deleted_at, expires_at, cause, \
                tags, media_type, size_bytes, manifest_size_bytes, pushed_at, status, sealed) \
                SELECT i.repository_id, i.digest, 0, 1800000001000, 'test', '', i.media_type, 0, 0, 0, \
                'ACTIVE', m.sealed FROM image i JOIN manifest m \
                ON m.repository_id = i.repository_id AND m.digest = i.digest";
    sql(&fixture, keep);
    assert_eq!(check(&fixture, false).await.findings, []);
    sql(&fixture, "DELETE FROM repository_blob");
    assert_eq!(damage(&check(&fixture, false).await), [LinkMissing, UndoIncomplete]);
    fixture.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(damage(&check(&fixture, false).await), [LinkMissing]);
}

#[tokio::test]
async fn a_blob_nobody_would_collect_is_handed_to_the_collection() {
    let fixture = world().await;
    fixture.layer("app", b"unused").await;
    sql(&fixture, "DELETE FROM repository_blob WHERE image_count = 0");
    let report = check(&fixture, false).await;
    assert_eq!((report.finding_count, report.leftover_count), (0, 1), "{:?}", report.findings);
    repair(&fixture).await;
    assert_eq!(check(&fixture, false).await.findings, []);
}
