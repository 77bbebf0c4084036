//! How full a file system is.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The space of a file system, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DiskSpace {
    /// What this user may still write.
    pub available_bytes: u64,
    /// All there is.
    pub total_bytes: u64,
}

impl DiskSpace {
    /// The space of the file system that holds `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        let stat = statvfs(&path)?;
        // The casts widen on platforms where these fields have 32 bits.
        #[allow(clippy::unnecessary_cast, reason = "the width of the fields differs")]
        let (fragment, available, total) =
            (stat.f_frsize as u64, stat.f_bavail as u64, stat.f_blocks as u64);
        Ok(Self {
            available_bytes: available.saturating_mul(fragment),
            total_bytes: total.saturating_mul(fragment),
        })
    }
}

#[expect(unsafe_code, reason = "the standard library cannot ask for the space of a file system")]
fn statvfs(path: &CString) -> io::Result<libc::statvfs> {
    let mut stat = MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: the path ends with a NUL byte and the buffer has the size of the structure; both
    // live until the call returns.
    let status = unsafe { libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, and all bytes were zeroed before it.
    Ok(unsafe { stat.assume_init() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_has_space_and_an_absent_path_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let space = DiskSpace::of(folder.path()).unwrap();
        assert!(space.total_bytes > 0);
        assert!(space.available_bytes <= space.total_bytes);
        let error = DiskSpace::of(&folder.path().join("absent")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
