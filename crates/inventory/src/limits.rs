//! How much of a layer is read.

use std::time::Duration;

/// Bounds of what a layer and its parts may be. Whatever passes one is not read further, and the layer
/// ends in an error that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a layer, unpacked.
    pub unpacked_bytes: u64,
    /// How many times larger than its compressed bytes a layer may become; asked from
    /// [`Limits::RATIO_FROM_BYTES`] unpacked bytes on. Programs and texts come to 10; of zeros deflate
    /// makes 200 to 1,032, zstd tens of thousands.
    pub ratio: u64,
    /// Entries of a layer; also its directories, those included that only paths name.
    pub entries: u64,
    /// Bytes of a path, or of the target of a link.
    pub path_bytes: usize,
    /// Bytes of a package database (dpkg's status, rpm's files).
    pub database_bytes: u64,
    /// Bytes of any other file that is read whole (a lock file, a `package.json`).
    pub manifest_bytes: u64,
    /// Bytes of a program or an archive that is looked into.
    pub binary_bytes: u64,
    /// Archives within archives.
    pub nesting: u32,
    /// Packages of a layer.
    pub packages: usize,
    /// Bytes of text that the facts of a layer keep: paths, links, packages.
    pub facts_bytes: usize,
    /// Time for one layer, by the clock that the caller gives.
    pub time: Duration,
}

impl Limits {
    /// From how many unpacked bytes on the ratio counts: below, a file of zeros is no danger.
    pub const RATIO_FROM_BYTES: u64 = 256 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked_bytes: 20 << 30,
            ratio: 100,
            entries: 2_000_000,
            path_bytes: 4096,
            database_bytes: 96 << 20,
            manifest_bytes: 16 << 20,
            binary_bytes: 256 << 20,
            nesting: 4,
            packages: 100_000,
            facts_bytes: 32 << 20,
            time: Duration::from_secs(600),
        }
    }
}
