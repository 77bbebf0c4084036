//! Image tags: which digest a tag points to.
//!
//! Each change keeps the image's `tag_count` in step, so that lists of tagged and untagged images
//! are walks along an index; and a tag has the status of its image, so that lists of the tags of
//! active images are.

mod names;

use wharfinger_core::{Digest, Tag, Timestamp};

use crate::image::ImageStatus;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

pub use names::TagNames;

/// The digest a tag points to.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
) -> Result<Option<Digest>, MetadataError> {
    let sql = "SELECT digest FROM tag WHERE repository_id = ?1 AND tag = ?2";
    let row = tx.query_opt(sql, params![repository, tag]).await?;
    row.map(|row| row.parsed(0)).transpose()
}

/// The digest a tag points to, and since when.
pub async fn find_with_time(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
) -> Result<Option<(Digest, Timestamp)>, MetadataError> {
    let sql = "SELECT digest, tagged_at FROM tag WHERE repository_id = ?1 AND tag = ?2";
    let row = tx.query_opt(sql, params![repository, tag]).await?;
    row.map(|row| Ok((row.parsed(0)?, row.time(1)?))).transpose()
}

/// Points a tag at an image of the repository, away from another one if need be.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    digest: &Digest,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let previous = find(tx, repository, tag).await?;
    if previous == Some(*digest) {
        return Ok(());
    }
    let sql = "INSERT INTO tag (repository_id, tag, digest, tagged_at, status) \
               VALUES (?1, ?2, ?3, ?4, \
               (SELECT status FROM image WHERE repository_id = ?1 AND digest = ?3)) \
               ON CONFLICT (repository_id, tag) DO UPDATE SET digest = excluded.digest, \
               tagged_at = excluded.tagged_at, status = excluded.status";
    tx.execute(sql, params![repository, tag, digest, now]).await?;
    if let Some(previous) = previous {
        recount(tx, repository, &previous).await?;
    }
    recount(tx, repository, digest).await
}

/// Removes a tag; the image stays. Answers whether there was one.
pub async fn delete(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
) -> Result<bool, MetadataError> {
    let Some(digest) = find(tx, repository, tag).await? else { return Ok(false) };
    let sql = "DELETE FROM tag WHERE repository_id = ?1 AND tag = ?2";
    tx.execute(sql, params![repository, tag]).await?;
    recount(tx, repository, &digest).await?;
    Ok(true)
}

/// The tags of an image, in order.
pub async fn of_image(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Vec<Tag>, MetadataError> {
    let sql = "SELECT tag FROM tag WHERE repository_id = ?1 AND digest = ?2 ORDER BY tag";
    let rows = tx.query(sql, params![repository, digest]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The tags of a repository that come after `after` (in order of their bytes), with their digests.
/// Without a status, those of images of any.
pub async fn list(
    tx: &mut Tx,
    repository: RepositoryId,
    status: Option<ImageStatus>,
    after: &str,
    limit: u32,
) -> Result<Vec<(Tag, Digest)>, MetadataError> {
    let any = "SELECT tag, digest FROM tag WHERE repository_id = ?1 AND tag > ?2 \
               ORDER BY tag LIMIT ?3";
    let of_status = "SELECT tag, digest FROM tag WHERE repository_id = ?1 AND status = ?4 \
                     AND tag > ?2 ORDER BY tag LIMIT ?3";
    let rows = match status.map(ImageStatus::as_str) {
        None => tx.query(any, params![repository, after, limit]).await?,
        Some(status) => tx.query(of_status, params![repository, after, limit, status]).await?,
    };
    rows.iter().map(|row| Ok((row.parsed(0)?, row.parsed(1)?))).collect()
}

/// The names of the tags of images of one status that come after `after`, in order of their bytes.
/// Walks an index that holds nothing else, so that a long list costs what it says.
pub async fn names(
    tx: &mut Tx,
    repository: RepositoryId,
    status: ImageStatus,
    after: &str,
    limit: u32,
) -> Result<TagNames, MetadataError> {
    let sql = "SELECT tag FROM tag WHERE repository_id = ?1 AND status = ?4 AND tag > ?2 \
               ORDER BY tag LIMIT ?3";
    let mut names = TagNames::default();
    let values = params![repository, after, limit, status.as_str()];
    tx.each_text(sql, values, |name| names.push(name)).await?;
    Ok(names)
}

/// How often the names of the repository's tags, or the status of one of them, have changed: as long
/// as that is the same, [`names`] answers the same. Triggers count, so that no statement can forget it.
pub async fn changes(tx: &mut Tx, repository: RepositoryId) -> Result<u64, MetadataError> {
    let sql = "SELECT tag_changes FROM repository WHERE repository_id = ?1";
    let row = tx.query_opt(sql, params![repository]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Like [`list`], with the time each tag was pointed to its image.
pub async fn list_with_times(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
    limit: u32,
) -> Result<Vec<(Tag, Digest, Timestamp)>, MetadataError> {
    let sql = "SELECT tag, digest, tagged_at FROM tag WHERE repository_id = ?1 AND tag > ?2 \
               ORDER BY tag LIMIT ?3";
    let rows = tx.query(sql, params![repository, after, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.parsed(1)?, row.time(2)?))).collect()
}

/// Gives the tags of an image the status it has now.
pub(crate) async fn set_status(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    status: ImageStatus,
) -> Result<(), MetadataError> {
    let sql = "UPDATE tag SET status = ?3 WHERE repository_id = ?1 AND digest = ?2";
    tx.execute(sql, params![repository, digest, status.as_str()]).await.map(|_| ())
}

pub(crate) async fn recount(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<(), MetadataError> {
    let sql = "SELECT COUNT(*) FROM tag WHERE repository_id = ?1 AND digest = ?2";
    let count = match tx.query_opt(sql, params![repository, digest]).await? {
        Some(row) => row.unsigned(0)?,
        None => 0,
    };
    let sql =
        "UPDATE image SET tag_count = ?3, tagged = ?4 WHERE repository_id = ?1 AND digest = ?2";
    tx.execute(sql, params![repository, digest, count, count > 0]).await.map(|_| ())
}
