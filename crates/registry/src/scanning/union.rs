//! The scan of an index: that of all its images, which ECR does not show. Its status is the worst of
//! theirs, its findings are all that any of them has.

use std::collections::BTreeSet;

use wharfinger_auth::RepositoryResource;
use wharfinger_core::limits::INDEX_IMAGES_SCANNED_MAX;
use wharfinger_core::{Digest, Timestamp};
use wharfinger_metadata::Tx;
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_oci::media_type::{DOCKER_MANIFEST_LIST, OCI_INDEX};

use super::described::FoundScan;
use super::failure::ScanFailure;
use super::finding;
use super::image_scan::check_type;
use super::inventory::KeptInventory;
use super::{ImageScan, ScanStatus, ScanSummary, ScanType};
use crate::deletion::must_resolve;
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, ImageName, Registry, RequestedImage};

/// What the layers of an attestation are: it is an image by its configuration, and holds no files.
const IN_TOTO: &str = "application/vnd.in-toto";

/// An index, and its images that can be scanned.
pub(super) struct ScannedIndex {
    pub(super) is_active: bool,
    repository: RepositoryRow,
    id: ImageIdentifier,
    pushed_at: Timestamp,
    children: Vec<Digest>,
    /// Whether it lists something of which nobody knows what it holds: an image that is missing, an
    /// index within it, or more images than are looked at.
    has_unknown: bool,
}

pub(super) fn is_index(row: &ImageRow) -> bool {
    [OCI_INDEX, DOCKER_MANIFEST_LIST].contains(&row.media_type.as_str())
}

/// The index that is asked for; `None` for everything else.
pub(super) async fn find_index(
    tx: &mut Tx,
    resource: &RepositoryResource,
    requested: RequestedImage,
) -> Result<Option<ScannedIndex>, Error> {
    let repository = must_find(tx, resource).await?;
    let (id, row) = must_resolve(tx, repository.id, requested, resource).await?;
    if !is_index(&row) {
        return Ok(None);
    }
    let (mut children, mut has_unknown) = (Vec::new(), false);
    for digest in image::children(tx, repository.id, &id.digest).await? {
        let name = ImageName { digest: Some(digest.to_string()), tag: None };
        match image::find(tx, repository.id, &digest).await? {
            Some(row) if check_type(&row, &name).is_ok() => children.push(digest),
            // Artifacts may be listed as well, and have no packages.
            Some(row) => has_unknown |= is_index(&row),
            None => has_unknown = true,
        }
    }
    has_unknown |= children.len() > INDEX_IMAGES_SCANNED_MAX;
    let (is_active, pushed_at) = (row.status == ImageStatus::Active, row.pushed_at);
    Ok(Some(ScannedIndex { is_active, repository, id, pushed_at, children, has_unknown }))
}

impl Registry {
    /// The scan of an index in a mode of scanning, in the registry's without one.
    ///
    /// # Errors
    /// [`Error::ScanNotFound`] if any of its images was not scanned: the rest alone would look as
    /// if it were all.
    pub(super) async fn find_union(
        &self,
        resource: &RepositoryResource,
        index: ScannedIndex,
        scan_type: Option<ScanType>,
    ) -> Result<FoundScan, Error> {
        let ScannedIndex { repository, id, pushed_at, children, has_unknown, .. } = index;
        let mut union: Option<FoundScan> = None;
        // What is known of the rest is not asked for.
        for digest in children.into_iter().filter(|_| !has_unknown) {
            let requested = RequestedImage { digest: Some(digest.to_string()), tag: None };
            let found = self.find_image_scan(resource, requested, scan_type).await;
            let has_result = found.as_ref().is_ok_and(|found| found.scan.summary.is_some());
            if !has_result && self.is_attestation(&repository, digest).await? {
                continue;
            }
            union = Some(match (union, found?) {
                (Some(union), found) => joined(union, found),
                (None, found) => found,
            });
        }
        let Some(mut union) = union else {
            let (name, registry) = (resource.name.clone(), resource.registry.account);
            let image = ImageName { digest: Some(id.digest.to_string()), tag: None };
            return Err(Error::ScanNotFound { image, name, registry });
        };
        let mut seen = BTreeSet::new();
        union.findings.retain(|finding| {
            // Of one package in several images the finding is one, unless it matters in one only.
            let vulnerability = finding.vulnerability.vulnerability.clone();
            let mut package = finding.package.clone();
            if union.scan_type == ScanType::Basic {
                // Its findings say nothing of architectures, and would be there several times.
                package.architecture = None;
            }
            seen.insert((vulnerability, package, finding.suppression.is_some()))
        });
        if let Some(summary) = &mut union.scan.summary {
            summary.counts = finding::counts(&union.findings, union.scan_type);
        }
        if let Some(image) = &mut union.image {
            image.tags = id.tag.iter().cloned().collect();
            (image.digest, image.pushed_at) = (id.digest, pushed_at);
            (image.architecture, image.platform) = (None, None);
        }
        union.id = id;
        Ok(union)
    }

    /// Whether an image is a statement about others, in which nothing can be found.
    async fn is_attestation(
        &self,
        repository: &RepositoryRow,
        digest: Digest,
    ) -> Result<bool, Error> {
        match self.scanned_manifest(repository, digest).await {
            Ok(manifest) => {
                let layers = &manifest.layers;
                let only = layers.iter().all(|layer| layer.media_type.starts_with(IN_TOTO));
                Ok(only && !layers.is_empty())
            }
            Err(ScanFailure::Passing(error)) => Err(error),
            // Of what cannot be read nobody knows what it is.
            Err(_) => Ok(false),
        }
    }
}

fn joined(mut union: FoundScan, other: FoundScan) -> FoundScan {
    union.findings.extend(other.findings);
    union.inventory = match (union.inventory, other.inventory) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    };
    union.scan = worse(union.scan, other.scan);
    union.image = union.image.or(other.image);
    union
}

fn both(mut one: KeptInventory, other: KeptInventory) -> KeptInventory {
    let packages = &mut one.content.inventory.packages;
    packages.extend(other.content.inventory.packages);
    packages.sort();
    packages.dedup();
    one.row.created_at = one.row.created_at.min(other.row.created_at);
    one
}

/// The one that says less; of a sum the numbers are made anew.
fn worse(one: ImageScan, other: ImageScan) -> ImageScan {
    let summary = match (&one.summary, &other.summary) {
        (Some(a), Some(b)) => Some(ScanSummary {
            completed_at: a.completed_at.max(b.completed_at),
            source_updated_at: a.source_updated_at.min(b.source_updated_at),
            counts: a.counts.clone(),
        }),
        // What one of them has not would be missing without a word.
        _ => None,
    };
    let worst = if badness(one.status) >= badness(other.status) { one } else { other };
    ImageScan { summary, ..worst }
}

const fn badness(status: ScanStatus) -> u8 {
    match status {
        ScanStatus::Complete => 0,
        ScanStatus::Active => 1,
        ScanStatus::Pending => 2,
        ScanStatus::InProgress => 3,
        ScanStatus::ImageArchived => 4,
        ScanStatus::LimitExceeded => 5,
        ScanStatus::ImageSizeExceeded => 6,
        ScanStatus::UnsupportedImage => 7,
        ScanStatus::Failed => 8,
    }
}
