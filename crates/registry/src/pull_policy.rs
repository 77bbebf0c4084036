//! The pull policy: images that have had a CRITICAL vulnerability for too long are not handed out. Off
//! unless the operator asks for it; then it holds for every image that was scanned in the registry's mode of
//! scanning. Indexes are handed out, their images not.

use std::collections::BTreeMap;
use std::time::Duration;

use wharfinger_core::{Digest, RegistryId, Timestamp};
use wharfinger_metadata::package::{self, PackageId};
use wharfinger_metadata::{RepositoryId, Tx, inventory, package_vulnerability, scan};
use wharfinger_package::Severity;

use crate::Error;
use crate::scanning::{Suppressed, kept_criticals, of_registry};

/// Which images are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PullPolicy {
    /// How long an image may have a CRITICAL vulnerability; none: for ever.
    pub refuse_critical_after: Option<Duration>,
}

/// From when on an image is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) from: Timestamp,
    pub(crate) vulnerability: String,
    days: u64,
}

impl Refusal {
    /// # Errors
    /// [`Error::PullRefused`] if it has come to that.
    pub(crate) fn check(
        refusal: Option<&Self>,
        digest: Digest,
        now: Timestamp,
    ) -> Result<(), Error> {
        match refusal {
            Some(Self { from, vulnerability, days }) if *from <= now => Err(Error::PullRefused {
                digest,
                vulnerability: vulnerability.clone(),
                days: *days,
            }),
            _ => Ok(()),
        }
    }
}

impl PullPolicy {
    /// When the image is refused; never while it has no such vulnerability that counts.
    pub(crate) async fn refusal(
        self,
        tx: &mut Tx,
        registry: &RegistryId,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<Option<Refusal>, Error> {
        let Some(after) = self.refuse_critical_after else { return Ok(None) };
        let oldest = oldest_critical(tx, registry, repository, digest).await?;
        Ok(oldest.map(|(known_at, vulnerability)| Refusal {
            from: known_at.plus(after),
            vulnerability,
            days: after.as_secs() / 86_400,
        }))
    }
}

/// The CRITICAL vulnerability that the image has been known to have for longest; of those that are
/// suppressed, none.
async fn oldest_critical(
    tx: &mut Tx,
    registry: &RegistryId,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<(Timestamp, String)>, Error> {
    let scan_type = of_registry(tx, registry).await?.scan_type();
    let found = scan::find(tx, repository, digest, scan_type.as_str()).await?;
    let counts = found.and_then(|row| row.counts).unwrap_or_default();
    // What is suppressed is not counted.
    let counts: BTreeMap<Severity, u64> = serde_json::from_str(&counts).unwrap_or_default();
    if !counts.contains_key(&Severity::Critical) {
        return Ok(None);
    }
    let suppressed = Suppressed::find(tx, repository, digest, scan_type).await?;
    if let Some(kept) = scan::findings(tx, repository, digest, scan_type.as_str()).await? {
        return Ok(kept_criticals(&kept, scan_type, &suppressed)?.into_iter().min());
    }
    let mut oldest = None;
    let packages = inventory::find(tx, repository, digest).await?;
    for package in packages.into_iter().flat_map(|row| row.package_ids) {
        for row in package_vulnerability::of_package(tx, package).await? {
            if row.severity == Severity::Critical.as_str()
                && !is_suppressed(tx, &suppressed, package, &row.vulnerability).await?
            {
                let this = (row.first_seen_at, row.vulnerability);
                oldest = Some(oldest.map_or_else(|| this.clone(), |it| this.clone().min(it)));
            }
        }
    }
    Ok(oldest)
}

async fn is_suppressed(
    tx: &mut Tx,
    suppressed: &Suppressed,
    package: PackageId,
    vulnerability: &str,
) -> Result<bool, Error> {
    if !suppressed.names(vulnerability) {
        return Ok(false);
    }
    let Some(row) = package::find(tx, package).await? else { return Ok(false) };
    let identity =
        serde_json::from_str(&row.identity).map_err(|error| Error::Server(Box::new(error)))?;
    Ok(suppressed.covers_in(vulnerability, &identity))
}
