//! The handle a transaction body works through.

use std::future::Future;
use std::pin::Pin;

use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::{MetadataError, Row, Value};

/// The future of a transaction body.
pub type BoxFuture<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// An open transaction (or, inside [`Metadata::read`](crate::Metadata::read), a snapshot).
///
/// Its methods are `async` because PostgreSQL's are; on SQLite they finish at once. A transaction
/// body may await nothing else: the SQLite engine runs it to its end on the writer's thread, and a
/// body that waits for something else is abandoned with
/// [`MetadataError::Panicked`].
pub struct Tx {
    connection: rusqlite::Connection,
}

impl Tx {
    pub(crate) fn new(connection: rusqlite::Connection) -> Self {
        Self { connection }
    }

    pub(crate) fn connection(&self) -> &rusqlite::Connection {
        &self.connection
    }

    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<u64, MetadataError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(params))?;
        Ok(changed as u64)
    }

    /// Runs a query and returns all its rows. Every query has a LIMIT or a key.
    pub(crate) async fn query(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Vec<Row>, MetadataError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(owned(row.get_ref(column)?, column)?);
            }
            found.push(Row::new(values));
        }
        Ok(found)
    }

    /// Runs a query that has at most one row to give.
    pub(crate) async fn query_opt(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Option<Row>, MetadataError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }
}

fn owned(value: ValueRef<'_>, column: usize) -> Result<Value<'static>, MetadataError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned().into()),
            Err(_) => {
                return Err(MetadataError::BadValue { column, what: "text is not UTF-8".into() });
            }
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_owned().into()),
        ValueRef::Real(_) => {
            return Err(MetadataError::BadValue { column, what: "a floating number".into() });
        }
    })
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
