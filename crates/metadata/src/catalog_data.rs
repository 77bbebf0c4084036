//! What the catalog of ECR Public says of repositories, and their logos.

use wharfinger_core::{Digest, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// What the catalog says of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogDataRow {
    /// A JSON document.
    pub document: String,
    /// The digest of its logo, if it has one.
    pub logo_digest: Option<Digest>,
}

/// A logo as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedLogo {
    /// The key domain it is sealed in.
    pub key_domain: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// What the catalog says of a repository, if it says anything.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
) -> Result<Option<CatalogDataRow>, MetadataError> {
    let sql = "SELECT document, logo_digest FROM catalog_data WHERE repository_id = ?1";
    let row = tx.query_opt(sql, params![repository]).await?;
    row.map(|row| {
        Ok(CatalogDataRow { document: row.text(0)?.to_owned(), logo_digest: row.parsed_opt(1)? })
    })
    .transpose()
}

/// Keeps a document, in place of an older one. The logo stays as it is.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    document: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO catalog_data (repository_id, updated_at, document) \
               VALUES (?1, ?2, ?3) ON CONFLICT (repository_id) \
               DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at";
    tx.execute(sql, params![repository, now, document]).await.map(|_| ())
}

/// Keeps a logo beside the document, in place of an older one; `None` takes it away.
pub async fn put_logo(
    tx: &mut Tx,
    repository: RepositoryId,
    logo: Option<(&Digest, &[u8])>,
) -> Result<(), MetadataError> {
    let sql = "UPDATE catalog_data SET logo_digest = ?2, logo_sealed = ?3 \
               WHERE repository_id = ?1";
    let (digest, sealed) = logo.unzip();
    tx.execute(sql, params![repository, digest, sealed]).await.map(|_| ())
}

/// A logo by its digest, of any repository that still has it.
pub async fn logo(tx: &mut Tx, digest: &Digest) -> Result<Option<SealedLogo>, MetadataError> {
    let sql = "SELECT repository.key_domain, catalog_data.logo_sealed FROM catalog_data \
               JOIN repository ON repository.repository_id = catalog_data.repository_id \
               WHERE catalog_data.logo_digest = ?1 AND repository.account_id <> '' LIMIT 1";
    let row = tx.query_opt(sql, params![digest]).await?;
    row.map(|row| {
        Ok(SealedLogo { key_domain: row.text(0)?.to_owned(), sealed: row.bytes(1)?.to_vec() })
    })
    .transpose()
}
