//! Reading a layer: which of its files say something, and what they say.

mod gathered;
mod role;
mod sqlite;
mod tree;

use std::io::Read;

use gathered::Gathered;
use role::Role;
use sqlite::Databases;
use tree::Tree;

pub(crate) use role::{DPKG_PARTS, RELEASES, databases};

use crate::facts::{FileFacts, SystemManager};
use crate::failure::{Defect, ShownPath};
use crate::found::{FileError, SystemPackages};
use crate::tar::{Archive, Entry, EntryKind};
use crate::unpacked::Unpacked;
use crate::{LayerError, LayerFacts, Limits, apk, dpkg, language, rpm};

/// Bytes of a file that tells the distribution.
const RELEASE_BYTES_MAX: u64 = 64 << 10;
/// What the name of a whiteout begins with.
const WHITEOUT: &str = ".wh.";
/// What it is called if it empties its directory.
const OPAQUE: &str = ".wh..wh..opq";
/// What marks of other programs begin with; nobody reads them.
const WHITEOUT_META: &str = ".wh..wh.";

/// Reads a layer of `media_type`: a tar archive, as it is or compressed with gzip or zstd (by what
/// its first bytes say; the media type decides whether it is a layer at all).
///
/// `elapsed` says how much time has gone since the layer was begun. In memory are the facts (at most
/// `facts_bytes`), a number for each directory and link, one file at a time that has to be whole, and
/// what the decompressor needs (at most 32 MiB with zstd).
///
/// # Errors
/// [`LayerError`], whatever the layer is.
pub fn read_layer(
    layer: impl Read,
    media_type: &str,
    limits: &Limits,
    elapsed: &dyn Fn() -> std::time::Duration,
) -> Result<LayerFacts, LayerError> {
    if !media_type.contains("tar") {
        return Err(LayerError::MediaType(ShownPath::new(media_type).to_string()));
    }
    read_archive(Unpacked::open(layer, limits, elapsed)?, limits)
}

fn read_archive<R: Read>(
    bytes: Unpacked<'_, R>,
    limits: &Limits,
) -> Result<LayerFacts, LayerError> {
    let mut archive = Archive::new(bytes, limits);
    let mut gathered = Gathered::new(limits);
    let mut tree = Tree::new(limits.entries);
    let mut databases = Databases::default();
    while let Some(entry) = archive.next_entry()? {
        if !tree.enter(&entry).map_err(|wrong| wrong.of(&archive))? {
            continue;
        }
        match Role::of(&entry.path, entry.executable).filter(|_| entry.kind == EntryKind::File) {
            Some(role @ (Role::RpmSqlite { .. } | Role::RpmLog { .. })) => {
                gathered.nothing(&entry.path)?;
                let kept = databases.keep(role, &entry, &mut archive, limits);
                settle(kept, &entry.path, &mut archive)?;
            }
            _ => read_entry(&entry, &mut archive, &mut gathered, limits)?,
        }
    }
    archive.finish()?;
    for (role, path, facts) in databases.read(limits) {
        keep(role, &path, facts, &mut gathered)?;
    }
    Ok(gathered.into_facts())
}

/// What came of reading a file: the layer's own fault comes first.
fn settle<R: Read>(
    read: Result<(), FileError>,
    path: &str,
    archive: &mut Archive<'_, R>,
) -> Result<(), LayerError> {
    match archive.failure() {
        Some(failure) => Err(failure),
        None => read.map_err(|error| LayerError::File { path: ShownPath::new(path), error }),
    }
}

fn read_entry<R: Read>(
    entry: &Entry,
    archive: &mut Archive<'_, R>,
    gathered: &mut Gathered,
    limits: &Limits,
) -> Result<(), LayerError> {
    let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    if let Some(hidden) = name.strip_prefix(WHITEOUT) {
        return match hidden {
            _ if name == OPAQUE => gathered.empty(folder),
            _ if name.starts_with(WHITEOUT_META) => Ok(()),
            "" | "." | ".." => Err(archive.err(Defect::Whiteout)),
            hidden => gathered.remove(folder, hidden),
        };
    }
    match &entry.kind {
        EntryKind::Directory => gathered.directory(&entry.path),
        EntryKind::Symlink(target) => gathered.symlink(&entry.path, target),
        EntryKind::Hardlink(target) => read_hardlink(&entry.path, target, gathered, limits),
        EntryKind::Special => gathered.nothing(&entry.path),
        EntryKind::File => read_file(entry, archive, gathered, limits),
    }
}

fn read_file<R: Read>(
    entry: &Entry,
    archive: &mut Archive<'_, R>,
    gathered: &mut Gathered,
    limits: &Limits,
) -> Result<(), LayerError> {
    let Some(role) = Role::of(&entry.path, entry.executable) else {
        gathered.forget(&entry.path);
        return match gathered.room_for_spare(entry.size) {
            true => read_spare(entry, archive, gathered),
            false => Ok(()),
        };
    };
    let read = read_role(role, &entry.path, entry.size, archive, limits);
    if let Some(failure) = archive.failure() {
        return Err(failure);
    }
    keep(role, &entry.path, read, gathered)
}

/// Keeps the content of a small file that a later hard link might give a name by which it says something:
/// package managers of JavaScript link their stores into `node_modules`.
fn read_spare<R: Read>(
    entry: &Entry,
    archive: &mut Archive<'_, R>,
    gathered: &mut Gathered,
) -> Result<(), LayerError> {
    let mut content = Vec::new();
    if archive.read_to_end(&mut content).is_err() {
        return archive.failure().map_or(Ok(()), Err);
    }
    gathered.spare(&entry.path, content);
    Ok(())
}

fn read_hardlink(
    path: &str,
    target: &str,
    gathered: &mut Gathered,
    limits: &Limits,
) -> Result<(), LayerError> {
    if gathered.says_as(target, path) {
        return gathered.copy(target, path);
    }
    let role = Role::of(path, false);
    let Some(role) = role else { return gathered.nothing(path) };
    if gathered.is_nothing(target) {
        return gathered.nothing(path);
    }
    let Some(content) = gathered.take_spare(target) else {
        let (path, target) = (ShownPath::new(path), ShownPath::new(target));
        return Err(LayerError::Unread { path, target });
    };
    let size = content.len() as u64;
    let read = read_role(role, path, size, &mut content.as_slice(), limits);
    gathered.return_spare(target, content);
    keep(role, path, read, gathered)
}

fn keep(
    role: Role,
    path: &str,
    read: Result<Option<FileFacts>, FileError>,
    gathered: &mut Gathered,
) -> Result<(), LayerError> {
    match read {
        Ok(Some(facts)) => gathered.says(path, facts),
        Ok(None) => gathered.nothing(path),
        // Images are full of broken examples of package files. They fail no scan, but it says so.
        Err(FileError::Malformed(why)) if matches!(role, Role::Language(_)) => {
            gathered.says(path, FileFacts::Unread(why))
        }
        Err(FileError::Malformed(_)) if role.may_be_malformed() => gathered.nothing(path),
        Err(error) => Err(LayerError::File { path: ShownPath::new(path), error }),
    }
}

/// Reads a file by its role; none if it says nothing.
fn read_role(
    role: Role,
    path: &str,
    size: u64,
    content: &mut dyn Read,
    limits: &Limits,
) -> Result<Option<FileFacts>, FileError> {
    match role {
        Role::Release => {
            let text =
                String::from_utf8_lossy(&whole(content, size, RELEASE_BYTES_MAX)?).into_owned();
            Ok(Some(FileFacts::Release(text)))
        }
        Role::Dpkg(form) => {
            bound(size, limits.database_bytes)?;
            let dpkg::Status { packages, foreign } = dpkg::read(content, form, limits)?;
            let none = form == dpkg::Form::Part && packages.packages.is_empty();
            let facts = FileFacts::System { manager: SystemManager::Dpkg, packages, foreign };
            Ok((!none).then_some(facts))
        }
        Role::Apk => {
            bound(size, limits.database_bytes)?;
            let packages = apk::read(content, limits, &|path, executable| {
                language::kind(path, executable).is_some()
            })?;
            let foreign = Default::default();
            Ok(Some(FileFacts::System { manager: SystemManager::Apk, packages, foreign }))
        }
        Role::Rpm { .. } | Role::RpmSqlite { .. } => {
            of_rpm(rpm::read(&whole(content, size, limits.database_bytes)?, limits))
        }
        Role::RpmManifest => {
            of_rpm(rpm::read_manifest(&whole(content, size, limits.database_bytes)?, limits))
        }
        Role::RpmLog { .. } => Ok(None),
        Role::Owned => {
            bound(size, limits.database_bytes)?;
            let paths = dpkg::read_owned(content, limits, &role::is_owned_of_interest)?;
            let package = role::package_of_list(path).to_owned();
            Ok((!paths.is_empty()).then_some(FileFacts::Owned { package, paths }))
        }
        Role::Language(kind) => {
            let packages = language::read(kind, path, size, content, limits)?;
            Ok((!packages.is_empty()).then_some(FileFacts::Packages(packages)))
        }
    }
}

fn of_rpm(read: Result<SystemPackages, FileError>) -> Result<Option<FileFacts>, FileError> {
    let (manager, foreign) = (SystemManager::Rpm, Default::default());
    Ok(Some(FileFacts::System { manager, packages: read?, foreign }))
}

fn bound(size: u64, bytes_max: u64) -> Result<(), FileError> {
    if size > bytes_max { Err(FileError::TooLarge(bytes_max)) } else { Ok(()) }
}

fn whole(content: &mut dyn Read, size: u64, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    bound(size, bytes_max)?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    content.read_to_end(&mut bytes)?;
    Ok(bytes)
}
