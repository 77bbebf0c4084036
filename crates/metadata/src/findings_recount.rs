//! Registries of which all scans are to be counted anew, and how far that has come.

use wharfinger_core::RegistryId;

use crate::value::params;
use crate::{MetadataError, Tx};

/// How far the counting of a registry has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingsRecountRow {
    /// Who has asked for it last.
    pub ask_id: i64,
    /// The repository that is under way; those before it, by name, are done. Empty at the beginning.
    pub repository: String,
    /// Its images up to this digest are done.
    pub digest: String,
}

/// Has the counting of a registry begin, from the beginning if it is under way.
pub async fn begin(tx: &mut Tx, registry: &RegistryId, ask_id: i64) -> Result<(), MetadataError> {
    let sql = "INSERT INTO findings_recount (account_id, region, ask_id, repository, digest) \
               VALUES (?1, ?2, ?3, '', '') ON CONFLICT (account_id, region) DO UPDATE SET \
               ask_id = excluded.ask_id, repository = '', digest = ''";
    tx.execute(sql, params![&registry.account, &registry.region, ask_id]).await.map(|_| ())
}

/// How far it has come; `None` if nobody has asked for it.
pub async fn find(
    tx: &mut Tx,
    registry: &RegistryId,
) -> Result<Option<FindingsRecountRow>, MetadataError> {
    let sql = "SELECT ask_id, repository, digest FROM findings_recount \
               WHERE account_id = ?1 AND region = ?2";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region]).await?;
    row.map(|row| {
        Ok(FindingsRecountRow {
            ask_id: row.integer(0)?,
            repository: row.text(1)?.to_owned(),
            digest: row.text(2)?.to_owned(),
        })
    })
    .transpose()
}

/// Writes how far it has come, unless somebody has asked for it once more; answers whether nobody had.
pub async fn advance(
    tx: &mut Tx,
    registry: &RegistryId,
    row: &FindingsRecountRow,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE findings_recount SET repository = ?4, digest = ?5 \
               WHERE account_id = ?1 AND region = ?2 AND ask_id = ?3";
    let FindingsRecountRow { ask_id, repository, digest } = row;
    let values = params![&registry.account, &registry.region, *ask_id, repository, digest];
    Ok(tx.execute(sql, values).await? == 1)
}

/// Writes that it is done, unless somebody has asked for it once more.
pub async fn end(tx: &mut Tx, registry: &RegistryId, ask_id: i64) -> Result<(), MetadataError> {
    let sql = "DELETE FROM findings_recount WHERE account_id = ?1 AND region = ?2 AND ask_id = ?3";
    tx.execute(sql, params![&registry.account, &registry.region, ask_id]).await.map(|_| ())
}
