//! The directory of the archive, if it has one of its own, and the file in it that says whose it is:
//! a folder that nothing is mounted on looks like an empty archive, and must not be taken for one.

use std::path::{Path, PathBuf};

use super::{DataDir, DataDirError, read_opt, write_private};

/// A directory for the archive, which may not be there yet.
#[derive(Clone, Debug)]
pub(crate) struct ArchiveDir {
    path: PathBuf,
}

impl ArchiveDir {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The file that says which archive this is.
    pub(crate) fn marker_file(&self) -> PathBuf {
        self.path.join("wharfinger-archive")
    }

    /// The id of the archive that is here, if there is one.
    pub(crate) fn id(&self) -> Result<Option<String>, DataDirError> {
        Ok(read_opt(&self.marker_file())?.map(|text| text.trim().to_owned()))
    }

    /// Makes the directory, for its owner alone, and the archive of this id in it.
    pub(crate) fn create(&self, id: &str) -> Result<(), DataDirError> {
        DataDir::new(&self.path).create()?;
        write_private(&self.marker_file(), &format!("{id}\n"), false).map(|_| ())
    }
}
