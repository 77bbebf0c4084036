//! Lists of images. Each filter walks the index that holds just what it shows.

use wharfinger_core::{Digest, Tag, Timestamp};

use super::{ImageRow, ImageStatus, from_row, select};
use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// Which images a list shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TagStatus {
    /// All of them.
    #[default]
    Any,
    /// Those with at least one tag.
    Tagged,
    /// Those with none.
    Untagged,
}

/// A place in the order of images: by time of push, then by digest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImagePosition {
    /// The time of push of the image last seen.
    pub pushed_at: Timestamp,
    /// Its digest; empty before the first image.
    pub digest: String,
}

/// The images after a position, in order of push. Without a status, those of any.
pub async fn list(
    tx: &mut Tx,
    repository: RepositoryId,
    tag_status: TagStatus,
    status: Option<ImageStatus>,
    after: &ImagePosition,
    limit: u32,
) -> Result<Vec<ImageRow>, MetadataError> {
    let any = select!(
        "FROM image WHERE repository_id = ?1 \
         AND (pushed_at, digest) > (?2, ?3) ORDER BY pushed_at, digest LIMIT ?4"
    );
    let any_of_status = select!(
        "FROM image WHERE repository_id = ?1 AND status = ?5 \
         AND (pushed_at, digest) > (?2, ?3) ORDER BY pushed_at, digest LIMIT ?4"
    );
    let tagged = select!(
        "FROM image WHERE repository_id = ?1 AND tagged = ?5 \
         AND (pushed_at, digest) > (?2, ?3) ORDER BY pushed_at, digest LIMIT ?4"
    );
    let tagged_of_status = select!(
        "FROM image WHERE repository_id = ?1 AND status = ?6 AND tagged = ?5 \
         AND (pushed_at, digest) > (?2, ?3) ORDER BY pushed_at, digest LIMIT ?4"
    );
    let (pushed_at, digest) = (after.pushed_at, after.digest.as_str());
    let flag = match tag_status {
        TagStatus::Any => None,
        TagStatus::Tagged => Some(true),
        TagStatus::Untagged => Some(false),
    };
    let rows = match (flag, status.map(ImageStatus::as_str)) {
        (None, None) => tx.query(any, params![repository, pushed_at, digest, limit]).await?,
        (None, Some(status)) => {
            let values = params![repository, pushed_at, digest, limit, status];
            tx.query(any_of_status, values).await?
        }
        (Some(flag), None) => {
            let values = params![repository, pushed_at, digest, limit, flag];
            tx.query(tagged, values).await?
        }
        (Some(flag), Some(status)) => {
            let values = params![repository, pushed_at, digest, limit, flag, status];
            tx.query(tagged_of_status, values).await?
        }
    };
    rows.iter().map(from_row).collect()
}

/// A query for pairs: of the images for which the literal holds.
macro_rules! select_pairs {
    ($which:literal) => {
        concat!(
            "SELECT i.digest, t.tag, i.pushed_at FROM image i \
             LEFT JOIN tag t ON t.repository_id = i.repository_id AND t.digest = i.digest \
             WHERE i.repository_id = ?1 ",
            $which,
            "AND (i.pushed_at, i.digest) >= (?2, ?3) \
             AND (i.pushed_at > ?2 OR i.digest > ?3 OR t.tag > ?4) \
             ORDER BY i.pushed_at, i.digest, t.tag LIMIT ?5"
        )
    };
}

/// Pairs of image and tag after a position and a tag, in order of push, digest and tag. An image
/// without tags makes one pair without a tag. The third member is the time of push. Without a
/// status, pairs of images of any.
pub async fn list_pairs(
    tx: &mut Tx,
    repository: RepositoryId,
    status: Option<ImageStatus>,
    after: &ImagePosition,
    after_tag: &str,
    limit: u32,
) -> Result<Vec<(Digest, Option<Tag>, Timestamp)>, MetadataError> {
    // The image at the position is looked at once more, for tags of it that did not fit the page.
    let (any, of_status) = (select_pairs!(""), select_pairs!("AND i.status = ?6 "));
    let (pushed_at, digest) = (after.pushed_at, after.digest.as_str());
    let rows = match status.map(ImageStatus::as_str) {
        None => {
            let values = params![repository, pushed_at, digest, after_tag, limit];
            tx.query(any, values).await?
        }
        Some(status) => {
            let values = params![repository, pushed_at, digest, after_tag, limit, status];
            tx.query(of_status, values).await?
        }
    };
    rows.iter().map(|row| Ok((row.parsed(0)?, row.parsed_opt(1)?, row.time(2)?))).collect()
}

/// The images whose subject is `subject` and whose digests come after `after`, in order of digest.
/// Without a status, those of any.
pub async fn referrers(
    tx: &mut Tx,
    repository: RepositoryId,
    subject: &Digest,
    status: Option<ImageStatus>,
    after: &str,
    limit: u32,
) -> Result<Vec<ImageRow>, MetadataError> {
    let any = select!(
        "FROM image WHERE repository_id = ?1 AND subject_digest = ?2 AND digest > ?3 \
         ORDER BY digest LIMIT ?4"
    );
    let of_status = select!(
        "FROM image WHERE repository_id = ?1 AND subject_digest = ?2 AND status = ?5 \
         AND digest > ?3 ORDER BY digest LIMIT ?4"
    );
    let rows = match status.map(ImageStatus::as_str) {
        None => tx.query(any, params![repository, subject, after, limit]).await?,
        Some(status) => {
            tx.query(of_status, params![repository, subject, after, limit, status]).await?
        }
    };
    rows.iter().map(from_row).collect()
}
