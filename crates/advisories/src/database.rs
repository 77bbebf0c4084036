//! The database: one file, built once and read by position.
//!
//! Held in memory are the tables of names, where packages lie, and a few blocks; all else is read when it is asked for.
//! `docs/advisory-database.md` describes the file.

mod blocks;
mod difference;
mod file;
mod packages;
#[cfg(test)]
mod tests;
mod verify;

use std::path::Path;

use serde::{Deserialize, Serialize};
use wharfinger_core::Timestamp;
use wharfinger_package::Ecosystem;

use crate::builder::{Information, package_key};
use crate::encoding::{Cursor, Malformed};
use crate::format::{Section, hex};
use crate::keys::Keys;
use crate::limits::{INFORMATION_BYTES_MAX, RECORDS_PER_ID_MAX, TABLE_BYTES_MAX};
use crate::statements::Cost;
use crate::{Affected, Epss, Statement, Statements, Vulnerability};
use blocks::Blocks;
use file::DatabaseFile;
use packages::PackageIndex;

/// What a database was built of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseInformation {
    /// Names the build: the SHA-256 of its content, in hex.
    pub id: String,
    /// When it was built.
    pub built_at: Timestamp,
    /// Its sources.
    pub sources: Vec<SourceInformation>,
    /// What it speaks for.
    pub ecosystems: Vec<Ecosystem>,
}

/// A source of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInformation {
    /// Its name: `debian`, `ghsa`, `alpine`, `nvd`.
    pub name: String,
    /// The newest statement in it, or when it was published.
    pub updated_at: Timestamp,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// How many records.
    pub record_count: u64,
    /// Under which licence it may be passed on; empty if its terms do not say.
    pub license: String,
}

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file could not be read.
    #[error("the advisory database could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is not one, or damaged.
    #[error("the advisory database is damaged: {0}")]
    Damaged(&'static str),
}

impl From<Malformed> for DatabaseError {
    fn from(malformed: Malformed) -> Self {
        Self::Damaged(malformed.0)
    }
}

/// An open database. Reads are by position and need no lock.
#[derive(Debug)]
pub struct Database {
    file: DatabaseFile,
    information: DatabaseInformation,
    package_keys: Keys,
    package_index: PackageIndex,
    id_keys: Keys,
    epss_keys: Keys,
    epss_values: Vec<u8>,
    exploited_keys: Keys,
    exploited_values: Vec<u8>,
    blocks: Blocks,
}

impl Database {
    /// Opens a database. Its header and tables are checked now, the rest when it is read;
    /// [`Self::verify`] checks all of it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let (file, id) = DatabaseFile::open(path)?;
        let table = |section| file.section(section, TABLE_BYTES_MAX);
        let keys = |section| Ok::<_, DatabaseError>(Keys::new(table(section)?)?);
        let information = file.section(Section::Information, INFORMATION_BYTES_MAX)?;
        let it: Information = serde_json::from_slice(&information)
            .map_err(|_| DatabaseError::Damaged("what it says of itself cannot be read"))?;
        let information = DatabaseInformation {
            id: hex(&id),
            built_at: it.built_at,
            sources: it.sources,
            ecosystems: it.ecosystems,
        };
        Ok(Self {
            information,
            package_keys: keys(Section::PackageKeys)?,
            package_index: PackageIndex::new(&table(Section::PackageIndex)?),
            id_keys: keys(Section::IdKeys)?,
            epss_keys: keys(Section::EpssKeys)?,
            epss_values: table(Section::EpssValues)?,
            exploited_keys: keys(Section::ExploitedKeys)?,
            exploited_values: table(Section::ExploitedValues)?,
            blocks: Blocks::new(table(Section::BlockIndex)?),
            file,
        })
    }

    /// What it was built of.
    pub fn information(&self) -> &DatabaseInformation {
        &self.information
    }

    /// Whether it speaks for an ecosystem at all.
    pub fn covers(&self, ecosystem: &Ecosystem) -> bool {
        self.information.ecosystems.contains(ecosystem)
    }

    /// All that is said of a package, by its advisory name.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn affecting(
        &self,
        ecosystem: &Ecosystem,
        name: &str,
    ) -> Result<Vec<Affected>, DatabaseError> {
        let Some(statements) = self.statements(ecosystem, name)? else { return Ok(Vec::new()) };
        let mut cost = Cost::default();
        let copy = |it: Result<Statement<'_>, DatabaseError>| {
            let it = it?;
            cost.add_statement(&it)?;
            it.to_affected()
        };
        statements.iter()?.map(copy).collect()
    }

    /// The same as [`Self::affecting`] without a copy of each text; `None` if nothing is said.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn statements(
        &self,
        ecosystem: &Ecosystem,
        name: &str,
    ) -> Result<Option<Statements>, DatabaseError> {
        let key = package_key(&ecosystem.to_string(), name);
        match self.package_keys.find(&key)? {
            Some(number) => packages::read(&self.file, &self.package_index, number).map(Some),
            None => Ok(None),
        }
    }

    /// What the sources tell of a vulnerability, by any of its ids: one element for each source and
    /// id. Where the id is an alias, what is told of the ids it stands for belongs to it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn vulnerability(&self, id: &str) -> Result<Vec<Vulnerability>, DatabaseError> {
        let mut positions = self.positions(id)?;
        let mut told = Vec::new();
        let mut followed = vec![id.to_owned()];
        let mut next = 0;
        while let Some(position) = positions.get(next).copied() {
            next += 1;
            let one = self.blocks.read(&self.file, position)?;
            let direct = one.id == id || one.aliases.iter().any(|alias| alias == id);
            let known = followed.contains(&one.id);
            // What is told under another id may name the one that was followed as an alias, and not `id`.
            if !direct && !known && !one.aliases.iter().any(|alias| followed.contains(alias)) {
                return Err(DatabaseError::Damaged("an id leads to something else"));
            }
            if direct && !known {
                followed.push(one.id.clone());
                for position in self.positions(&one.id)? {
                    if !positions.contains(&position) && positions.len() < RECORDS_PER_ID_MAX {
                        positions.push(position);
                    }
                }
            }
            told.push(one);
        }
        Ok(told)
    }

    fn positions(&self, id: &str) -> Result<Vec<u64>, DatabaseError> {
        let Some(number) = self.id_keys.find(id.as_bytes())? else { return Ok(Vec::new()) };
        let end = |number: u32| -> Result<u64, DatabaseError> {
            let at = u64::from(number) * 8;
            Ok(u64::from_le_bytes(self.file.read_array(Section::IdIndex, at)?))
        };
        let start = number.checked_sub(1).map_or(Ok(0), end)?;
        let count = end(number)?.checked_sub(start).and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| *count <= RECORDS_PER_ID_MAX);
        let at = start.checked_mul(8);
        let (Some(count), Some(at)) = (count, at) else {
            return Err(DatabaseError::Damaged("an id stands for too much"));
        };
        let bytes = self.file.read(Section::Postings, at, count * 8)?;
        let mut cursor = Cursor::new(&bytes);
        (0..count).map(|_| Ok(u64::from_le_bytes(cursor.array()?))).collect()
    }

    /// EPSS of a CVE.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn epss(&self, id: &str) -> Result<Option<Epss>, DatabaseError> {
        let Some(number) = self.epss_keys.find(id.as_bytes())? else { return Ok(None) };
        let mut cursor = value(&self.epss_values, number, 16)?;
        let (score, percentile) = (cursor.float()?, cursor.float()?);
        Ok(Some(Epss { vulnerability: id.to_owned(), score, percentile }))
    }

    /// Since when a CVE is known to be exploited.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn known_exploited(&self, id: &str) -> Result<Option<Timestamp>, DatabaseError> {
        let Some(number) = self.exploited_keys.find(id.as_bytes())? else { return Ok(None) };
        Ok(Some(value(&self.exploited_values, number, 8)?.time()?))
    }

    /// The packages of which this database says something else than `older` does, be it of their
    /// vulnerabilities themselves (not of EPSS and of what is known to be exploited, which change
    /// daily and decide no match). Ordered as the database is.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn changed_since(&self, older: &Self) -> Result<Vec<(Ecosystem, String)>, DatabaseError> {
        difference::changed_since(self, older)
    }

    /// Checks every section against its checksum.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn verify(&self) -> Result<(), DatabaseError> {
        verify::verify(&self.file)
    }
}

/// The value of a number in a list of values of equal size.
fn value(values: &[u8], number: u32, size: usize) -> Result<Cursor<'_>, DatabaseError> {
    let start = usize::try_from(number).ok().and_then(|number| number.checked_mul(size));
    let bytes = start.and_then(|start| values.get(start..start.checked_add(size)?));
    bytes.map(Cursor::new).ok_or(DatabaseError::Damaged("a table of values is cut off"))
}
