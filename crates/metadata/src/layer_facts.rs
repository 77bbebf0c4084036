//! What was read out of layers: kept by blob, so that a layer that many images have is read once.

use wharfinger_core::Digest;

use crate::value::params;
use crate::{MetadataError, Tx};

/// What a reader of this version has read out of a blob of a key domain; `None` if none has.
pub async fn find(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
    reader_version: u32,
) -> Result<Option<Vec<u8>>, MetadataError> {
    let sql = "SELECT content FROM layer_facts \
               WHERE key_domain = ?1 AND digest = ?2 AND reader_version = ?3";
    let row = tx.query_opt(sql, params![key_domain, digest, reader_version]).await?;
    row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// Keeps what was read out of a blob, in place of what another version has read; answers whether the
/// blob is still there. It goes with the blob.
pub async fn put(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
    reader_version: u32,
    content: &[u8],
) -> Result<bool, MetadataError> {
    let sql = "INSERT INTO layer_facts (key_domain, digest, reader_version, content) \
               SELECT key_domain, digest, ?3, ?4 FROM blob WHERE key_domain = ?1 AND digest = ?2 \
               ON CONFLICT (key_domain, digest) DO UPDATE SET \
               reader_version = excluded.reader_version, content = excluded.content";
    Ok(tx.execute(sql, params![key_domain, digest, reader_version, content]).await? > 0)
}
