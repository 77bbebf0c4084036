//! What the machine gives: a directory that can be written, space, a processor.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use wharfinger_core::Timestamp;

use super::Finding;
use crate::disk_space::DiskSpace;
use crate::system::timestamp;
use crate::{DataDir, Limits, open_files};

const GIB: u64 = 1024 * 1024 * 1024;
/// Less space than this is a warning, as is less than a twentieth of the disk.
const SPACE_WARNING_BYTES: u64 = GIB;
/// Less space than this is a problem.
const SPACE_PROBLEM_BYTES: u64 = 100 * 1024 * 1024;
/// How far the clock of the file system may be from the machine's.
const FILE_CLOCK_SKEW_MAX: Duration = Duration::from_secs(60);

/// The directory itself: whether it can be written, whose it is, who else may read it, and
/// whether the files in it get the right time.
pub(super) fn data_directory(directory: &DataDir, now: Timestamp) -> Vec<Finding> {
    const NAME: &str = "data directory";
    let path = directory.path();
    let shown = path.display();
    let facts = match fs::metadata(path) {
        Ok(facts) if facts.is_dir() => facts,
        Ok(_) => {
            let what = format!("{shown} is not a directory");
            return vec![Finding::problem(NAME, what, "choose another one with --data-dir")];
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let what = format!("{shown} does not exist yet; `wharfinger serve` makes it");
            return vec![Finding::ok(NAME, what)];
        }
        Err(error) => {
            let what = format!("{shown} cannot be read: {error}");
            return vec![Finding::problem(NAME, what, "let this user read it")];
        }
    };
    let scratch = match scratch_file(path) {
        Ok(scratch) => scratch,
        Err(error) => {
            let what = format!("{shown} cannot be written: {error}");
            let to_do = "let this user write it, and mount the file system read-write";
            return vec![Finding::problem(NAME, what, to_do)];
        }
    };
    let mut findings = vec![ownership(NAME, path, &facts, &scratch)];
    if let Ok(modified) = scratch.modified() {
        findings.push(file_clock(timestamp(modified), now));
    }
    findings
}

/// What the file system says of a file that was made now, and is gone again.
fn scratch_file(folder: &Path) -> io::Result<fs::Metadata> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let written = file.write_all(b"doctor\n").and_then(|()| file.metadata());
    fs::remove_file(&path)?;
    written
}

fn ownership(
    name: &'static str,
    path: &Path,
    facts: &fs::Metadata,
    scratch: &fs::Metadata,
) -> Finding {
    let shown = path.display();
    let mode = facts.mode() & 0o777;
    if facts.uid() != scratch.uid() {
        let what = format!("{shown} belongs to another user (uid {})", facts.uid());
        let to_do = format!("run the server as that user, or `chown {}` it", scratch.uid());
        Finding::warning(name, what, to_do)
    } else if mode & 0o077 != 0 {
        let what = format!("{shown} has mode {mode:03o}: others than its owner may look into it");
        Finding::warning(name, what, format!("run `chmod 700 {shown}`"))
    } else {
        Finding::ok(name, format!("{shown} can be written"))
    }
}

fn file_clock(modified: Timestamp, now: Timestamp) -> Finding {
    const NAME: &str = "file times";
    let apart = Duration::from_millis(modified.millis().abs_diff(now.millis()));
    if apart > FILE_CLOCK_SKEW_MAX {
        let what = format!("a file made at {now} got the time {modified}");
        Finding::warning(NAME, what, "set the clocks of this machine and of its file server")
    } else {
        Finding::ok(NAME, "files get the time of the clock")
    }
}

pub(super) fn disk(path: &Path) -> Finding {
    const NAME: &str = "disk space";
    // A directory that does not exist yet will be made on the file system of its nearest ancestor.
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    match DiskSpace::of(existing) {
        Ok(space) => disk_space(space),
        Err(error) => Finding::warning(
            NAME,
            format!("the space at {} is not known: {error}", existing.display()),
            "look at it with `df`",
        ),
    }
}

fn disk_space(space: DiskSpace) -> Finding {
    const NAME: &str = "disk space";
    const TO_DO: &str = "free some space, or move the data directory to a larger disk";
    let DiskSpace { available_bytes: available, total_bytes: total } = space;
    let mib = available / (1024 * 1024);
    let what = format!("{mib} MiB of {} MiB are free", total / (1024 * 1024));
    if available < SPACE_PROBLEM_BYTES {
        Finding::problem(NAME, what, TO_DO)
    } else if available < SPACE_WARNING_BYTES || available < total / 20 {
        Finding::warning(NAME, what, TO_DO)
    } else {
        Finding::ok(NAME, what)
    }
}

/// Whether the process may open as many files as its connections need.
pub(super) fn open_files(limits: &Limits) -> Finding {
    match open_files::highest() {
        Ok(files) => room_for_connections(files, limits.connections_max),
        Err(error) => Finding::warning(
            "open files",
            format!("how many files may be open is not known: {error}"),
            "look at it with `ulimit -Hn`",
        ),
    }
}

fn room_for_connections(files: u64, wanted: u32) -> Finding {
    const NAME: &str = "open files";
    let connections = open_files::connections(files);
    if connections < wanted {
        let what = format!(
            "a process may have {files} files open, so {connections} connections are served at a \
             time instead of {wanted}"
        );
        let to_do = "raise the hard limit of open files (`ulimit -Hn`, `LimitNOFILE=`), or lower \
                     `connections_max`";
        Finding::warning(NAME, what, to_do)
    } else {
        Finding::ok(NAME, format!("there are files for {wanted} connections"))
    }
}

/// Whether the processor hashes and encrypts in hardware. Without it everything works, slowly.
pub(super) fn processor() -> Finding {
    const NAME: &str = "processor";
    let named = |has: bool, what: &str| format!("{what} {}", if has { "yes" } else { "no" });
    let (sha, aes) = hardware();
    Finding::ok(
        NAME,
        format!("{}, {}", named(sha, "SHA-256 in hardware:"), named(aes, "AES in hardware:")),
    )
}

#[cfg(target_arch = "x86_64")]
fn hardware() -> (bool, bool) {
    (std::arch::is_x86_feature_detected!("sha"), std::arch::is_x86_feature_detected!("aes"))
}

#[cfg(target_arch = "aarch64")]
fn hardware() -> (bool, bool) {
    use std::arch::is_aarch64_feature_detected;
    (is_aarch64_feature_detected!("sha2"), is_aarch64_feature_detected!("aes"))
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn hardware() -> (bool, bool) {
    (false, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn little_space_is_said_in_two_steps() {
        let severity = |available_bytes, total_bytes| {
            disk_space(DiskSpace { available_bytes, total_bytes }).severity
        };
        assert_eq!(severity(50 * GIB, 100 * GIB), Severity::Ok);
        assert_eq!(severity(4 * GIB, 100 * GIB), Severity::Warning);
        assert_eq!(severity(GIB - 1, 2 * GIB), Severity::Warning);
        assert_eq!(severity(SPACE_PROBLEM_BYTES - 1, GIB), Severity::Problem);
        assert_eq!(severity(0, 0), Severity::Problem);
    }

    #[test]
    fn few_files_are_few_connections() {
        assert_eq!(room_for_connections(20_000, 16_384).severity, Severity::Ok);
        let few = room_for_connections(4_096, 16_384);
        assert_eq!(few.severity, Severity::Warning);
        assert!(few.what.contains("2048 connections"), "{}", few.what);
    }

    #[test]
    fn file_times_that_are_off_are_a_warning() {
        let now = Timestamp::from_seconds(1_800_000_000);
        assert_eq!(file_clock(now, now).severity, Severity::Ok);
        let late = now.plus(FILE_CLOCK_SKEW_MAX * 2);
        assert_eq!(file_clock(now, late).severity, Severity::Warning);
        assert_eq!(file_clock(late, now).severity, Severity::Warning);
    }

    #[test]
    fn an_absent_directory_has_the_space_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let what = disk(&folder.path().join("a/b")).what;
        assert!(what.ends_with("are free"), "{what}");
    }
}
