//! The files that hold blobs, and what may befall them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scratch;
use crate::server::Server;

/// The files of the object store: blobs that are too large to be rows.
pub fn files(server: &Server) -> Vec<PathBuf> {
    scratch::files(&server.data_dir().join("objects"))
}

/// The largest of them.
///
/// # Panics
/// If there is none.
pub fn largest(server: &Server) -> PathBuf {
    let size = |file: &PathBuf| fs::metadata(file).map_or(0, |it| it.len());
    files(server).into_iter().max_by_key(size).expect("a blob is a file")
}

/// Changes one bit of a file, `per_mille` thousandths of it after its begin.
///
/// # Panics
/// If it cannot be read or written, or is empty.
pub fn damage(file: &Path, per_mille: usize) {
    let mut bytes = fs::read(file).expect("a file can be read");
    let at = bytes.len() * per_mille / 1000;
    bytes[at] ^= 1;
    fs::write(file, bytes).expect("a file can be written");
}
