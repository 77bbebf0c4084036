//! Sources: files as distributions and databases publish them, read into [`Document`]s.
//!
//! [`find`] says what a file is by its content, [`read`] hands on what it says, document by document:
//! a file is never in memory as a whole, unless its format forces that, and then it is bounded. Files may
//! be packed with gzip or zstd. Errors say where in the file something is wrong.

mod csaf;
mod date;
mod debian;
mod epss;
mod fault;
mod find;
mod format;
mod import;
mod input;
mod json;
mod kev;
mod language;
mod nvd;
mod range;
mod secdb;
mod tar;
#[cfg(test)]
mod tests;
mod trivy;
mod ubuntu;
mod updateinfo;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use wharfinger_core::Timestamp;

use crate::Document;
use fault::{Fault, Outlet};
pub use find::{Found, find};
pub use format::Format;
pub use import::{ImportError, Imported, import};
use input::Input;

/// Why a source could not be read. `E` is of whoever takes the documents.
#[derive(Debug, thiserror::Error)]
pub enum SourceError<E: std::error::Error + 'static> {
    /// The file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {place}{what}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where in it, and `: `: `line 3, column 7: `, an entry of an archive, an advisory. Empty if
        /// it is of the whole.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// Nobody knows what the file is.
    #[error("{path} is none of the sources that are known: {known}", known = Format::known())]
    Unknown {
        /// Which file.
        path: PathBuf,
    },
    /// A document could not be kept.
    #[error("{0}")]
    Sink(E),
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many records were handed on.
    pub record_count: u64,
    /// The newest statement in it, or when it was published; `None` if it does not say.
    pub updated_at: Option<Timestamp>,
}

/// Reads a file that was found, and hands its documents to `sink`.
///
/// # Errors
/// [`SourceError`]. What was handed on before is then of no use.
pub fn read<E: std::error::Error + 'static>(
    path: &Path,
    format: Format,
    sink: &mut dyn FnMut(Document) -> Result<(), E>,
) -> Result<Summary, SourceError<E>> {
    let mut refusal = None;
    let mut take = |document| match sink(document) {
        Ok(()) => true,
        Err(error) => {
            refusal = Some(error);
            false
        }
    };
    let mut outlet = Outlet::new(&mut take);
    let done = open(path)
        .map_err(Fault::from)
        .and_then(|input| format.read(input, &mut outlet))
        .and_then(|()| outlet.finish());
    let (record_count, updated_at) = outlet.summary();
    match (done, refusal) {
        (_, Some(error)) => Err(SourceError::Sink(error)),
        (Err(fault), None) => Err(explain(path, fault)),
        (Ok(()), None) => Ok(Summary { record_count, updated_at }),
    }
}

fn open(path: &Path) -> io::Result<Input<'static>> {
    Input::new(File::open(path)?)
}

fn explain<E: std::error::Error + 'static>(path: &Path, fault: Fault) -> SourceError<E> {
    let path = path.to_owned();
    match fault {
        Fault::Io(source) => SourceError::Io { path, source },
        Fault::Malformed { place, what } => {
            let place = if place.is_empty() { place } else { format!("{place}: ") };
            SourceError::Malformed { path, place, what }
        }
        // Only a sink refuses, and what it said is told instead.
        Fault::Refused => SourceError::Io { path, source: io::ErrorKind::Interrupted.into() },
    }
}
