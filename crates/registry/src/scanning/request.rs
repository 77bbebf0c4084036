//! Asking for scans: what is pushed or comes back from the archive, and what somebody names.

use wharfinger_core::limits::SCANS_PER_DAY_MAX;
use wharfinger_core::{Digest, Entropy, Timestamp};
use wharfinger_metadata::image::{self, ImageRow};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{RepositoryId, Tx, repository, scan_tally};

use super::counting::ask_to_count;
use super::index_scan::ask_if_stale;
use super::{ScanStatus, ScanType, image_scan, of_registry, vex};
use crate::job::{JobKind, ask};
use crate::removal::Removal;
use crate::{Error, ImageName};

/// The description of a scan that has not ended.
pub(super) const UNDER_WAY: &str = "The scan is in progress.";
/// The description of a scan that was not begun.
const TOO_MANY: &str = "The registry has begun as many scans in 24 hours as it may.";

/// The subject of the job that scans an image.
pub(super) fn subject(repository: RepositoryId, digest: &Digest) -> String {
    format!("{repository}/{digest}")
}

/// Asks for a scan of an image that was just pushed, or is active again, if its repository is set to
/// be scanned then. What is no container image is not scanned, nor is anything public. What was scanned
/// before it was archived is counted anew: something else may be stated of it by now.
pub(crate) async fn scan_pushed(
    tx: &mut Tx,
    id: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<(), Error> {
    let Some(repository) = repository::find_by_id(tx, id).await? else { return Ok(()) };
    if repository.registry.is_public() {
        return Ok(());
    }
    let Some(row) = image::find(tx, id, digest).await? else { return Ok(()) };
    let times = (&*removal.entropy, removal.now);
    vex::note_document(tx, id, &row, removal).await?;
    if scan::is_counted(tx, id, digest).await? {
        ask_to_count(tx, id, digest, times).await?;
    }
    begin_pushed(tx, &repository, &row, times).await?;
    ask_if_stale(tx, times).await
}

async fn begin_pushed(
    tx: &mut Tx,
    repository: &RepositoryRow,
    row: &ImageRow,
    times: (&dyn Entropy, Timestamp),
) -> Result<(), Error> {
    let (id, digest) = (repository.id, &row.digest);
    let configuration = of_registry(tx, &repository.registry).await?;
    if !configuration.effective(&repository.name, repository.scan_on_push).scan_on_push {
        return Ok(());
    }
    let name = ImageName { digest: Some(digest.to_string()), tag: None };
    if image_scan::check_type(row, &name).is_err() {
        return Ok(());
    }
    let scan_type = configuration.scan_type();
    let last = image_scan::last_kept(tx, id, digest, scan_type).await?;
    let too_soon = image_scan::check_quota(last.as_ref(), times.1).is_err();
    if scan_type == ScanType::Basic && too_soon {
        return Ok(());
    }
    match begin(tx, repository, digest, scan_type, times).await {
        Err(Error::ScanQuotaExceeded) => {
            let status = ScanStatus::LimitExceeded.as_str();
            let mode = scan_type.as_str();
            let refused = ScanRow::without_findings(*digest, mode, status, TOO_MANY, times.1);
            Ok(scan::put(tx, id, &refused, None).await?)
        }
        begun => begun.map(|_| ()),
    }
}

/// Writes down that a scan begins, and asks for the job that does it.
///
/// # Errors
/// [`Error::ScanQuotaExceeded`] if the registry has begun too many.
pub(super) async fn begin(
    tx: &mut Tx,
    repository: &RepositoryRow,
    digest: &Digest,
    scan_type: ScanType,
    (entropy, now): (&dyn Entropy, Timestamp),
) -> Result<ScanRow, Error> {
    let status = match scan_type {
        ScanType::Basic => ScanStatus::InProgress,
        ScanType::Enhanced => ScanStatus::Pending,
    };
    if scan_type == ScanType::Basic {
        if scan_tally::of_last_day(tx, &repository.registry, now).await? >= SCANS_PER_DAY_MAX {
            return Err(Error::ScanQuotaExceeded);
        }
        scan_tally::add(tx, &repository.registry, now).await?;
    }
    let (mode, status) = (scan_type.as_str(), status.as_str());
    let row = ScanRow::without_findings(*digest, mode, status, UNDER_WAY, now);
    scan::put(tx, repository.id, &row, None).await?;
    let subject = subject(repository.id, digest);
    ask(tx, entropy, JobKind::ScanImage, &subject, now, now).await?;
    ask_if_stale(tx, (entropy, now)).await?;
    Ok(row)
}
