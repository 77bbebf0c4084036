//! Folders that go away again, and small disks to be filled.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::leash::Leash;

/// An empty folder with a short path, for the addresses of Unix sockets hold 107 bytes.
pub fn folder() -> TempDir {
    tempfile::Builder::new().prefix("wharf-").tempdir().expect("a temporary folder can be made")
}

/// A file system of its own, of a fixed size, in memory.
#[derive(Debug)]
pub struct Disk {
    // Dropped in this order: unmounted, then removed.
    _mounted: Leash,
    folder: TempDir,
}

impl Disk {
    /// Mounts a disk of `size_mib` MiB. `None` where that is not permitted.
    pub fn mount(size_mib: u32) -> Option<Self> {
        let folder = folder();
        let options = format!("size={size_mib}m,mode=0700");
        mount(&["-t", "tmpfs", "-o", &options, "wharfinger-e2e"], folder.path()).then(|| {
            let mounted = Leash::new("umount -l \"$1\" && rmdir \"$1\"", [folder.path()]);
            Self { _mounted: mounted, folder }
        })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Lets nothing be written any more. Nobody may have a file open for writing.
    pub fn make_read_only(&self) {
        let done = mount(&["-o", "remount,ro"], self.path());
        assert!(done, "{} can be made read-only", self.path().display());
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let mut command = Command::new("mount");
    command.args(arguments).arg(at).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// All files below a folder, in order. A folder that goes away meanwhile has none.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
        .into_iter()
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}
