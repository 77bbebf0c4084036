//! What tags have pointed to: a row for each change of a tag.
//!
//! The row of a change ends with the next change of the tag, and is of use for as long as the undo
//! window reaches back to before its end: so whatever moment in the window one asks about, the row of
//! the change before it is still there. The deletion of a tag ends where it begins: no row says the
//! same.

use wharfinger_core::{Digest, Tag, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// A change of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagChangeRow {
    /// When the tag was changed. Never before the change before it.
    pub changed_at: Timestamp,
    /// Its place among the changes of the tag at one time.
    pub change_id: i64,
    /// What it points to from then on; none if it was deleted.
    pub digest: Option<Digest>,
    /// Who or what changed it.
    pub cause: String,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT changed_at, change_id, digest, cause FROM tag_history ", $rest)
    };
}

fn from_row(row: &Row) -> Result<TagChangeRow, MetadataError> {
    Ok(TagChangeRow {
        changed_at: row.time(0)?,
        change_id: row.integer(1)?,
        digest: row.parsed_opt(2)?,
        cause: row.text(3)?.to_owned(),
    })
}

/// Adds a change after the last one (`last`, of [`last`]), which it ends, and answers it. A clock that
/// went back does not change the order.
pub async fn append(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    last: Option<&TagChangeRow>,
    digest: Option<&Digest>,
    cause: &str,
    now: Timestamp,
) -> Result<TagChangeRow, MetadataError> {
    let (mut changed_at, mut change_id) = (now, 0);
    if let Some(last) = last {
        if last.changed_at >= now {
            (changed_at, change_id) = (last.changed_at, last.change_id + 1);
        }
        let sql = "UPDATE tag_history SET ended_at = ?5 WHERE repository_id = ?1 AND tag = ?2 \
                   AND changed_at = ?3 AND change_id = ?4 AND ended_at IS NULL";
        let values = params![repository, tag, last.changed_at, last.change_id, changed_at];
        tx.execute(sql, values).await?;
    }
    let ended_at = digest.is_none().then_some(changed_at);
    let sql = "INSERT INTO tag_history \
               (repository_id, tag, changed_at, change_id, digest, cause, ended_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = params![repository, tag, changed_at, change_id, digest, cause, ended_at];
    tx.execute(sql, values).await?;
    Ok(TagChangeRow { changed_at, change_id, digest: digest.copied(), cause: cause.to_owned() })
}

/// The last change of a tag.
pub async fn last(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
) -> Result<Option<TagChangeRow>, MetadataError> {
    let sql = select!(
        "WHERE repository_id = ?1 AND tag = ?2 \
         ORDER BY changed_at DESC, change_id DESC LIMIT 1"
    );
    tx.query_opt(sql, params![repository, tag]).await?.as_ref().map(from_row).transpose()
}

/// The last change of a tag up to a moment.
pub async fn at(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    at: Timestamp,
) -> Result<Option<TagChangeRow>, MetadataError> {
    let sql = select!(
        "WHERE repository_id = ?1 AND tag = ?2 AND changed_at <= ?3 \
         ORDER BY changed_at DESC, change_id DESC LIMIT 1"
    );
    tx.query_opt(sql, params![repository, tag, at]).await?.as_ref().map(from_row).transpose()
}

/// The last image that a tag pointed to, apart from `other`.
pub async fn last_other(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    other: Option<&Digest>,
) -> Result<Option<TagChangeRow>, MetadataError> {
    let sql = select!(
        "WHERE repository_id = ?1 AND tag = ?2 AND digest IS NOT NULL AND digest <> ?3 \
         ORDER BY changed_at DESC, change_id DESC LIMIT 1"
    );
    let other = other.map(Digest::to_string).unwrap_or_default();
    tx.query_opt(sql, params![repository, tag, &other]).await?.as_ref().map(from_row).transpose()
}

/// The changes of a tag before one of them (its time and place), the last one first.
pub async fn list(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    before: (Timestamp, i64),
    limit: u32,
) -> Result<Vec<TagChangeRow>, MetadataError> {
    let sql = select!(
        "WHERE repository_id = ?1 AND tag = ?2 AND (changed_at, change_id) < (?3, ?4) \
         ORDER BY changed_at DESC, change_id DESC LIMIT ?5"
    );
    let values = params![repository, tag, before.0, before.1, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// The tags from `first` to before `end` (in order of their bytes) of which changes are known, a few
/// of them.
pub async fn tags_between(
    tx: &mut Tx,
    repository: RepositoryId,
    first: &str,
    end: &str,
) -> Result<Vec<Tag>, MetadataError> {
    let sql = "SELECT DISTINCT tag FROM tag_history \
               WHERE repository_id = ?1 AND tag >= ?2 AND tag < ?3 ORDER BY tag LIMIT 100";
    let rows = tx.query(sql, params![repository, first, end]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// Forgets some of the changes that ended at `before` or earlier; answers how many.
pub async fn expire(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, MetadataError> {
    let sql = "DELETE FROM tag_history WHERE (repository_id, tag, changed_at, change_id) IN \
               (SELECT repository_id, tag, changed_at, change_id FROM tag_history \
                WHERE ended_at <= ?1 ORDER BY ended_at LIMIT ?2)";
    tx.execute(sql, params![before, limit]).await
}
