//! `DescribeImageScanFindings`: the last scan of an image and what it found, page by page.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use wharfinger_auth::actions::DescribeImageScanFindings;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::Timestamp;
use wharfinger_metadata::image::ImageRow;
use wharfinger_metadata::inventory::{self, InventoryRow};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{RepositoryId, Tx, resource_tag, scan, tag};
use wharfinger_package::Severity;

use super::basic::BasicFinding;
use super::enhanced::{self, EnhancedFinding, ScannedImage};
use super::finding::{self, PackageFinding, Rank};
use super::image_scan::{ARCHIVED, last};
use super::inventory::{ImageInventory, KeptInventory, blocking, open_kept};
use super::told::Lookup;
use super::union::find_index;
use super::{ImageScan, ScanStatus, ScanType, of_registry};
use crate::deletion::must_resolve;
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, ImageName, Page, PageRequest, Registry, RequestedImage};

/// What `DescribeImageScanFindings` answers.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedScan {
    /// The image, with the tag it was named by.
    pub id: ImageIdentifier,
    /// How far its scan has come.
    pub scan: ImageScan,
    /// A page of what it found; none if there is no result.
    pub findings: Option<ScanFindings>,
    /// Where the list goes on; none on the last page.
    pub next_token: Option<String>,
}

/// Findings, the worst first.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanFindings {
    /// Of basic scanning.
    Basic(Vec<BasicFinding>),
    /// Of enhanced scanning.
    Enhanced {
        /// The findings.
        findings: Vec<EnhancedFinding>,
        /// Their image.
        image: Box<ScannedImage>,
    },
}

/// The last scan of an image with all that it found, before that is shown.
pub(crate) struct FoundScan {
    pub(crate) id: ImageIdentifier,
    pub(crate) scan_type: ScanType,
    pub(crate) scan: ImageScan,
    pub(crate) findings: Vec<PackageFinding>,
    pub(crate) inventory: Option<KeptInventory>,
    pub(super) image: Option<ScannedImage>,
}

/// What is read of a scan at once.
struct ReadScan {
    repository: RepositoryRow,
    id: ImageIdentifier,
    scan_type: ScanType,
    scan: ImageScan,
    kept: Option<Vec<u8>>,
    inventory: Option<(InventoryRow, Vec<u8>)>,
    image: Option<ScannedImage>,
}

/// Where a page begins.
#[derive(Serialize, Deserialize)]
struct Position {
    severity: Severity,
    vulnerability: String,
    package: String,
}

impl From<Rank> for Position {
    fn from((Reverse(severity), vulnerability, package): Rank) -> Self {
        Self { severity, vulnerability, package }
    }
}

impl From<Position> for Rank {
    fn from(Position { severity, vulnerability, package }: Position) -> Self {
        (Reverse(severity), vulnerability, package)
    }
}

impl Registry {
    /// ECR `DescribeImageScanFindings`: the last scan of the registry's mode of scanning, and what it
    /// found. The other mode's is shown again when the registry is back in it.
    ///
    /// # Errors
    /// [`Error::ScanNotFound`] for an image that was not scanned in that mode.
    pub async fn describe_image_scan_findings(
        &self,
        permit: &Permit<DescribeImageScanFindings>,
        requested: RequestedImage,
        page: &PageRequest,
    ) -> Result<DescribedScan, Error> {
        let resource = permit.resource();
        let list = format!(
            "DescribeImageScanFindings {} {} {} {}",
            resource.registry.account,
            resource.registry.region,
            resource.name,
            ImageName::from(requested.clone())
        );
        let after = page.position::<Position>(&list)?.map(Rank::from);
        let limit = page.limit();
        let found = self.find_scan(resource, requested).await?;
        let FoundScan { id, scan_type, scan, findings, inventory, image } = found;
        let Some(summary) = &scan.summary else {
            return Ok(DescribedScan { id, scan, findings: None, next_token: None });
        };
        let looked_at = summary.completed_at;
        let advisories = self.advisories().await?;
        let shown = blocking(move || {
            let database = advisories.as_ref().map(|it| &*it.database);
            let lookup = Lookup::new(database);
            let place = Place { list, after, limit };
            match (scan_type, image) {
                (ScanType::Enhanced, Some(image)) => {
                    enhanced_page(findings, inventory, image, looked_at, lookup, place)
                }
                _ => basic_page(findings, lookup, place),
            }
        });
        let (findings, next_token) = shown.await?;
        Ok(DescribedScan { id, scan, findings: Some(findings), next_token })
    }

    /// The last scan of an image in the registry's mode of scanning, and all that it found; of an index
    /// those of its images.
    ///
    /// # Errors
    /// [`Error::ScanNotFound`].
    pub(crate) async fn find_scan(
        &self,
        resource: &RepositoryResource,
        requested: RequestedImage,
    ) -> Result<FoundScan, Error> {
        let (wanted, of) = (requested.clone(), resource.clone());
        let index = self
            .metadata
            .read(move |tx| Box::pin(async move { find_index(tx, &of, wanted).await }))
            .await?;
        let Some(index) = index else {
            return self.find_image_scan(resource, requested, None).await;
        };
        let is_active = index.is_active;
        match self.find_union(resource, index, None).await {
            // Its images may be active still.
            Ok(union) if !is_active => {
                let scan = ImageScan::without_findings(ScanStatus::ImageArchived, ARCHIVED);
                Ok(FoundScan { scan, findings: Vec::new(), ..union })
            }
            // Whoever asks knows the index, not which of its images it is.
            Err(Error::ScanNotFound { name, registry, .. }) => {
                Err(Error::ScanNotFound { image: ImageName::from(requested), name, registry })
            }
            found => found,
        }
    }

    /// The same of one image; in a mode of scanning, or without one in the registry's.
    pub(super) async fn find_image_scan(
        &self,
        resource: &RepositoryResource,
        requested: RequestedImage,
        scan_type: Option<ScanType>,
    ) -> Result<FoundScan, Error> {
        let resource = resource.clone();
        let read = self
            .metadata
            .read(move |tx| {
                Box::pin(async move { read_scan(tx, resource, requested, scan_type).await })
            })
            .await?;
        let ReadScan { repository, id, scan_type, mut scan, kept, inventory, image } = read;
        let inventory = match inventory {
            Some((row, content)) => Some(blocking(move || open_kept(row, &content)).await?),
            None => None,
        };
        let mut findings = match (kept, &inventory) {
            (Some(kept), _) => blocking(move || finding::unpack(&kept)).await?,
            (None, Some(inventory)) if scan.summary.is_some() => {
                let ids = inventory.row.package_ids.clone();
                let identities = inventory.identities.clone();
                self.metadata
                    .read(move |tx| {
                        Box::pin(async move { finding::of_packages(tx, &ids, &identities).await })
                    })
                    .await?
            }
            _ => Vec::new(),
        };
        findings.retain(|finding| finding.is_of(scan_type));
        let content = inventory.as_ref().map(|it| &it.content);
        self.suppress(&repository, id.digest, content, &mut findings).await?;
        if let Some(summary) = &mut scan.summary {
            summary.counts = finding::counts(&findings, scan_type);
        }
        let image = match (image, &inventory) {
            (Some(image), Some(inventory)) => Some(described(image, &inventory.content)),
            (image, _) => image,
        };
        Ok(FoundScan { id, scan_type, scan, findings, inventory, image })
    }
}

fn described(image: ScannedImage, inventory: &ImageInventory) -> ScannedImage {
    ScannedImage {
        architecture: inventory.architecture.clone(),
        author: inventory.author.clone(),
        platform: enhanced::platform(inventory),
        ..image
    }
}

async fn read_scan(
    tx: &mut Tx,
    resource: RepositoryResource,
    requested: RequestedImage,
    scan_type: Option<ScanType>,
) -> Result<ReadScan, Error> {
    let found = must_find(tx, &resource).await?;
    let repository = found.id;
    let name = ImageName::from(requested.clone());
    let (id, row) = must_resolve(tx, repository, requested, &resource).await?;
    let scan_type = match scan_type {
        Some(scan_type) => scan_type,
        None => of_registry(tx, &resource.registry).await?.scan_type(),
    };
    let Some(scan) = last(tx, repository, &row, scan_type).await? else {
        let (name, registry, image) = (resource.name, resource.registry.account, name);
        return Err(Error::ScanNotFound { image, name, registry });
    };
    let (mut kept, mut inventory, mut image) = (None, None, None);
    if scan.summary.is_some() {
        kept = scan::findings(tx, repository, &row.digest, scan_type.as_str()).await?;
        // What basic scanning shows is all in what it has kept.
        if kept.is_none() || scan_type == ScanType::Enhanced {
            inventory = shown_inventory(tx, repository, &row).await?;
            image = Some(scanned_image(tx, repository, resource, &row).await?);
        }
    }
    Ok(ReadScan { repository: found, id, scan_type, scan, kept, inventory, image })
}

/// The inventory that was scanned, though a newer version may read the image otherwise.
async fn shown_inventory(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &ImageRow,
) -> Result<Option<(InventoryRow, Vec<u8>)>, Error> {
    let Some(row) = inventory::find(tx, repository, &image.digest).await? else {
        return Ok(None);
    };
    let content = inventory::content(tx, row.inventory_id).await?;
    Ok(content.map(|content| (row, content)))
}

async fn scanned_image(
    tx: &mut Tx,
    repository: RepositoryId,
    resource: RepositoryResource,
    row: &ImageRow,
) -> Result<ScannedImage, Error> {
    Ok(ScannedImage {
        repository_tags: resource_tag::list(tx, repository).await?,
        tags: tag::of_image(tx, repository, &row.digest).await?,
        registry: resource.registry,
        repository: resource.name,
        digest: row.digest,
        pushed_at: row.pushed_at,
        architecture: None,
        author: None,
        platform: None,
    })
}

/// The part of the list that is asked for.
struct Place {
    list: String,
    after: Option<Rank>,
    limit: u32,
}

impl Place {
    fn cut<T>(self, items: Vec<T>, rank: impl Fn(&T) -> Rank) -> Page<T> {
        let Self { list, after, limit } = self;
        let from = after.map_or(0, |after| items.partition_point(|it| rank(it) <= after));
        let wanted = (limit as usize).saturating_add(1);
        let items = items.into_iter().skip(from).take(wanted).collect();
        Page::cut(items, limit, &list, |last| Position::from(rank(last)))
    }
}

type Shown = (ScanFindings, Option<String>);

fn basic_page(
    mut findings: Vec<PackageFinding>,
    mut lookup: Lookup<'_>,
    place: Place,
) -> Result<Shown, Error> {
    findings.sort_by_cached_key(PackageFinding::rank);
    let page = place.cut(findings, PackageFinding::rank);
    let shown = page.items.iter().map(|finding| BasicFinding::of(finding, &mut lookup));
    let shown = shown.collect::<Result<_, _>>().map_err(|error| Error::Server(Box::new(error)))?;
    Ok((ScanFindings::Basic(shown), page.next_token))
}

fn enhanced_page(
    findings: Vec<PackageFinding>,
    inventory: Option<KeptInventory>,
    image: ScannedImage,
    looked_at: Timestamp,
    mut lookup: Lookup<'_>,
    place: Place,
) -> Result<Shown, Error> {
    let known_at = inventory.as_ref().map_or(looked_at, |it| it.row.created_at);
    let content = inventory.map(|inventory| inventory.content).unwrap_or_default();
    let page = place.cut(enhanced::grouped(findings), enhanced::rank);
    let times = (known_at, looked_at);
    let shown =
        page.items.iter().map(|group| enhanced::shown(group, &content, &image, times, &mut lookup));
    let shown: Vec<Option<EnhancedFinding>> =
        shown.collect::<Result<_, _>>().map_err(|error| Error::Server(Box::new(error)))?;
    let findings = shown.into_iter().flatten().collect();
    Ok((ScanFindings::Enhanced { findings, image: Box::new(image) }, page.next_token))
}
