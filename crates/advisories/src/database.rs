//! The database: one file, built once and read by position.

use std::path::Path;

use wharfinger_core::Timestamp;
use wharfinger_package::Ecosystem;

use crate::{Affected, Epss, Vulnerability};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// An open database. Reads are by position and need no lock.
#[derive(Debug)]
pub struct Database {}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let _ = path;
        Err(DatabaseError::Damaged("it cannot be read yet"))
    }

    /// What it was built of.
    pub fn information(&self) -> &DatabaseInformation {
        unreachable!("there is no open database yet")
    }

    /// Whether it speaks for an ecosystem at all.
    pub fn covers(&self, ecosystem: &Ecosystem) -> bool {
        self.information().ecosystems.contains(ecosystem)
    }

    /// All that is said of a package, by its advisory name.
    pub fn affecting(
        &self,
        ecosystem: &Ecosystem,
        name: &str,
    ) -> Result<Vec<Affected>, DatabaseError> {
        let _ = (ecosystem, name);
        Ok(Vec::new())
    }

    /// What the sources tell of a vulnerability, by any of its ids: one element for each source.
    pub fn vulnerability(&self, id: &str) -> Result<Vec<Vulnerability>, DatabaseError> {
        let _ = id;
        Ok(Vec::new())
    }

    /// EPSS of a CVE.
    pub fn epss(&self, id: &str) -> Result<Option<Epss>, DatabaseError> {
        let _ = id;
        Ok(None)
    }

    /// Since when a CVE is known to be exploited.
    pub fn known_exploited(&self, id: &str) -> Result<Option<Timestamp>, DatabaseError> {
        let _ = id;
        Ok(None)
    }

    /// The packages of which this database says something else than `older` does, be it of their
    /// vulnerabilities themselves.
    pub fn changed_since(&self, older: &Self) -> Result<Vec<(Ecosystem, String)>, DatabaseError> {
        let _ = older;
        Ok(Vec::new())
    }
}
