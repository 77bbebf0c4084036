//! The job that scans an image: an inventory, matches, findings, and how the scan ended.

use std::sync::Arc;

use wharfinger_core::limits::SCAN_ATTEMPTS_MAX;
use wharfinger_core::{Digest, Entropy, Timestamp};
use wharfinger_metadata::image::{self, ImageStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{RepositoryId, Tx, package, repository, tag};
use wharfinger_scanner::{ScanMode, end_of_life_note, unsupported};

use super::counting::ask_to_count;
use super::event::{self, EndedScan};
use super::failure::ScanFailure;
use super::finding::{self, PackageFinding};
use super::index_scan::ask_if_stale;
use super::inventory::{KeptInventory, blocking};
use super::matched::{Advisories, Matches, findings_by};
use super::suppressed::Suppressed;
use super::{ScanFrequency, ScanStatus, ScanType, of_registry, tally, vex};
use crate::archive::parse_subject;
use crate::job::JobOutcome;
use crate::{Error, Registry};

/// ECR's description of a scan that has findings.
const COMPLETE: &str = "The scan was completed successfully.";
/// ECR's description of a scan whose findings change with the advisories.
const ACTIVE: &str = "Continuous scan is selected for image.";
/// Looks at advisories that are replaced meanwhile, before the job is tried again later.
const LOOKS_MAX: u32 = 3;

/// What is to be scanned.
struct Due {
    repository: RepositoryRow,
    digest: Digest,
    /// The scans that have not ended, of one mode or both.
    scans: Vec<(ScanType, ScanRow)>,
    /// How often images of the repository are scanned in enhanced scanning.
    frequency: ScanFrequency,
    is_active: bool,
}

/// What the looking came to.
struct Examined {
    inventory: KeptInventory,
    /// With what they were matched with; none without advisories.
    matched: Option<(Advisories, Matches)>,
}

/// How a scan ends.
struct End {
    status: ScanStatus,
    description: String,
    /// What it looked at; 0 if it came to nothing.
    inventory_id: i64,
    /// By which advisories, if it has findings.
    findings: Option<(Advisories, Vec<PackageFinding>)>,
}

impl Registry {
    /// Scans an image, if somebody waits for it.
    pub(crate) async fn scan_image(
        &self,
        subject: &str,
        attempts: u32,
    ) -> Result<JobOutcome, Error> {
        let (repository, digest) = parse_subject(subject)?;
        let Some(due) = self.due_scans(repository, digest).await? else {
            return Ok(JobOutcome::default());
        };
        let examined = match self.examine(&due).await {
            Err(ScanFailure::Passing(error)) if attempts < SCAN_ATTEMPTS_MAX => return Err(error),
            Err(ScanFailure::Passing(error)) => {
                tracing::error!(subject, error = &error as &dyn std::error::Error, "a scan failed");
                let why = "The scan failed several times; the log of the server says why.";
                Err(ScanFailure::Failed(why.into()))
            }
            examined => examined,
        };
        let mut report = serde_json::Map::new();
        for (scan_type, row) in &due.scans {
            let mut end = end_of(&due, *scan_type, &examined, self.now());
            if let (Some((_, findings)), Ok(examined)) = (&mut end.findings, &examined) {
                let content = Some(&examined.inventory.content);
                self.suppress(&due.repository, due.digest, content, findings).await?;
            }
            report.insert(scan_type.as_str().to_lowercase(), end.status.as_str().into());
            self.end_scan(&due, *scan_type, row, end).await?;
        }
        let report = serde_json::Value::Object(report).to_string();
        Ok(JobOutcome { next: None, report: Some(report) })
    }

    async fn due_scans(
        &self,
        repository: RepositoryId,
        digest: Digest,
    ) -> Result<Option<Due>, Error> {
        self.metadata
            .read(move |tx| Box::pin(async move { due_scans(tx, repository, digest).await }))
            .await
    }

    async fn examine(&self, due: &Due) -> Result<Examined, ScanFailure> {
        if !due.is_active {
            return Err(ScanFailure::Archived);
        }
        let inventory = self.inventory_of(&due.repository, due.digest).await?;
        for _ in 0..LOOKS_MAX {
            let Some(advisories) = self.advisories().await? else {
                return Ok(Examined { inventory, matched: None });
            };
            let matches = self.matches(&advisories, inventory.identities.clone()).await?;
            if self.keep_matches(&advisories, &inventory.row.package_ids, &matches).await? {
                return Ok(Examined { inventory, matched: Some((advisories, matches)) });
            }
        }
        Err(Error::Server("the advisories were replaced while they were used".into()).into())
    }

    async fn end_scan(
        &self,
        due: &Due,
        scan_type: ScanType,
        begun: &ScanRow,
        end: End,
    ) -> Result<(), Error> {
        let mut row = ScanRow::without_findings(
            due.digest,
            scan_type.as_str(),
            end.status.as_str(),
            end.description,
            begun.started_at,
        );
        let (mut kept, mut mark, mut counts) = (None, None, None);
        let mut suppressed = Suppressed::default();
        if let Some((advisories, findings)) = end.findings {
            row.completed_at = Some(self.now());
            row.database_id = Some(advisories.id().to_owned());
            row.database_updated_at = advisories.updated_at();
            counts = Some(finding::counts(&findings, scan_type));
            suppressed = Suppressed::of(&findings);
            // Findings that change with the advisories are those of the packages.
            match end.status {
                ScanStatus::Active => mark = Some((advisories.mark, end.inventory_id)),
                _ => kept = Some(blocking(move || finding::pack(&findings)).await?),
            }
        }
        let (repository, begun, status) = (due.repository.clone(), begun.clone(), end.status);
        let (entropy, now) = (Arc::clone(&self.entropy), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    // Whoever has asked for another scan meanwhile waits for that.
                    let mode = scan_type.as_str();
                    let found = scan::find(tx, repository.id, &row.digest, mode).await?;
                    if found.as_ref() != Some(&begun) {
                        return Ok(());
                    }
                    // Whoever has begun to match packages anew may have gone past this image.
                    if let Some((mark, inventory)) = mark
                        && package::matching_mark(tx).await? != mark
                    {
                        counts = Some(tally::of_inventory(tx, inventory, &suppressed).await?);
                        row.completed_at = Some(now);
                    }
                    row.counts = counts.as_ref().map(finding::counts_json).transpose()?;
                    scan::put(tx, repository.id, &row, kept.as_deref()).await?;
                    let (id, digest) = (repository.id, &row.digest);
                    let times = (&*entropy, now);
                    keep_suppressed(tx, id, digest, scan_type, &suppressed, times).await?;
                    ask_if_stale(tx, times).await?;
                    let tags = tag::of_image(tx, id, digest).await?;
                    let counts = counts.as_ref();
                    let ended = EndedScan { scan_type, status, counts, digest, tags: &tags };
                    event::scan_ended(tx, &*entropy, now, &repository, ended).await
                })
            })
            .await
    }
}

/// Keeps what is suppressed with the scan. Something else may have been stated since that was looked up,
/// and whoever has stated it may have found no result to count.
async fn keep_suppressed(
    tx: &mut Tx,
    id: RepositoryId,
    digest: &Digest,
    scan_type: ScanType,
    suppressed: &Suppressed,
    times: (&dyn Entropy, Timestamp),
) -> Result<(), Error> {
    let packed = suppressed.pack()?;
    scan::set_suppressed(tx, id, digest, scan_type.as_str(), packed.as_deref()).await?;
    if !suppressed.is_empty() || vex::is_spoken_of(tx, id, digest).await? {
        ask_to_count(tx, id, digest, times).await?;
    }
    Ok(())
}

async fn due_scans(tx: &mut Tx, id: RepositoryId, digest: Digest) -> Result<Option<Due>, Error> {
    let Some(repository) = repository::find_by_id(tx, id).await? else { return Ok(None) };
    let Some(image) = image::find(tx, id, &digest).await? else { return Ok(None) };
    let mut scans = Vec::new();
    for scan_type in [ScanType::Basic, ScanType::Enhanced] {
        let Some(row) = scan::find(tx, id, &digest, scan_type.as_str()).await? else { continue };
        if ScanStatus::stored(&row.status)?.is_pending() {
            scans.push((scan_type, row));
        }
    }
    if scans.is_empty() {
        return Ok(None);
    }
    let configuration = of_registry(tx, &repository.registry).await?;
    let frequency = configuration.effective(&repository.name, repository.scan_on_push).frequency;
    let is_active = image.status == ImageStatus::Active;
    Ok(Some(Due { repository, digest, scans, frequency, is_active }))
}

fn end_of(
    due: &Due,
    scan_type: ScanType,
    examined: &Result<Examined, ScanFailure>,
    now: Timestamp,
) -> End {
    let failed = |failure: &ScanFailure| {
        let (status, description) = failure
            .status(scan_type)
            .unwrap_or_else(|| (ScanStatus::Failed, "The scan failed.".into()));
        End { status, description, inventory_id: 0, findings: None }
    };
    let Examined { inventory, matched } = match examined {
        Ok(examined) => examined,
        Err(failure) => return failed(failure),
    };
    let mode = match scan_type {
        ScanType::Basic => ScanMode::Basic,
        ScanType::Enhanced => ScanMode::Enhanced,
    };
    let database = matched.as_ref().map(|(advisories, _)| &*advisories.database);
    if let Some(why) = unsupported(&inventory.content.inventory, mode, database) {
        return failed(&ScanFailure::from(why));
    }
    let Some((advisories, matches)) = matched else {
        return failed(&ScanFailure::Failed("There are no advisories.".into()));
    };
    let mut findings = findings_by(inventory, matches, now);
    findings.retain(|finding| finding.is_of(scan_type));
    let continuous =
        scan_type == ScanType::Enhanced && due.frequency == ScanFrequency::ContinuousScan;
    let (status, description) = match continuous {
        true => (ScanStatus::Active, ACTIVE),
        false => (ScanStatus::Complete, COMPLETE),
    };
    let looked_at = &inventory.content.inventory;
    let unread = looked_at.unread_note().filter(|_| scan_type == ScanType::Enhanced);
    let ended = looked_at.distribution.as_ref().and_then(|it| end_of_life_note(it, now));
    let notes = [unread, ended].into_iter().flatten();
    let description = notes.fold(description.to_owned(), |before, note| format!("{before} {note}"));
    End {
        status,
        description,
        inventory_id: inventory.row.inventory_id,
        findings: Some((advisories.clone(), findings)),
    }
}
