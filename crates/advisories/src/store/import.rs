//! An import: documents are sorted, merged with those that are kept, and a database is built of all.
//!
//! Whatever happens before [`Import::commit`] has replaced the pointer, what was valid stays valid;
//! what was written for nothing is removed by the next import.

mod documents;
mod merge;

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use wharfinger_core::Timestamp;

use super::pointer::{self, KeptSource, Pointer, sync_folder};
use super::source_file::DocumentReader;
use super::{Store, StoreError};
use crate::builder::Builder;
use crate::format::hex;
use crate::limits::SOURCES_MAX;
use crate::{DatabaseInformation, Document, SourceInformation, known_source};
pub use documents::Documents;
use merge::Groups;

/// What becomes of the documents that a source has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// What is imported is all of each source that occurs in it.
    Replace,
    /// Documents replace those of the same source and id, unless they are older; others stay.
    Update,
}

/// How documents are imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    /// What becomes of what is there.
    pub mode: ImportMode,
    /// When the sources were published; if not given, when their newest document was changed.
    pub updated_at: Option<Timestamp>,
    /// Now.
    pub imported_at: Timestamp,
    /// The licence of the sources; if not given, that of the [known](known_source) source.
    pub license: Option<String>,
}

/// What an import came to, for one source. Numbers of documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceChange {
    /// The source.
    pub source: String,
    /// That were not there.
    pub added: u64,
    /// That say something else, or were changed at another time.
    pub changed: u64,
    /// That are not there any more.
    pub removed: u64,
    /// That are as they were, or newer than those imported.
    pub unchanged: u64,
}

/// A running import. It holds the lock of its folder until it is dropped.
#[derive(Debug)]
pub struct Import {
    folder: PathBuf,
    pointer: Pointer,
    _lock: File,
}

impl Import {
    pub(super) fn begin(folder: &Path) -> Result<Self, StoreError> {
        let work = work_folder(folder);
        for folder in [&pointer::sources_folder(folder), &pointer::databases_folder(folder), &work]
        {
            fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
        }
        let lock = lock(folder)?;
        let pointer = Pointer::read(folder)?;
        let import =
            Self { folder: folder.to_owned(), pointer: pointer.unwrap_or_default(), _lock: lock };
        import.sweep()?;
        Ok(import)
    }

    /// An empty set of documents, to be filled one by one and then [taken](Self::take).
    pub fn documents(&self) -> Documents {
        Documents::new(work_folder(&self.folder))
    }

    /// Takes documents. On an error, those of this call are not taken.
    ///
    /// # Errors
    /// [`StoreError::Source`] if `documents` has an error; [`StoreError::Refused`] if one cannot be
    /// kept; or another.
    pub fn import<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &mut self,
        options: &ImportOptions,
        documents: impl IntoIterator<Item = Result<Document, E>>,
    ) -> Result<Vec<SourceChange>, StoreError> {
        let mut taken = self.documents();
        for document in documents {
            taken.push(&document.map_err(|error| StoreError::Source(error.into()))?)?;
        }
        self.take(options, taken)
    }

    /// Takes a set of documents, all or none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take(
        &mut self,
        options: &ImportOptions,
        documents: Documents,
    ) -> Result<Vec<SourceChange>, StoreError> {
        let work = work_folder(&self.folder);
        let sorted = documents.finish()?;
        let mut groups = Groups::new(sorted, &work)?;
        let mut pointer = self.pointer.clone();
        let mut changes = Vec::new();
        while let Some(source) = groups.source().map(str::to_owned) {
            changes.push(self.import_source(&mut pointer, &source, options, &mut groups)?);
        }
        self.pointer = pointer;
        Ok(changes)
    }

    fn import_source(
        &self,
        pointer: &mut Pointer,
        source: &str,
        options: &ImportOptions,
        groups: &mut Groups,
    ) -> Result<SourceChange, StoreError> {
        let folder = pointer::sources_folder(&self.folder);
        let file = format!("{source}-{}.documents", pointer.next_file);
        pointer.next_file = pointer.next_file.saturating_add(1);
        let old = pointer.sources.iter().position(|it| it.information.name == source);
        let old = old.map(|place| pointer.sources.remove(place));
        let reader = old.as_ref().map(|it| DocumentReader::open(&folder.join(&it.file), source));
        let written =
            merge::write(&folder.join(&file), source, groups, reader.transpose()?, options.mode)?;
        let before = old.as_ref().map(|it| it.information.updated_at);
        let before = before.filter(|_| options.mode == ImportMode::Update);
        let updated_at = options.updated_at.or(written.newest).max(before);
        let known = known_source(source).map(|it| it.license.to_owned());
        let kept = old.map(|it| it.information.license);
        let information = SourceInformation {
            name: source.to_owned(),
            updated_at: updated_at.unwrap_or(options.imported_at),
            imported_at: options.imported_at,
            record_count: written.record_count,
            license: options.license.clone().or(known).or(kept).unwrap_or_default(),
        };
        let kept = KeptSource { information, file, document_count: written.document_count };
        let place = pointer.sources.partition_point(|it| *it.information.name < *source);
        pointer.sources.insert(place, kept);
        if pointer.sources.len() > SOURCES_MAX {
            return Err(StoreError::Refused(format!("there are more than {SOURCES_MAX} sources")));
        }
        Ok(written.change)
    }

    /// Forgets a source; whether it was there.
    pub fn remove_source(&mut self, source: &str) -> bool {
        let before = self.pointer.sources.len();
        self.pointer.sources.retain(|it| it.information.name != source);
        self.pointer.sources.len() < before
    }

    /// Takes over when a source was published and imported, and its licence, from where it was kept
    /// before: what was carried about for a week is a week old.
    pub(crate) fn describe(&mut self, told: &SourceInformation) {
        let sources = self.pointer.sources.iter_mut().map(|it| &mut it.information);
        for information in sources.filter(|it| it.name == told.name) {
            information.updated_at = told.updated_at;
            information.imported_at = information.imported_at.min(told.imported_at);
            information.license.clone_from(&told.license);
        }
    }

    /// The sources as they will be.
    pub fn sources(&self) -> impl Iterator<Item = &SourceInformation> {
        self.pointer.sources.iter().map(|it| &it.information)
    }

    /// Builds the database of all sources and makes it the current one; keeps the one before.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub fn commit(mut self, built_at: Timestamp) -> Result<DatabaseInformation, StoreError> {
        let work = work_folder(&self.folder);
        let built = work.join("database");
        let mut builder = Builder::new(&work);
        for kept in &self.pointer.sources {
            let path = pointer::sources_folder(&self.folder).join(&kept.file);
            for document in DocumentReader::open(&path, &kept.information.name)? {
                for record in document?.records {
                    let added = builder.add(&kept.information.name, record);
                    added.map_err(StoreError::build(&work))?;
                }
            }
        }
        let sources = self.sources().cloned().collect();
        let id = builder.finish(&built, built_at, sources).map_err(StoreError::build(&built))?;
        let id = hex(&id);
        let place = pointer::database_path(&self.folder, &id);
        fs::rename(&built, &place).map_err(StoreError::io(&place))?;
        sync_folder(&pointer::databases_folder(&self.folder))?;
        sync_folder(&pointer::sources_folder(&self.folder))?;
        let before = std::mem::replace(&mut self.pointer.database, id.clone());
        if !before.is_empty() && before != id {
            self.pointer.previous = Some(before);
        }
        self.pointer.write(&self.folder)?;
        self.sweep()?;
        let database = Store::new(&self.folder).by_id(&id)?;
        let database = database.ok_or(crate::DatabaseError::Damaged("it is gone"))?;
        Ok(database.information().clone())
    }

    /// Removes what is not named by the pointer.
    fn sweep(&self) -> Result<(), StoreError> {
        let on_disk = Pointer::read(&self.folder)?.unwrap_or_default();
        let databases = std::iter::once(&on_disk.database).chain(&on_disk.previous);
        let databases = databases.map(|id| format!("{id}.db")).collect();
        remove_others(&pointer::databases_folder(&self.folder), &databases)?;
        let files = on_disk.sources.into_iter().map(|it| it.file).collect();
        remove_others(&pointer::sources_folder(&self.folder), &files)?;
        remove_others(&work_folder(&self.folder), &BTreeSet::new())
    }
}

fn work_folder(folder: &Path) -> PathBuf {
    folder.join("work")
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(StoreError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::io(&path)(error)),
    }
}

fn remove_others(folder: &Path, kept: &BTreeSet<String>) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(StoreError::io(folder))? {
        let entry = entry.map_err(StoreError::io(folder))?;
        if entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
            continue;
        }
        match fs::remove_file(entry.path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io(&entry.path())(error));
            }
            _ => {}
        }
    }
    Ok(())
}
