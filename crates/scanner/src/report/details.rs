//! What the advisories tell of a vulnerability, all sources together.

use std::collections::BTreeMap;

use wharfinger_advisories::{Cvss, Database, DatabaseError, Epss, Vulnerability};
use wharfinger_core::Timestamp;

use crate::PackageVulnerability;

/// Pages of one vulnerability that are handed out.
const REFERENCES_MAX: usize = 50;

/// What is told of a vulnerability: by the source that decided where it tells it, else by NVD, else by
/// GitHub, else by any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// One line.
    pub title: Option<String>,
    /// Any number of lines.
    pub description: Option<String>,
    /// The page about it.
    pub url: Option<String>,
    /// Its other ids, in order.
    pub aliases: Vec<String>,
    /// More pages.
    pub references: Vec<String>,
    /// Its ratings, those of the deciding source first.
    pub cvss: Vec<Cvss>,
    /// The probability that it is exploited.
    pub epss: Option<Epss>,
    /// Since when it is known to be exploited.
    pub known_exploited_at: Option<Timestamp>,
    /// When it became known.
    pub published_at: Option<Timestamp>,
    /// When what is told of it changed last.
    pub modified_at: Option<Timestamp>,
}

impl Details {
    /// Reads what `database` tells, once for each vulnerability and source.
    pub(super) fn read(
        known: &mut BTreeMap<(String, String), Self>,
        database: &Database,
        found: &PackageVulnerability,
    ) -> Result<Self, DatabaseError> {
        let key = (found.vulnerability.clone(), found.source.clone());
        if let Some(details) = known.get(&key) {
            return Ok(details.clone());
        }
        let mut told = database.vulnerability(&found.vulnerability)?;
        told.sort_by_key(|it| rank(it, &found.source));
        let mut details = Self::of(told, &found.vulnerability);
        details.epss = database.epss(&found.vulnerability)?;
        details.known_exploited_at = database.known_exploited(&found.vulnerability)?;
        known.insert(key, details.clone());
        Ok(details)
    }

    fn of(told: Vec<Vulnerability>, id: &str) -> Self {
        let mut all = Self::default();
        for one in told {
            let Vulnerability { aliases, title, description, cvss, references, .. } = one;
            all.title = all.title.or(title.filter(|it| !it.trim().is_empty()));
            all.description = all.description.or(description.filter(|it| !it.trim().is_empty()));
            all.url = all.url.or(one.url);
            all.aliases.extend(aliases.into_iter().chain([one.id]).filter(|it| it != id));
            all.references.extend(references);
            all.cvss.extend(cvss);
            all.published_at = match (all.published_at, one.published_at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            all.modified_at = all.modified_at.max(one.modified_at);
        }
        all.aliases.sort_unstable();
        all.aliases.dedup();
        all.references.sort_unstable();
        all.references.dedup();
        all.references.truncate(REFERENCES_MAX);
        all
    }

    /// All ids of a vulnerability of which these are the details.
    pub fn ids<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::once(id).chain(self.aliases.iter().map(String::as_str))
    }

    /// The rating of the newest version of CVSS.
    pub fn rating(&self) -> Option<&Cvss> {
        // Of equally new ones the first, which is that of the deciding source.
        self.cvss.iter().rev().max_by(|a, b| a.version.cmp(&b.version))
    }
}

fn rank(told: &Vulnerability, deciding: &str) -> u8 {
    match told.source.as_str() {
        source if source == deciding => 0,
        "nvd" => 1,
        "ghsa" => 2,
        _ => 3,
    }
}
