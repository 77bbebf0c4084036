//! Fills the database of a server that does not run with more rows than clients would have patience
//! for. What is measured afterwards are lists, so there are no bytes behind the rows.

pub mod garbage;
pub mod scan;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use anyhow::{Context, Result};
use wharfinger_core::{Digest, EntropyExt, RegistryId, RepositoryName, SeededEntropy, Timestamp};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::scan::{self as scan_row, ScanRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, RepositoryId, Tx, tag};

/// Rows that share a transaction.
const ROWS_PER_TRANSACTION: usize = 2_000;
/// When the first row was made; each later one is a second younger.
const FIRST_SECOND: i64 = 1_700_000_000;
/// Bytes of a manifest, sealed.
const MANIFEST_BYTES: usize = 700;

/// What a repository is filled with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// Of ten images two have no tag, six have one, one has two and one has three; one of five has
    /// been scanned.
    Mixed,
    /// Each image has one tag, [`tag_name`].
    OneTagEach,
}

/// The tag of an image of [`Images::OneTagEach`]: in the order of the numbers.
pub fn tag_name(number: usize) -> String {
    format!("v{number:06}")
}

/// Adds `repositories` empty repositories to the registry, and `images` images to its repository
/// `filled`.
///
/// # Errors
/// If the database cannot be written, or has no such repository.
pub fn rows(
    database: &Path,
    registry: &RegistryId,
    filled: &str,
    repositories: usize,
    (kind, images): (Images, usize),
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let metadata = Metadata::open(database, OpenMode::Existing)?;
    let filled: RepositoryName = filled.parse()?;
    runtime.block_on(async {
        let id = find(&metadata, registry.clone(), filled).await?;
        for from in (0..repositories).step_by(ROWS_PER_TRANSACTION) {
            let to = repositories.min(from + ROWS_PER_TRANSACTION);
            let rows: Result<Vec<_>> =
                (from..to).map(|number| repository_row(registry, number)).collect();
            write(&metadata, rows?, |tx, row| Box::pin(repository::insert(tx, row))).await?;
        }
        for from in (0..images).step_by(ROWS_PER_TRANSACTION) {
            let rows = (from..images.min(from + ROWS_PER_TRANSACTION)).map(|it| (id, kind, it));
            write(&metadata, rows.collect(), |tx, row| Box::pin(insert_image(tx, *row))).await?;
        }
        Ok(())
    })
}

async fn find(
    metadata: &Metadata,
    registry: RegistryId,
    name: RepositoryName,
) -> Result<RepositoryId> {
    let found: Result<_, MetadataError> = metadata
        .read(move |tx| Box::pin(async move { repository::find(tx, &registry, &name).await }))
        .await;
    Ok(found?.context("the repository is not there")?.id)
}

type Insertion<'t> = Pin<Box<dyn Future<Output = Result<(), MetadataError>> + Send + 't>>;

/// Inserts rows in one transaction.
async fn write<T: Send + Sync + 'static>(
    metadata: &Metadata,
    rows: Vec<T>,
    insert: for<'t> fn(&'t mut Tx, &'t T) -> Insertion<'t>,
) -> Result<()> {
    let written: Result<(), MetadataError> = metadata
        .write(move |tx| {
            Box::pin(async move {
                for row in &rows {
                    insert(tx, row).await?;
                }
                Ok(())
            })
        })
        .await;
    Ok(written?)
}

fn repository_row(registry: &RegistryId, number: usize) -> Result<RepositoryRow> {
    let excluding = number.is_multiple_of(4);
    Ok(RepositoryRow {
        id: RepositoryId::new(time(number), &SeededEntropy::new(1)),
        registry: registry.clone(),
        name: format!("team-{:03}/service-{number:06}", number % 200).parse()?,
        created_at: time(number),
        tag_mutability: if excluding { "IMMUTABLE_WITH_EXCLUSION" } else { "MUTABLE" }.into(),
        exclusion_filters: if excluding { r#"["dev-*","latest"]"# } else { "[]" }.into(),
        scan_on_push: number.is_multiple_of(2),
        encryption_type: "AES256".into(),
        kms_key: None,
        key_domain: format!("aes256/{}/{}", registry.account, registry.region),
        image_count: 0,
    })
}

async fn insert_image(
    tx: &mut Tx,
    (repository, kind, number): (RepositoryId, Images, usize),
) -> Result<(), MetadataError> {
    let entropy = SeededEntropy::new(number as u64);
    let digest = Digest::Sha256(entropy.bytes());
    let row = ImageRow {
        digest,
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        artifact_media_type: Some("application/vnd.oci.image.config.v1+json".into()),
        artifact_type: None,
        subject: None,
        size_bytes: 50_000_000,
        manifest_size_bytes: 700,
        pushed_at: time(number),
        tag_count: 0,
        status: ImageStatus::Active,
        archived_at: None,
        activated_at: None,
        last_pulled_at: None,
    };
    image::insert(tx, repository, &row, &[7; MANIFEST_BYTES], &[], &[]).await?;
    if kind == Images::OneTagEach {
        return match tag_name(number).parse() {
            Ok(text) => tag::put(tx, repository, &text, &digest, time(number)).await,
            Err(_) => Ok(()),
        };
    }
    let tags = [format!("v1.{number}"), format!("build-{number}"), format!("{number}-amd64")];
    let count = match number % 10 {
        0 | 1 => 0,
        8 => 2,
        9 => 3,
        _ => 1,
    };
    for text in &tags[..count] {
        let Ok(text) = text.parse() else { continue };
        tag::put(tx, repository, &text, &digest, time(number)).await?;
    }
    if !number.is_multiple_of(5) {
        return Ok(());
    }
    let done = "The scan was completed successfully.";
    let scan = ScanRow::without_findings(digest, "BASIC", "COMPLETE", done, time(number));
    scan_row::put(tx, repository, &scan, None).await
}

fn time(number: usize) -> Timestamp {
    Timestamp::from_seconds(FIRST_SECOND + i64::try_from(number).unwrap_or_default())
}
