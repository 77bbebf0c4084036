//! What is under a path into the folder of advisories, whatever it is.

use std::fs::File;
use std::path::{Path, PathBuf};

use wharfinger_core::Timestamp;

use super::{Format, Found, SourceError, find, read};
use crate::bundle::{self, BundleError, BundleReader};
use crate::osv::{OsvError, OsvReader};
use crate::{Import, ImportMode, ImportOptions, SourceChange, StoreError};

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read, or its documents not be kept.
    #[error(transparent)]
    Source(#[from] SourceError<StoreError>),
    /// Records of OSV could not be read.
    #[error(transparent)]
    Osv(#[from] OsvError),
    /// A bundle could not be read.
    #[error("{path}: {source}")]
    Bundle {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: BundleError,
    },
    /// The folder could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What was found.
    pub title: &'static str,
    /// How many documents were read.
    pub document_count: u64,
    /// What they changed, by source.
    pub changes: Vec<SourceChange>,
}

/// Reads what is under `path` into a running import; `told` hears how many documents were read so far.
///
/// # Errors
/// [`ImportError`]; then nothing of it is taken.
pub fn import(
    import: &mut Import,
    path: &Path,
    imported_at: Timestamp,
    told: &mut dyn FnMut(u64),
) -> Result<Imported, ImportError> {
    let found = find(path)?;
    let title = found.title();
    let mut document_count = 0;
    let mut count = || {
        document_count += 1;
        told(document_count);
    };
    let changes = match found {
        Found::Files(format, files) => {
            import_files(import, &files, format, imported_at, &mut count)?
        }
        Found::Osv => {
            let mut documents = import.documents();
            for document in OsvReader::open(path)? {
                documents.push(&document?)?;
                count();
            }
            import.take(&options(ImportMode::Update, imported_at), documents)?
        }
        Found::Bundle => {
            let failed = |source| ImportError::Bundle { path: path.to_owned(), source };
            let file = File::open(path).map_err(|error| failed(error.into()))?;
            let reader = BundleReader::new(file).map_err(failed)?;
            let changes = bundle::import(import, reader, imported_at).map_err(failed)?;
            let told = |it: &SourceChange| it.added + it.changed + it.unchanged;
            document_count = changes.iter().map(told).sum();
            changes
        }
    };
    Ok(Imported { title, document_count, changes })
}

fn options(mode: ImportMode, imported_at: Timestamp) -> ImportOptions {
    ImportOptions { mode, updated_at: None, imported_at, license: None }
}

fn import_files(
    import: &mut Import,
    files: &[PathBuf],
    format: Format,
    imported_at: Timestamp,
    count: &mut dyn FnMut(),
) -> Result<Vec<SourceChange>, ImportError> {
    let mut documents = import.documents();
    let mut updated_at = None;
    for file in files {
        let summary = read(file, format, &mut |document| {
            count();
            documents.push(&document)
        })?;
        updated_at = summary.updated_at.max(updated_at);
    }
    let options = ImportOptions { updated_at, ..options(format.mode(), imported_at) };
    Ok(import.take(&options, documents)?)
}
