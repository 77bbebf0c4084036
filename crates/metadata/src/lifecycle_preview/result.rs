//! What previews found: rows in an order that pages walk.

use wharfinger_core::{Digest, Tag, Timestamp};

use crate::image::TagStatus;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// An image that would be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// Its place in the results of its run, from 0.
    pub position: u32,
    /// Its digest.
    pub digest: Digest,
    /// Its tags, in order.
    pub tags: Vec<Tag>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// `STANDARD` or `ARCHIVE`.
    pub storage_class: String,
    /// `EXPIRE` or `TRANSITION`.
    pub action: String,
    /// The priority of the rule that applies.
    pub rule_priority: u32,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT position, digest, tags, pushed_at, storage_class, action, rule_priority \
             FROM lifecycle_preview_result WHERE repository_id = ?1 AND run_id = ?2 ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<ResultRow, MetadataError> {
    let tags = row.text(2)?.split_ascii_whitespace().map(str::parse);
    let tags = tags.collect::<Result<Vec<Tag>, _>>();
    Ok(ResultRow {
        position: number(row, 0)?,
        digest: row.parsed(1)?,
        tags: tags
            .map_err(|error| MetadataError::BadValue { column: 2, what: error.to_string() })?,
        pushed_at: row.time(3)?,
        storage_class: row.text(4)?.to_owned(),
        action: row.text(5)?.to_owned(),
        rule_priority: number(row, 6)?,
    })
}

fn number(row: &Row, column: usize) -> Result<u32, MetadataError> {
    let integer = row.integer(column)?;
    u32::try_from(integer)
        .map_err(|error| MetadataError::BadValue { column, what: error.to_string() })
}

/// Adds results of a run.
pub async fn insert_results(
    tx: &mut Tx,
    repository: RepositoryId,
    run_id: i64,
    results: &[ResultRow],
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO lifecycle_preview_result (repository_id, run_id, position, digest, \
               tags, tagged, pushed_at, storage_class, action, rule_priority) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    for result in results {
        let tags: Vec<&str> = result.tags.iter().map(Tag::as_str).collect();
        let tags = tags.join(" ");
        let values = params![
            repository,
            run_id,
            result.position,
            &result.digest,
            &tags,
            !result.tags.is_empty(),
            result.pushed_at,
            &result.storage_class,
            &result.action,
            result.rule_priority
        ];
        tx.execute(sql, values).await?;
    }
    Ok(())
}

/// The results of a run from a position on, in their order.
pub async fn results(
    tx: &mut Tx,
    repository: RepositoryId,
    run_id: i64,
    tag_status: TagStatus,
    from: u32,
    limit: u32,
) -> Result<Vec<ResultRow>, MetadataError> {
    let any = select!("AND position >= ?3 ORDER BY position LIMIT ?4");
    let tagged = select!("AND tagged = ?5 AND position >= ?3 ORDER BY position LIMIT ?4");
    let rows = match tag_status {
        TagStatus::Any => tx.query(any, params![repository, run_id, from, limit]).await?,
        TagStatus::Tagged | TagStatus::Untagged => {
            let flag = tag_status == TagStatus::Tagged;
            tx.query(tagged, params![repository, run_id, from, limit, flag]).await?
        }
    };
    rows.iter().map(from_row).collect()
}

/// The result of a run for one image.
pub async fn result(
    tx: &mut Tx,
    repository: RepositoryId,
    run_id: i64,
    digest: &Digest,
) -> Result<Option<ResultRow>, MetadataError> {
    let sql = select!("AND digest = ?3");
    let row = tx.query_opt(sql, params![repository, run_id, digest]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Removes results of a repository, at most `limit` and of one run, but none of the run to keep.
/// Answers whether it removed any, and so whether there may be more.
pub async fn discard_results(
    tx: &mut Tx,
    repository: RepositoryId,
    keep_run_id: Option<i64>,
    limit: u32,
) -> Result<bool, MetadataError> {
    // No run has a negative id.
    let keep = keep_run_id.unwrap_or(-1);
    let sql = "SELECT run_id, position FROM lifecycle_preview_result \
               WHERE repository_id = ?1 AND run_id <> ?2 ORDER BY run_id, position LIMIT 1";
    let Some(first) = tx.query_opt(sql, params![repository, keep]).await? else {
        return Ok(false);
    };
    let (run_id, from) = (first.integer(0)?, first.integer(1)?);
    let sql = "DELETE FROM lifecycle_preview_result \
               WHERE repository_id = ?1 AND run_id = ?2 AND position >= ?3 AND position < ?4";
    let to = from.saturating_add(i64::from(limit));
    Ok(tx.execute(sql, params![repository, run_id, from, to]).await? > 0)
}
