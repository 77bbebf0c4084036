//! Repositories that were deleted and can be brought back: their rows stay, in no registry, and here
//! stands where they were.

use wharfinger_core::{AccountId, RegistryId, RepositoryName, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx, repository};

/// Where a repository is that was deleted and can be brought back: in the registry of no account,
/// and of this region, apart from those that are to be purged.
const KEPT: &str = "kept";

/// A repository that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedRepositoryRow {
    /// The repository.
    pub id: RepositoryId,
    /// The registry it was in.
    pub registry: RegistryId,
    /// The name it had there.
    pub name: RepositoryName,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Until when it can be brought back.
    pub expires_at: Timestamp,
    /// Who or what deleted it.
    pub cause: String,
    /// The key domain its bytes are sealed in.
    pub key_domain: String,
    /// How many images it holds.
    pub image_count: u64,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.repository_id, d.account_id, d.region, d.name, repository.created_at, d.deleted_at, \
             d.expires_at, d.cause, repository.key_domain, repository.image_count \
             FROM deleted_repository d CROSS JOIN repository \
             WHERE repository.repository_id = d.repository_id \
             AND d.account_id = ?1 AND d.region = ?2 ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<DeletedRepositoryRow, MetadataError> {
    let account: AccountId = row.parsed(1)?;
    Ok(DeletedRepositoryRow {
        id: row.repository_id(0)?,
        registry: RegistryId::stored(account, row.text(2)?)
            .map_err(|error| MetadataError::BadValue { column: 2, what: error.to_string() })?,
        name: row.parsed(3)?,
        created_at: row.time(4)?,
        deleted_at: row.time(5)?,
        expires_at: row.time(6)?,
        cause: row.text(7)?.to_owned(),
        key_domain: row.text(8)?.to_owned(),
        image_count: row.unsigned(9)?,
    })
}

/// Takes a repository out of its registry as [`repository::delete`] does, and keeps all of its rows
/// but those of its uploads.
pub async fn keep(
    tx: &mut Tx,
    id: RepositoryId,
    cause: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO deleted_repository (repository_id, account_id, region, name, \
               deleted_at, expires_at, cause) \
               SELECT repository_id, account_id, region, name, ?2, ?3, ?4 FROM repository \
               WHERE repository_id = ?1";
    tx.execute(sql, params![id, now, expires_at, cause]).await?;
    repository::take_out(tx, id, KEPT, now).await
}

/// The last repository of that name that was deleted; or the first that was deleted after `at`, which
/// is the one that was there then.
pub async fn find(
    tx: &mut Tx,
    registry: &RegistryId,
    name: &RepositoryName,
    at: Option<Timestamp>,
) -> Result<Option<DeletedRepositoryRow>, MetadataError> {
    let last = select!("AND d.name = ?3 ORDER BY d.deleted_at DESC, d.repository_id DESC LIMIT 1");
    let of_then = select!(
        "AND d.name = ?3 AND d.deleted_at > ?4 ORDER BY d.deleted_at, d.repository_id LIMIT 1"
    );
    let (account, region) = (&registry.account, &registry.region);
    let row = match at {
        None => tx.query_opt(last, params![account, region, name]).await?,
        Some(at) => tx.query_opt(of_then, params![account, region, name, at]).await?,
    };
    row.as_ref().map(from_row).transpose()
}

/// The deleted repositories of a registry after a name, a time and an id, in their order.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: (&str, Timestamp, Option<RepositoryId>),
    limit: u32,
) -> Result<Vec<DeletedRepositoryRow>, MetadataError> {
    let sql = select!(
        "AND (d.name, d.deleted_at, d.repository_id) > (?3, ?4, ?5) \
         ORDER BY d.name, d.deleted_at, d.repository_id LIMIT ?6"
    );
    let (name, deleted_at, id) = after;
    let (account, region) = (&registry.account, &registry.region);
    let id = id.unwrap_or(RepositoryId(0));
    let values = params![account, region, name, deleted_at, id, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// Brings a repository back under a name that is free.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the name is taken.
pub async fn restore(
    tx: &mut Tx,
    id: RepositoryId,
    registry: &RegistryId,
    name: &RepositoryName,
) -> Result<(), MetadataError> {
    repository::put_back(tx, id, registry, name).await?;
    tx.execute("DELETE FROM deleted_repository WHERE repository_id = ?1", params![id])
        .await
        .map(|_| ())
}

/// Gives some of the deleted repositories whose time is over to [`repository::purge`]; answers how
/// many.
pub async fn expire(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, MetadataError> {
    let sql = "SELECT repository_id FROM deleted_repository WHERE expires_at <= ?1 \
               ORDER BY expires_at LIMIT ?2";
    let rows = tx.query(sql, params![now, limit]).await?;
    for row in &rows {
        let id = row.repository_id(0)?;
        let sql = "UPDATE repository SET region = '' WHERE repository_id = ?1";
        tx.execute(sql, params![id]).await?;
        let sql = "DELETE FROM deleted_repository WHERE repository_id = ?1";
        tx.execute(sql, params![id]).await?;
    }
    Ok(rows.len() as u64)
}
