//! The statements that may walk more than one would think, and why.

/// Tables with one row for a repository at the most.
pub(super) const ONE_ROW: [&str; 6] = [
    "catalog_data",
    "deleted_repository",
    "lifecycle_policy",
    "lifecycle_preview",
    "repository",
    "repository_policy",
];

/// The beginnings of the statements that are to go along all rows that a repository has in a table:
/// where these are few, or as far as a limit.
pub(super) const ALONG_THE_REPOSITORY: &[&str] = &[
    "DELETE FROM deleted_image WHERE repository_id = ?1 AND digest IN (SELECT",
    "DELETE FROM image WHERE repository_id = ?1 AND digest IN (SELECT",
    "DELETE FROM image_blob WHERE repository_id = ?1 AND (blob_digest, image_digest) IN (SELECT",
    "DELETE FROM image_child WHERE repository_id = ?1 AND (child_digest, parent_digest) IN (SELECT",
    "DELETE FROM inventory WHERE repository_id = ?1 AND digest IN (SELECT",
    "DELETE FROM orphaned_image WHERE repository_id = ?1 AND (digest, event) IN (SELECT",
    "DELETE FROM repository WHERE",
    "DELETE FROM repository_blob WHERE repository_id = ?1 AND digest IN (SELECT",
    "DELETE FROM tag WHERE repository_id = ?1 AND tag IN (SELECT",
    "DELETE FROM tag_history WHERE repository_id = ?1 AND (tag, changed_at, change_id) IN (SELECT",
    "DELETE FROM upload WHERE repository_id = ?1",
    "INSERT INTO discarded_object (object_id, discarded_at) SELECT",
    "INSERT INTO retired_inventory (inventory_id, due_at, package_ids) SELECT",
    "INSERT INTO unlinked_blob (key_domain, digest) SELECT r.key_domain, l.digest FROM",
    "SELECT 1 FROM upload WHERE repository_id = ?1 LIMIT 1 OFFSET",
    "SELECT key, value FROM resource_tag",
    "SELECT repository.repository_id, COALESCE(",
    "SELECT run_id, position FROM lifecycle_preview_result",
    "UPDATE repository SET image_count = (SELECT COUNT(*) FROM image",
];
