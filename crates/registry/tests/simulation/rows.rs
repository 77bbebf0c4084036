//! What is left once everything has been quiet for long: rows and objects of what lives, and nothing
//! else. The counts are taken here once more, by other statements than the program's.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use wharfinger_core::ObjectId;

/// Each counts rows that nothing needs, or that say something that is not so.
const SUPERFLUOUS: [(&str, &str); 17] = [
    ("uploads", "SELECT COUNT(*) FROM upload"),
    ("discarded objects", "SELECT COUNT(*) FROM discarded_object"),
    ("blobs that have lost a link", "SELECT COUNT(*) FROM unlinked_blob"),
    ("images left by what held them", "SELECT COUNT(*) FROM orphaned_image"),
    ("deleted images", "SELECT COUNT(*) FROM deleted_image"),
    ("deleted repositories", "SELECT COUNT(*) FROM deleted_repository"),
    ("repositories without a name", "SELECT COUNT(*) FROM repository WHERE account_id = ''"),
    (
        "links that no image uses",
        "SELECT COUNT(*) FROM repository_blob l WHERE NOT EXISTS (SELECT 1 FROM image_blob i \
         WHERE i.repository_id = l.repository_id AND i.blob_digest = l.digest)",
    ),
    (
        "links without a blob",
        "SELECT COUNT(*) FROM repository_blob l JOIN repository r USING (repository_id) \
         WHERE NOT EXISTS (SELECT 1 FROM blob b \
         WHERE b.key_domain = r.key_domain AND b.digest = l.digest)",
    ),
    (
        "uses without a link",
        "SELECT COUNT(*) FROM image_blob i WHERE NOT EXISTS (SELECT 1 FROM repository_blob l \
         WHERE i.repository_id = l.repository_id AND i.blob_digest = l.digest)",
    ),
    (
        "blobs that nothing links",
        "SELECT COUNT(*) FROM blob b WHERE NOT EXISTS (SELECT 1 FROM repository_blob l \
         JOIN repository r USING (repository_id) \
         WHERE b.key_domain = r.key_domain AND b.digest = l.digest)",
    ),
    (
        "small blobs that are none",
        "SELECT COUNT(*) FROM inline_blob WHERE object_id NOT IN (SELECT object_id FROM blob)",
    ),
    (
        "repository_blob.image_count",
        "SELECT COUNT(*) FROM repository_blob l WHERE image_count <> (SELECT COUNT(*) \
         FROM image_blob i WHERE i.repository_id = l.repository_id AND i.blob_digest = l.digest)",
    ),
    (
        "repository_blob.active_images",
        "SELECT COUNT(*) FROM repository_blob l WHERE active_images <> (SELECT COUNT(*) \
         FROM image_blob b JOIN image i ON i.repository_id = b.repository_id \
         AND i.digest = b.image_digest WHERE b.repository_id = l.repository_id \
         AND b.blob_digest = l.digest AND i.status = 'ACTIVE')",
    ),
    (
        "repository.image_count",
        "SELECT COUNT(*) FROM repository r WHERE image_count <> \
         (SELECT COUNT(*) FROM image i WHERE i.repository_id = r.repository_id)",
    ),
    (
        "image.tag_count",
        "SELECT COUNT(*) FROM image i WHERE tag_count <> (SELECT COUNT(*) FROM tag t \
         WHERE t.repository_id = i.repository_id AND t.digest = i.digest)",
    ),
    ("references", "SELECT COUNT(*) FROM pragma_foreign_key_check"),
];

/// What is there and nothing needs, if there is anything.
pub fn superfluous(database: &Path, objects: &[ObjectId]) -> Option<String> {
    let connection = Connection::open(database).unwrap();
    for (what, sql) in SUPERFLUOUS {
        let count: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        if count > 0 {
            return Some(format!("{what}: {count}"));
        }
    }
    let sql = "SELECT object_id FROM blob \
               WHERE object_id NOT IN (SELECT object_id FROM inline_blob)";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let known: BTreeSet<String> = rows.map(Result::unwrap).collect();
    let there: BTreeSet<String> = objects.iter().map(ToString::to_string).collect();
    (known != there).then(|| format!("blobs have the objects {known:?}, and there are {there:?}"))
}
