//! What is to be imported under a path: a file, or a folder of them.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::input::Input;
use super::{Format, SourceError, explain, open};
use crate::bundle::is_bundle;

/// Folders within folders that are looked through.
const DEPTH_MAX: usize = 8;
/// Bytes by which a bundle is told.
const BUNDLE_START_BYTES: u64 = 4096;
/// Files of a folder. All VEX documents of Red Hat are 300,000.
const FILES_MAX: usize = 2_000_000;

/// What is under a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Files of sources, all of one format.
    Files(Format, Vec<PathBuf>),
    /// A bundle of our own: [`crate::bundle`] reads it.
    Bundle,
    /// Records of OSV: [`crate::osv`] reads them.
    Osv,
}

impl Found {
    /// What it is called.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Files(format, _) => format.title(),
            Self::Bundle => "a bundle of advisories",
            Self::Osv => "records of OSV",
        }
    }
}

/// Looks at a file, or at the files of a folder: those of other formats than the first that is known
/// are passed over.
///
/// # Errors
/// [`SourceError::Unknown`] if nothing there is known, [`SourceError::Io`].
pub fn find<E: std::error::Error + 'static>(path: &Path) -> Result<Found, SourceError<E>> {
    if path.is_file() && begins_as_bundle(path).map_err(|fault| explain(path, fault))? {
        return Ok(Found::Bundle);
    }
    let mut files = Vec::new();
    let listed = list(path, DEPTH_MAX, &mut files).map_err(Fault::from);
    listed.map_err(|fault| explain(path, fault))?;
    files.sort_unstable();
    let mut found: Option<(Format, Vec<PathBuf>)> = None;
    for file in files {
        let head = open(&file).and_then(Input::head).map_err(Fault::from);
        let (head, _) = head.map_err(|fault| explain(&file, fault))?;
        let format = Format::of(&head);
        match (&mut found, format) {
            (None, None) if is_osv(&head) => return Ok(Found::Osv),
            (None, Some(format)) => found = Some((format, vec![file])),
            (Some((known, files)), Some(format)) if *known == format => files.push(file),
            _ => {}
        }
    }
    match found {
        Some((format, files)) => Ok(Found::Files(format, files)),
        None => Err(SourceError::Unknown { path: path.to_owned() }),
    }
}

fn begins_as_bundle(path: &Path) -> Result<bool, Fault> {
    let mut start = Vec::new();
    fs::File::open(path)?.take(BUNDLE_START_BYTES).read_to_end(&mut start)?;
    Ok(is_bundle(&start))
}

fn list(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type()?;
        if files.len() >= FILES_MAX {
            return Err(std::io::Error::other("it has more than 2,000,000 files"));
        }
        match () {
            () if is_hidden => {}
            () if kind.is_dir() && depth > 0 => list(&entry.path(), depth - 1, files)?,
            () if kind.is_file() => files.push(entry.path()),
            () => {}
        }
    }
    Ok(())
}

/// An archive (zip) is of records of OSV; a file is one if it has what each record has.
fn is_osv(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    head.starts_with(b"PK\x03\x04")
        || (text.trim_start().starts_with('{')
            && has("id")
            && has("modified")
            && (has("affected") || has("schema_version") || has("withdrawn")))
}
