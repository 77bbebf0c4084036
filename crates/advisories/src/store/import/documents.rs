//! Documents that are about to be imported.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::document::bytes;
use crate::limits::{DOCUMENT_BYTES_MAX, KEY_BYTES_MAX};
use crate::sorting::{Merged, Sorter};
use crate::store::StoreError;
use crate::{Document, Record};

/// Records that are put into one document where a source has no documents of its own.
const RECORDS_PER_DOCUMENT: usize = 256;

/// A set of documents, in any order. What does not fit into a bounded memory waits in files.
#[derive(Debug)]
pub struct Documents {
    folder: PathBuf,
    sorter: Sorter,
    /// Of each source that gives bare records, how many documents it has, and its next one.
    bare: BTreeMap<String, (u64, Vec<Record>)>,
}

impl Documents {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { sorter: Sorter::new(&folder), folder, bare: BTreeMap::new() }
    }

    /// Adds a document.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it cannot be kept, or another.
    pub fn push(&mut self, document: &Document) -> Result<(), StoreError> {
        let (key, body) = checked(document)?;
        self.sorter.push(key, body).map_err(StoreError::io(&self.folder))
    }

    /// Adds a record of a source that publishes all it has to say as one. It has to be imported with
    /// [`ImportMode::Replace`](super::ImportMode::Replace): such records have no ids by which they
    /// could be updated.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn push_record(&mut self, source: &str, record: Record) -> Result<(), StoreError> {
        let (number, records) = match self.bare.get_mut(source) {
            Some(bare) => bare,
            None => self.bare.entry(source.to_owned()).or_default(),
        };
        records.push(record);
        if records.len() < RECORDS_PER_DOCUMENT {
            return Ok(());
        }
        let document = numbered(source, *number, std::mem::take(records));
        *number += 1;
        self.push(&document)
    }

    pub(super) fn finish(mut self) -> Result<Merged, StoreError> {
        for (source, (number, records)) in std::mem::take(&mut self.bare) {
            self.push(&numbered(&source, number, records))?;
        }
        self.sorter.finish().map_err(StoreError::io(&self.folder))
    }
}

fn numbered(source: &str, number: u64, records: Vec<Record>) -> Document {
    let id = format!("part-{number:010}");
    Document { source: source.to_owned(), id, modified_at: None, records }
}

/// The key and the body of a document that can be kept.
fn checked(document: &Document) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let Document { source, id, .. } = document;
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    let named = source.len() <= 64
        && source.bytes().all(plain)
        && source.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    if !named {
        return Err(StoreError::Refused(format!("{source:?} cannot be the name of a source")));
    }
    let key = [source.as_bytes(), &[0], id.as_bytes()].concat();
    let body = bytes::encode(document);
    if key.len() > KEY_BYTES_MAX || body.len() > DOCUMENT_BYTES_MAX {
        let start: String = id.chars().take(80).collect();
        return Err(StoreError::Refused(format!("the document {start} of {source} is too large")));
    }
    Ok((key, body))
}
