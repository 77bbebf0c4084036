//! Counting the findings of an image anew, after what is stated of them: what is suppressed does not
//! count, and of an image that is watched the audit log is told what is suppressed by now or no more.
//!
//! What is told of such an image depends on what was told before, of which the job that matches packages
//! tells as well. So nothing is written that was read while packages were matched: it is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use wharfinger_auth::RepositoryResource;
use wharfinger_core::limits::COUNT_RETRY_SECONDS;
use wharfinger_core::{Digest, Entropy, Timestamp};
use wharfinger_metadata::advisory_matching::{self, MatchingMark};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{RepositoryId, Tx};
use wharfinger_package::Severity;

use super::event::{ChangedFinding, FindingEvents, title};
use super::finding::{self, PackageFinding};
use super::index_scan::ask_if_stale;
use super::request::subject;
use super::suppressed::Suppressed;
use super::{ScanStatus, ScanType, is_watched};
use crate::archive::parse_subject;
use crate::job::{JobKind, JobOutcome, ask};
use crate::{Error, Registry, RequestedImage};

/// What a counting came to; of several the last of these that occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counting {
    /// There is nothing to count.
    Nothing,
    /// The counts are what they ought to be.
    Done,
    /// Something changed meanwhile: it is to be tried again.
    NotYet,
}

/// What is counted, as it was before anybody looked at the findings.
struct Begun {
    repository: RepositoryRow,
    scan: ScanRow,
    mark: Option<MatchingMark>,
}

/// What was counted.
struct Count {
    counts: String,
    suppressed: Suppressed,
    /// The findings of an image whose findings change with the advisories, by vulnerability.
    present: BTreeMap<String, Present>,
}

struct Present {
    severity: Severity,
    title: String,
}

/// Asks for the counting of an image.
pub(super) async fn ask_to_count(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    (entropy, now): (&dyn Entropy, Timestamp),
) -> Result<(), Error> {
    let subject = subject(repository, digest);
    Ok(ask(tx, entropy, JobKind::CountFindings, &subject, now, now).await?)
}

impl Registry {
    /// Counts the findings of an image anew, in both modes of scanning.
    pub(crate) async fn count_findings(&self, subject: &str) -> Result<JobOutcome, Error> {
        let (repository, digest) = parse_subject(subject)?;
        let counting = self.count_image(repository, digest).await?;
        let report = serde_json::json!({ "counted": counting == Counting::Done }).to_string();
        let again = self.now().plus(Duration::from_secs(COUNT_RETRY_SECONDS));
        let next = (counting == Counting::NotYet).then_some(again);
        Ok(JobOutcome { next, report: (counting != Counting::Nothing).then_some(report) })
    }

    pub(super) async fn count_image(
        &self,
        repository: RepositoryId,
        digest: Digest,
    ) -> Result<Counting, Error> {
        let mut counting = Counting::Nothing;
        for scan_type in [ScanType::Basic, ScanType::Enhanced] {
            counting = counting.max(self.count_mode(repository, digest, scan_type).await?);
        }
        Ok(counting)
    }

    async fn count_mode(
        &self,
        repository: RepositoryId,
        digest: Digest,
        scan_type: ScanType,
    ) -> Result<Counting, Error> {
        let begun = self.metadata.read(move |tx| {
            Box::pin(async move { Begun::read(tx, repository, digest, scan_type).await })
        });
        let Some(begun) = begun.await? else { return Ok(Counting::Nothing) };
        if begun.is_disturbed() {
            return Ok(Counting::NotYet);
        }
        let RepositoryRow { registry, name, .. } = begun.repository.clone();
        let requested = RequestedImage { digest: Some(digest.to_string()), tag: None };
        let resource = RepositoryResource { registry, name };
        let found = match self.find_image_scan(&resource, requested, Some(scan_type)).await {
            Ok(found) if found.scan.summary.is_some() => found,
            // Archived or gone meanwhile.
            Ok(_)
            | Err(
                Error::ScanNotFound { .. }
                | Error::ImageNotFound { .. }
                | Error::RepositoryNotFound { .. },
            ) => return Ok(Counting::Nothing),
            Err(error) => return Err(error),
        };
        let is_watched = begun.is_active();
        let count = Count {
            counts: finding::counts_json(&finding::counts(&found.findings, scan_type))?,
            suppressed: Suppressed::of(&found.findings),
            present: if is_watched { present(&found.findings) } else { BTreeMap::new() },
        };
        let (entropy, now) = (Arc::clone(&self.entropy), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move { begun.write(tx, scan_type, count, (&*entropy, now)).await })
            })
            .await
    }
}

impl Begun {
    async fn read(
        tx: &mut Tx,
        id: RepositoryId,
        digest: Digest,
        scan_type: ScanType,
    ) -> Result<Option<Self>, Error> {
        let Some(repository) = repository::find_by_id(tx, id).await? else { return Ok(None) };
        let scan = scan::find(tx, id, &digest, scan_type.as_str()).await?;
        let Some(scan) = scan.filter(|scan| scan.completed_at.is_some()) else { return Ok(None) };
        let mark = advisory_matching::mark(tx).await?;
        Ok(Some(Self { repository, scan, mark }))
    }

    /// Whether the findings change with the advisories.
    fn is_active(&self) -> bool {
        self.scan.status == ScanStatus::Active.as_str()
    }

    /// Whether they are changing at the moment.
    fn is_disturbed(&self) -> bool {
        self.is_active() && self.mark.as_ref().is_some_and(|mark| mark.is_under_way)
    }

    /// Whether it is the same scan, by the same advisories.
    async fn stands(&self, tx: &mut Tx, scan_type: ScanType) -> Result<bool, Error> {
        let (id, digest) = (self.repository.id, &self.scan.digest);
        let Some(now) = Self::read(tx, id, *digest, scan_type).await? else { return Ok(false) };
        let of = |scan: &ScanRow| (scan.status.clone(), scan.started_at, scan.completed_at);
        Ok(of(&now.scan) == of(&self.scan) && (!self.is_active() || now.mark == self.mark))
    }

    async fn write(
        self,
        tx: &mut Tx,
        scan_type: ScanType,
        count: Count,
        times: (&dyn Entropy, Timestamp),
    ) -> Result<Counting, Error> {
        if !self.stands(tx, scan_type).await? {
            return Ok(Counting::NotYet);
        }
        let (id, digest, mode) = (self.repository.id, &self.scan.digest, scan_type.as_str());
        let before = Suppressed::find(tx, id, digest, scan_type).await?;
        let Count { counts, suppressed, present } = count;
        let known = scan::find(tx, id, digest, mode).await?.and_then(|row| row.counts);
        if known.as_ref() == Some(&counts) && before == suppressed {
            return Ok(Counting::Done);
        }
        if self.is_active() && is_watched(tx, &self.repository).await? {
            let mut events = FindingEvents::default();
            for change in changes(&present, &before, &suppressed) {
                events.add(change, &self.repository, digest);
            }
            events.insert(tx, times.0, times.1).await?;
        }
        scan::set_counts(tx, id, digest, mode, &counts).await?;
        scan::set_suppressed(tx, id, digest, mode, suppressed.pack()?.as_deref()).await?;
        ask_if_stale(tx, times).await?;
        Ok(Counting::Done)
    }
}

/// The findings by vulnerability, each as bad as in the worst of its packages.
fn present(findings: &[PackageFinding]) -> BTreeMap<String, Present> {
    let mut all: BTreeMap<&str, (Severity, BTreeSet<&str>)> = BTreeMap::new();
    for PackageFinding { vulnerability, package, .. } in findings {
        let found = all.entry(&vulnerability.vulnerability);
        let (severity, names) = found.or_insert((vulnerability.severity, BTreeSet::new()));
        *severity = vulnerability.severity.max(*severity);
        names.insert(&package.name);
    }
    let present = |(id, (severity, names)): (&str, (Severity, BTreeSet<&str>))| {
        (id.to_owned(), Present { severity, title: title(id, &names) })
    };
    all.into_iter().map(present).collect()
}

/// What is suppressed by now and was not, or the other way round. What is gone is told by whoever
/// matches packages.
fn changes<'a>(
    present: &'a BTreeMap<String, Present>,
    before: &Suppressed,
    after: &Suppressed,
) -> Vec<ChangedFinding<'a>> {
    let changed = present.iter().filter_map(|(vulnerability, Present { severity, title })| {
        let is_suppressed = after.covers(vulnerability);
        (before.covers(vulnerability) != is_suppressed).then_some(ChangedFinding {
            vulnerability,
            title,
            before: Some(*severity),
            after: Some(*severity),
            is_suppressed,
        })
    });
    changed.collect()
}
