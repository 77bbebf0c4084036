//! The schema and its history: numbered files, applied in order, each in a transaction.

use rusqlite::Connection;

use crate::MetadataError;

/// The migrations, oldest first. A released file is never changed; a change is a new file.
///
/// `{bytes}` and `{text}` stand for what the engines call a byte string and a text that sorts by
/// its bytes. A line `{moves kind: table}` stands for the triggers that add to a counter of
/// `change_counter` with each row that is inserted, updated or deleted; `{moves kind: table (columns)}`
/// for the one that does so when one of these columns is updated. A line `{counts column: table (columns)}`
/// stands for the triggers that add to a column of the repository a row belongs to with each row that
/// is inserted or deleted, or gets another value in one of these columns.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migration/0001_foundation.sql"),
    include_str!("migration/0002_registry_settings.sql"),
    include_str!("migration/0003_policies.sql"),
    include_str!("migration/0004_lifecycle.sql"),
    include_str!("migration/0005_scanning_and_replication.sql"),
    include_str!("migration/0006_pull_through_and_templates.sql"),
    include_str!("migration/0007_images.sql"),
    include_str!("migration/0008_public.sql"),
    include_str!("migration/0009_kms.sql"),
    include_str!("migration/0010_small_blobs.sql"),
    include_str!("migration/0011_change_counters.sql"),
    include_str!("migration/0012_upload_credentials.sql"),
    include_str!("migration/0013_iam.sql"),
    include_str!("migration/0014_upkeep.sql"),
    include_str!("migration/0015_tag_changes.sql"),
    include_str!("migration/0016_scanning.sql"),
    include_str!("migration/0017_matching.sql"),
    include_str!("migration/0018_package_names.sql"),
    include_str!("migration/0019_counts.sql"),
];

/// The schema version this program writes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Brings the database to [`SCHEMA_VERSION`].
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), MetadataError> {
    let found = version(connection)?;
    if found > SCHEMA_VERSION {
        return Err(MetadataError::NewerFormat { found, known: SCHEMA_VERSION });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(done) {
        let sql = for_sqlite(migration);
        let transaction = connection.transaction()?;
        transaction.execute_batch(&sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// A migration as SQLite takes it.
pub(crate) fn for_sqlite(migration: &str) -> String {
    let lines = migration.lines().map(|line| {
        let stands_for = |what: &str| {
            line.strip_prefix(what).and_then(|line| line.strip_suffix('}')?.split_once(": "))
        };
        if let Some((kind, table)) = stands_for("{moves ") {
            return triggers(kind, table);
        }
        match stands_for("{counts ") {
            Some((column, table)) => counting_triggers(column, table),
            None => line.replace("{bytes}", "BLOB").replace("{text}", "TEXT"),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The triggers that move the counter `kind` with the rows of a table, or with its columns.
fn triggers(kind: &str, table: &str) -> String {
    let trigger = |table: &str, event: &str, when: &str| {
        format!(
            "CREATE TRIGGER {table}_{event}_moves_{kind} AFTER {when} ON {table} \
             BEGIN UPDATE change_counter SET value = value + 1 WHERE kind = '{kind}'; END;"
        )
    };
    match table.split_once(" (") {
        Some((table, columns)) => {
            let columns = columns.trim_end_matches(')');
            trigger(table, "update", &format!("UPDATE OF {columns}"))
        }
        None => ["insert", "update", "delete"].map(|event| trigger(table, event, event)).join("\n"),
    }
}

/// The triggers that add to `column` of a repository with the rows of a table that belong to it.
fn counting_triggers(column: &str, table: &str) -> String {
    let (table, columns) = table.split_once(" (").unwrap_or((table, ""));
    let columns = columns.trim_end_matches(')');
    let differs: Vec<String> =
        columns.split(", ").map(|column| format!("OLD.{column} IS NOT NEW.{column}")).collect();
    let trigger = |event: &str, when: &str, row: &str| {
        format!(
            "CREATE TRIGGER {table}_{event}_counts_{column} AFTER {when} \
             BEGIN UPDATE repository SET {column} = {column} + 1 \
             WHERE repository_id = {row}.repository_id; END;"
        )
    };
    let update = format!("UPDATE OF {columns} ON {table} WHEN {}", differs.join(" OR "));
    [
        trigger("insert", &format!("INSERT ON {table}"), "NEW"),
        trigger("update", &update, "NEW"),
        trigger("delete", &format!("DELETE ON {table}"), "OLD"),
    ]
    .join("\n")
}

/// Refuses any version but [`SCHEMA_VERSION`].
pub(crate) fn check(connection: &Connection) -> Result<(), MetadataError> {
    match version(connection)? {
        SCHEMA_VERSION => Ok(()),
        found if found > SCHEMA_VERSION => {
            Err(MetadataError::NewerFormat { found, known: SCHEMA_VERSION })
        }
        found => Err(MetadataError::OlderFormat { found, known: SCHEMA_VERSION }),
    }
}

fn version(connection: &Connection) -> Result<i64, MetadataError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a release before storage classes left behind: active images, whose blobs are served.
    #[test]
    fn images_of_older_data_are_active() {
        let mut connection = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..6] {
            connection.execute_batch(&for_sqlite(migration)).unwrap();
        }
        connection.pragma_update(None, "user_version", 6).unwrap();
        let rows = "INSERT INTO repository (repository_id, account_id, region, name, created_at, \
                    tag_mutability, exclusion_filters, scan_on_push, encryption_type, key_domain, \
                    image_count) VALUES (1, 'a', 'r', 'n', 0, 'MUTABLE', '[]', 0, 'AES256', 'd', 2); \
                    INSERT INTO image (repository_id, digest, media_type, size_bytes, \
                    manifest_size_bytes, pushed_at, tag_count, tagged) \
                    VALUES (1, 'i1', 'm', 1, 1, 0, 1, 1), (1, 'i2', 'm', 1, 1, 0, 0, 0); \
                    INSERT INTO tag (repository_id, tag, digest, tagged_at) \
                    VALUES (1, 't', 'i1', 0); \
                    INSERT INTO repository_blob (repository_id, digest, linked_at) \
                    VALUES (1, 'used', 0), (1, 'unused', 0); \
                    INSERT INTO image_blob (repository_id, blob_digest, image_digest) \
                    VALUES (1, 'used', 'i1'), (1, 'used', 'i2');";
        connection.execute_batch(rows).unwrap();
        migrate(&mut connection).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT COUNT(*) FROM image WHERE status = 'ACTIVE'"), 2);
        assert_eq!(count("SELECT COUNT(*) FROM tag WHERE status = 'ACTIVE'"), 1);
        for (digest, active) in [("used", 2), ("unused", 0)] {
            let sql =
                format!("SELECT active_images FROM repository_blob WHERE digest = '{digest}'");
            assert_eq!(count(&sql), active);
        }
    }
}
