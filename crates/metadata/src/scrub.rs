//! Which blobs were not verified for long: along an index that holds the sound ones of each key domain in
//! that order, so that those of a key that is not to be had are in nobody's way.

use wharfinger_core::{Digest, ObjectId, Timestamp};

use crate::check::{CheckedBlob, from_row, select};
use crate::value::params;
use crate::{MetadataError, Tx};

/// How many of the blobs that come after this one there are, up to `limit`; the bytes of them, and the
/// last one (key domain and digest), if there is any.
pub async fn measure_blobs(
    tx: &mut Tx,
    key_domain: &str,
    digest: &str,
    limit: u32,
) -> Result<(u64, u64, Option<(String, String)>), MetadataError> {
    let sql = "SELECT key_domain, digest, size_bytes FROM blob \
               WHERE (key_domain, digest) > (?1, ?2) ORDER BY key_domain, digest LIMIT ?3";
    let rows = tx.query(sql, params![key_domain, digest, limit]).await?;
    let mut bytes = 0_u64;
    for row in &rows {
        bytes = bytes.saturating_add(row.unsigned(2)?);
    }
    let last = rows.last().map(|row| Ok::<_, MetadataError>((row.text(0)?, row.text(1)?)));
    let last = last.transpose()?.map(|(domain, digest)| (domain.to_owned(), digest.to_owned()));
    Ok((rows.len() as u64, bytes, last))
}

/// The first key domain after this one that has blobs.
pub async fn next_domain(tx: &mut Tx, after: &str) -> Result<Option<String>, MetadataError> {
    let sql = "SELECT key_domain FROM blob WHERE key_domain > ?1 ORDER BY key_domain LIMIT 1";
    let row = tx.query_opt(sql, params![after]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The sound blobs of a key domain that were not verified since `before`, longest ago first, from this
/// position (time and digest) on.
pub async fn unverified(
    tx: &mut Tx,
    key_domain: &str,
    before: Timestamp,
    after: (Timestamp, &str),
    limit: u32,
) -> Result<Vec<CheckedBlob>, MetadataError> {
    let sql = select!(
        "WHERE key_domain = ?1 AND damaged_at IS NULL AND verified_at < ?2 \
         AND (verified_at, digest) > (?3, ?4) ORDER BY verified_at, digest LIMIT ?5"
    );
    let (verified_at, digest) = after;
    let values = params![key_domain, before, verified_at, digest, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// When the blob of a key domain was verified whose turn is next, if it has a sound one.
pub async fn verified_longest_ago(
    tx: &mut Tx,
    key_domain: &str,
) -> Result<Option<Timestamp>, MetadataError> {
    let sql = "SELECT verified_at FROM blob WHERE key_domain = ?1 AND damaged_at IS NULL \
               ORDER BY verified_at LIMIT 1";
    let row = tx.query_opt(sql, params![key_domain]).await?;
    row.map(|row| row.time(0)).transpose()
}

/// Notes that all bytes of an object were found to be right, unless the blob has another one by now;
/// one that was held to be damaged is not.
pub async fn mark_verified(
    tx: &mut Tx,
    object_id: &ObjectId,
    key_domain: &str,
    digest: &Digest,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "UPDATE blob SET verified_at = ?4, damaged_at = NULL \
               WHERE key_domain = ?1 AND digest = ?2 AND object_id = ?3";
    tx.execute(sql, params![key_domain, digest, object_id, now]).await.map(|_| ())
}

/// How many blobs are held to be damaged, counted up to `limit`.
pub async fn count_damaged(tx: &mut Tx, limit: u32) -> Result<u64, MetadataError> {
    let sql = "SELECT digest FROM blob WHERE damaged_at IS NOT NULL LIMIT ?1";
    Ok(tx.query(sql, params![limit]).await?.len() as u64)
}
