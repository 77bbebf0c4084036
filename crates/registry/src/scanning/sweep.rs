//! The job that scans what is there already: when a registry goes over to enhanced scanning or changes
//! its rules, and when there are other advisories than those without which scans have failed.
//!
//! In enhanced scanning nobody can ask for a scan, so that this is how an image that was pushed before
//! gets one.

use std::sync::Arc;
use std::time::Duration;

use wharfinger_core::limits::SCAN_SWEEP_SECONDS;
use wharfinger_core::{AccountId, RegistryId};
use wharfinger_metadata::image::{self, ImagePosition, ImageStatus, TagStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{Tx, registry_setting, repository};

use super::{ScanFrequency, ScanStatus, ScanType, image_scan, of_registry, request};
use crate::job::{JobKind, JobOutcome, ask};
use crate::{Error, ImageName, Registry};

/// Under which name a registry keeps the advisories with which all of it was looked at last.
const MARK: &str = "scans-swept";
/// Repositories or images of a step.
const STEP: u32 = 100;

/// Asks for a look at all images of a registry, if its mode of scanning has one.
pub(super) async fn ask_for_sweep(
    tx: &mut Tx,
    registry: &RegistryId,
    scan_type: ScanType,
    (entropy, now): (&dyn wharfinger_core::Entropy, wharfinger_core::Timestamp),
) -> Result<(), Error> {
    if scan_type == ScanType::Enhanced {
        registry_setting::delete(tx, registry, MARK).await?;
        let subject = format!("{}/{}", registry.account, registry.region);
        ask(tx, entropy, JobKind::ScanRegistry, &subject, now, now).await?;
    }
    Ok(())
}

impl Registry {
    /// Begins the scans of all images of a registry that are to be scanned and were not. It comes back
    /// from time to time for as long as the registry is in enhanced scanning, to see whether there are
    /// other advisories.
    pub(crate) async fn scan_registry(&self, subject: &str) -> Result<JobOutcome, Error> {
        let registry = parse_subject(subject)?;
        let advisories = self.advisories().await?;
        let id = advisories.as_ref().map(|it| it.id().to_owned()).unwrap_or_default();
        let (of, mark) = (registry.clone(), Some(id.clone()));
        let (scan_type, is_swept) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let scan_type = of_registry(tx, &of).await?.scan_type();
                    let swept = registry_setting::get(tx, &of, MARK).await?;
                    Ok::<_, Error>((scan_type, swept == mark))
                })
            })
            .await?;
        if scan_type != ScanType::Enhanced {
            return Ok(JobOutcome::default());
        }
        let next = Some(self.now().plus(Duration::from_secs(SCAN_SWEEP_SECONDS)));
        if is_swept {
            return Ok(JobOutcome { next, report: None });
        }
        let begun = self.sweep(&registry).await?;
        let now = self.now();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(registry_setting::put(tx, &registry, MARK, &id, now).await?)
                })
            })
            .await?;
        let report = serde_json::json!({ "scans": begun }).to_string();
        Ok(JobOutcome { next, report: Some(report) })
    }

    async fn sweep(&self, registry: &RegistryId) -> Result<u64, Error> {
        let (mut begun, mut after) = (0, String::new());
        loop {
            let (of, from) = (registry.clone(), std::mem::take(&mut after));
            let page = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(repository::list(tx, &of, &from, STEP).await?)
                    })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(begun) };
            after = last.name.to_string();
            for repository in page {
                begun += self.sweep_repository(repository).await?;
            }
        }
    }

    async fn sweep_repository(&self, repository: RepositoryRow) -> Result<u64, Error> {
        let (mut begun, mut after) = (0, ImagePosition::default());
        loop {
            let (of, from) = (repository.clone(), std::mem::take(&mut after));
            let (entropy, now) = (Arc::clone(&self.entropy), self.now());
            let step = self.metadata.write(move |tx| {
                Box::pin(async move { sweep_some(tx, &of, &from, (&*entropy, now)).await })
            });
            let (more, last) = step.await?;
            begun += more;
            match last {
                Some(last) => after = last,
                None => return Ok(begun),
            }
        }
    }
}

/// Begins scans of some images; answers how many, and where it goes on.
async fn sweep_some(
    tx: &mut Tx,
    repository: &RepositoryRow,
    after: &ImagePosition,
    times: (&dyn wharfinger_core::Entropy, wharfinger_core::Timestamp),
) -> Result<(u64, Option<ImagePosition>), Error> {
    let configuration = of_registry(tx, &repository.registry).await?;
    let effective = configuration.effective(&repository.name, repository.scan_on_push);
    let mode = configuration.scan_type();
    // A repository that was deleted meanwhile is in no registry.
    let gone = repository::find_by_id(tx, repository.id).await?.is_none();
    if mode != ScanType::Enhanced || !effective.scan_on_push || gone {
        return Ok((0, None));
    }
    let active = Some(ImageStatus::Active);
    let rows = image::list(tx, repository.id, TagStatus::Any, active, after, STEP).await?;
    let mut begun = 0;
    for row in &rows {
        let name = ImageName { digest: Some(row.digest.to_string()), tag: None };
        if image_scan::check_type(row, &name).is_err() {
            continue;
        }
        let last = image_scan::last_kept(tx, repository.id, &row.digest, mode).await?;
        let is_due = match last.map(|scan| ScanStatus::stored(&scan.status)).transpose()? {
            None | Some(ScanStatus::Failed) => true,
            Some(ScanStatus::Complete) => effective.frequency == ScanFrequency::ContinuousScan,
            Some(_) => false,
        };
        if is_due {
            request::begin(tx, repository, &row.digest, mode, times).await?;
            begun += 1;
        }
    }
    let position = |row: &image::ImageRow| ImagePosition {
        pushed_at: row.pushed_at,
        digest: row.digest.to_string(),
    };
    Ok((begun, rows.last().map(position)))
}

pub(super) fn parse_subject(subject: &str) -> Result<RegistryId, Error> {
    let parsed = subject.split_once('/').and_then(|(account, region)| {
        let account: AccountId = account.parse().ok()?;
        RegistryId::stored(account, region).ok()
    });
    parsed.ok_or_else(|| Error::Server(format!("{subject} is no registry").into()))
}
