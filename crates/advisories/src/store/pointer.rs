//! The file that says what is valid now. It is replaced in one step, so that a crash leaves either
//! what was before or what came after.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::SourceInformation;
use crate::limits::POINTER_BYTES_MAX;

/// The version of the folder's format.
const FORMAT: u32 = 1;

/// What is valid now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pointer {
    pub(super) format: u32,
    /// The id of the database.
    pub(super) database: String,
    /// The id of the one before, which is kept.
    pub(super) previous: Option<String>,
    /// The number of the next file of documents.
    pub(super) next_file: u64,
    /// The sources by name.
    pub(super) sources: Vec<KeptSource>,
}

/// A source whose documents are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptSource {
    #[serde(flatten)]
    pub(super) information: SourceInformation,
    /// The file in the folder of sources.
    pub(super) file: String,
    /// How many documents are in it.
    pub(super) document_count: u64,
}

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("current")
}

pub(super) fn databases_folder(folder: &Path) -> PathBuf {
    folder.join("databases")
}

pub(super) fn database_path(folder: &Path, id: &str) -> PathBuf {
    databases_folder(folder).join(format!("{id}.db"))
}

pub(super) fn sources_folder(folder: &Path) -> PathBuf {
    folder.join("sources")
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(StoreError::io(folder))
}

impl Pointer {
    /// The pointer of a folder, if it has one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = path(folder);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io(&path)(error)),
        };
        let mut bytes = Vec::new();
        file.take(POINTER_BYTES_MAX).read_to_end(&mut bytes).map_err(StoreError::io(&path))?;
        let damaged = |what: String| StoreError::Damaged { path: path.clone(), what };
        let pointer: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let plain = |id: &String| id.len() == 64 && id.bytes().all(|it| it.is_ascii_hexdigit());
        let ids = plain(&pointer.database) && pointer.previous.iter().all(plain);
        let files = pointer.sources.iter().all(|it| !it.file.contains('/') && it.file != "..");
        if pointer.format != FORMAT || !ids || !files {
            return Err(damaged("it is of another version, or names what cannot be there".into()));
        }
        Ok(Some(pointer))
    }

    /// Puts this in the place of what was valid.
    pub(super) fn write(&mut self, folder: &Path) -> Result<(), StoreError> {
        self.format = FORMAT;
        let written = folder.join("current.new");
        let json = serde_json::to_vec_pretty(self).map_err(std::io::Error::from);
        let write = |json: Vec<u8>| -> std::io::Result<()> {
            let mut file = File::create(&written)?;
            file.write_all(&json)?;
            file.sync_all()?;
            fs::rename(&written, path(folder))
        };
        json.and_then(write).map_err(StoreError::io(&written))?;
        sync_folder(folder)
    }
}
