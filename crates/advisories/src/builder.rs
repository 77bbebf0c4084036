//! Building a database file of records, with bounded memory.
//!
//! Records are sorted by way of files. Held in memory are the tables of names (which the reader holds
//! too), 40 bytes for each package, 32 to 48 bytes for each id of a vulnerability, and what rates it.

mod output;
mod packages;
mod tellings;
mod vulnerabilities;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use wharfinger_core::Timestamp;
use wharfinger_package::Ecosystem;

use crate::encoding::Malformed;
use crate::format::Section;
use crate::keys::KeysBuilder;
use crate::limits::{KEY_BYTES_MAX, STATEMENTS_BYTES_MAX};
use crate::sorting::{Merged, Sorter};
use crate::{Affected, Epss, KnownExploited, Record, SourceInformation, Vulnerability};
use crate::{statements, vulnerability};
use output::Output;
pub(crate) use tellings::Judged;

/// Why a database could not be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What was to be put into it does not fit.
    #[error("{0}")]
    TooLarge(String),
}

impl From<Malformed> for BuildError {
    fn from(malformed: Malformed) -> Self {
        Self::TooLarge(malformed.0.to_owned())
    }
}

/// What a database says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Information {
    pub(crate) built_at: Timestamp,
    pub(crate) sources: Vec<SourceInformation>,
    pub(crate) ecosystems: Vec<Ecosystem>,
}

/// The key of a package.
pub(crate) fn package_key(ecosystem: &str, name: &str) -> Vec<u8> {
    [ecosystem.as_bytes(), &[0], name.as_bytes()].concat()
}

/// Takes records, then writes a database.
#[derive(Debug)]
pub(crate) struct Builder {
    packages: Sorter,
    vulnerabilities: Sorter,
    ids: Sorter,
    epss: Sorter,
    exploited: Sorter,
    ecosystems: BTreeSet<Ecosystem>,
}

impl Builder {
    /// A builder that sorts in `folder`, which nobody else uses.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            packages: Sorter::new(folder),
            vulnerabilities: Sorter::new(folder),
            ids: Sorter::new(folder),
            epss: Sorter::new(folder),
            exploited: Sorter::new(folder),
            ecosystems: BTreeSet::new(),
        }
    }

    /// Takes a record of a source.
    pub(crate) fn add(&mut self, source: &str, record: Record) -> Result<(), BuildError> {
        match record {
            Record::Affected { ecosystem, name, affected } => {
                let affected = Affected { source: source.to_owned(), ..affected };
                self.add_affected(&ecosystem, &name, &affected)
            }
            Record::Vulnerability(told) => {
                self.add_vulnerability(Vulnerability { source: source.to_owned(), ..told })
            }
            Record::Epss(Epss { vulnerability, score, percentile }) => {
                let value = [score.to_le_bytes(), percentile.to_le_bytes()].concat();
                Ok(self.epss.push(checked_key(vulnerability.into_bytes())?, value)?)
            }
            Record::KnownExploited(KnownExploited { vulnerability, added_at }) => {
                let value = added_at.millis().to_le_bytes().to_vec();
                Ok(self.exploited.push(checked_key(vulnerability.into_bytes())?, value)?)
            }
            Record::Covers(ecosystem) => {
                self.ecosystems.insert(ecosystem);
                Ok(())
            }
        }
    }

    fn add_affected(
        &mut self,
        ecosystem: &Ecosystem,
        name: &str,
        affected: &Affected,
    ) -> Result<(), BuildError> {
        let key = checked_key(package_key(&ecosystem.to_string(), name))?;
        let value = statements::encode([affected]);
        if value.len() > STATEMENTS_BYTES_MAX || affected.vulnerability.len() > KEY_BYTES_MAX {
            return Err(BuildError::TooLarge(format!("too much is said of {name} of {ecosystem}")));
        }
        Ok(self.packages.push(key, value)?)
    }

    fn add_vulnerability(&mut self, told: Vulnerability) -> Result<(), BuildError> {
        let told = vulnerability::limited(told);
        let key = [told.id.as_bytes(), &[0], told.source.as_bytes()].concat();
        Ok(self.vulnerabilities.push(checked_key(key)?, vulnerability::encode(&told))?)
    }

    /// Writes the database to `path` and makes it durable; its id.
    pub(crate) fn finish(
        self,
        path: &Path,
        built_at: Timestamp,
        sources: Vec<SourceInformation>,
    ) -> Result<[u8; 32], BuildError> {
        let mut output = Output::create(path)?;
        let told = vulnerabilities::write(&mut output, self.vulnerabilities.finish()?, self.ids)?;
        packages::write(&mut output, self.packages.finish()?, &told)?;
        drop(told);
        let [keys, values] = [Section::EpssKeys, Section::EpssValues];
        write_values(&mut output, self.epss.finish()?, keys, values, |it| it.last())?;
        let [keys, values] = [Section::ExploitedKeys, Section::ExploitedValues];
        write_values(&mut output, self.exploited.finish()?, keys, values, |it| it.next())?;
        let ecosystems = self.ecosystems.into_iter().collect();
        let information = Information { built_at, sources, ecosystems };
        let json = serde_json::to_vec(&information).map_err(io::Error::from)?;
        output.section(Section::Information, &json)?;
        Ok(output.finish()?)
    }
}

fn checked_key(key: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    if key.len() <= KEY_BYTES_MAX {
        return Ok(key);
    }
    let start = String::from_utf8_lossy(key.get(..80).unwrap_or_default()).into_owned();
    Err(BuildError::TooLarge(format!("a name is longer than {KEY_BYTES_MAX} bytes: {start}…")))
}

/// Writes sorted pairs as a table of keys and a list of values of equal size; of several values of one
/// key `choose` takes one.
fn write_values(
    output: &mut Output,
    mut pairs: Merged,
    keys_section: Section,
    values_section: Section,
    choose: fn(&mut std::vec::IntoIter<Vec<u8>>) -> Option<Vec<u8>>,
) -> Result<(), BuildError> {
    let mut keys = KeysBuilder::default();
    output.begin(values_section)?;
    while let Some((key, value)) = pairs.next().transpose()? {
        let mut values = vec![value];
        while let Some(value) = pairs.next_of(&key)? {
            // Equal keys have few values: one of each source.
            values.push(value);
        }
        keys.push(&key)?;
        output.write(&choose(&mut values.into_iter()).unwrap_or_default())?;
    }
    output.end()?;
    Ok(output.section(keys_section, &keys.finish())?)
}
