//! Packages, each once for all images that have it, and which images have it.

use wharfinger_core::{Entropy, EntropyExt, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, installation};

/// The id of a package.
pub type PackageId = i64;

/// Under which name the installation keeps the mark of whoever matches its packages anew.
const MATCHING_MARK: &str = "advisories-matching";

/// A package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRow {
    /// The package.
    pub package_id: PackageId,
    /// All that decides what is known of it: canonical JSON.
    pub identity: String,
    /// The database of advisories it was matched with last; none if it never was.
    pub database_id: Option<String>,
}

/// Under which name of which ecosystem (`debian:12`) advisories speak of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageName {
    /// The ecosystem.
    pub ecosystem: String,
    /// The name.
    pub name: String,
}

/// An id for a package or an inventory: the time in its upper bits, so that new rows land next to each
/// other. Those that follow it in a transaction count up from there.
pub fn first_id(now: Timestamp, entropy: &dyn Entropy) -> i64 {
    let low = i64::from(u32::from_le_bytes(entropy.bytes()) & 0x000f_ffff);
    (now.millis() << 20) | low
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT package_id, identity, database_id FROM package ", $rest)
    };
}

fn from_row(row: &Row) -> Result<PackageRow, MetadataError> {
    Ok(PackageRow {
        package_id: row.integer(0)?,
        identity: row.text(1)?.to_owned(),
        database_id: row.text_opt(2)?.map(str::to_owned),
    })
}

/// The package of an identity.
pub async fn find_by_identity(
    tx: &mut Tx,
    identity: &str,
) -> Result<Option<PackageRow>, MetadataError> {
    let sql = select!("WHERE identity = ?1");
    tx.query_opt(sql, params![identity]).await?.as_ref().map(from_row).transpose()
}

/// The package of an id.
pub async fn find(tx: &mut Tx, id: PackageId) -> Result<Option<PackageRow>, MetadataError> {
    let sql = select!("WHERE package_id = ?1");
    tx.query_opt(sql, params![id]).await?.as_ref().map(from_row).transpose()
}

/// The packages that advisories call by a name, after an id, in order of id.
pub async fn named(
    tx: &mut Tx,
    ecosystem: &str,
    name: &str,
    after: PackageId,
    limit: u32,
) -> Result<Vec<PackageRow>, MetadataError> {
    let sql = "SELECT package.package_id, identity, database_id \
               FROM package_name JOIN package ON package.package_id = package_name.package_id \
               WHERE ecosystem = ?1 AND name = ?2 AND package_name.package_id > ?3 \
               ORDER BY package_name.package_id LIMIT ?4";
    let rows = tx.query(sql, params![ecosystem, name, after, limit]).await?;
    rows.iter().map(from_row).collect()
}

/// Packages after an id, in order of id.
pub async fn list(
    tx: &mut Tx,
    after: PackageId,
    limit: u32,
) -> Result<Vec<PackageRow>, MetadataError> {
    let sql = select!("WHERE package_id > ?1 ORDER BY package_id LIMIT ?2");
    tx.query(sql, params![after, limit]).await?.iter().map(from_row).collect()
}

/// Adds a package, with the names by which advisories speak of it.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the id or the identity is there already.
pub async fn insert(
    tx: &mut Tx,
    package: &PackageRow,
    names: &[PackageName],
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO package (package_id, identity, database_id) VALUES (?1, ?2, ?3)";
    let id = package.package_id;
    tx.execute(sql, params![id, &package.identity, package.database_id.as_deref()]).await?;
    for PackageName { ecosystem, name } in names {
        let sql = "INSERT INTO package_name (ecosystem, name, package_id) VALUES (?1, ?2, ?3)";
        tx.execute(sql, params![ecosystem, name, id]).await?;
    }
    Ok(())
}

/// Notes the database of advisories that a package was matched with.
pub async fn mark_matched(
    tx: &mut Tx,
    id: PackageId,
    database_id: &str,
) -> Result<(), MetadataError> {
    let sql = "UPDATE package SET database_id = ?2 WHERE package_id = ?1";
    tx.execute(sql, params![id, database_id]).await.map(|_| ())
}

/// Removes a package that no inventory has, with its vulnerabilities.
pub(crate) async fn delete_unused(tx: &mut Tx, id: PackageId) -> Result<(), MetadataError> {
    let sql = "DELETE FROM package WHERE package_id = ?1 AND NOT EXISTS \
               (SELECT 1 FROM inventory_package p WHERE p.package_id = ?1)";
    tx.execute(sql, params![id]).await.map(|_| ())
}

/// The mark that whoever matched stored packages anew has left before it began. Whoever matches a new
/// package reads it before it opens the advisories, and again in the transaction that adds the package:
/// if it is another, then what it has matched with may be older than what others are matched with.
pub async fn matching_mark(tx: &mut Tx) -> Result<Option<String>, MetadataError> {
    installation::get(tx, MATCHING_MARK).await
}

/// Leaves the mark: the id of the database that packages are matched with from now on.
pub async fn set_matching_mark(tx: &mut Tx, database_id: &str) -> Result<(), MetadataError> {
    installation::put(tx, MATCHING_MARK, database_id).await
}
