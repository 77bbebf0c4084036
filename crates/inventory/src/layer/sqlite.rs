//! rpm's databases in SQLite, each with the log beside it that may hold its last changes: both are kept
//! until the layer ends, because they stand in the archive in any order.

use std::collections::BTreeMap;
use std::io::Read;

use super::role::{RPM_SQLITE, Role};
use super::{of_rpm, whole};
use crate::facts::FileFacts;
use crate::found::FileError;
use crate::tar::Entry;
use crate::{Limits, rpm};

/// The databases of a layer, by their folders.
#[derive(Default)]
pub(super) struct Databases {
    by_folder: BTreeMap<String, Database>,
}

#[derive(Default)]
struct Database {
    usual: bool,
    file: Option<Vec<u8>>,
    log: Vec<u8>,
}

/// What a database says, with the role and the path it has.
pub(super) type Found = (Role, String, Result<Option<FileFacts>, FileError>);

impl Databases {
    /// Takes in a database or a log. All of them together may be as large as one.
    pub(super) fn keep(
        &mut self,
        role: Role,
        entry: &Entry,
        content: &mut dyn Read,
        limits: &Limits,
    ) -> Result<(), FileError> {
        let kept = self.by_folder.values().map(Database::bytes).sum::<u64>();
        let bytes = whole(content, entry.size, limits.database_bytes.saturating_sub(kept))?;
        let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let database = self.by_folder.entry(folder.to_owned()).or_default();
        match role {
            Role::RpmSqlite { usual } => (database.usual, database.file) = (usual, Some(bytes)),
            Role::RpmLog { usual } => (database.usual, database.log) = (usual, bytes),
            _ => {}
        }
        Ok(())
    }

    /// Reads them.
    pub(super) fn read(self, limits: &Limits) -> impl Iterator<Item = Found> {
        self.by_folder.into_iter().filter_map(|(folder, database)| {
            let path = format!("{folder}/{RPM_SQLITE}");
            let facts = match &database.file {
                Some(file) => of_rpm(rpm::read_with_log(file, &database.log, limits)),
                None if database.log.is_empty() => return None,
                None => {
                    let wrong = "its log holds changes, but itself is in another layer";
                    Err(FileError::Malformed(wrong.to_owned()))
                }
            };
            let role = Role::RpmSqlite { usual: database.usual };
            Some((role, path.trim_start_matches('/').to_owned(), facts))
        })
    }
}

impl Database {
    fn bytes(&self) -> u64 {
        let file = self.file.as_ref().map_or(0, Vec::len);
        (file + self.log.len()) as u64
    }
}
