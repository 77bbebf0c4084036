//! Which paths of a layer are directories and links, so that no entry lies below a link, and none is two
//! things: programs that unpack such a layer come to different files.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;

use crate::LayerError;
use crate::failure::Defect;
use crate::tar::{Archive, Entry, EntryKind};

/// The directories and links of a layer, each as a number of its path: a layer may have millions.
pub(super) struct Tree {
    directories: HashSet<u64>,
    links: HashSet<u64>,
    /// The directory that was looked at last: most entries lie in the same one.
    folder: Option<String>,
    directories_max: u64,
}

/// Why an entry has no place.
pub(super) enum Misplaced {
    /// By what it is.
    Defect(Defect),
    /// By how many there are.
    TooMuch(u64),
}

impl Misplaced {
    /// The error about the current entry.
    pub(super) fn of<R: Read>(self, archive: &Archive<'_, R>) -> LayerError {
        match self {
            Self::Defect(defect) => archive.err(defect),
            Self::TooMuch(limit) => LayerError::TooMuch { limit, what: "directories" },
        }
    }
}

impl Tree {
    pub(super) fn new(directories_max: u64) -> Self {
        let (directories, links) = (HashSet::new(), HashSet::new());
        Self { directories, links, folder: None, directories_max }
    }

    /// Takes an entry in; false for the root, of which nothing is to be said.
    pub(super) fn enter(&mut self, entry: &Entry) -> Result<bool, Misplaced> {
        let path = entry.path.as_str();
        if path.is_empty() {
            return Ok(false);
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.folder.as_deref() != Some(folder) {
            self.enter_folders(folder)?;
            self.folder = Some(folder.to_owned());
        }
        let number = number(path);
        match entry.kind {
            EntryKind::Directory if self.links.contains(&number) => {
                return Err(Misplaced::Defect(Defect::TwoKinds));
            }
            EntryKind::Directory => {
                self.directories.insert(number);
            }
            _ if self.directories.contains(&number) => {
                return Err(Misplaced::Defect(Defect::TwoKinds));
            }
            EntryKind::Symlink(_) => {
                self.links.insert(number);
                self.folder = None;
            }
            _ => {
                self.links.remove(&number);
            }
        }
        Ok(true)
    }

    fn enter_folders(&mut self, folder: &str) -> Result<(), Misplaced> {
        if folder.is_empty() {
            return Ok(());
        }
        let slashes = folder.match_indices('/').map(|(index, _)| index);
        let mut hasher = DefaultHasher::new();
        let mut start = 0;
        for end in slashes.chain([folder.len()]) {
            hasher.write(folder.get(start..end).unwrap_or_default().as_bytes());
            start = end;
            let number = hasher.finish();
            if self.links.contains(&number) {
                return Err(Misplaced::Defect(Defect::BelowLink));
            }
            self.directories.insert(number);
            if self.directories.len() as u64 > self.directories_max {
                return Err(Misplaced::TooMuch(self.directories_max));
            }
        }
        Ok(())
    }
}

/// The number of a path. Two paths with one number would make a sound layer fail, and no other seem
/// sound; among two million it is a chance of one in ten million.
fn number(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(path.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(tree: &mut Tree, path: &str, kind: EntryKind) -> Option<Defect> {
        let entry = Entry { path: path.to_owned(), kind, size: 0, executable: false };
        match tree.enter(&entry) {
            Ok(_) => None,
            Err(Misplaced::Defect(defect)) => Some(defect),
            Err(Misplaced::TooMuch(_)) => panic!("too much"),
        }
    }

    #[test]
    fn nothing_lies_below_a_link() {
        let mut tree = Tree::new(100);
        assert_eq!(enter(&mut tree, "a/b/c", EntryKind::File), None);
        assert_eq!(enter(&mut tree, "a/l", EntryKind::Symlink("b".to_owned())), None);
        assert_eq!(enter(&mut tree, "a/l/x", EntryKind::File), Some(Defect::BelowLink));
        assert_eq!(enter(&mut tree, "a/l/x/y", EntryKind::File), Some(Defect::BelowLink));
        assert_eq!(enter(&mut tree, "a/lx/y", EntryKind::File), None);
        assert_eq!(enter(&mut tree, "a/b", EntryKind::File), Some(Defect::TwoKinds));
        assert_eq!(enter(&mut tree, "a/l", EntryKind::Directory), Some(Defect::TwoKinds));
        // A file may be given twice, and may take the place of a link: the later counts.
        assert_eq!(enter(&mut tree, "a/l", EntryKind::File), None);
        assert_eq!(enter(&mut tree, "a/b/c", EntryKind::File), None);
    }
}
