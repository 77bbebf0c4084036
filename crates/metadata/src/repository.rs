//! Repositories and their settings.

use wharfinger_core::{AccountId, RegistryId, RepositoryName, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx, lifecycle_preview};

/// A repository. Settings are kept as the texts the service model gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryRow {
    /// The row's own id.
    pub id: RepositoryId,
    /// The registry it is in.
    pub registry: RegistryId,
    /// Its name, unique in the registry.
    pub name: RepositoryName,
    /// When it was created.
    pub created_at: Timestamp,
    /// `MUTABLE`, `IMMUTABLE`, `MUTABLE_WITH_EXCLUSION` or `IMMUTABLE_WITH_EXCLUSION`.
    pub tag_mutability: String,
    /// The wildcard filters of the exclusion modes, as a JSON array of strings.
    pub exclusion_filters: String,
    /// Whether an image is to be scanned when it is pushed.
    pub scan_on_push: bool,
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption_type: String,
    /// The ARN of the KMS key, for the KMS types.
    pub kms_key: Option<String>,
    /// The key domain its bytes are sealed in.
    pub key_domain: String,
    /// How many images it holds.
    pub image_count: u64,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT repository_id, account_id, region, name, created_at, tag_mutability, \
             exclusion_filters, scan_on_push, encryption_type, kms_key, key_domain, \
             image_count ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<RepositoryRow, MetadataError> {
    let account: AccountId = row.parsed(1)?;
    Ok(RepositoryRow {
        id: row.repository_id(0)?,
        registry: RegistryId::stored(account, row.text(2)?)
            .map_err(|error| MetadataError::BadValue { column: 2, what: error.to_string() })?,
        name: row.parsed(3)?,
        created_at: row.time(4)?,
        tag_mutability: row.text(5)?.to_owned(),
        exclusion_filters: row.text(6)?.to_owned(),
        scan_on_push: row.boolean(7)?,
        encryption_type: row.text(8)?.to_owned(),
        kms_key: row.text_opt(9)?.map(str::to_owned),
        key_domain: row.text(10)?.to_owned(),
        image_count: row.unsigned(11)?,
    })
}

/// Adds a repository.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the registry has one of that name: of two that are created
/// at once, exactly one is.
pub async fn insert(tx: &mut Tx, repository: &RepositoryRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO repository (repository_id, account_id, region, name, created_at, \
               tag_mutability, exclusion_filters, scan_on_push, encryption_type, kms_key, \
               key_domain, image_count) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let values = params![
        repository.id,
        &repository.registry.account,
        &repository.registry.region,
        &repository.name,
        repository.created_at,
        &repository.tag_mutability,
        &repository.exclusion_filters,
        repository.scan_on_push,
        &repository.encryption_type,
        repository.kms_key.as_ref(),
        &repository.key_domain,
        repository.image_count
    ];
    tx.execute(sql, values).await?;
    count_one_more(tx, &repository.registry).await
}

/// The repository of that name.
pub async fn find(
    tx: &mut Tx,
    registry: &RegistryId,
    name: &RepositoryName,
) -> Result<Option<RepositoryRow>, MetadataError> {
    let sql = select!("FROM repository WHERE account_id = ?1 AND region = ?2 AND name = ?3");
    let values = params![&registry.account, &registry.region, name];
    tx.query_opt(sql, values).await?.as_ref().map(from_row).transpose()
}

/// The repository of that id, unless it was deleted.
pub async fn find_by_id(
    tx: &mut Tx,
    id: RepositoryId,
) -> Result<Option<RepositoryRow>, MetadataError> {
    let sql = select!("FROM repository WHERE repository_id = ?1 AND account_id <> ''");
    tx.query_opt(sql, params![id]).await?.as_ref().map(from_row).transpose()
}

/// The repositories of a registry whose names come after `after`, in order of name.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: &str,
    limit: u32,
) -> Result<Vec<RepositoryRow>, MetadataError> {
    let sql = select!(
        "FROM repository WHERE account_id = ?1 AND region = ?2 AND name > ?3 \
         ORDER BY name LIMIT ?4"
    );
    let values = params![&registry.account, &registry.region, after, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// How many repositories a registry has.
pub async fn count(tx: &mut Tx, registry: &RegistryId) -> Result<u64, MetadataError> {
    let sql = "SELECT repositories FROM registry_count WHERE account_id = ?1 AND region = ?2";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Replaces the tag mutability and its filters together.
pub async fn set_tag_mutability(
    tx: &mut Tx,
    id: RepositoryId,
    tag_mutability: &str,
    exclusion_filters: &str,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository SET tag_mutability = ?2, exclusion_filters = ?3 \
               WHERE repository_id = ?1";
    tx.execute(sql, params![id, tag_mutability, exclusion_filters]).await.map(|_| ())
}

/// Replaces the scan-on-push flag.
pub async fn set_scan_on_push(
    tx: &mut Tx,
    id: RepositoryId,
    scan_on_push: bool,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository SET scan_on_push = ?2 WHERE repository_id = ?1";
    tx.execute(sql, params![id, scan_on_push]).await.map(|_| ())
}

/// Takes a repository out of its registry: nothing finds it any more, and its name is free. The
/// objects of its uploads are discarded in the same transaction; blobs stay for garbage
/// collection, since other repositories may use them.
///
/// Its other rows may be a million, and go by [`purge`], so that nobody waits for them.
pub async fn delete(tx: &mut Tx, id: RepositoryId, now: Timestamp) -> Result<(), MetadataError> {
    take_out(tx, id, "", now).await
}

/// Takes a repository out of its registry, to where [`purge`] finds it (an empty place) or does not.
pub(crate) async fn take_out(
    tx: &mut Tx,
    id: RepositoryId,
    place: &'static str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let uploads = "INSERT INTO discarded_object (object_id, discarded_at) \
                   SELECT object_id, ?2 FROM upload \
                   WHERE repository_id = ?1 AND object_id IS NOT NULL";
    tx.execute(uploads, params![id, now]).await?;
    tx.execute("DELETE FROM upload WHERE repository_id = ?1", params![id]).await?;
    let sql = "UPDATE registry_count SET repositories = repositories - 1 \
               WHERE (account_id, region) = \
               (SELECT account_id, region FROM repository WHERE repository_id = ?1)";
    tx.execute(sql, params![id]).await?;
    // No account has the empty id.
    let sql = "UPDATE repository \
               SET account_id = '', region = ?2, name = CAST(repository_id AS TEXT) \
               WHERE repository_id = ?1";
    tx.execute(sql, params![id, place]).await.map(|_| ())
}

/// Gives a repository that was taken out a name again, in a registry where that is free.
pub(crate) async fn put_back(
    tx: &mut Tx,
    id: RepositoryId,
    registry: &RegistryId,
    name: &RepositoryName,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository SET account_id = ?2, region = ?3, name = ?4 \
               WHERE repository_id = ?1";
    tx.execute(sql, params![id, &registry.account, &registry.region, name]).await?;
    count_one_more(tx, registry).await
}

async fn count_one_more(tx: &mut Tx, registry: &RegistryId) -> Result<(), MetadataError> {
    let sql = "INSERT INTO registry_count (account_id, region, repositories) VALUES (?1, ?2, 1) \
               ON CONFLICT (account_id, region) \
               DO UPDATE SET repositories = registry_count.repositories + 1";
    tx.execute(sql, params![&registry.account, &registry.region]).await.map(|_| ())
}

/// Rows of a few digests that are removed for each image that would be.
const NARROW_ROWS: u32 = 10;

/// Removes rows of a deleted repository: `limit` inventories or images (or deleted ones) or links to blobs or results
/// of previews, or ten times as many tags, changes of tags or references of images, or, once there
/// are none, the repository itself. Answers whether there may be more to remove. One that can still be
/// brought back is left alone.
pub async fn purge(tx: &mut Tx, limit: u32) -> Result<bool, MetadataError> {
    let sql = "SELECT repository_id FROM repository WHERE account_id = '' AND region = '' LIMIT 1";
    let Some(row) = tx.query_opt(sql, &[]).await? else { return Ok(false) };
    let id = row.repository_id(0)?;
    // What hangs on images first: it would go with them, and may be ten thousand rows for each.
    let uses = "DELETE FROM image_blob WHERE repository_id = ?1 AND (blob_digest, image_digest) IN \
                (SELECT blob_digest, image_digest FROM image_blob \
                 WHERE repository_id = ?1 LIMIT ?2)";
    let children = "DELETE FROM image_child \
                    WHERE repository_id = ?1 AND (child_digest, parent_digest) IN \
                    (SELECT child_digest, parent_digest FROM image_child \
                     WHERE repository_id = ?1 LIMIT ?2)";
    let tags = "DELETE FROM tag WHERE repository_id = ?1 AND tag IN \
                (SELECT tag FROM tag WHERE repository_id = ?1 LIMIT ?2)";
    let retired = "INSERT INTO retired_inventory (inventory_id, due_at, package_ids) \
                   SELECT inventory_id, created_at, package_ids FROM inventory \
                   WHERE repository_id = ?1 ORDER BY digest LIMIT ?2 \
                   ON CONFLICT (inventory_id) DO NOTHING";
    let inventories = "DELETE FROM inventory WHERE repository_id = ?1 AND digest IN \
                       (SELECT digest FROM inventory WHERE repository_id = ?1 \
                        ORDER BY digest LIMIT ?2)";
    let images = "DELETE FROM image WHERE repository_id = ?1 AND digest IN \
                  (SELECT digest FROM image WHERE repository_id = ?1 LIMIT ?2)";
    let orphans = "DELETE FROM orphaned_image WHERE repository_id = ?1 AND (digest, event) IN \
                   (SELECT digest, event FROM orphaned_image WHERE repository_id = ?1 LIMIT ?2)";
    let unlinked = "INSERT INTO unlinked_blob (key_domain, digest) \
                    SELECT r.key_domain, l.digest FROM repository r CROSS JOIN repository_blob l \
                    WHERE r.repository_id = ?1 AND l.repository_id = ?1 \
                    ORDER BY l.digest LIMIT ?2 ON CONFLICT (key_domain, digest) DO NOTHING";
    let links = "DELETE FROM repository_blob WHERE repository_id = ?1 AND digest IN \
                 (SELECT digest FROM repository_blob WHERE repository_id = ?1 \
                  ORDER BY digest LIMIT ?2)";
    let history = "DELETE FROM tag_history \
                   WHERE repository_id = ?1 AND (tag, changed_at, change_id) IN \
                   (SELECT tag, changed_at, change_id FROM tag_history \
                    WHERE repository_id = ?1 LIMIT ?2)";
    let deleted = "DELETE FROM deleted_image WHERE repository_id = ?1 AND digest IN \
                   (SELECT digest FROM deleted_image WHERE repository_id = ?1 LIMIT ?2)";
    let narrow = limit.saturating_mul(NARROW_ROWS);
    let steps = [
        (uses, narrow),
        (children, narrow),
        (tags, narrow),
        (history, narrow),
        (images, limit),
        (deleted, limit),
        (orphans, narrow),
    ];
    tx.execute(retired, params![id, limit]).await?;
    if tx.execute(inventories, params![id, limit]).await? > 0 {
        return Ok(true);
    }
    for (sql, limit) in steps {
        if tx.execute(sql, params![id, limit]).await? > 0 {
            return Ok(true);
        }
    }
    tx.execute(unlinked, params![id, limit]).await?;
    if tx.execute(links, params![id, limit]).await? > 0 {
        return Ok(true);
    }
    if lifecycle_preview::discard_results(tx, id, None, limit).await? {
        return Ok(true);
    }
    tx.execute("DELETE FROM repository WHERE repository_id = ?1", params![id]).await?;
    Ok(true)
}
