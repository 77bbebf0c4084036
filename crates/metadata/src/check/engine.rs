//! Of the check: what the engine itself says of its file, a table at a time, so that no snapshot is
//! long. SQLite's; what another engine has to say stands here too.

use rusqlite::OptionalExtension;

use crate::{Metadata, MetadataError};

/// Rows that refer to rows that are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenReference {
    /// The table they are in.
    pub table: String,
    /// The table they refer to.
    pub referred: String,
    /// How many there are.
    pub rows: u64,
}

/// Faults of the file that are told for each table.
const FAULTS_MAX: u32 = 20;

impl Metadata {
    /// The names of the tables.
    pub async fn tables(&self) -> Result<Vec<String>, MetadataError> {
        self.inspect(|connection| {
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' \
                       AND name NOT LIKE 'sqlite_%' ORDER BY name";
            let mut statement = connection.prepare(sql)?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok(names.collect::<Result<Vec<String>, _>>()?)
        })
        .await
    }

    /// What is wrong with the file as far as a table and its indexes are in it, as the engine says it.
    pub async fn faults(&self, table: &str) -> Result<Vec<String>, MetadataError> {
        let table = quoted(table);
        self.inspect(move |connection| {
            let mut statement =
                connection.prepare(&format!("SELECT * FROM pragma_integrity_check({table})"))?;
            let mut rows = statement.query([])?;
            let mut faults = Vec::new();
            while let Some(row) = rows.next()? {
                let text: String = row.get(0)?;
                if text != "ok" && faults.len() < FAULTS_MAX as usize {
                    faults.push(text);
                }
            }
            Ok(faults)
        })
        .await
    }

    /// The rows of a table that refer to rows that are gone.
    pub async fn broken_references(
        &self,
        table: &str,
    ) -> Result<Vec<BrokenReference>, MetadataError> {
        let (name, table) = (table.to_owned(), quoted(table));
        self.inspect(move |connection| {
            let sql = format!(
                "SELECT \"parent\", COUNT(*) FROM pragma_foreign_key_check({table}) GROUP BY 1"
            );
            let mut statement = connection.prepare(&sql)?;
            let found = statement.query_map([], |row| {
                let rows: i64 = row.get(1)?;
                let (table, referred) = (name.clone(), row.get(0)?);
                Ok(BrokenReference { table, referred, rows: rows.unsigned_abs() })
            })?;
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Removes rows of a table that refer to rows that are gone, up to `limit`; answers how many.
    pub async fn remove_broken(&self, table: &str, limit: u32) -> Result<u64, MetadataError> {
        let table = table.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                let connection = tx.connection();
                let sql = format!(
                    "DELETE FROM {0} WHERE rowid IN \
                     (SELECT rowid FROM pragma_foreign_key_check({1}) LIMIT ?1)",
                    identifier(&table),
                    quoted(&table)
                );
                Ok(connection.execute(&sql, [limit])? as u64)
            })
        })
        .await
    }

    /// The version of the schema in the file.
    pub async fn schema_version(&self) -> Result<i64, MetadataError> {
        self.inspect(|connection| {
            let sql = "SELECT user_version FROM pragma_user_version";
            let version = connection.query_row(sql, [], |row| row.get(0)).optional()?;
            Ok(version.unwrap_or(0))
        })
        .await
    }
}

/// A name as a text of SQL.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// A name as the name of a table.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
