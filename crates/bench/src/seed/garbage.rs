//! A store full of blobs, some of which nothing uses. Every second blob is a row, as small ones are;
//! the others are files: empty ones for what is used, for nobody reads it here, and of a few bytes for
//! what is garbage.

use std::path::Path;

use anyhow::{Context, Result};
use wharfinger_core::{
    Digest, Entropy, EntropyExt, ObjectId, RegistryId, RepositoryName, SeededEntropy, Timestamp,
};
use wharfinger_metadata::blob::{self, BlobRow};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, RepositoryId, Tx};

/// Blobs of an image.
const BLOBS_PER_IMAGE: usize = 20;
/// Images, or as many blobs as they have, of a transaction.
const IMAGES_PER_TRANSACTION: usize = 200;
/// Bytes of a small blob, sealed, and of a file that is garbage.
const SEALED_BYTES: usize = 700;

/// Which blobs are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blobs {
    /// Those of images.
    Used,
    /// Those that an image used once, and no push relies on any more.
    Garbage,
}

/// Adds `count` blobs to a repository. Those of another `round` are others.
///
/// # Errors
/// If the database or the objects cannot be written, or there is no such repository.
pub fn blobs(
    database: &Path,
    registry: &RegistryId,
    name: &str,
    (kind, round, count): (Blobs, u64, usize),
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let objects = database.parent().context("a database in no folder")?.join("objects");
    let metadata = Metadata::open(database, OpenMode::Existing)?;
    let (registry, name): (_, RepositoryName) = (registry.clone(), name.parse()?);
    runtime.block_on(async {
        let found: Result<_, MetadataError> = metadata
            .read(move |tx| Box::pin(async move { repository::find(tx, &registry, &name).await }))
            .await;
        let repository = found?.context("the repository is not there")?;
        let entropy = SeededEntropy::new(round);
        let step = IMAGES_PER_TRANSACTION * BLOBS_PER_IMAGE;
        for from in (0..count).step_by(step) {
            let rows: Vec<BlobRow> =
                (from..count.min(from + step)).map(|number| row(&entropy, number)).collect();
            for row in rows.iter().filter(|row| !is_small(row)) {
                let object = row.object_id.to_string();
                let bytes = if kind == Blobs::Garbage { SEALED_BYTES } else { 0 };
                std::fs::write(objects.join(&object[..2]).join(&object), vec![7; bytes])?;
            }
            let repository = repository.clone();
            let written: Result<(), MetadataError> = metadata
                .write(move |tx| {
                    Box::pin(async move { insert(tx, &repository, kind, &rows).await })
                })
                .await;
            written?;
        }
        Ok(())
    })
}

fn row(entropy: &dyn Entropy, number: usize) -> BlobRow {
    let size_bytes = if number.is_multiple_of(2) { 500 } else { 500_000 };
    let (digest, object_id) = (Digest::Sha256(entropy.bytes()), ObjectId::random(entropy));
    BlobRow { digest, object_id, size_bytes, damaged_at: None }
}

fn is_small(row: &BlobRow) -> bool {
    row.size_bytes == 500
}

async fn insert(
    tx: &mut Tx,
    repository: &RepositoryRow,
    kind: Blobs,
    rows: &[BlobRow],
) -> Result<(), MetadataError> {
    let long_ago = Timestamp::from_seconds(1_700_000_000);
    for row in rows {
        blob::insert(tx, &repository.key_domain, row, long_ago).await?;
        if is_small(row) {
            blob::insert_inline(tx, &row.object_id, &[7; SEALED_BYTES]).await?;
        }
        blob::link(tx, repository.id, &row.digest, long_ago, long_ago).await?;
    }
    if kind == Blobs::Used {
        for blobs in rows.chunks(BLOBS_PER_IMAGE) {
            insert_image(tx, repository.id, blobs, long_ago).await?;
        }
    }
    Ok(())
}

async fn insert_image(
    tx: &mut Tx,
    repository: RepositoryId,
    rows: &[BlobRow],
    pushed_at: Timestamp,
) -> Result<(), MetadataError> {
    let digests: Vec<Digest> = rows.iter().map(|row| row.digest).collect();
    // An image is called by its first blob here: as good a digest as any other.
    let Some(digest) = digests.first().copied() else { return Ok(()) };
    let row = ImageRow {
        digest,
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        artifact_media_type: None,
        artifact_type: None,
        subject: None,
        size_bytes: rows.iter().map(|row| row.size_bytes).sum(),
        manifest_size_bytes: 700,
        pushed_at,
        tag_count: 0,
        status: ImageStatus::Active,
        archived_at: None,
        activated_at: None,
        last_pulled_at: None,
    };
    image::insert(tx, repository, &row, &[7; SEALED_BYTES], &digests, &[]).await
}
