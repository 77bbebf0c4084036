//! The narrow boundary to the file system, so that tests can make every call of it fail.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharfinger_core::ObjectId;

use crate::quarantine::Quarantine;
use crate::store::ObjectPage;
use crate::{BlobError, listing};

/// One open object file. Every call blocks.
pub(crate) trait ObjectFile: Send + Sync {
    fn size_bytes(&self) -> io::Result<u64>;
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Has the disk begin with `length` bytes that were written from `offset` on. Waits for nothing and
    /// promises nothing; what goes wrong is for [`Self::sync`] to say.
    fn begin_write_back(&self, offset: u64, length: u64);
    fn truncate(&self, size_bytes: u64) -> io::Result<()>;
    /// Makes the file's bytes and size durable.
    fn sync(&self) -> io::Result<()>;
    /// Makes the file's name durable.
    fn sync_folder(&self) -> io::Result<()>;
    /// Whether the file still has a name.
    fn is_linked(&self) -> io::Result<bool>;
}

/// Where object files are. Every call blocks.
pub(crate) trait ObjectFolder: Send + Sync + 'static {
    /// Makes a new file, held for writing by the caller alone until it is dropped.
    fn create(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>>;
    /// Opens a file to go on writing; `WouldBlock` while another writer holds it.
    fn reopen(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>>;
    /// Opens a file to read it.
    fn open(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>>;
    /// Removes a file's name; `Ok` if there is none.
    fn remove(&self, object_id: ObjectId) -> io::Result<()>;
    /// The files whose ids come after `after`, `limit` of them at the most.
    fn list(&self, after: Option<ObjectId>, limit: usize) -> io::Result<ObjectPage>;
    /// Moves a file to the quarantine, durably; answers whether there was one.
    fn put_aside(&self, _object_id: ObjectId) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Writes a file to the quarantine, durably.
    fn write_aside(&self, _object_id: ObjectId, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// The names of the files in the quarantine, so many at the most.
    fn names_aside(&self, _limit: usize) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Runs blocking `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| BlobError::Interrupted)?
}

/// `<root>/objects/<first two hex digits>/<32 hex digits>`, and `<root>/quarantine/<32 hex digits>`.
pub(crate) struct LocalFolder {
    objects: PathBuf,
    quarantine: Quarantine,
}

impl LocalFolder {
    /// The folder below `root`, made (with all its subfolders, durably) if it is not there.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let objects = root.join("objects");
        let root_is_new = !root.try_exists()?;
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder.recursive(true).create(&objects)?;
        for byte in 0..=u8::MAX {
            let subfolder = objects.join(hex::encode([byte]));
            match builder.recursive(false).create(&subfolder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        // Also if nothing was made: an earlier start may have been cut off before it came here.
        File::open(&objects)?.sync_all()?;
        File::open(root)?.sync_all()?;
        if root_is_new && let Some(parent) = root.canonicalize()?.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(Self { objects, quarantine: Quarantine::below(root) })
    }

    fn subfolder(&self, object_id: ObjectId) -> PathBuf {
        self.objects.join(hex::encode(&object_id.as_bytes()[..1]))
    }

    fn path(&self, object_id: ObjectId) -> PathBuf {
        self.subfolder(object_id).join(object_id.to_string())
    }

    fn hold(&self, object_id: ObjectId, file: File) -> io::Result<Arc<dyn ObjectFile>> {
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::from(io::ErrorKind::WouldBlock),
            TryLockError::Error(error) => error,
        })?;
        Ok(Arc::new(LocalFile { file, folder: self.subfolder(object_id) }))
    }
}

impl ObjectFolder for LocalFolder {
    fn create(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        self.hold(object_id, options.open(self.path(object_id))?)
    }

    fn reopen(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        let file = OpenOptions::new().read(true).write(true).open(self.path(object_id))?;
        self.hold(object_id, file)
    }

    fn open(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        let file = File::open(self.path(object_id))?;
        Ok(Arc::new(LocalFile { file, folder: self.subfolder(object_id) }))
    }

    fn remove(&self, object_id: ObjectId) -> io::Result<()> {
        match fs::remove_file(self.path(object_id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn list(&self, after: Option<ObjectId>, limit: usize) -> io::Result<ObjectPage> {
        listing::list(&self.objects, after, limit)
    }

    fn put_aside(&self, object_id: ObjectId) -> io::Result<bool> {
        self.quarantine.take(&self.path(object_id), object_id)
    }

    fn write_aside(&self, object_id: ObjectId, bytes: &[u8]) -> io::Result<()> {
        self.quarantine.write(object_id, bytes)
    }

    fn names_aside(&self, limit: usize) -> io::Result<Vec<String>> {
        self.quarantine.names(limit)
    }
}

struct LocalFile {
    file: File,
    folder: PathBuf,
}

impl ObjectFile for LocalFile {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    #[expect(unsafe_code, reason = "std knows no way to begin that does not wait for the end")]
    fn begin_write_back(&self, offset: u64, length: u64) {
        let (Ok(offset), Ok(length)) = (offset.try_into(), length.try_into()) else { return };
        let (file, begin) = (self.file.as_raw_fd(), libc::SYNC_FILE_RANGE_WRITE);
        // SAFETY: the file is open, and no memory is handed over. An error that the disk reports is
        // kept for the next sync, since nothing is waited for here (`sync_file_range(2)`).
        unsafe { libc::sync_file_range(file, offset, length, begin) };
    }

    fn truncate(&self, size_bytes: u64) -> io::Result<()> {
        self.file.set_len(size_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn is_linked(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.nlink() > 0)
    }
}
