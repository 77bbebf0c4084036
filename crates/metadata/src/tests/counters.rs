//! What is counted is what is there: every counter, flag and copied status, whatever was done before.

use proptest::prelude::*;
use wharfinger_core::Tag;

use super::{digest, image_row, now, open, repository_row, write};
use crate::image::ImageStatus;
use crate::repository::RepositoryRow;
use crate::{MetadataError, RepositoryId, Tx, blob, deleted_repository, image, repository, tag};

/// Each counts the rows in which something that is kept differs from what it is derived from. Nobody
/// sees what a deleted repository has left.
const DIFFERENCES: [(&str, &str); 8] = [
    (
        "repository.image_count",
        "SELECT COUNT(*) FROM repository r WHERE account_id <> '' AND image_count <> \
         (SELECT COUNT(*) FROM image i WHERE i.repository_id = r.repository_id)",
    ),
    (
        "registry_count.repositories",
        "SELECT COUNT(*) FROM registry_count c WHERE repositories <> \
         (SELECT COUNT(*) FROM repository r WHERE r.account_id = c.account_id \
          AND r.region = c.region)",
    ),
    (
        "registries that are not counted",
        "SELECT COUNT(*) FROM repository r WHERE account_id <> '' AND NOT EXISTS \
         (SELECT 1 FROM registry_count c WHERE r.account_id = c.account_id \
          AND r.region = c.region)",
    ),
    (
        "image.tag_count",
        "SELECT COUNT(*) FROM image i JOIN repository USING (repository_id) \
         WHERE account_id <> '' AND tag_count <> (SELECT COUNT(*) FROM tag t \
         WHERE t.repository_id = i.repository_id AND t.digest = i.digest)",
    ),
    ("image.tagged", "SELECT COUNT(*) FROM image WHERE tagged <> (tag_count > 0)"),
    (
        "tag.status",
        "SELECT COUNT(*) FROM tag t JOIN image i ON t.repository_id = i.repository_id \
         AND t.digest = i.digest WHERE t.status <> i.status",
    ),
    (
        "repository_blob.active_images",
        "SELECT COUNT(*) FROM repository_blob l JOIN repository USING (repository_id) \
         WHERE account_id <> '' AND active_images <> (SELECT COUNT(*) FROM image_blob b \
         JOIN image i ON i.repository_id = b.repository_id AND i.digest = b.image_digest \
         WHERE b.repository_id = l.repository_id AND b.blob_digest = l.digest \
         AND i.status = 'ACTIVE')",
    ),
    ("references", "SELECT COUNT(*) FROM pragma_foreign_key_check"),
];

/// Recomputes everything that is kept in step.
pub(super) fn check(tx: &Tx) {
    for (what, sql) in DIFFERENCES {
        let differences: i64 = tx.connection().query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(differences, 0, "{what}");
    }
}

/// A change of one of two repositories, of a few images and a few blobs.
#[derive(Clone, Debug)]
enum Change {
    Put { image: u8, blobs: Vec<u8>, children: Vec<u8>, tag: Option<u8> },
    Tag { image: u8, tag: u8 },
    DeleteTag { tag: u8 },
    Delete { image: u8 },
    Archive { image: u8 },
    Activate { image: u8 },
    Link { blob: u8 },
    Replace,
    Keep,
    Restore,
    Purge { limit: u32 },
}

fn change() -> impl Strategy<Value = Change> {
    let (image, blob, tag) = (0..6_u8, 100..105_u8, 0..4_u8);
    let blobs = prop::collection::vec(blob.clone(), 0..4);
    let children = prop::collection::vec(image.clone(), 0..3);
    prop_oneof![
        6 => (image.clone(), blobs, children, prop::option::of(tag.clone()))
            .prop_map(|(image, blobs, children, tag)| Change::Put { image, blobs, children, tag }),
        4 => (image.clone(), tag.clone()).prop_map(|(image, tag)| Change::Tag { image, tag }),
        2 => tag.prop_map(|tag| Change::DeleteTag { tag }),
        3 => image.clone().prop_map(|image| Change::Delete { image }),
        4 => image.clone().prop_map(|image| Change::Archive { image }),
        4 => image.prop_map(|image| Change::Activate { image }),
        2 => blob.prop_map(|blob| Change::Link { blob }),
        1 => Just(Change::Replace),
        1 => Just(Change::Keep),
        2 => Just(Change::Restore),
        1 => (1..4_u32).prop_map(|limit| Change::Purge { limit }),
    ]
}

fn tag_of(number: u8) -> Tag {
    format!("t{number}").parse().unwrap()
}

/// Two repositories, which may be replaced by others of their names.
struct Repositories {
    rows: [RepositoryRow; 2],
    next_id: i64,
}

impl Repositories {
    async fn new(tx: &mut Tx) -> Result<Self, MetadataError> {
        let [mut one, mut other] = [repository_row("app"), repository_row("other")];
        (one.id, other.id) = (RepositoryId(1), RepositoryId(2));
        other.registry.region = "us-east-1".parse().unwrap();
        for row in [&one, &other] {
            repository::insert(tx, row).await?;
        }
        Ok(Self { rows: [one, other], next_id: 3 })
    }

    async fn apply(
        &mut self,
        tx: &mut Tx,
        which: usize,
        change: &Change,
    ) -> Result<(), MetadataError> {
        let id = self.rows[which].id;
        match change {
            Change::Put { image, blobs, children, tag } => {
                self.put(tx, id, *image, blobs, children).await?;
                if let Some(tag) = tag {
                    tag::put(tx, id, &tag_of(*tag), &digest(*image), now()).await?;
                }
            }
            Change::Tag { image, tag } => {
                if image::find(tx, id, &digest(*image)).await?.is_some() {
                    tag::put(tx, id, &tag_of(*tag), &digest(*image), now()).await?;
                }
            }
            Change::DeleteTag { tag } => {
                tag::delete(tx, id, &tag_of(*tag)).await?;
            }
            Change::Delete { image } => {
                image::delete(tx, id, &digest(*image)).await?;
            }
            Change::Archive { image } => {
                image::archive(tx, id, &digest(*image), now()).await?;
            }
            Change::Activate { image } => {
                image::activate(tx, id, &digest(*image), now()).await?;
            }
            Change::Link { blob } => {
                blob::link(tx, id, &digest(*blob), now(), now()).await?;
            }
            Change::Replace => {
                repository::delete(tx, id, now()).await?;
                self.rows[which].id = RepositoryId(self.next_id);
                self.next_id += 1;
                repository::insert(tx, &self.rows[which]).await?;
            }
            Change::Keep => {
                deleted_repository::keep(tx, id, "", now(), now()).await?;
                self.rows[which].id = RepositoryId(self.next_id);
                self.next_id += 1;
                repository::insert(tx, &self.rows[which]).await?;
            }
            Change::Restore => {
                let RepositoryRow { registry, name, .. } = &self.rows[which];
                if let Some(kept) = deleted_repository::find(tx, registry, name, None).await? {
                    repository::delete(tx, id, now()).await?;
                    deleted_repository::restore(tx, kept.id, registry, name).await?;
                    self.rows[which].id = kept.id;
                }
            }
            Change::Purge { limit } => {
                repository::purge(tx, *limit).await?;
            }
        }
        Ok(())
    }

    async fn put(
        &self,
        tx: &mut Tx,
        id: RepositoryId,
        image: u8,
        blobs: &[u8],
        children: &[u8],
    ) -> Result<(), MetadataError> {
        if image::find(tx, id, &digest(image)).await?.is_some() {
            return Ok(());
        }
        let blobs: Vec<_> = blobs.iter().copied().map(digest).collect();
        let children: Vec<_> = children.iter().copied().map(digest).collect();
        for blob in &blobs {
            blob::link(tx, id, blob, now(), now()).await?;
        }
        let mut row = image_row(image, i64::from(image) / 2);
        row.status = match image {
            5 => ImageStatus::Activating,
            4 => ImageStatus::Archived,
            _ => ImageStatus::Active,
        };
        image::insert(tx, id, &row, b"sealed", &blobs, &children).await
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn counters_never_drift(
        changes in prop::collection::vec((0..2_usize, change()), 1..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let metadata = open(&folder);
        let all = write(&metadata, move |tx| {
            Box::pin(async move {
                let mut repositories = Repositories::new(tx).await?;
                for (which, change) in &changes {
                    repositories.apply(tx, *which, change).await?;
                    check(tx);
                }
                while repository::purge(tx, 2).await? {
                    check(tx);
                }
                deleted_repository::expire(tx, now(), 100).await?;
                while repository::purge(tx, 2).await? {
                    check(tx);
                }
                let sql = "SELECT COUNT(*) FROM repository";
                let left: i64 = tx.connection().query_row(sql, [], |row| row.get(0))?;
                assert_eq!(left, 2);
                Ok(())
            })
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let all = runtime.block_on(all);
        prop_assert!(all.is_ok(), "{all:?}");
    }
}
