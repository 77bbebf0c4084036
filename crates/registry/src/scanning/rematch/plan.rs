//! A part: some packages, what changes in them, and the rows of that.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wharfinger_advisories::Database;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::{REMATCH_PACKAGES_MAX, SCAN_STEP_ROWS};
use wharfinger_metadata::Tx;
use wharfinger_metadata::package::{self, PackageId, PackageRow};
use wharfinger_metadata::package_vulnerability::{self, PackageVulnerabilityRow};
use wharfinger_package::{Ecosystem, PackageIdentity, Severity};
use wharfinger_scanner::match_package;

use super::super::compressed;
use super::super::inventory::blocking;
use super::super::matched::row_of;
use super::Rematch;
use crate::{Error, Registry};

/// Packages of one name that are read at once.
const PAGE: u32 = 1_000;

/// What a part changes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Plan {
    /// When its first row was written.
    pub(super) begun_at: Timestamp,
    pub(super) changes: Vec<Change>,
}

/// A vulnerability that a package has by now, or had, or of which something else is said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Change {
    #[serde(rename = "p")]
    pub(super) package: PackageId,
    #[serde(rename = "n")]
    pub(super) name: String,
    #[serde(rename = "v")]
    pub(super) vulnerability: String,
    /// How bad it was; none if the package did not have it.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Severity>,
}

/// Some packages with what they were found to have.
pub(super) struct Part {
    packages: Vec<(PackageRow, Vec<PackageVulnerabilityRow>)>,
    /// Up to where the packages are done then.
    end: String,
}

/// What the rows of a package become.
struct Matched {
    package: PackageId,
    puts: Vec<PackageVulnerabilityRow>,
    deletes: Vec<String>,
    changes: Vec<Change>,
}

impl Plan {
    pub(super) fn unpack(stored: &[u8]) -> Result<Self, Error> {
        compressed::unpack(stored)
    }
}

/// Where a name stands among the others.
pub(super) fn position_of((ecosystem, name): &(Ecosystem, String)) -> String {
    format!("{ecosystem}\n{name}")
}

impl Registry {
    /// The next packages; `None` at the end.
    pub(super) async fn next_part(&self, run: &Rematch) -> Result<Option<Part>, Error> {
        let position = run.row.position.clone();
        let part = match run.names.clone() {
            Some(names) => self
                .metadata
                .read(move |tx| Box::pin(async move { named_part(tx, &names, &position).await })),
            None => {
                let database_id = run.row.database_id.clone();
                return self
                    .metadata
                    .read(move |tx| {
                        Box::pin(async move { next_of_all(tx, &database_id, &position).await })
                    })
                    .await;
            }
        };
        part.await
    }

    /// Matches the packages of a part, writes what changes, and tells of it.
    pub(super) async fn do_part(&self, run: &mut Rematch, part: Part) -> Result<(), Error> {
        let Part { packages, end } = part;
        run.report.packages += packages.len() as u64;
        let matched = self.match_all(&run.database, packages).await?;
        let changes = matched.iter().flat_map(|it| it.changes.iter().cloned()).collect();
        let plan = Plan { begun_at: self.now(), changes };
        run.report.changes += plan.changes.len() as u64;
        run.row.position = end;
        if plan.changes.is_empty() {
            self.put_matching(run.row.clone()).await?;
            return self.write_matched(run, matched).await;
        }
        let (packed, plan) = blocking(move || Ok((compressed::pack(&plan)?, plan))).await?;
        (run.row.plan, run.row.told_inventory_id) = (Some(packed), 0);
        self.put_matching(run.row.clone()).await?;
        self.write_matched(run, matched).await?;
        self.tell(run, plan).await
    }

    /// Writes the rows of a plan's packages: some of them may not have been written.
    pub(super) async fn apply_again(&self, run: &mut Rematch, plan: &Plan) -> Result<(), Error> {
        let mut ids: Vec<PackageId> = plan.changes.iter().map(|change| change.package).collect();
        ids.sort_unstable();
        ids.dedup();
        let packages = self.metadata.read(move |tx| {
            Box::pin(async move {
                let mut packages = Vec::with_capacity(ids.len());
                for id in ids {
                    if let Some(row) = package::find(tx, id).await? {
                        packages.push((row, package_vulnerability::of_package(tx, id).await?));
                    }
                }
                Ok::<_, Error>(packages)
            })
        });
        let matched = self.match_all(&run.database, packages.await?).await?;
        self.write_matched(run, matched).await
    }

    async fn match_all(
        &self,
        database: &Arc<Database>,
        packages: Vec<(PackageRow, Vec<PackageVulnerabilityRow>)>,
    ) -> Result<Vec<Matched>, Error> {
        let (database, now) = (Arc::clone(database), self.now());
        blocking(move || {
            packages.into_iter().map(|(row, had)| matched(&database, row, had, now)).collect()
        })
        .await
    }

    async fn write_matched(&self, run: &Rematch, matched: Vec<Matched>) -> Result<(), Error> {
        let mut step: Vec<Matched> = Vec::new();
        let mut rows = 0;
        for one in matched {
            rows += one.puts.len() + one.deletes.len() + 1;
            step.push(one);
            if rows >= SCAN_STEP_ROWS {
                rows = 0;
                self.write_some(&run.row.database_id, std::mem::take(&mut step)).await?;
            }
        }
        self.write_some(&run.row.database_id, step).await
    }

    async fn write_some(&self, database_id: &str, step: Vec<Matched>) -> Result<(), Error> {
        let database_id = database_id.to_owned();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    for one in &step {
                        // Nobody may have it any more.
                        if package::find(tx, one.package).await?.is_none() {
                            continue;
                        }
                        for vulnerability in &one.deletes {
                            package_vulnerability::delete(tx, one.package, vulnerability).await?;
                        }
                        for row in &one.puts {
                            package_vulnerability::put(tx, one.package, row).await?;
                        }
                        package::mark_matched(tx, one.package, &database_id).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }
}

async fn named_part(
    tx: &mut Tx,
    names: &[(Ecosystem, String)],
    position: &str,
) -> Result<Option<Part>, Error> {
    let from = names.partition_point(|name| position_of(name).as_str() <= position);
    let mut part = Part { packages: Vec::new(), end: String::new() };
    // One package may have several of the names.
    let mut seen = HashSet::new();
    for name in names.iter().skip(from) {
        let mut after = 0;
        loop {
            let rows = package::named(tx, &name.0.to_string(), &name.1, after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.package_id;
            for row in rows {
                // What was never matched is left to whoever does that first.
                if row.database_id.is_some() && seen.insert(row.package_id) {
                    let had = package_vulnerability::of_package(tx, row.package_id).await?;
                    part.packages.push((row, had));
                }
            }
        }
        part.end = position_of(name);
        if part.packages.len() >= REMATCH_PACKAGES_MAX {
            break;
        }
    }
    Ok((!part.end.is_empty()).then_some(part))
}

async fn next_of_all(
    tx: &mut Tx,
    database_id: &str,
    position: &str,
) -> Result<Option<Part>, Error> {
    let mut after = position.parse().unwrap_or(0);
    let mut part = Part { packages: Vec::new(), end: String::new() };
    while part.packages.len() < REMATCH_PACKAGES_MAX {
        let rows = package::list(tx, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.package_id;
        part.end = after.to_string();
        for row in rows {
            if row.database_id.as_deref().is_some_and(|id| id != database_id) {
                let had = package_vulnerability::of_package(tx, row.package_id).await?;
                part.packages.push((row, had));
            }
        }
    }
    Ok((!part.end.is_empty()).then_some(part))
}

fn matched(
    database: &Database,
    row: PackageRow,
    had: Vec<PackageVulnerabilityRow>,
    now: Timestamp,
) -> Result<Matched, Error> {
    let broken = |error| Error::Server(Box::new(error));
    let identity: PackageIdentity = serde_json::from_str(&row.identity).map_err(broken)?;
    let found =
        match_package(database, &identity).map_err(|error| Error::Server(Box::new(error)))?;
    let found = found.iter().map(|found| row_of(found, now));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    let mut one =
        Matched { package: row.package_id, puts: vec![], deletes: vec![], changes: vec![] };
    let change = |vulnerability: &str, before| Change {
        package: row.package_id,
        name: identity.name.clone(),
        vulnerability: vulnerability.to_owned(),
        before,
    };
    for old in &had {
        if !found.iter().any(|new| new.vulnerability == old.vulnerability) {
            one.deletes.push(old.vulnerability.clone());
            one.changes.push(change(&old.vulnerability, severity(old)));
        }
    }
    for new in found {
        let old = had.iter().find(|old| old.vulnerability == new.vulnerability);
        if old.is_none_or(|old| old.detail != new.detail) {
            one.changes.push(change(&new.vulnerability, old.and_then(severity)));
            one.puts.push(new);
        }
    }
    Ok(one)
}

/// One that nobody here knows counts as unrated.
fn severity(row: &PackageVulnerabilityRow) -> Option<Severity> {
    Some(row.severity.parse().unwrap_or(Severity::Undefined))
}
