//! The data directory: what is where, and who may use it.
//!
//! ```text
//! metadata.db   what the registry knows        objects/     the bytes it keeps, encrypted
//! master.key    the key of all other keys      credentials  the first root key, AWS's ini form
//! server.json   the server that runs now       lock         held while a server uses the directory
//! credentials-A the newest root key of the further account A
//! ca.crt        the local CA, if there is one  ca.key       its private key
//! audit/        the audit log
//! ```

mod archive;
mod ca;
mod credentials;
mod lock;
mod running;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wharfinger_core::AccountId;

pub(crate) use archive::ArchiveDir;
pub use credentials::Credentials;
pub use lock::DataDirLock;
pub use running::RunningServer;

/// What can go wrong with the data directory itself.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// A file or the directory cannot be read or written.
    #[error("{path} cannot be {action}")]
    Io {
        /// What.
        path: PathBuf,
        /// `read`, `written`, `created`, …
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another server uses the directory.
    #[error(
        "the data directory {path} is already in use by another server{}; stop that server, or \
         choose another directory with --data-dir", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process that uses it, as far as it said.
        pid: Option<u32>,
    },
    /// A file is not what its name says.
    #[error("{path} is not {expected}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
}

impl DataDirError {
    fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }
}

/// A data directory, by its path. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// The directory at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path.join("metadata.db")
    }

    /// The master key, when it is kept here.
    pub fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// The first root key.
    pub fn credentials_file(&self) -> PathBuf {
        self.path.join("credentials")
    }

    /// The newest root key of an account other than the first.
    pub fn account_credentials_file(&self, account: &AccountId) -> PathBuf {
        self.path.join(format!("credentials-{account}"))
    }

    /// The folder of the audit log.
    pub fn audit(&self) -> PathBuf {
        self.path.join("audit")
    }

    fn server_file(&self) -> PathBuf {
        self.path.join("server.json")
    }

    fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// Makes the directory, for its owner alone, unless it exists.
    pub fn create(&self) -> Result<(), DataDirError> {
        let missing: Vec<&Path> =
            self.path.ancestors().take_while(|folder| !folder.exists()).collect();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(DataDirError::io(&self.path, "created"))?;
        // What is in the directory is durable only if the directory itself is, and whatever was
        // made above it.
        for made in missing {
            let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or(Path::new("."));
            File::open(parent)
                .and_then(|parent| parent.sync_all())
                .map_err(DataDirError::io(parent, "made durable"))?;
        }
        Ok(())
    }

    /// Makes an empty database for its owner alone unless there is one: SQLite would let others
    /// read it, and gives the files beside it the mode of this one.
    pub(crate) fn create_database(&self) -> Result<(), DataDirError> {
        let path = self.database();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        options.open(&path).map(|_| ()).map_err(DataDirError::io(&path, "written"))
    }

    /// Whether a server has ever stored anything here.
    pub fn has_database(&self) -> bool {
        self.database().exists()
    }
}

/// Writes a whole file for its owner alone, durably, and puts it in its place in one step: over an
/// older one if `replace`, else only if there is none. Answers whether it was put there.
fn write_private(path: &Path, text: &str, replace: bool) -> Result<bool, DataDirError> {
    let put = || -> io::Result<bool> {
        let fresh = path.with_added_extension("new");
        // What is left of a write that was cut off has no value.
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let placed = if replace {
            fs::rename(&fresh, path).map(|()| true)
        } else {
            let linked = fs::hard_link(&fresh, path);
            fs::remove_file(&fresh)?;
            match linked {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                linked => linked.map(|()| true),
            }
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        placed
    };
    put().map_err(DataDirError::io(path, "written"))
}

/// The text of a file, or `None` if there is no such file.
fn read_opt(path: &Path) -> Result<Option<String>, DataDirError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DataDirError::io(path, "read")(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_is_made_with_all_that_lies_above_it_and_again_without_harm() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::new(folder.path().join("a/b/c"));
        directory.create().unwrap();
        directory.create().unwrap();
        let mode = fs::metadata(directory.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_new_directory_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::new(folder.path().join("a/b"));
        directory.create().unwrap();
        directory.create().unwrap();
        assert_eq!(mode(directory.path()), 0o700);
        assert!(!directory.has_database());
    }

    #[test]
    fn a_private_file_is_whole_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        fs::write(folder.path().join("credentials.new"), "half").unwrap();
        assert!(write_private(&path, "first", false).unwrap());
        assert!(!write_private(&path, "second", false).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert!(write_private(&path, "third", true).unwrap());
        assert_eq!(read_opt(&path).unwrap().unwrap(), "third");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(read_opt(&folder.path().join("absent")).unwrap(), None);
    }

    #[test]
    fn errors_name_the_path() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = DataDir::new(folder.path().join("file/sub")).create().unwrap_err();
        assert!(error.to_string().ends_with("file/sub cannot be created"), "{error}");
    }
}
