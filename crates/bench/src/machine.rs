//! The machine that is measured on, as far as it can be said.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// The processor, its cores, the kernel, and the file system of a folder, in a line.
pub fn describe(folder: &Path) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("an unknown processor", |it| it.trim_start_matches([':', ' ', '\t']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let mounts = read("/proc/self/mounts");
    let file_system = file_system_of(&mounts, folder).unwrap_or("an unknown file system");
    format!("{model}, {cores} cores, Linux {}, {file_system}", kernel.trim())
}

/// Bytes that are free on the disk of a folder.
///
/// # Errors
/// If `df` does not say.
pub fn free_bytes(folder: &Path) -> Result<u64> {
    let output = Command::new("df").args(["--output=avail", "--block-size=1"]).arg(folder).output();
    let text = String::from_utf8(output.context("df could not be started")?.stdout)?;
    let bytes = text.lines().nth(1).and_then(|line| line.trim().parse().ok());
    bytes.context("df does not say how much is free")
}

/// Lets this process have as many open files as it may, and says how many that are.
///
/// # Errors
/// If the kernel does not say how many there are.
pub fn raise_open_files() -> Result<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let hard = hard_open_files(&limits).context("no limit of open files")?;
    // Without prlimit (util-linux) the limit stays what it is, which the next line shows.
    let _ = Command::new("prlimit")
        .arg(format!("--pid={}", std::process::id()))
        .arg(format!("--nofile={hard}:{hard}"))
        .status();
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    soft_open_files(&limits).context("no limit of open files")
}

fn soft_open_files(limits: &str) -> Option<u64> {
    open_files(limits, 0)
}

fn hard_open_files(limits: &str) -> Option<u64> {
    open_files(limits, 1)
}

fn open_files(limits: &str, column: usize) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().nth(column)?.parse().ok()
}

/// The type of the file system with the longest mount point that `folder` is below.
fn file_system_of<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let above = mounts.filter(|(point, _)| folder.starts_with(point));
    above.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_has_the_folder() {
        let mounts = "/dev/a / ext4 rw 0 0\nb /srv xfs rw 0 0\nc /srv/x tmpfs rw 0 0\n";
        let of = |folder: &str| file_system_of(mounts, Path::new(folder));
        assert_eq!(
            [of("/srv/y"), of("/srv/x/y"), of("/srvy")],
            [Some("xfs"), Some("tmpfs"), Some("ext4")]
        );
    }

    #[test]
    fn limits_are_read() {
        let limits =
            "Limit   Soft Limit   Hard Limit   Units\nMax open files   1024   4096   files\n";
        assert_eq!((soft_open_files(limits), hard_open_files(limits)), (Some(1024), Some(4096)));
        assert!(raise_open_files().unwrap() > 0);
    }

    #[test]
    fn the_machine_is_described() {
        assert!(describe(Path::new("/")).contains("Linux"));
        assert!(free_bytes(Path::new("/")).unwrap() > 0);
    }
}
