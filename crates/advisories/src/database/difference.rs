//! What one database says otherwise than another: both are walked by name at once.

use std::cmp::Ordering;

use wharfinger_package::Ecosystem;

use super::file::DatabaseFile;
use super::packages::{ENTRY_BYTES, content};
use super::{Database, DatabaseError};
use crate::format::Section;
use crate::keys::KeyCursor;

/// Elements of the index that are read at once.
const READ_AT_ONCE: usize = 1_024;

/// Packages in order, each with the hash of what is said of it.
struct Walk<'a> {
    file: &'a DatabaseFile,
    keys: KeyCursor<'a>,
    number: usize,
    index: Vec<u8>,
    /// The package it stands at; none at the end.
    here: Option<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Walk<'a> {
    fn new(database: &'a Database) -> Result<Self, DatabaseError> {
        let keys = database.package_keys.cursor()?;
        let mut walk =
            Self { file: &database.file, keys, number: 0, index: Vec::new(), here: None };
        walk.advance()?;
        Ok(walk)
    }

    fn advance(&mut self) -> Result<(), DatabaseError> {
        let Some(key) = self.keys.next()?.map(<[u8]>::to_vec) else {
            self.here = None;
            return Ok(());
        };
        let place = self.number % READ_AT_ONCE;
        if place == 0 {
            let offset = self.number as u64 * ENTRY_BYTES as u64;
            let left = self.file.place(Section::PackageIndex).length.saturating_sub(offset);
            let length = usize::try_from(left).unwrap_or(usize::MAX);
            let length = length.min(READ_AT_ONCE * ENTRY_BYTES);
            self.index = self.file.read(Section::PackageIndex, offset, length)?;
        }
        let entry = self.index.get(place * ENTRY_BYTES..).and_then(<[u8]>::first_chunk);
        let entry = entry.ok_or(DatabaseError::Damaged("its index is too short"))?;
        self.here = Some((key, content(entry).to_vec()));
        self.number += 1;
        Ok(())
    }
}

/// See [`Database::changed_since`].
pub(super) fn changed_since(
    newer: &Database,
    older: &Database,
) -> Result<Vec<(Ecosystem, String)>, DatabaseError> {
    let (mut new, mut old) = (Walk::new(newer)?, Walk::new(older)?);
    let mut changed = Vec::new();
    loop {
        let order = match (&new.here, &old.here) {
            (None, None) => return Ok(changed),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((new, _)), Some((old, _))) => new.cmp(old),
        };
        let (first, same) = match order {
            Ordering::Less => (&new.here, false),
            Ordering::Greater => (&old.here, false),
            Ordering::Equal => (&new.here, new.here == old.here),
        };
        if let Some((key, _)) = first.as_ref().filter(|_| !same) {
            changed.push(package(key)?);
        }
        if order.is_le() {
            new.advance()?;
        }
        if order.is_ge() {
            old.advance()?;
        }
    }
}

/// The package of a key.
fn package(key: &[u8]) -> Result<(Ecosystem, String), DatabaseError> {
    let text = std::str::from_utf8(key).ok();
    let parts = text.and_then(|text| text.split_once('\0'));
    let read = parts.and_then(|(ecosystem, name)| Some((ecosystem.parse().ok()?, name.to_owned())));
    read.ok_or(DatabaseError::Damaged("a name is none of a package"))
}
