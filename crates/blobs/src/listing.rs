//! What lies in the folders of a local store, a page at a time. A page costs memory for itself alone,
//! however many files a folder has.

use std::collections::BinaryHeap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use wharfinger_core::ObjectId;

use crate::store::{FOREIGN_FILES_NAMED_MAX, ObjectPage};

/// The files below `objects` whose ids come after `after`.
pub(crate) fn list(
    objects: &Path,
    after: Option<ObjectId>,
    limit: usize,
) -> io::Result<ObjectPage> {
    let mut page = ObjectPage::default();
    if after.is_none() {
        note_foreign_folders(objects, &mut page)?;
    }
    // The first byte of an id is its folder, so that folders in order are ids in order.
    for first in after.map_or(0, |after| after.as_bytes()[0])..=u8::MAX {
        let room = limit.max(1) - page.objects.len();
        page.next_after = list_folder(objects, first, after, room, &mut page)?;
        if page.next_after.is_none() && page.objects.len() >= limit && first < u8::MAX {
            page.next_after = page.objects.last().map(|(last, _)| *last);
        }
        if page.next_after.is_some() {
            break;
        }
    }
    Ok(page)
}

/// Adds the first `room` files of one folder; answers the last of them, if there are more.
fn list_folder(
    objects: &Path,
    first: u8,
    after: Option<ObjectId>,
    room: usize,
    page: &mut ObjectPage,
) -> io::Result<Option<ObjectId>> {
    let name = hex::encode([first]);
    let folder = objects.join(&name);
    // A page that begins inside the folder is not the first to see its foreign files.
    let is_new = after.is_none_or(|after| after.as_bytes()[0] < first);
    let (mut found, mut named, mut more) = (BinaryHeap::with_capacity(room + 1), 0, false);
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let Some(object_id) = object_of(&entry, first)? else {
            if is_new {
                page.note_foreign(&name, &entry, named);
                named += 1;
            }
            continue;
        };
        if after.is_some_and(|after| object_id <= after) {
            continue;
        }
        found.push(object_id);
        if found.len() > room {
            found.pop();
            more = true;
        }
    }
    let found = found.into_sorted_vec();
    let last = found.last().copied();
    for object_id in found {
        match fs::symlink_metadata(folder.join(object_id.to_string())) {
            Ok(file) => page.objects.push((object_id, file.len())),
            // Deleted since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(last.filter(|_| more))
}

/// The object that a file of this folder is, if it is one.
fn object_of(entry: &DirEntry, first: u8) -> io::Result<Option<ObjectId>> {
    let name = entry.file_name();
    let parsed = name.to_str().and_then(|name| name.parse::<ObjectId>().ok().map(|id| (id, name)));
    let Some((object_id, name)) = parsed else { return Ok(None) };
    // Spelled otherwise, or in another folder, it is not the file that the id opens.
    let is_its_name = object_id.as_bytes()[0] == first && object_id.to_string() == name;
    Ok((is_its_name && entry.file_type()?.is_file()).then_some(object_id))
}

/// Notes what lies beside the folders of objects.
fn note_foreign_folders(objects: &Path, page: &mut ObjectPage) -> io::Result<()> {
    let mut named = 0;
    for entry in fs::read_dir(objects)? {
        let entry = entry?;
        let name = entry.file_name();
        let byte = name.to_str().and_then(|name| {
            let mut byte = [0; 1];
            hex::decode_to_slice(name, &mut byte).ok()?;
            (hex::encode(byte) == name).then_some(())
        });
        if byte.is_none() || !entry.file_type()?.is_dir() {
            page.note_foreign("", &entry, named);
            named += 1;
        }
    }
    Ok(())
}

impl ObjectPage {
    fn note_foreign(&mut self, folder: &str, entry: &DirEntry, named: usize) {
        self.foreign_file_count += 1;
        if named < FOREIGN_FILES_NAMED_MAX {
            let name = entry.file_name();
            let path = Path::new(folder).join(name);
            self.foreign_files.push(path.to_string_lossy().into_owned());
        }
    }
}

#[cfg(test)]
mod tests;
