//! Inventories: what images are made of, and the reverse, which images have a package.
//!
//! An inventory is written in steps, since it may have a hundred thousand packages: each step adds rows
//! of packages under an id of which there is no inventory yet, and notes them for the collection in case
//! the last step never comes.

use wharfinger_core::{Digest, Timestamp};

use crate::package::{self, PackageId};
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// An inventory, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryRow {
    /// The inventory. That of the same image that is read anew has another.
    pub inventory_id: i64,
    /// The repository of the image.
    pub repository: RepositoryId,
    /// The image.
    pub digest: Digest,
    /// The version of what has read its layers.
    pub reader_version: u32,
    /// Its packages, each once, in the order of their identities.
    pub package_ids: Vec<PackageId>,
    /// How many packages it has, counted at each place where they are.
    pub package_count: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT inventory_id, repository_id, digest, reader_version, package_ids, \
             package_count, created_at FROM inventory ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<InventoryRow, MetadataError> {
    let version = row.unsigned(3)?;
    Ok(InventoryRow {
        inventory_id: row.integer(0)?,
        repository: row.repository_id(1)?,
        digest: row.parsed(2)?,
        reader_version: u32::try_from(version).unwrap_or(u32::MAX),
        package_ids: unpacked(row, 4)?,
        package_count: row.unsigned(5)?,
        created_at: row.time(6)?,
    })
}

fn packed(ids: &[PackageId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

fn unpacked(row: &Row, column: usize) -> Result<Vec<PackageId>, MetadataError> {
    let (ids, rest) = row.bytes(column)?.as_chunks::<8>();
    if rest.is_empty() {
        return Ok(ids.iter().map(|id| i64::from_le_bytes(*id)).collect());
    }
    Err(MetadataError::BadValue { column, what: "no list of packages".into() })
}

/// The inventory of an image.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<InventoryRow>, MetadataError> {
    let sql = select!("WHERE repository_id = ?1 AND digest = ?2");
    tx.query_opt(sql, params![repository, digest]).await?.as_ref().map(from_row).transpose()
}

/// The inventory of an id.
pub async fn find_by_id(
    tx: &mut Tx,
    inventory_id: i64,
) -> Result<Option<InventoryRow>, MetadataError> {
    let sql = select!("WHERE inventory_id = ?1");
    tx.query_opt(sql, params![inventory_id]).await?.as_ref().map(from_row).transpose()
}

/// What an inventory says.
pub async fn content(tx: &mut Tx, inventory_id: i64) -> Result<Option<Vec<u8>>, MetadataError> {
    let sql = "SELECT content FROM inventory WHERE inventory_id = ?1";
    let row = tx.query_opt(sql, params![inventory_id]).await?;
    row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// The inventories that have a package, after an id, in order of id. Those whose inventory is gone or
/// not written yet are among them.
pub async fn with_package(
    tx: &mut Tx,
    package: PackageId,
    after: i64,
    limit: u32,
) -> Result<Vec<i64>, MetadataError> {
    let sql = "SELECT inventory_id FROM inventory_package \
               WHERE package_id = ?1 AND inventory_id > ?2 ORDER BY inventory_id LIMIT ?3";
    let rows = tx.query(sql, params![package, after, limit]).await?;
    rows.iter().map(|row| row.integer(0)).collect()
}

/// Says of packages that an inventory has them. `packages` are all so far, those from `new_from` on
/// were not said before. Unless [`put`] follows by `due_at`, they are let go again.
pub async fn add_packages(
    tx: &mut Tx,
    inventory_id: i64,
    packages: &[PackageId],
    new_from: usize,
    due_at: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO retired_inventory (inventory_id, due_at, package_ids) \
               VALUES (?1, ?2, ?3) ON CONFLICT (inventory_id) DO UPDATE SET \
               due_at = excluded.due_at, package_ids = excluded.package_ids";
    tx.execute(sql, params![inventory_id, due_at, &packed(packages)]).await?;
    let sql = "INSERT INTO inventory_package (package_id, inventory_id) VALUES (?1, ?2) \
               ON CONFLICT (package_id, inventory_id) DO NOTHING";
    for package in packages.iter().skip(new_from) {
        tx.execute(sql, params![*package, inventory_id]).await?;
    }
    Ok(())
}

/// Writes an inventory whose packages were all added, in place of an older one of the image; answers
/// whether they are still there.
///
/// # Errors
/// A violated reference when the repository has no such image.
pub async fn put(
    tx: &mut Tx,
    inventory: &InventoryRow,
    content: &[u8],
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM retired_inventory WHERE inventory_id = ?1 AND package_ids = ?2";
    let ids = packed(&inventory.package_ids);
    if tx.execute(sql, params![inventory.inventory_id, &ids]).await? == 0 {
        return Ok(false);
    }
    retire(tx, inventory.repository, &inventory.digest).await?;
    let sql = "DELETE FROM inventory WHERE repository_id = ?1 AND digest = ?2";
    tx.execute(sql, params![inventory.repository, &inventory.digest]).await?;
    let sql = "INSERT INTO inventory (inventory_id, repository_id, digest, reader_version, \
               content, package_ids, package_count, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        inventory.inventory_id,
        inventory.repository,
        &inventory.digest,
        inventory.reader_version,
        content,
        &ids,
        inventory.package_count,
        inventory.created_at
    ];
    tx.execute(sql, values).await.map(|_| true)
}

/// Hands the packages of an image's inventory to [`discard_some`], before the inventory goes.
pub(crate) async fn retire(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO retired_inventory (inventory_id, due_at, package_ids) \
               SELECT inventory_id, created_at, package_ids FROM inventory \
               WHERE repository_id = ?1 AND digest = ?2 ON CONFLICT (inventory_id) DO NOTHING";
    tx.execute(sql, params![repository, digest]).await.map(|_| ())
}

/// Lets go of some packages of inventories that are gone, and of those packages that no other has;
/// answers whether there may be more.
pub async fn discard_some(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<bool, MetadataError> {
    let sql = "SELECT inventory_id, package_ids FROM retired_inventory WHERE due_at <= ?1 \
               ORDER BY due_at, inventory_id LIMIT 1";
    let Some(row) = tx.query_opt(sql, params![now]).await? else { return Ok(false) };
    let (inventory_id, mut ids) = (row.integer(0)?, unpacked(&row, 1)?);
    let posting = "DELETE FROM inventory_package WHERE package_id = ?1 AND inventory_id = ?2";
    for id in ids.split_off(ids.len().saturating_sub(limit as usize)) {
        tx.execute(posting, params![id, inventory_id]).await?;
        package::delete_unused(tx, id).await?;
    }
    if ids.is_empty() {
        let sql = "DELETE FROM retired_inventory WHERE inventory_id = ?1";
        tx.execute(sql, params![inventory_id]).await?;
    } else {
        let sql = "UPDATE retired_inventory SET package_ids = ?2 WHERE inventory_id = ?1";
        tx.execute(sql, params![inventory_id, &packed(&ids)]).await?;
    }
    Ok(true)
}
