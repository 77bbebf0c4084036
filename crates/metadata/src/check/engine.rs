//! Of the check: what the engine itself says of its file, a table at a time, so that no snapshot is
//! long. SQLite's; what another engine has to say stands here too.

use rusqlite::{Connection, OptionalExtension};

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
const FAULTS_MAX: usize = 20;

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
            let mut faults = Vec::new();
            match each_fault(connection, &table, &mut faults) {
                // What the engine could not even look at.
                Err(error) if is_damage(&error) => faults.push(error.to_string()),
                looked => looked?,
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
            match each_reference(connection, &sql, &name) {
                // That the table cannot be read is a fault of its own.
                Err(error) if is_damage(&error) => Ok(Vec::new()),
                found => Ok(found?),
            }
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

fn each_fault(
    connection: &Connection,
    table: &str,
    faults: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let sql = format!("SELECT * FROM pragma_integrity_check({table})");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if text != "ok" && faults.len() < FAULTS_MAX {
            faults.push(text);
        }
    }
    Ok(())
}

fn each_reference(
    connection: &Connection,
    sql: &str,
    table: &str,
) -> rusqlite::Result<Vec<BrokenReference>> {
    let mut statement = connection.prepare(sql)?;
    let found = statement.query_map([], |row| {
        let rows: i64 = row.get(1)?;
        let (table, referred) = (table.to_owned(), row.get(0)?);
        Ok(BrokenReference { table, referred, rows: rows.unsigned_abs() })
    })?;
    found.collect()
}

/// Whether an error says that the file is damaged.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// A name as a text of SQL.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// A name as the name of a table.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
