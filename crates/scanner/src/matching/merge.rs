//! One finding for each vulnerability, whatever the sources call it and how often they say it.

use std::collections::{BTreeMap, BTreeSet};

use wharfinger_advisories::{Database, DatabaseError, FixStatus, Statement};
use wharfinger_package::{PackageIdentity, Severity, VersionScheme};

use super::PackageVulnerability;
use super::reach::later;
use super::severity;
use crate::authority::source_rank;

/// A statement that holds for the version of the package.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    /// The id that the source uses.
    pub(super) id: String,
    pub(super) advisory: Option<String>,
    pub(super) source: String,
    pub(super) severity: Option<Severity>,
    status: FixStatus,
    fixed: Option<String>,
    rank: u8,
}

/// What has been found of a package so far.
pub(super) struct Findings<'a> {
    database: &'a Database,
    package: &'a PackageIdentity,
    /// By vulnerability.
    hits: BTreeMap<String, Vec<Hit>>,
    /// The same, of the ecosystem that is being looked at.
    ecosystem_hits: Vec<(String, Hit)>,
    /// What the ecosystem that is being looked at says is not in the package.
    silenced: BTreeSet<String>,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(database: &'a Database, package: &'a PackageIdentity) -> Self {
        Self {
            database,
            package,
            hits: BTreeMap::new(),
            ecosystem_hits: Vec::new(),
            silenced: BTreeSet::new(),
        }
    }

    /// Takes a statement that holds, with the version that ends it.
    /// An epoch of 0 is not shown.
    pub(super) fn add(
        &mut self,
        statement: &Statement<'_>,
        fixed: Option<&str>,
    ) -> Result<(), DatabaseError> {
        for name in names(self.database, statement.vulnerability)? {
            if statement.status == FixStatus::NotAffected {
                self.silenced.insert(name);
                continue;
            }
            let hit = Hit {
                id: statement.vulnerability.to_owned(),
                advisory: statement.advisory.map(str::to_owned),
                source: statement.source.to_owned(),
                severity: statement.severity,
                status: statement.status,
                fixed: fixed.map(|it| it.strip_prefix("0:").unwrap_or(it).to_owned()),
                rank: source_rank(self.package.ecosystem.family, statement.source),
            };
            self.ecosystem_hits.push((name, hit));
        }
        Ok(())
    }

    /// What an ecosystem denies, it denies of its own packages only.
    pub(super) fn end_ecosystem(&mut self) {
        for (name, hit) in self.ecosystem_hits.drain(..) {
            if !self.silenced.contains(&name) {
                self.hits.entry(name).or_default().push(hit);
            }
        }
        self.silenced.clear();
    }

    pub(super) fn finish(self) -> Result<Vec<PackageVulnerability>, DatabaseError> {
        let scheme = self.package.ecosystem.family.scheme();
        let merged = self.hits.into_iter().map(|(name, mut hits)| {
            hits.sort_by(|a, b| (a.rank, &a.source).cmp(&(b.rank, &b.source)));
            merge(self.database, scheme, name, &hits)
        });
        merged.collect()
    }
}

/// What `hits`, of which the first decides, come to.
fn merge(
    database: &Database,
    scheme: VersionScheme,
    vulnerability: String,
    hits: &[Hit],
) -> Result<PackageVulnerability, DatabaseError> {
    let severity = severity::decide(database, &vulnerability, hits)?;
    let decider = hits.first();
    let source = decider.map(|it| it.source.as_str()).unwrap_or_default();
    // Several advisories of a source about one thing: only the last of its fixes mends all of it.
    let own = || hits.iter().filter(|it| it.source == source);
    let fixed = own().fold(None, |known, hit| later(scheme, known, hit.fixed.as_deref()));
    let fixed = fixed.or_else(|| hits.iter().find_map(|it| it.fixed.as_deref()));
    let told_by = match fixed {
        Some(fixed) => hits.iter().find(|it| it.fixed.as_deref() == Some(fixed)),
        None => decider,
    };
    let status = match fixed {
        Some(_) => FixStatus::Fixed,
        None => decider.map(|it| it.status).unwrap_or_default(),
    };
    Ok(PackageVulnerability {
        advisory: told_by.and_then(|it| it.advisory.clone()),
        source: source.to_owned(),
        severity,
        status,
        fixed_version: fixed.map(str::to_owned),
        vulnerability,
    })
}

/// What a vulnerability is called here: its CVE; each of them if the id stands for several; else the id
/// that GitHub gave it, by which most know it; else the id itself.
fn names(database: &Database, id: &str) -> Result<Vec<String>, DatabaseError> {
    if is_cve(id) {
        return Ok(vec![id.to_owned()]);
    }
    let mut aliases = BTreeSet::from([id.to_owned()]);
    for told in database.vulnerability(id)? {
        if told.id == id || told.aliases.iter().any(|alias| alias == id) {
            aliases.insert(told.id);
            aliases.extend(told.aliases);
        }
    }
    let cves: Vec<_> = aliases.iter().filter(|it| is_cve(it)).cloned().collect();
    if !cves.is_empty() {
        return Ok(cves);
    }
    let known = aliases.into_iter().find(|it| it.starts_with("GHSA-"));
    Ok(vec![known.unwrap_or_else(|| id.to_owned())])
}

fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}
