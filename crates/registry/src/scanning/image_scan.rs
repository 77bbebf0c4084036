//! A scan of one image: its status, which images can be scanned, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use wharfinger_core::limits::SCAN_INTERVAL_SECONDS_MIN;
use wharfinger_core::{Digest, Timestamp};
use wharfinger_metadata::image::{ImageRow, ImageStatus};
use wharfinger_metadata::job::{self, JobStatus};
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{RepositoryId, Tx};
use wharfinger_oci::media_type::{DOCKER_MANIFEST, OCI_MANIFEST, is_container_config};
use wharfinger_package::Severity;

use super::{ScanType, request};
use crate::job::JobKind;
use crate::{Error, ImageName};

/// How far a scan has come: those of ECR's `ScanStatus` that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanStatus {
    /// It is going on.
    InProgress,
    /// It is done, and has findings (perhaps none).
    Complete,
    /// It ended without findings; the description says why.
    Failed,
    /// It has findings, and they change with the advisories.
    Active,
    /// It has not begun yet.
    Pending,
    /// The image cannot be scanned.
    UnsupportedImage,
    /// The registry has begun as many scans as it may.
    LimitExceeded,
    /// The image is archived.
    ImageArchived,
    /// The image unpacks to more than is read.
    ImageSizeExceeded,
}

/// A scan as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageScan {
    /// How far it has come.
    pub status: ScanStatus,
    /// What that means, in words for people.
    pub description: String,
    /// What it found, if it has findings (perhaps none).
    pub summary: Option<ScanSummary>,
}

/// What a scan found, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanSummary {
    /// When it ended.
    pub completed_at: Timestamp,
    /// When the newest statement of the advisories that it used was made.
    pub source_updated_at: Option<Timestamp>,
    /// Findings by severity; those that do not occur are absent.
    pub counts: BTreeMap<Severity, u64>,
}

impl ScanStatus {
    const ALL: [Self; 9] = [
        Self::InProgress,
        Self::Complete,
        Self::Failed,
        Self::Active,
        Self::Pending,
        Self::UnsupportedImage,
        Self::LimitExceeded,
        Self::ImageArchived,
        Self::ImageSizeExceeded,
    ];

    /// The name that the service model and the rows of scans have for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::Active => "ACTIVE",
            Self::Pending => "PENDING",
            Self::UnsupportedImage => "UNSUPPORTED_IMAGE",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::ImageArchived => "IMAGE_ARCHIVED",
            Self::ImageSizeExceeded => "IMAGE_SIZE_EXCEEDED",
        }
    }

    /// Whether somebody is to end it still.
    pub(super) fn is_pending(self) -> bool {
        matches!(self, Self::InProgress | Self::Pending)
    }

    pub(super) fn stored(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|status| status.as_str() == name).ok_or_else(|| {
            Error::Server(format!("a stored scan has the unknown status {name}").into())
        })
    }
}

impl ImageScan {
    pub(super) fn from_row(row: ScanRow) -> Result<Self, Error> {
        let status = ScanStatus::stored(&row.status)?;
        let summary = match (row.completed_at, row.counts) {
            (Some(completed_at), Some(counts)) => Some(ScanSummary {
                completed_at,
                source_updated_at: row.database_updated_at,
                counts: serde_json::from_str(&counts)
                    .map_err(|error| Error::Server(Box::new(error)))?,
            }),
            _ => None,
        };
        Ok(Self { status, description: row.description, summary })
    }

    pub(super) fn without_findings(status: ScanStatus, description: &str) -> Self {
        Self { status, description: description.to_owned(), summary: None }
    }
}

/// The last scan of an image in a mode, if there was one.
pub(crate) async fn last(
    tx: &mut Tx,
    repository: RepositoryId,
    row: &ImageRow,
    scan_type: ScanType,
) -> Result<Option<ImageScan>, Error> {
    let found = scan::find(tx, repository, &row.digest, scan_type.as_str()).await?;
    let Some(found) = found else { return Ok(None) };
    if row.status != ImageStatus::Active {
        let scan = ImageScan::without_findings(ScanStatus::ImageArchived, ARCHIVED);
        return Ok(Some(scan));
    }
    if is_abandoned(tx, repository, &found).await? {
        return Ok(Some(ImageScan::without_findings(ScanStatus::Failed, GIVEN_UP)));
    }
    ImageScan::from_row(found).map(Some)
}

/// The last scan of an image in a mode, if anybody has carried it out or will.
pub(super) async fn last_kept(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: ScanType,
) -> Result<Option<ScanRow>, Error> {
    let found = scan::find(tx, repository, digest, scan_type.as_str()).await?;
    let Some(found) = found else { return Ok(None) };
    let abandoned = is_abandoned(tx, repository, &found).await?;
    Ok(Some(found).filter(|_| !abandoned))
}

/// Whether a scan is under way with which nobody goes on: its job was given up, because its process
/// died of it too often.
async fn is_abandoned(
    tx: &mut Tx,
    repository: RepositoryId,
    scan: &ScanRow,
) -> Result<bool, Error> {
    if !ScanStatus::stored(&scan.status)?.is_pending() {
        return Ok(false);
    }
    let subject = request::subject(repository, &scan.digest);
    let job = job::find_by_subject(tx, JobKind::ScanImage.as_str(), &subject).await?;
    Ok(job.is_none_or(|job| job.status == JobStatus::GivenUp))
}

/// The description of an archived image's scan.
pub(super) const ARCHIVED: &str = "The image is archived. Its findings are shown again once it is \
                                   restored and scanned.";
/// The description of a scan that nobody goes on with.
const GIVEN_UP: &str = "The scan was begun several times and was never finished.";

/// Refuses what is no container image: indexes, artifacts, and Docker's first schema.
///
/// # Errors
/// [`Error::UnsupportedImageType`].
pub(super) fn check_type(row: &ImageRow, name: &ImageName) -> Result<(), Error> {
    let manifest = row.media_type == OCI_MANIFEST || row.media_type == DOCKER_MANIFEST;
    let config = row.artifact_media_type.as_deref();
    if manifest && row.artifact_type.is_none() && config.is_some_and(is_container_config) {
        return Ok(());
    }
    let what = row.artifact_type.as_ref().or(row.artifact_media_type.as_ref());
    let what = what.unwrap_or(&row.media_type);
    let reason =
        format!("The image with imageId {name} has the type '{what}', which is not scanned");
    Err(Error::UnsupportedImageType { reason })
}

/// Refuses a second scan of an image within [`SCAN_INTERVAL_SECONDS_MIN`]. What failed does not
/// count: nothing was examined.
///
/// # Errors
/// [`Error::ScanQuotaExceeded`].
pub(super) fn check_quota(last: Option<&ScanRow>, now: Timestamp) -> Result<(), Error> {
    let Some(last) = last else { return Ok(()) };
    let counts = match ScanStatus::stored(&last.status)? {
        ScanStatus::InProgress
        | ScanStatus::Complete
        | ScanStatus::Active
        | ScanStatus::Pending => true,
        ScanStatus::Failed
        | ScanStatus::UnsupportedImage
        | ScanStatus::LimitExceeded
        | ScanStatus::ImageArchived
        | ScanStatus::ImageSizeExceeded => false,
    };
    let again_at = last.started_at.plus(Duration::from_secs(SCAN_INTERVAL_SECONDS_MIN));
    if counts && now < again_at { Err(Error::ScanQuotaExceeded) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = SCAN_INTERVAL_SECONDS_MIN;

    fn scan(status: &str) -> ScanRow {
        let started_at = Timestamp::from_seconds(1_800_000_000);
        ScanRow::without_findings(Digest::Sha256([1; 32]), "BASIC", status, "", started_at)
    }

    #[test]
    fn one_scan_in_any_twenty_four_hours() {
        let after =
            |seconds| Timestamp::from_seconds(1_800_000_000).plus(Duration::from_secs(seconds));
        assert!(check_quota(None, after(0)).is_ok());
        for status in ["COMPLETE", "IN_PROGRESS"] {
            for (seconds, free) in [(0, false), (DAY - 1, false), (DAY, true), (DAY + 1, true)] {
                let checked = check_quota(Some(&scan(status)), after(seconds));
                assert_eq!(checked.is_ok(), free, "{status} {seconds}");
                if let Err(error) = checked {
                    assert_eq!(
                        error.to_string(),
                        "The scan quota per image has been exceeded. Wait and try again."
                    );
                }
            }
        }
        assert!(check_quota(Some(&scan("FAILED")), after(0)).is_ok());
        assert!(matches!(check_quota(Some(&scan("?")), after(0)), Err(Error::Server(_))));
    }

    #[test]
    fn only_container_images_are_scanned() {
        let row = |media_type: &str, config: Option<&str>, artifact_type: Option<&str>| ImageRow {
            digest: Digest::Sha256([1; 32]),
            media_type: media_type.into(),
            artifact_media_type: config.map(str::to_owned),
            artifact_type: artifact_type.map(str::to_owned),
            subject: None,
            size_bytes: 1,
            manifest_size_bytes: 1,
            pushed_at: Timestamp::default(),
            status: ImageStatus::Active,
            archived_at: None,
            activated_at: None,
            last_pulled_at: None,
            tag_count: 0,
        };
        let oci = Some("application/vnd.oci.image.config.v1+json");
        let docker = Some("application/vnd.docker.container.image.v1+json");
        let helm = Some("application/vnd.cncf.helm.config.v1+json");
        let name = ImageName { digest: None, tag: Some("v1".into()) };
        assert!(check_type(&row(OCI_MANIFEST, oci, None), &name).is_ok());
        assert!(check_type(&row(DOCKER_MANIFEST, docker, None), &name).is_ok());
        for (media_type, config, artifact_type, named) in [
            (OCI_MANIFEST, helm, None, "application/vnd.cncf.helm.config.v1+json"),
            (OCI_MANIFEST, oci, Some("application/spdx+json"), "application/spdx+json"),
            (
                wharfinger_oci::media_type::OCI_INDEX,
                None,
                None,
                "application/vnd.oci.image.index.v1+json",
            ),
            (
                wharfinger_oci::media_type::DOCKER_SCHEMA1,
                None,
                None,
                "application/vnd.docker.distribution.manifest.v1+json",
            ),
        ] {
            let refused = check_type(&row(media_type, config, artifact_type), &name).unwrap_err();
            assert_eq!(
                refused.to_string(),
                format!(
                    "The image with imageId {{imageDigest:'null', imageTag:'v1'}} has the type \
                     '{named}', which is not scanned"
                )
            );
        }
    }

    #[test]
    fn a_status_is_read_back() {
        for status in ScanStatus::ALL {
            assert_eq!(ScanStatus::stored(status.as_str()).unwrap(), status);
        }
    }
}
