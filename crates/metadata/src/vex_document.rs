//! VEX documents that hold for all images of a registry. Those of one image are its referrers.

use wharfinger_core::{RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Tx};

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexDocumentRow {
    /// Its own id.
    pub document_id: String,
    /// Its bytes, as they came.
    pub content: Vec<u8>,
    /// When it came.
    pub added_at: Timestamp,
}

/// The documents of a registry, in the order of their ids, after one of them.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: &str,
    limit: u32,
) -> Result<Vec<VexDocumentRow>, MetadataError> {
    let sql = "SELECT document_id, content, added_at FROM vex_document \
               WHERE account_id = ?1 AND region = ?2 AND document_id > ?3 \
               ORDER BY document_id LIMIT ?4";
    let values = params![&registry.account, &registry.region, after, limit];
    let rows = tx.query(sql, values).await?;
    let rows = rows.iter().map(|row| {
        Ok(VexDocumentRow {
            document_id: row.text(0)?.to_owned(),
            content: row.bytes(1)?.to_vec(),
            added_at: row.time(2)?,
        })
    });
    rows.collect()
}

/// The registries that have documents, after one of them, in order.
pub async fn registries(
    tx: &mut Tx,
    after: (&str, &str),
    limit: u32,
) -> Result<Vec<RegistryId>, MetadataError> {
    let sql = "SELECT DISTINCT account_id, region FROM vex_document \
               WHERE (account_id, region) > (?1, ?2) ORDER BY account_id, region LIMIT ?3";
    let rows = tx.query(sql, params![after.0, after.1, limit]).await?;
    let rows = rows.iter().map(|row| {
        let registry = RegistryId::stored(row.parsed(0)?, row.text(1)?);
        registry.map_err(|error| MetadataError::BadValue { column: 1, what: error.to_string() })
    });
    rows.collect()
}

/// Adds a document, in place of one of the same id.
pub async fn put(
    tx: &mut Tx,
    registry: &RegistryId,
    document: &VexDocumentRow,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO vex_document (account_id, region, document_id, content, added_at) \
               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, region, document_id) \
               DO UPDATE SET content = excluded.content, added_at = excluded.added_at";
    let VexDocumentRow { document_id, content, added_at } = document;
    let values =
        params![&registry.account, &registry.region, document_id, content.as_slice(), *added_at];
    tx.execute(sql, values).await.map(|_| ())
}

/// Removes a document; answers whether it was there.
pub async fn delete(
    tx: &mut Tx,
    registry: &RegistryId,
    document_id: &str,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM vex_document \
               WHERE account_id = ?1 AND region = ?2 AND document_id = ?3";
    let values = params![&registry.account, &registry.region, document_id];
    Ok(tx.execute(sql, values).await? == 1)
}
