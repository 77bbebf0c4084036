//! How many files this process may have open.

use std::io;

/// Files for all but connections: the database, the log, and a file for each blob that is read or
/// written. Where there are few files, connections get half of them.
const RESERVED: u64 = 2_048;

/// Connections there may be when the process may have this many files open.
pub(crate) fn connections(files: u64) -> u32 {
    u32::try_from((files / 2).max(files.saturating_sub(RESERVED))).unwrap_or(u32::MAX).max(1)
}

/// How many files this process could have open at the most, once it has raised its limit.
pub(crate) fn highest() -> io::Result<u64> {
    #[allow(clippy::useless_conversion, reason = "the width of the field differs")]
    limit().map(|limit| limit.rlim_max.into())
}

/// Raises the limit to what the process may have at the most, and answers it.
///
/// Systems start programs with 1,024, for the sake of those that use `select`. Each connection takes
/// one, and each blob that is read or written over it another.
pub(crate) fn raise_limit() -> io::Result<u64> {
    let mut limit = limit()?;
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        set_limit(&limit)?;
    }
    #[allow(clippy::useless_conversion, reason = "the width of the field differs")]
    Ok(limit.rlim_cur.into())
}

#[expect(unsafe_code, reason = "the standard library cannot ask for limits")]
fn limit() -> io::Result<libc::rlimit> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the buffer is a limit and lives until the call returns.
    match unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } {
        0 => Ok(limit),
        _ => Err(io::Error::last_os_error()),
    }
}

#[expect(unsafe_code, reason = "the standard library cannot set limits")]
fn set_limit(limit: &libc::rlimit) -> io::Result<()> {
    // SAFETY: the limit is only read, and lives until the call returns.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const *limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        let expected = [(0, 1), (1_024, 512), (4_096, 2_048), (20_000, 17_952)];
        for (files, count) in expected {
            assert_eq!(connections(files), count, "{files}");
        }
        assert_eq!(connections(u64::MAX), u32::MAX);
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let raised = raise_limit().unwrap();
        let now = limit().unwrap();
        assert_eq!((now.rlim_cur, raised), (now.rlim_max, now.rlim_max));
    }
}
