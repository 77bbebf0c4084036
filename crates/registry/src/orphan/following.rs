//! The job: what is due follows its holder, a few images at a time.

use serde_json::json;
use wharfinger_core::limits::FOLLOW_HOLDERS_SECONDS_MAX;
use wharfinger_core::{Tag, Timestamp};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::orphaned_image::{self, HolderEvent, OrphanedImageRow};
use wharfinger_metadata::{Tx, repository, service_event};

use super::hold::is_held;
use super::{last_of_many, referrers_of, tagged_referrers};
use crate::job::JobOutcome;
use crate::removal::{Cause, Removal, remove_image};
use crate::storage_class::{activate, archive};
use crate::{Error, Registry};

/// Rows that are looked at in one transaction. Each may be an index with thousands of children, or
/// stand for a step of referrers.
const STEP: u32 = 10;

/// What a transaction of the job did.
#[derive(Default)]
struct Followed {
    seen: usize,
    deleted: u64,
    archived: u64,
    activated: u64,
}

impl Registry {
    /// Deletes or archives the images that are due, unless something holds them, and brings back from
    /// the archive those whose subject has come back.
    pub(crate) async fn follow_holders(&self) -> Result<JobOutcome, Error> {
        let mut total = Followed::default();
        loop {
            let removal = self.removal(Cause::Holder);
            let step = self
                .metadata
                .write(move |tx| Box::pin(async move { follow_some(tx, &removal).await }))
                .await?;
            total.deleted += step.deleted;
            total.archived += step.archived;
            total.activated += step.activated;
            self.counters.images_followed.add(step.deleted + step.archived + step.activated);
            if step.seen == 0 {
                break;
            }
        }
        let due = self
            .metadata
            .read(|tx| Box::pin(async move { orphaned_image::next_due(tx).await }))
            .await?;
        let poll = self.now().plus(std::time::Duration::from_secs(FOLLOW_HOLDERS_SECONDS_MAX));
        let Followed { deleted, archived, activated, .. } = total;
        let report = json!({ "deleted": deleted, "archived": archived, "activated": activated });
        let next = Some(due.map_or(poll, |due| due.min(poll)));
        Ok(JobOutcome { next, report: Some(report.to_string()) })
    }
}

async fn follow_some(tx: &mut Tx, removal: &Removal) -> Result<Followed, Error> {
    let rows = orphaned_image::due(tx, removal.now, STEP).await?;
    let mut followed = Followed { seen: rows.len(), ..Followed::default() };
    for row in &rows {
        // What is done may write the row anew.
        orphaned_image::delete(tx, row.repository, &row.digest, row.event).await?;
        match row.is_holder() {
            true => note_more(tx, row, removal, &mut followed).await?,
            false => follow(tx, row, removal, &mut followed).await?,
        }
    }
    Ok(followed)
}

/// One image follows, unless something holds it.
async fn follow(
    tx: &mut Tx,
    row: &OrphanedImageRow,
    removal: &Removal,
    followed: &mut Followed,
) -> Result<(), Error> {
    let Some(image) = image::find(tx, row.repository, &row.digest).await? else { return Ok(()) };
    if is_held(tx, row, &image).await? {
        return Ok(());
    }
    let removal = &Removal { left_at: Some(row.noted_at), ..removal.clone() };
    match row.event {
        HolderEvent::Deleted => {
            let tags = remove_image(tx, row.repository, &image, removal).await?;
            followed.deleted += 1;
            tell(tx, row, &tags, removal).await
        }
        HolderEvent::Archived => {
            if archive(tx, row.repository, &image.digest, removal).await?.is_ok() {
                followed.archived += 1;
                tell(tx, row, &[], removal).await?;
            }
            Ok(())
        }
        HolderEvent::Activated | HolderEvent::PushedAgain => Ok(()),
    }
}

/// The next referrers of a holder that has too many for one transaction.
async fn note_more(
    tx: &mut Tx,
    row: &OrphanedImageRow,
    removal: &Removal,
    followed: &mut Followed,
) -> Result<(), Error> {
    let holder = image::find(tx, row.repository, &row.holder).await?.map(|image| image.status);
    let has_left = match row.event {
        HolderEvent::Deleted => holder.is_none(),
        HolderEvent::Archived => holder == Some(ImageStatus::Archived),
        HolderEvent::Activated => holder == Some(ImageStatus::Active),
        HolderEvent::PushedAgain => false,
    };
    if !has_left {
        return Ok(());
    }
    let referrers = referrers_of(tx, row.repository, &row.holder, row.event, &row.position).await?;
    if let Some(position) = last_of_many(&referrers) {
        orphaned_image::note(tx, &OrphanedImageRow { position, ..row.clone() }).await?;
    }
    if row.event == HolderEvent::Activated {
        return bring_back(tx, row, referrers, removal, followed).await;
    }
    let due_at = row.noted_at.plus(removal.upkeep.orphan_delay);
    // One that was pushed since has no holder that could have left it.
    for referrer in referrers.iter().filter(|referrer| referrer.pushed_at <= row.noted_at) {
        let noted = OrphanedImageRow {
            digest: referrer.digest,
            due_at,
            position: String::new(),
            ..row.clone()
        };
        orphaned_image::note(tx, &noted).await?;
    }
    Ok(())
}

/// Referrers come back from the archive with their subject.
async fn bring_back(
    tx: &mut Tx,
    row: &OrphanedImageRow,
    mut referrers: Vec<ImageRow>,
    removal: &Removal,
    followed: &mut Followed,
) -> Result<(), Error> {
    if row.position.is_empty() {
        for tagged in tagged_referrers(tx, row.repository, &row.holder).await? {
            referrers.extend(image::find(tx, row.repository, &tagged).await?);
        }
    }
    for referrer in referrers {
        if referrer.status == ImageStatus::Archived
            && activate(tx, row.repository, &referrer.digest, removal).await?
        {
            followed.activated += 1;
            let referrer = OrphanedImageRow { digest: referrer.digest, ..row.clone() };
            tell(tx, &referrer, &[], removal).await?;
        }
    }
    Ok(())
}

/// Writes down that an image followed, for the audit log.
async fn tell(
    tx: &mut Tx,
    row: &OrphanedImageRow,
    tags: &[Tag],
    removal: &Removal,
) -> Result<(), Error> {
    let Some(repository) = repository::find_by_id(tx, row.repository).await? else {
        return Ok(());
    };
    let action = match row.event {
        HolderEvent::Deleted => "EXPIRE",
        HolderEvent::Archived => "ARCHIVE",
        HolderEvent::Activated => "RESTORE",
        HolderEvent::PushedAgain => return Ok(()),
    };
    let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    let detail = json!({
        "repositoryName": repository.name.as_str(),
        "imageDigest": row.digest.to_string(),
        "imageTags": tags,
        "action": action,
        "holderDigest": row.holder.to_string(),
    });
    let (id, now): (i64, Timestamp) = (service_event::first_id(&*removal.entropy), removal.now);
    let (account, region) = (&repository.registry.account, &repository.registry.region);
    let (event, detail) = ("HolderFollowedEvent", detail.to_string());
    Ok(service_event::insert(tx, id, account, region, event, now, &detail).await?)
}
