//! One finding for each vulnerability, whatever the sources call it and how often they say it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use wharfinger_advisories::rating::{self, Judgement, Telling};
use wharfinger_advisories::{Database, DatabaseError, FixStatus, Statement};
use wharfinger_core::limits::MATCHED_STATEMENTS_MAX;
use wharfinger_package::{PackageIdentity, Severity, VersionScheme};

use super::PackageVulnerability;
use super::reach::later;
use super::severity;
use crate::authority::source_rank;

/// A statement that holds for the version of the package.
#[derive(Clone, Debug)]
pub(super) struct Hit<'a> {
    /// What the vulnerability is called here.
    name: Cow<'a, str>,
    /// The id that the source uses.
    pub(super) id: &'a str,
    pub(super) advisory: Option<&'a str>,
    pub(super) source: &'a str,
    pub(super) severity: Option<Severity>,
    /// None if the database does not have it.
    pub(super) judgement: Option<Judgement<'a>>,
    status: FixStatus,
    fixed: Option<&'a str>,
    rank: u8,
}

/// What has been found of a package so far.
pub(super) struct Findings<'a> {
    database: &'a Database,
    package: &'a PackageIdentity,
    hits: Vec<Hit<'a>>,
    /// Where those begin of the ecosystem that is being looked at.
    ecosystem_start: usize,
    /// What the ecosystem that is being looked at says is not in the package.
    silenced: BTreeSet<Cow<'a, str>>,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(database: &'a Database, package: &'a PackageIdentity) -> Self {
        Self { database, package, hits: Vec::new(), ecosystem_start: 0, silenced: BTreeSet::new() }
    }

    /// Takes a statement that holds, with the version that ends it.
    /// An epoch of 0 is not shown.
    pub(super) fn add(
        &mut self,
        statement: &Statement<'a>,
        fixed: Option<&'a str>,
    ) -> Result<(), DatabaseError> {
        let source = statement.source()?;
        let hit = Hit {
            name: Cow::Borrowed(""),
            id: statement.vulnerability()?,
            advisory: statement.advisory()?,
            source,
            severity: statement.severity,
            judgement: None,
            status: statement.status,
            fixed: fixed.map(|it| it.strip_prefix("0:").unwrap_or(it)),
            rank: source_rank(self.package.ecosystem.family, source),
        };
        if let Some(judgements) = statement.judgements()? {
            for it in judgements {
                let it = it?;
                let name = Cow::Borrowed(it.name);
                self.take(Hit { name, judgement: Some(it), ..hit.clone() })?;
            }
        } else if rating::is_cve(hit.id) {
            self.take(Hit { name: Cow::Borrowed(hit.id), ..hit })?;
        } else {
            let told = self.database.vulnerability(hit.id)?;
            let told: Vec<_> = told.iter().map(Telling::of).collect();
            for name in rating::names(hit.id, &told) {
                self.take(Hit { name: Cow::Owned(name), ..hit.clone() })?;
            }
        }
        Ok(())
    }

    /// Refuses what no database holds that was built of advisories: two bytes can give another name to a
    /// statement.
    fn take(&mut self, hit: Hit<'a>) -> Result<(), DatabaseError> {
        if hit.status == FixStatus::NotAffected {
            self.silenced.insert(hit.name);
        } else if self.hits.len() < MATCHED_STATEMENTS_MAX {
            self.hits.push(hit);
        } else {
            return Err(DatabaseError::Damaged("too much is said of a package"));
        }
        Ok(())
    }

    /// What an ecosystem denies, it denies of its own packages only.
    pub(super) fn end_ecosystem(&mut self) {
        if !self.silenced.is_empty() {
            let (start, mut place) = (self.ecosystem_start, 0);
            let silenced = std::mem::take(&mut self.silenced);
            self.hits.retain(|hit| {
                place += 1;
                place <= start || !silenced.contains(&hit.name)
            });
        }
        self.ecosystem_start = self.hits.len();
    }

    pub(super) fn finish(mut self) -> Result<Vec<PackageVulnerability>, DatabaseError> {
        let scheme = self.package.ecosystem.family.scheme();
        // What is equal stays in the order in which it was said.
        self.hits.sort_by(|a, b| (&a.name, a.rank, a.source).cmp(&(&b.name, b.rank, b.source)));
        let merged = self.hits.chunk_by(|a, b| a.name == b.name);
        merged.filter_map(|hits| merge(self.database, scheme, hits).transpose()).collect()
    }
}

/// What `hits`, of which the first decides, come to.
fn merge(
    database: &Database,
    scheme: VersionScheme,
    hits: &[Hit<'_>],
) -> Result<Option<PackageVulnerability>, DatabaseError> {
    let Some(decider) = hits.first() else { return Ok(None) };
    // Several advisories of a source about one thing: only the last of its fixes mends all of it.
    let own = || hits.iter().filter(|it| it.source == decider.source);
    let fixed = own().fold(None, |known, hit| later(scheme, known, hit.fixed));
    let fixed = fixed.or_else(|| hits.iter().find_map(|it| it.fixed));
    let told_by = match fixed {
        Some(_) => hits.iter().find(|it| it.fixed == fixed),
        None => Some(decider),
    };
    Ok(Some(PackageVulnerability {
        vulnerability: decider.name.clone().into_owned(),
        advisory: told_by.and_then(|it| it.advisory).map(str::to_owned),
        source: decider.source.to_owned(),
        severity: severity::decide(database, &decider.name, hits)?,
        status: if fixed.is_some() { FixStatus::Fixed } else { decider.status },
        fixed_version: fixed.map(str::to_owned),
    }))
}
