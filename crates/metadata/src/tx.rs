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
    /// How the last statement that failed did: why the engine undid a transaction by itself.
    failure: Option<rusqlite::ffi::Error>,
    /// Whether there is work for the workers once this is committed.
    work: bool,
    /// What has been run, for the test that looks at the plans.
    #[cfg(test)]
    pub(crate) seen: std::collections::BTreeSet<&'static str>,
}

impl Tx {
    pub(crate) fn new(connection: rusqlite::Connection) -> Self {
        Self {
            connection,
            failure: None,
            work: false,
            #[cfg(test)]
            seen: std::collections::BTreeSet::new(),
        }
    }

    pub(crate) fn connection(&self) -> &rusqlite::Connection {
        &self.connection
    }

    /// Has the workers of this process woken when this is committed.
    pub(crate) fn note_work(&mut self) {
        self.work = true;
    }

    /// Whether that was asked for since the last call.
    pub(crate) fn take_work(&mut self) -> bool {
        std::mem::take(&mut self.work)
    }

    /// Why the engine undid the transaction by itself.
    pub(crate) fn take_failure(&mut self) -> MetadataError {
        let failure = self.failure.take();
        failure.map_or(rusqlite::Error::InvalidQuery, of_engine).into()
    }

    /// Remembers why a statement failed.
    fn note<T>(&mut self, outcome: Result<T, MetadataError>) -> Result<T, MetadataError> {
        outcome.inspect_err(|error| self.failure = error.engine_code())
    }

    /// A body may not go on when the engine has undone its transaction: from then on each statement
    /// would be committed by itself.
    fn check_open(&self) -> Result<(), MetadataError> {
        if self.connection.is_autocommit() {
            let undone = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
            return Err(of_engine(undone).into());
        }
        Ok(())
    }

    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<u64, MetadataError> {
        #[cfg(test)]
        self.seen.insert(sql);
        self.check_open()?;
        let changed = execute(&self.connection, sql, params);
        self.note(changed)
    }

    /// Runs a query and returns all its rows. Every query has a LIMIT or a key.
    pub(crate) async fn query(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Vec<Row>, MetadataError> {
        #[cfg(test)]
        self.seen.insert(sql);
        self.check_open()?;
        let rows = query(&self.connection, sql, params);
        self.note(rows)
    }

    /// Runs a query and shows `each` the text in the first column of its rows, none of which is kept:
    /// for long lists of names. The query has a LIMIT.
    pub(crate) async fn each_text(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        each: impl FnMut(&str),
    ) -> Result<(), MetadataError> {
        #[cfg(test)]
        self.seen.insert(sql);
        self.check_open()?;
        let walked = each_text(&self.connection, sql, params, each);
        self.note(walked)
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

fn execute(
    connection: &rusqlite::Connection,
    sql: &'static str,
    params: &[Value<'_>],
) -> Result<u64, MetadataError> {
    let mut statement = connection.prepare_cached(sql)?;
    let changed = statement.execute(rusqlite::params_from_iter(params))?;
    Ok(changed as u64)
}

fn query(
    connection: &rusqlite::Connection,
    sql: &'static str,
    params: &[Value<'_>],
) -> Result<Vec<Row>, MetadataError> {
    let mut statement = connection.prepare_cached(sql)?;
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

fn each_text(
    connection: &rusqlite::Connection,
    sql: &'static str,
    params: &[Value<'_>],
    mut each: impl FnMut(&str),
) -> Result<(), MetadataError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        match row.get_ref(0)?.as_str() {
            Ok(text) => each(text),
            Err(error) => {
                return Err(MetadataError::BadValue { column: 0, what: error.to_string() });
            }
        }
    }
    Ok(())
}

fn of_engine(code: rusqlite::ffi::Error) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(code, None)
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
