//! Scanning: its configuration, scans of images, and what they find.
//!
//! A scan is a row that somebody asks for and a job ends. The job reads the image's layers to an
//! inventory, which is kept for all later looks, and matches its packages with the advisories of the
//! moment. What nobody looked for is never shown as not found: such a scan has failed, and says why.

mod basic;
mod compressed;
mod configuration;
mod counting;
mod described;
mod enhanced;
mod event;
mod extraction;
mod failure;
mod filter;
mod finding;
mod image_scan;
mod index_scan;
mod inventory;
mod layer_read;
mod matched;
mod recount;
mod rematch;
mod request;
mod run;
mod suppressed;
mod sweep;
mod tally;
mod told;
mod union;
mod vex;

use std::sync::Arc;

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    BatchGetRepositoryScanningConfiguration, GetRegistryScanningConfiguration,
    PutRegistryScanningConfiguration, StartImageScan,
};
use wharfinger_core::RepositoryName;
use wharfinger_metadata::image::ImageStatus;
use wharfinger_metadata::{registry_setting, repository};

use crate::deletion::must_resolve;
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, ImageName, Registry, RequestedImage};

pub use basic::BasicFinding;
use configuration::is_watched;
pub(crate) use configuration::of_registry;
pub use configuration::{
    EffectiveScanning, ScanFrequency, ScanType, ScanningConfiguration, ScanningRule,
};
pub use described::{DescribedScan, ScanFindings};
pub use enhanced::{EnhancedFinding, ScannedImage, VulnerablePackage};
pub use filter::ScanningFilter;
pub(crate) use finding::kept_criticals;
pub use image_scan::{ImageScan, ScanStatus, ScanSummary};
pub(crate) use index_scan::{ask_if_stale, listed};
pub use inventory::ImageInventory;
pub(crate) use request::scan_pushed;
pub(crate) use suppressed::Suppressed;
pub use vex::VexDocument;
pub(crate) use vex::{note_document, note_tag};

/// What holds for the repositories of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoriesScanning {
    /// Those that exist, in the order in which they were named.
    pub found: Vec<(RepositoryName, EffectiveScanning)>,
    /// Those that do not.
    pub missing: Vec<RepositoryName>,
}

impl Registry {
    /// ECR `PutRegistryScanningConfiguration`: replaces the whole of it. In enhanced scanning what is
    /// there already is scanned as well, soon.
    pub async fn put_registry_scanning_configuration(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
        configuration: &ScanningConfiguration,
    ) -> Result<(), Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        let document =
            serde_json::to_string(configuration).map_err(|error| Error::Server(Box::new(error)))?;
        let (entropy, scan_type) = (Arc::clone(&self.entropy), configuration.scan_type());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let name = configuration::SETTING;
                    registry_setting::put(tx, &registry, name, &document, now).await?;
                    sweep::ask_for_sweep(tx, &registry, scan_type, (&*entropy, now)).await
                })
            })
            .await
    }

    /// ECR `GetRegistryScanningConfiguration`.
    pub async fn get_registry_scanning_configuration(
        &self,
        permit: &Permit<GetRegistryScanningConfiguration>,
    ) -> Result<ScanningConfiguration, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .read(move |tx| Box::pin(async move { of_registry(tx, &registry).await }))
            .await
    }

    /// ECR `BatchGetRepositoryScanningConfiguration`: what the rules of the registry and the flag
    /// of each repository come to.
    pub async fn batch_get_repository_scanning_configuration(
        &self,
        permit: &Permit<BatchGetRepositoryScanningConfiguration>,
    ) -> Result<RepositoriesScanning, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let configuration = of_registry(tx, &resource.registry).await?;
                    let mut batch = RepositoriesScanning::default();
                    for name in resource.names {
                        match repository::find(tx, &resource.registry, &name).await? {
                            Some(row) => {
                                let effective = configuration.effective(&name, row.scan_on_push);
                                batch.found.push((name, effective));
                            }
                            None => batch.missing.push(name),
                        }
                    }
                    Ok(batch)
                })
            })
            .await
    }

    /// ECR `StartImageScan`: the scan has begun when this returns, and a job ends it.
    ///
    /// # Errors
    /// In this order: [`Error::RepositoryNotFound`], [`Error::ImageNotFound`],
    /// [`Error::ImageArchived`], [`Error::Validation`] in enhanced scanning,
    /// [`Error::UnsupportedImageType`], [`Error::ScanQuotaExceeded`].
    pub async fn start_image_scan(
        &self,
        permit: &Permit<StartImageScan>,
        requested: RequestedImage,
    ) -> Result<(ImageIdentifier, ImageScan), Error> {
        let (resource, now) = (permit.resource().clone(), self.now());
        let entropy = Arc::clone(&self.entropy);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let name = ImageName::from(requested.clone());
                    let (id, row) = must_resolve(tx, repository.id, requested, &resource).await?;
                    if row.status != ImageStatus::Active {
                        return Err(Error::ImageArchived {
                            image: name,
                            name: resource.name,
                            registry: resource.registry.account,
                        });
                    }
                    let scan_type = of_registry(tx, &resource.registry).await?.scan_type();
                    if scan_type == ScanType::Enhanced {
                        return Err(Error::Validation {
                            reason: "This feature is disabled".into(),
                        });
                    }
                    image_scan::check_type(&row, &name)?;
                    let last =
                        image_scan::last_kept(tx, repository.id, &id.digest, scan_type).await?;
                    image_scan::check_quota(last.as_ref(), now)?;
                    let times = (&*entropy, now);
                    let begun =
                        request::begin(tx, &repository, &id.digest, scan_type, times).await?;
                    Ok((id, ImageScan::from_row(begun)?))
                })
            })
            .await
    }
}
