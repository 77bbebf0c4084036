//! What the audit log is told of scans: `ECR Image Scan` and Inspector's `Inspector2 Scan` when one ends,
//! `Inspector2 Finding` when a finding of a watched image appears, changes or goes. Their details are those
//! of the events that EventBridge has under these names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use wharfinger_core::limits::FINDING_EVENT_IMAGES_MAX;
use wharfinger_core::{Arn, Digest, Entropy, RegistryId, Tag, Timestamp};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{Tx, service_event};
use wharfinger_package::Severity;

use super::{ScanStatus, ScanType};
use crate::Error;

const BASIC_SCAN: &str = "ECR Image Scan";
const ENHANCED_SCAN: &str = "Inspector2 Scan";
const FINDING: &str = "Inspector2 Finding";
/// Names of packages in the title of a finding.
const TITLE_NAMES_MAX: usize = 5;

/// A scan that has ended.
pub(super) struct EndedScan<'a> {
    pub(super) scan_type: ScanType,
    pub(super) status: ScanStatus,
    /// None if it has no findings, be they none.
    pub(super) counts: Option<&'a BTreeMap<Severity, u64>>,
    pub(super) digest: &'a Digest,
    pub(super) tags: &'a [Tag],
}

/// Tells that a scan has ended.
pub(super) async fn scan_ended(
    tx: &mut Tx,
    entropy: &dyn Entropy,
    now: Timestamp,
    repository: &RepositoryRow,
    ended: EndedScan<'_>,
) -> Result<(), Error> {
    let (event_name, detail) = match ended.scan_type {
        ScanType::Basic => (BASIC_SCAN, basic_detail(repository, &ended)),
        ScanType::Enhanced => (ENHANCED_SCAN, enhanced_detail(repository, &ended)),
    };
    let RegistryId { account, region } = &repository.registry;
    let id = service_event::first_id(entropy);
    let detail = detail.to_string();
    Ok(service_event::insert(tx, id, account, region, event_name, now, &detail).await?)
}

fn basic_detail(repository: &RepositoryRow, ended: &EndedScan<'_>) -> Value {
    let status = if ended.counts.is_some() { "COMPLETE" } else { "FAILED" };
    json!({
        "repositoryName": repository.name.to_string(),
        "scan-status": status,
        "repository-name": repository.name.to_string(),
        "finding-severity-counts": named(ended.counts),
        "image-digest": ended.digest.to_string(),
        "image-tags": ended.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
    })
}

/// Inspector names the repository by its ARN, and has the sum among the counts.
fn enhanced_detail(repository: &RepositoryRow, ended: &EndedScan<'_>) -> Value {
    let status = match ended.counts {
        Some(_) => "INITIAL_SCAN_COMPLETE",
        None => ended.status.as_str(),
    };
    let mut counts = named(ended.counts);
    let total: u64 = ended.counts.into_iter().flat_map(BTreeMap::values).sum();
    counts.insert("TOTAL".to_owned(), total.into());
    json!({
        "repositoryName": repository.name.to_string(),
        "scan-status": status,
        "repository-name": Arn::repository(&repository.registry, &repository.name).as_str(),
        "finding-severity-counts": counts,
        "image-digest": ended.digest.to_string(),
        "image-tags": ended.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
    })
}

fn named(counts: Option<&BTreeMap<Severity, u64>>) -> Map<String, Value> {
    let counts = counts.into_iter().flatten();
    counts.map(|(severity, count)| (severity.as_str().to_owned(), (*count).into())).collect()
}

/// What became of a vulnerability in an image. None is not having it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChangedFinding<'a> {
    pub(super) vulnerability: &'a str,
    /// With the packages that changed.
    pub(super) title: &'a str,
    pub(super) before: Option<Severity>,
    pub(super) after: Option<Severity>,
    /// Whether it is stated not to matter by now.
    pub(super) is_suppressed: bool,
}

/// The title of a finding: the vulnerability and its packages, if these are few.
pub(super) fn title(vulnerability: &str, packages: &BTreeSet<&str>) -> String {
    let names: Vec<&str> = packages.iter().copied().take(TITLE_NAMES_MAX).collect();
    format!("{vulnerability} - {}", names.join(", "))
}

/// Findings that changed alike in many images are told together: Inspector's finding has a list of
/// resources.
#[derive(Default)]
pub(super) struct FindingEvents<'a> {
    groups: BTreeMap<(ChangedFinding<'a>, RegistryId), Vec<String>>,
}

impl<'a> FindingEvents<'a> {
    pub(super) fn add(
        &mut self,
        finding: ChangedFinding<'a>,
        repository: &RepositoryRow,
        digest: &Digest,
    ) {
        let repository_arn = Arn::repository(&repository.registry, &repository.name);
        let image = format!("{}/{digest}", repository_arn.as_str());
        self.groups.entry((finding, repository.registry.clone())).or_default().push(image);
    }

    /// Adds the events; answers how many.
    pub(super) async fn insert(
        self,
        tx: &mut Tx,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut id = service_event::first_id(entropy);
        let mut count = 0;
        for ((finding, registry), images) in self.groups {
            for images in images.chunks(FINDING_EVENT_IMAGES_MAX) {
                let detail = finding_detail(&finding, &registry, images, now).to_string();
                let RegistryId { account, region } = &registry;
                service_event::insert(tx, id, account, region, FINDING, now, &detail).await?;
                id += 1;
                count += 1;
            }
        }
        Ok(count)
    }
}

fn finding_detail(
    finding: &ChangedFinding<'_>,
    registry: &RegistryId,
    images: &[String],
    now: Timestamp,
) -> Value {
    let (status, severity) = match (finding.after, finding.before) {
        (Some(after), _) if finding.is_suppressed => ("SUPPRESSED", after),
        (Some(after), _) => ("ACTIVE", after),
        (None, before) => ("CLOSED", before.unwrap_or(Severity::Undefined)),
    };
    // Enhanced scanning calls what nobody has rated so.
    let word = |severity| match severity {
        Severity::Undefined => "UNTRIAGED",
        other => other.as_str(),
    };
    let resource = |image: &String| json!({ "id": image, "type": "AWS_ECR_CONTAINER_IMAGE", "partition": "aws" });
    let mut detail = json!({
        "awsAccountId": registry.account.as_str(),
        "title": finding.title,
        "type": "PACKAGE_VULNERABILITY",
        "status": status,
        "severity": word(severity),
        "updatedAt": now.to_string(),
        "packageVulnerabilityDetails": { "vulnerabilityId": finding.vulnerability },
        "resources": images.iter().map(resource).collect::<Vec<_>>(),
    });
    if let (Some(before), Some(after), Some(detail)) =
        (finding.before, finding.after, detail.as_object_mut())
        && before != after
    {
        detail.insert("previousSeverity".to_owned(), word(before).into());
    }
    detail
}
