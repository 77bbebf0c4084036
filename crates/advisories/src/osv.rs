//! Records in the format of OSV: <https://ossf.github.io/osv-schema/>.
//!
//! A record becomes a [`Document`] of the database it is from, which the beginning of its id tells
//! (`GHSA-…` is of `ghsa`): one database can be replaced alone, however many exports it is in. The
//! exports of osv.dev keep what was withdrawn, so that they are imported with [`ImportMode::Update`].
//!
//! [`ImportMode::Update`]: crate::ImportMode::Update

mod convert;
mod ecosystem;
mod errata;
mod input;
mod schema;
mod source;
mod versions;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wharfinger_package::Ecosystem;

use crate::{Document, Record};
use input::Input;

/// Why OSV records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OsvError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something is not what it should be.
    #[error("{place}: {what}")]
    Malformed {
        /// Where: a file, a line, an entry of an archive.
        place: String,
        /// What is wrong.
        what: String,
    },
}

/// Reads the records of a file or folder as documents, one at a time.
///
/// Of a set of records (an archive, lines, a folder) it is also said which ecosystems it speaks for,
/// at the end; a single record does not speak for an ecosystem.
pub struct OsvReader {
    input: Input,
    covers: Option<BTreeSet<(String, Ecosystem)>>,
    ended: bool,
}

impl OsvReader {
    /// Opens `path`: a `.json` file with one record, lines (`.jsonl`, `.jsonl.zst`), a `.zip` of
    /// `.json` files as osv.dev exports them, or a folder of any of these files. What a file is, its
    /// content tells.
    ///
    /// # Errors
    /// [`OsvError`].
    pub fn open(path: &Path) -> Result<Self, OsvError> {
        let input = Input::open(path)?;
        let covers = input.is_set().then(BTreeSet::new);
        Ok(Self { input, covers, ended: false })
    }

    /// The records of bytes: one, or one on each line.
    ///
    /// # Errors
    /// Of the iterator, [`OsvError::Malformed`].
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self { input: Input::of_bytes(bytes), covers: Some(BTreeSet::new()), ended: false }
    }

    fn convert(&mut self, place: &str, json: &[u8]) -> Result<Document, OsvError> {
        let malformed = |what: String| OsvError::Malformed { place: place.to_owned(), what };
        let record = serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
        let document = convert::document(record).map_err(malformed)?;
        // Packages that are themselves the evil say nothing of the others of their ecosystem.
        let covers = self.covers.as_mut().filter(|_| document.source != source::MALICIOUS);
        if let Some(covers) = covers {
            for record in &document.records {
                if let Record::Affected { ecosystem, .. } = record {
                    let covered = (document.source.clone(), ecosystem.clone());
                    if !covers.contains(&covered) {
                        covers.insert(covered);
                    }
                }
            }
        }
        Ok(document)
    }
}

impl Iterator for OsvReader {
    type Item = Result<Document, OsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.ended {
            let read = self.input.next().transpose();
            let read = read.map(|read| {
                let (place, json) = read?;
                self.convert(&place, &json)
            });
            self.ended = !matches!(read, Some(Ok(_)));
            if read.as_ref().is_some_and(Result::is_err) {
                self.covers = None;
            }
            if read.is_some() {
                return read;
            }
        }
        let (source, ecosystem) = self.covers.as_mut()?.pop_first()?;
        let id = format!("covers:{ecosystem}");
        let records = vec![Record::Covers(ecosystem)];
        Some(Ok(Document { source, id, modified_at: None, records }))
    }
}
