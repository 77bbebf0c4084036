//! What an index or a subject leaves behind: its children and its referrers go with it, a while
//! later, unless something else holds them by then. The archive follows likewise, and referrers come
//! back from it with their subject.
//!
//! A subject is named by `subject`, or by the tags that cosign and OCI's fallback make of its digest.
//! Only what was there when its holder left is noted; so a referrer that is pushed before its subject
//! is left alone.

mod following;
mod hold;

use wharfinger_core::{Digest, Tag, Timestamp};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::orphaned_image::{self, HolderEvent, OrphanedImageRow};
use wharfinger_metadata::{RepositoryId, Tx, tag};

use crate::Error;
use crate::job::{JobKind, ask};
use crate::removal::{Cause, Removal};

/// Referrers that are noted in one transaction.
const REFERRERS_STEP: u32 = 100;

/// What cosign and OCI's referrers tag schema put behind the digest of a subject.
const REFERRER_TAG_SUFFIXES: [&str; 4] = ["", ".sig", ".att", ".sbom"];

/// Notes what the deletion of an image leaves behind.
pub(crate) async fn note_deletion(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &ImageRow,
    removal: &Removal,
) -> Result<(), Error> {
    orphaned_image::forget(tx, repository, &image.digest).await?;
    note(tx, repository, &image.digest, HolderEvent::Deleted, removal).await
}

/// Notes what is left by an image that was archived.
pub(crate) async fn note_archival(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<(), Error> {
    note(tx, repository, digest, HolderEvent::Archived, removal).await
}

/// Has the archived referrers of an image follow it back from the archive, at once. What it lists
/// has come back with it already.
pub(crate) async fn note_activation(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<(), Error> {
    let archived = Some(ImageStatus::Archived);
    let mut has_any = !image::referrers(tx, repository, digest, archived, "", 1).await?.is_empty();
    for tagged in tagged_referrers(tx, repository, digest).await? {
        has_any |= image::find(tx, repository, &tagged)
            .await?
            .is_some_and(|image| image.status == ImageStatus::Archived);
    }
    if !has_any {
        return Ok(());
    }
    let row = holder_row(repository, digest, HolderEvent::Activated, removal.now);
    orphaned_image::note(tx, &row).await?;
    ask_to_follow(tx, removal.now, removal).await
}

/// The same for an image that is new: it may have been archived before it was deleted, and be here
/// again before its referrers were. Pushes wait for this, so that it is one look.
pub(crate) async fn note_new(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<(), Error> {
    let archived = Some(ImageStatus::Archived);
    if image::referrers(tx, repository, digest, archived, "", 1).await?.is_empty() {
        return Ok(());
    }
    note_activation(tx, repository, digest, removal).await
}

/// Notes the children and the referrers of a holder that leaves.
async fn note(
    tx: &mut Tx,
    repository: RepositoryId,
    holder: &Digest,
    event: HolderEvent,
    removal: &Removal,
) -> Result<(), Error> {
    let since = removal.left_at;
    let now = since.unwrap_or(removal.now);
    let due_at = due_at(removal);
    let mut noted =
        orphaned_image::note_children(tx, repository, holder, event, now, due_at, since).await? > 0;
    let row =
        |digest| OrphanedImageRow { digest, due_at, ..holder_row(repository, holder, event, now) };
    let referrers = referrers_of(tx, repository, holder, event, "").await?;
    let mut followers = tagged_referrers(tx, repository, holder).await?;
    followers.extend(referrers.iter().map(|referrer| referrer.digest));
    for digest in followers {
        if let Some(since) = since
            && orphaned_image::was_pushed_again(tx, repository, &digest, since).await?
        {
            continue;
        }
        orphaned_image::note(tx, &row(digest)).await?;
        noted = true;
    }
    if !noted {
        return Ok(());
    }
    let mut next = due_at;
    if let Some(position) = last_of_many(&referrers) {
        let rest = holder_row(repository, holder, event, now);
        orphaned_image::note(tx, &OrphanedImageRow { position, ..rest }).await?;
        next = now;
    }
    ask_to_follow(tx, next, removal).await
}

/// When those follow that are noted now. What follows a follower has waited since the first left.
fn due_at(removal: &Removal) -> Timestamp {
    match (&removal.cause, removal.left_at) {
        (Cause::Holder, None) => removal.now,
        (_, left_at) => left_at.unwrap_or(removal.now).plus(removal.upkeep.orphan_delay),
    }
}

/// Notes that an image was pushed again that something holds, which may be about to follow its own
/// holder.
pub(crate) async fn note_pushed_again(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &ImageRow,
    removal: &Removal,
) -> Result<(), Error> {
    let parents = image::parents(tx, repository, &image.digest).await?;
    let holder = parents.into_iter().next().or(image.subject);
    let Some(holder) = holder.filter(|holder| *holder != image.digest) else { return Ok(()) };
    let row = OrphanedImageRow {
        digest: image.digest,
        due_at: removal.now.plus(removal.upkeep.orphan_delay),
        ..holder_row(repository, &holder, HolderEvent::PushedAgain, removal.now)
    };
    Ok(orphaned_image::note(tx, &row).await?)
}

/// The row that stands for the referrers that are not noted yet.
fn holder_row(
    repository: RepositoryId,
    holder: &Digest,
    event: HolderEvent,
    now: Timestamp,
) -> OrphanedImageRow {
    OrphanedImageRow {
        repository,
        digest: *holder,
        event,
        holder: *holder,
        noted_at: now,
        due_at: now,
        position: String::new(),
    }
}

async fn ask_to_follow(tx: &mut Tx, due_at: Timestamp, removal: &Removal) -> Result<(), Error> {
    let kind = JobKind::FollowHolders;
    Ok(ask(tx, &*removal.entropy, kind, "", due_at, removal.now).await?)
}

/// The next referrers of a holder that follow it.
async fn referrers_of(
    tx: &mut Tx,
    repository: RepositoryId,
    holder: &Digest,
    event: HolderEvent,
    after: &str,
) -> Result<Vec<ImageRow>, Error> {
    let status = match event {
        HolderEvent::Deleted | HolderEvent::PushedAgain => None,
        HolderEvent::Archived => Some(ImageStatus::Active),
        HolderEvent::Activated => Some(ImageStatus::Archived),
    };
    Ok(image::referrers(tx, repository, holder, status, after, REFERRERS_STEP).await?)
}

/// Where to go on, if there may be more of them.
fn last_of_many(referrers: &[ImageRow]) -> Option<String> {
    let last = referrers.last()?;
    (referrers.len() == REFERRERS_STEP as usize).then(|| last.digest.to_string())
}

/// The images that the tags made of a subject's digest point to.
async fn tagged_referrers(
    tx: &mut Tx,
    repository: RepositoryId,
    subject: &Digest,
) -> Result<Vec<Digest>, Error> {
    let (mut found, base) = (Vec::new(), subject.to_string().replace(':', "-"));
    for suffix in REFERRER_TAG_SUFFIXES {
        let Ok(name) = format!("{base}{suffix}").parse::<Tag>() else { continue };
        match tag::find(tx, repository, &name).await? {
            Some(digest) if digest != *subject => found.push(digest),
            Some(_) | None => {}
        }
    }
    Ok(found)
}

/// The subject that a tag is made of, if it is such a tag.
fn subject_of_tag(tag: &Tag) -> Option<Digest> {
    let text = tag.as_str();
    let base = text.split_once('.').map_or(text, |(base, _)| base);
    let suffix = &text[base.len()..];
    if !REFERRER_TAG_SUFFIXES.contains(&suffix) {
        return None;
    }
    base.replacen('-', ":", 1).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_subjects_are_known() {
        let hex = "ab".repeat(32);
        let subject: Digest = format!("sha256:{hex}").parse().unwrap();
        for suffix in REFERRER_TAG_SUFFIXES {
            let tag: Tag = format!("sha256-{hex}{suffix}").parse().unwrap();
            assert_eq!(subject_of_tag(&tag), Some(subject), "{tag}");
        }
        for other in [format!("sha256-{hex}.txt"), format!("sha256-{hex}x"), "v1.sig".into()] {
            assert_eq!(subject_of_tag(&other.parse().unwrap()), None, "{other}");
        }
    }
}
