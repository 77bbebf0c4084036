//! What the system says of this process, where it says so in files (Linux).

use std::fs;

/// Memory that is not swapped out.
pub(super) fn resident_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Files and sockets that are open.
pub(super) fn open_files() -> Option<u64> {
    // The size of the folder is their number (Linux 6.2); before that it is nothing, and each of them
    // would have to be looked at.
    let entries = fs::metadata("/proc/self/fd").ok()?.len();
    (entries > 0).then_some(entries)
}
