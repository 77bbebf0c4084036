//! The files of a tar archive of an image, each read where it lies.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use anyhow::bail;
use wharfinger_inventory::{Limits, TarPlace, tar_places};

/// Entries that are looked at: an archive of images has no more than a few hundred.
const ENTRIES_MAX: u64 = 100_000;

/// An archive, of which the place of each file is known.
#[derive(Debug)]
pub(in crate::scan) struct Tar {
    file: Arc<File>,
    places: BTreeMap<String, TarPlace>,
}

/// A part of a file, read by position.
pub(in crate::scan) struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Tar {
    pub(super) fn open(file: File) -> anyhow::Result<Self> {
        let limits = Limits { entries: ENTRIES_MAX, ..Limits::default() };
        let places = tar_places(BufReader::new(&file), &limits)?;
        if places.is_empty() {
            bail!("it is no tar archive with files in it");
        }
        Ok(Self { file: Arc::new(file), places })
    }

    /// The file of a name, through one link.
    pub(super) fn file(&self, name: &str) -> Option<Section> {
        let place = match self.places.get(name)? {
            TarPlace::Hardlink(target) => self.places.get(target)?,
            // docker save once wrote equal layers as links from folder to folder.
            TarPlace::Symlink(target) => self.places.get(&beside(name, target))?,
            place @ TarPlace::File { .. } => place,
        };
        let TarPlace::File { at, bytes } = place else { return None };
        Some(Section { file: Arc::clone(&self.file), at: *at, end: at.saturating_add(*bytes) })
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let count = self.file.read_at(buffer.get_mut(..room).unwrap_or_default(), self.at)?;
        if count == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        Ok(count)
    }
}

/// Where a link leads from the folder of `name`.
fn beside(name: &str, target: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
