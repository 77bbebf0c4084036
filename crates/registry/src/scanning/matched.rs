//! What the packages of an image are affected by, by the advisories of the moment.

use std::sync::Arc;

use wharfinger_advisories::Database;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::SCAN_STEP_ROWS;
use wharfinger_metadata::Tx;
use wharfinger_metadata::package::{self, PackageId};
use wharfinger_metadata::package_vulnerability::{self, PackageVulnerabilityRow};
use wharfinger_package::PackageIdentity;
use wharfinger_scanner::{PackageVulnerability, match_package};

use super::finding::PackageFinding;
use super::inventory::{KeptInventory, blocking};
use crate::{Error, Registry};

/// The advisories that a scan uses.
#[derive(Clone)]
pub(crate) struct Advisories {
    pub(crate) database: Arc<Database>,
    /// The mark that was left when it was opened: whoever matches all packages anew leaves another.
    pub(super) mark: Option<String>,
}

impl Advisories {
    pub(crate) fn id(&self) -> &str {
        &self.database.information().id
    }

    /// When the newest statement in it was made.
    pub(crate) fn updated_at(&self) -> Option<Timestamp> {
        self.database.information().sources.iter().map(|source| source.updated_at).max()
    }
}

/// The vulnerabilities of some packages, in the order of these.
pub(super) type Matches = Vec<Vec<PackageVulnerability>>;

impl Registry {
    /// The advisories of the moment; `None` while there are none.
    pub(crate) async fn advisories(&self) -> Result<Option<Advisories>, Error> {
        let Some(store) = self.advisories.clone() else { return Ok(None) };
        let mark = self
            .metadata
            .read(|tx| Box::pin(async move { Ok::<_, Error>(package::matching_mark(tx).await?) }))
            .await?;
        let current =
            blocking(move || store.current().map_err(|error| Error::Server(Box::new(error))));
        Ok(current.await?.map(|database| Advisories { database, mark }))
    }

    /// Matches packages with advisories.
    pub(super) async fn matches(
        &self,
        advisories: &Advisories,
        identities: Vec<PackageIdentity>,
    ) -> Result<Matches, Error> {
        let database = Arc::clone(&advisories.database);
        blocking(move || {
            let matched = identities.iter().map(|package| match_package(&database, package));
            matched.collect::<Result<_, _>>().map_err(|error| Error::Server(Box::new(error)))
        })
        .await
    }

    /// Writes down what those packages of an inventory have that were never matched before. Answers
    /// whether the advisories are still those that everybody uses.
    pub(super) async fn keep_matches(
        &self,
        advisories: &Advisories,
        ids: &[PackageId],
        matches: &Matches,
    ) -> Result<bool, Error> {
        let mut step: Vec<(PackageId, Vec<PackageVulnerability>)> = Vec::new();
        let mut rows = 0;
        for (id, found) in ids.iter().zip(matches) {
            step.push((*id, found.clone()));
            rows += found.len() + 1;
            if rows >= SCAN_STEP_ROWS {
                rows = 0;
                if !self.keep_some(advisories, std::mem::take(&mut step)).await? {
                    return Ok(false);
                }
            }
        }
        self.keep_some(advisories, step).await
    }

    async fn keep_some(
        &self,
        advisories: &Advisories,
        step: Vec<(PackageId, Vec<PackageVulnerability>)>,
    ) -> Result<bool, Error> {
        let (mark, id, now) = (advisories.mark.clone(), advisories.id().to_owned(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    if package::matching_mark(tx).await? != mark {
                        return Ok(false);
                    }
                    for (package, found) in &step {
                        keep_new(tx, *package, found, &id, now).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }
}

/// What others have matched is left to whoever matches it anew, and tells of the changes.
async fn keep_new(
    tx: &mut Tx,
    id: PackageId,
    found: &[PackageVulnerability],
    database_id: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let row = package::find(tx, id).await?;
    if row.is_none_or(|row| row.database_id.is_some()) {
        return Ok(());
    }
    for vulnerability in found {
        package_vulnerability::put(tx, id, &row_of(vulnerability, now)?).await?;
    }
    Ok(package::mark_matched(tx, id, database_id).await?)
}

/// A match as it is kept.
pub(crate) fn row_of(
    found: &PackageVulnerability,
    now: Timestamp,
) -> Result<PackageVulnerabilityRow, Error> {
    Ok(PackageVulnerabilityRow {
        vulnerability: found.vulnerability.clone(),
        severity: found.severity.as_str().to_owned(),
        detail: serde_json::to_string(found).map_err(|error| Error::Server(Box::new(error)))?,
        first_seen_at: now,
        updated_at: now,
    })
}

/// The findings of an image by these matches alone.
pub(super) fn findings_by(
    inventory: &KeptInventory,
    matches: &Matches,
    now: Timestamp,
) -> Vec<PackageFinding> {
    let of_package = |(package, found): (&PackageIdentity, &Vec<PackageVulnerability>)| {
        let package = package.clone();
        let finding = move |vulnerability: &PackageVulnerability| PackageFinding {
            package: package.clone(),
            vulnerability: vulnerability.clone(),
            first_seen_at: now,
            updated_at: now,
            suppression: None,
        };
        found.iter().map(finding).collect::<Vec<_>>()
    };
    inventory.identities.iter().zip(matches).flat_map(of_package).collect()
}
