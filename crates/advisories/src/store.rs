//! The folder of advisories: the documents of each source, and the databases built of them.
//!
//! ```text
//! current                      what is valid now, as JSON; replaced in one step
//! lock                         held by an import
//! databases/<id>.db            the current database, and the one before
//! sources/<name>-<n>.documents the documents of a source
//! work/                        what an import has not finished
//! ```

mod import;
mod pointer;
mod source_file;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::builder::BuildError;
use crate::{Database, DatabaseError, DatabaseInformation, Document, SourceInformation};
pub use import::{Documents, Import, ImportMode, ImportOptions, SourceChange};
use pointer::Pointer;
pub(crate) use source_file::DocumentReader;

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
    /// Another import holds the folder.
    #[error("another import into {0} is running: try again when it has ended")]
    Busy(PathBuf),
    /// A file of the folder is not what was written.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// What was to be imported cannot be kept.
    #[error("{0}")]
    Refused(String),
    /// What was to be imported could not be read.
    #[error("the advisories could not be read: {0}")]
    Source(Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }

    pub(crate) fn build(path: &Path) -> impl FnOnce(BuildError) -> Self {
        let path = path.to_owned();
        |error| match error {
            BuildError::Io(source) => Self::Io { path, source },
            BuildError::TooLarge(what) => Self::Refused(what),
        }
    }
}

/// The folder of advisories. Many processes may use one: the current database is a file of its own
/// name, and what names it is replaced in one step. All of it blocks: call it where that is allowed.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    opened: Mutex<Option<Opened>>,
}

/// The database that was opened last, and the pointer it was opened by.
#[derive(Debug)]
struct Opened {
    stamp: Stamp,
    database: Arc<Database>,
}

/// What a file that is replaced by renaming changes: inode, length, times.
type Stamp = (u64, u64, i64, i64);

/// How often the pointer is read again when the database it names is gone: two imports have ended
/// between the two looks.
const ATTEMPTS: usize = 5;

impl Store {
    /// The folder `folder`, which need not exist.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), opened: Mutex::new(None) }
    }

    /// The current database; `None` while nothing was imported. Opened again only when another was
    /// built since: one `stat` else.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn current(&self) -> Result<Option<Arc<Database>>, StoreError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        for attempt in 1.. {
            let Some(stamp) = self.stamp()? else {
                *opened = None;
                return Ok(None);
            };
            if let Some(it) = opened.as_ref().filter(|it| it.stamp == stamp) {
                return Ok(Some(Arc::clone(&it.database)));
            }
            let Some(pointer) = Pointer::read(&self.folder)? else { continue };
            let same = opened.as_ref().map(|it| &it.database);
            let same = same.filter(|it| it.information().id == pointer.database).cloned();
            let database = match same {
                Some(database) => Ok(database),
                None => Database::open(&self.database_path(&pointer.database)).map(Arc::new),
            };
            match database {
                Err(error) if is_gone(&error) && attempt < ATTEMPTS => {}
                Err(error) => return Err(error.into()),
                Ok(database) => {
                    *opened = Some(Opened { stamp, database: Arc::clone(&database) });
                    return Ok(Some(database));
                }
            }
        }
        Ok(None)
    }

    /// The database of an id, if it is still there: the one before the current is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn by_id(&self, id: &str) -> Result<Option<Arc<Database>>, StoreError> {
        if id.len() != 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let database = opened.as_ref().map(|it| &it.database);
        if let Some(database) = database.filter(|it| it.information().id == id) {
            return Ok(Some(Arc::clone(database)));
        }
        drop(opened);
        match Database::open(&self.database_path(id)) {
            Ok(database) => Ok(Some(Arc::new(database))),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The sources whose documents are kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sources(&self) -> Result<Vec<SourceInformation>, StoreError> {
        let pointer = Pointer::read(&self.folder)?.unwrap_or_default();
        Ok(pointer.sources.into_iter().map(|source| source.information).collect())
    }

    /// Begins an import: nobody else can until it is committed or dropped.
    ///
    /// # Errors
    /// [`StoreError::Busy`], or another.
    pub fn begin(&self) -> Result<Import, StoreError> {
        Import::begin(&self.folder)
    }

    /// Imports documents and builds a database: [`Self::begin`], [`Import::import`] and
    /// [`Import::commit`] in one.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub fn import<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &self,
        options: &ImportOptions,
        documents: impl IntoIterator<Item = Result<Document, E>>,
    ) -> Result<DatabaseInformation, StoreError> {
        let mut import = self.begin()?;
        import.import(options, documents)?;
        import.commit(options.imported_at)
    }

    /// The documents of a source, ordered by id; none if the source is unknown. They are those of
    /// when this was called, whatever is imported meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn documents(
        &self,
        source: &str,
    ) -> Result<impl Iterator<Item = Result<Document, StoreError>> + use<>, StoreError> {
        let pointer = Pointer::read(&self.folder)?.unwrap_or_default();
        let kept = pointer.sources.into_iter().find(|it| it.information.name == source);
        let path = kept.map(|it| pointer::sources_folder(&self.folder).join(it.file));
        let reader = path.map(|path| DocumentReader::open(&path, source)).transpose()?;
        Ok(reader.into_iter().flatten())
    }

    fn database_path(&self, id: &str) -> PathBuf {
        pointer::database_path(&self.folder, id)
    }

    fn stamp(&self) -> Result<Option<Stamp>, StoreError> {
        let path = pointer::path(&self.folder);
        match fs::metadata(&path) {
            Ok(it) => Ok(Some((it.ino(), it.len(), it.mtime(), it.mtime_nsec()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(&path)(error)),
        }
    }
}

fn is_gone(error: &DatabaseError) -> bool {
    matches!(error, DatabaseError::Io(error) if error.kind() == std::io::ErrorKind::NotFound)
}
