//! Where damaged files are put aside: beside the objects, for people to look at and to delete.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wharfinger_core::ObjectId;

/// `<root>/quarantine`, which is made when the first file comes.
pub(crate) struct Quarantine {
    root: PathBuf,
    folder: PathBuf,
}

impl Quarantine {
    pub(crate) fn below(root: &Path) -> Self {
        Self { root: root.to_owned(), folder: root.join("quarantine") }
    }

    /// Moves the file at `path` here, durably; answers whether there was one. Ids are unique, so that a
    /// file of that name is the very same, moved by an earlier attempt.
    pub(crate) fn take(&self, path: &Path, object_id: ObjectId) -> io::Result<bool> {
        if !path.try_exists()? {
            return Ok(false);
        }
        self.make()?;
        match fs::rename(path, self.folder.join(object_id.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            moved => moved?,
        }
        // Here first: after a power cut there may be two of it, never none.
        File::open(&self.folder)?.sync_all()?;
        if let Some(shelf) = path.parent() {
            File::open(shelf)?.sync_all()?;
        }
        Ok(true)
    }

    /// Writes a file here, durably.
    pub(crate) fn write(&self, object_id: ObjectId, bytes: &[u8]) -> io::Result<()> {
        self.make()?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(self.folder.join(object_id.to_string()))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        File::open(&self.folder)?.sync_all()
    }

    /// The names of what is here, in order, so many at the most.
    pub(crate) fn names(&self, limit: usize) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries.take(limit) {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn make(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        File::open(&self.root)?.sync_all()
    }
}
