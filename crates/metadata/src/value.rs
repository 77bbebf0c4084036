//! Values that go into and come out of the database, the same for every engine.

use std::borrow::Cow;
use std::str::FromStr;

use wharfinger_core::{
    AccountId, Digest, ObjectId, Region, ReplicationBackfillId, RepositoryName, Tag, Timestamp,
    UploadId,
};

use crate::{MetadataError, RepositoryId};

/// One value: the four types that all engines share. Times are integers (milliseconds), truth is
/// 0 or 1, everything else that has a text form is text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Integer(i64),
    /// TEXT.
    Text(Cow<'a, str>),
    /// BLOB or BYTEA.
    Bytes(Cow<'a, [u8]>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<u64> for Value<'_> {
    /// Sizes and counts. None comes near 2^63; one that did would be stored as 2^63 − 1.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.millis())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a Digest> for Value<'a> {
    fn from(value: &'a Digest) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

macro_rules! by_text {
    ($($type:ty),*) => {
        $(impl<'a> From<&'a $type> for Value<'a> {
            fn from(value: &'a $type) -> Self {
                Self::Text(Cow::Owned(value.to_string()))
            }
        })*
    };
}

by_text!(AccountId, ObjectId, Region, ReplicationBackfillId, RepositoryName, Tag, UploadId);

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of one statement: `params![a, b]` becomes `?1` and `?2`.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::Value::from($value)),*]
    };
}
pub(crate) use params;

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Vec<Value<'static>>);

impl Row {
    pub(crate) fn new(values: Vec<Value<'static>>) -> Self {
        Self(values)
    }

    /// A text column.
    pub fn text(&self, column: usize) -> Result<&str, MetadataError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            other => Err(mismatch(column, "text", other)),
        }
    }

    /// A text column that may be NULL.
    pub fn text_opt(&self, column: usize) -> Result<Option<&str>, MetadataError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// An integer column.
    pub fn integer(&self, column: usize) -> Result<i64, MetadataError> {
        match self.0.get(column) {
            Some(Value::Integer(integer)) => Ok(*integer),
            other => Err(mismatch(column, "an integer", other)),
        }
    }

    /// An integer column that may be NULL.
    pub fn integer_opt(&self, column: usize) -> Result<Option<i64>, MetadataError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.integer(column).map(Some),
        }
    }

    /// An integer column that cannot be negative.
    pub fn unsigned(&self, column: usize) -> Result<u64, MetadataError> {
        let integer = self.integer(column)?;
        u64::try_from(integer)
            .map_err(|_| MetadataError::BadValue { column, what: format!("{integer} is negative") })
    }

    /// A truth column.
    pub fn boolean(&self, column: usize) -> Result<bool, MetadataError> {
        self.integer(column).map(|integer| integer != 0)
    }

    /// A time column.
    pub fn time(&self, column: usize) -> Result<Timestamp, MetadataError> {
        self.integer(column).map(Timestamp::from_millis)
    }

    /// A time column that may be NULL.
    pub fn time_opt(&self, column: usize) -> Result<Option<Timestamp>, MetadataError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.time(column).map(Some),
        }
    }

    /// A bytes column.
    pub fn bytes(&self, column: usize) -> Result<&[u8], MetadataError> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            other => Err(mismatch(column, "bytes", other)),
        }
    }

    /// A bytes column that may be NULL.
    pub fn bytes_opt(&self, column: usize) -> Result<Option<&[u8]>, MetadataError> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.bytes(column).map(Some),
        }
    }

    /// A text column whose text is the form of a `T`.
    pub fn parsed<T: FromStr>(&self, column: usize) -> Result<T, MetadataError>
    where
        T::Err: std::fmt::Display,
    {
        self.text(column)?
            .parse()
            .map_err(|error: T::Err| MetadataError::BadValue { column, what: error.to_string() })
    }

    /// Like [`parsed`](Self::parsed), for a column that may be NULL.
    pub fn parsed_opt<T: FromStr>(&self, column: usize) -> Result<Option<T>, MetadataError>
    where
        T::Err: std::fmt::Display,
    {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.parsed(column).map(Some),
        }
    }

    /// The id of a repository.
    pub fn repository_id(&self, column: usize) -> Result<RepositoryId, MetadataError> {
        self.integer(column).map(RepositoryId)
    }
}

fn mismatch(column: usize, expected: &str, found: Option<&Value<'_>>) -> MetadataError {
    let found = match found {
        None => "no such column",
        Some(Value::Null) => "NULL",
        Some(Value::Integer(_)) => "an integer",
        Some(Value::Text(_)) => "text",
        Some(Value::Bytes(_)) => "bytes",
    };
    MetadataError::BadValue { column, what: format!("expected {expected}, found {found}") }
}
