//! Why a scan ends without findings.

use wharfinger_scanner::Unsupported;

use super::{ScanStatus, ScanType};
use crate::Error;

/// Why there is nothing to show.
#[derive(Debug)]
pub(super) enum ScanFailure {
    /// Nothing of the kind is scanned. Basic scanning has no status of its own for it.
    Unsupported(String),
    /// The image holds more than is read. Basic scanning has no status of its own for that either.
    TooLarge(String),
    /// It was archived meanwhile.
    Archived,
    /// It will not be otherwise the next time.
    Failed(String),
    /// It may be otherwise the next time.
    Passing(Error),
}

impl ScanFailure {
    /// How a scan of a mode ends; `None` for what may pass.
    pub(super) fn status(&self, scan_type: ScanType) -> Option<(ScanStatus, String)> {
        Some(match self {
            Self::Unsupported(why) => match scan_type {
                ScanType::Basic => (ScanStatus::Failed, why.clone()),
                ScanType::Enhanced => (ScanStatus::UnsupportedImage, why.clone()),
            },
            Self::TooLarge(why) => match scan_type {
                ScanType::Basic => (ScanStatus::Failed, why.clone()),
                ScanType::Enhanced => (ScanStatus::ImageSizeExceeded, why.clone()),
            },
            Self::Archived => (ScanStatus::ImageArchived, super::image_scan::ARCHIVED.to_owned()),
            Self::Failed(why) => (ScanStatus::Failed, why.clone()),
            Self::Passing(_) => return None,
        })
    }
}

impl From<Unsupported> for ScanFailure {
    fn from(unsupported: Unsupported) -> Self {
        let why = unsupported.to_string();
        match unsupported {
            Unsupported::Image(_) => Self::Unsupported(why),
            Unsupported::NoAdvisories(_) => Self::Failed(why),
        }
    }
}

/// Whoever cannot use the key of a repository, or finds a layer damaged, will not be able to the next
/// time either, until somebody does something about it.
impl From<Error> for ScanFailure {
    fn from(error: Error) -> Self {
        match error {
            Error::LayerDamaged { .. } | Error::LayerNotFound { .. } | Error::Kms { .. } => {
                Self::Failed(error.to_string())
            }
            Error::LayerInaccessible { .. } => Self::Archived,
            error => Self::Passing(error),
        }
    }
}
