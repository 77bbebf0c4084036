//! Files that get their names when they are whole.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Writes a file beside `path`, which takes its name in the end. What is there and is no file (a pipe, a
/// terminal) is written to as it is.
pub(crate) fn write_whole<T>(
    path: &Path,
    write: impl FnOnce(BufWriter<File>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let failed = || format!("{} cannot be written", path.display());
    if fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        return write(BufWriter::new(File::create(path).with_context(failed)?));
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = File::create(&part)
        .with_context(failed)
        .and_then(|file| write(BufWriter::new(file)))
        .and_then(|written| fs::rename(&part, path).with_context(failed).map(|()| written));
    if written.is_err() {
        // What is told is why it could not be written.
        let _ = fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn nothing_half_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sbom.json");
        let write = |text: &str| {
            write_whole(&path, |mut out| {
                out.write_all(text.as_bytes())?;
                out.flush()?;
                if text == "half" { anyhow::bail!("the disk is full") } else { Ok(()) }
            })
        };
        assert!(write("half").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        write("whole").unwrap();
        assert!(write("half").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_whole(&folder.path().join("no/such"), |_| Ok(())).is_err());
        write_whole(Path::new("/dev/null"), |_| Ok(())).unwrap();
    }
}
