//! Scanning: its configuration, and scans of images.
//!
//! There is no scanner here yet. What is configured is stored and given back; a scan that is asked
//! for fails at once and says why, so that nobody takes an image for examined.

mod configuration;
mod filter;
mod image_scan;

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    BatchGetRepositoryScanningConfiguration, DescribeImageScanFindings,
    GetRegistryScanningConfiguration, PutRegistryScanningConfiguration, StartImageScan,
};
use wharfinger_core::RepositoryName;
use wharfinger_metadata::image::ImageStatus;
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{registry_setting, repository};

use crate::deletion::must_resolve;
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, ImageName, PageRequest, Registry, RequestedImage};

pub(crate) use configuration::of_registry;
pub use configuration::{
    EffectiveScanning, ScanFrequency, ScanType, ScanningConfiguration, ScanningRule,
};
pub use filter::ScanningFilter;
pub(crate) use image_scan::last;
pub use image_scan::{ImageScan, ScanStatus};

/// The description of a scan that nothing carried out.
const NO_SCANNER: &str =
    "This version of Wharfinger has no scanner: nothing of the image was examined.";

/// What holds for the repositories of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoriesScanning {
    /// Those that exist, in the order in which they were named.
    pub found: Vec<(RepositoryName, EffectiveScanning)>,
    /// Those that do not.
    pub missing: Vec<RepositoryName>,
}

impl Registry {
    /// ECR `PutRegistryScanningConfiguration`: replaces the whole of it.
    pub async fn put_registry_scanning_configuration(
        &self,
        permit: &Permit<PutRegistryScanningConfiguration>,
        configuration: &ScanningConfiguration,
    ) -> Result<(), Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        let document =
            serde_json::to_string(configuration).map_err(|error| Error::Server(Box::new(error)))?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let name = configuration::SETTING;
                    Ok(registry_setting::put(tx, &registry, name, &document, now).await?)
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

    /// ECR `StartImageScan`. The scan that is recorded has failed: nothing here can scan.
    ///
    /// # Errors
    /// In this order: [`Error::RepositoryNotFound`], [`Error::ImageNotFound`],
    /// [`Error::Validation`] in enhanced scanning, [`Error::UnsupportedImageType`],
    /// [`Error::ScanQuotaExceeded`].
    pub async fn start_image_scan(
        &self,
        permit: &Permit<StartImageScan>,
        requested: RequestedImage,
    ) -> Result<(ImageIdentifier, ImageScan), Error> {
        let (resource, now) = (permit.resource().clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let name = ImageName::from(requested.clone());
                    let (id, row) = must_resolve(tx, repository, requested, &resource).await?;
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
                    let last = scan::find(tx, repository, &id.digest, scan_type.as_str()).await?;
                    image_scan::check_quota(last.as_ref(), now)?;
                    let scan = ScanRow {
                        digest: id.digest,
                        scan_type: scan_type.as_str().into(),
                        status: ScanStatus::Failed.as_str().into(),
                        description: NO_SCANNER.into(),
                        started_at: now,
                    };
                    scan::put(tx, repository, &scan).await?;
                    Ok((id, ImageScan::from_row(scan)?))
                })
            })
            .await
    }

    /// ECR `DescribeImageScanFindings`: the last scan of the registry's mode of scanning. There are
    /// no findings, and so there is one page.
    ///
    /// # Errors
    /// [`Error::ScanNotFound`] for an image that nobody asked to scan.
    pub async fn describe_image_scan_findings(
        &self,
        permit: &Permit<DescribeImageScanFindings>,
        requested: RequestedImage,
        page: &PageRequest,
    ) -> Result<(ImageIdentifier, ImageScan), Error> {
        let resource = permit.resource().clone();
        let list = format!(
            "DescribeImageScanFindings {} {} {} {}",
            resource.registry.account,
            resource.registry.region,
            resource.name,
            ImageName::from(requested.clone())
        );
        page.position::<String>(&list)?;
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let image = ImageName::from(requested.clone());
                    let (id, row) = must_resolve(tx, repository, requested, &resource).await?;
                    let scan_type = of_registry(tx, &resource.registry).await?.scan_type();
                    match last(tx, repository, &row, scan_type).await? {
                        Some(scan) => Ok((id, scan)),
                        None => Err(Error::ScanNotFound {
                            image,
                            name: resource.name,
                            registry: resource.registry.account,
                        }),
                    }
                })
            })
            .await
    }
}
