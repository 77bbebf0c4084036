//! One transaction of an evaluation: looks at each image again, acts, and tells what it did.

use wharfinger_core::limits::{LIFECYCLE_EVENT_IMAGES_MAX, LIFECYCLE_EVENT_PARENTS_MAX};
use wharfinger_core::{Digest, Tag, Timestamp};
use wharfinger_lifecycle_policy::{Action, Decision, Failure};
use wharfinger_metadata::{Tx, image, lifecycle_preview, tag};

use super::Run;
use super::report::RunReport;
use crate::lifecycle_policy::event::EventImage;
use crate::lifecycle_policy::reading::facts;
use crate::removal::{Cause, Removal, remove_image};
use crate::storage_class::archive;
use crate::{Error, ImageFailureCode};

/// What became of a decision.
enum Fate {
    /// It was carried out on an image with these tags.
    Done(Vec<Tag>),
    /// These indexes hold the image by now.
    Held(Vec<Tag>, Vec<Digest>),
    /// The image is not what it was, or not there.
    Changed,
}

/// Carries out these decisions; none if the policy is another by now.
pub(super) async fn carry_out<'d>(
    tx: &mut Tx,
    run: &Run,
    decisions: impl Iterator<Item = &'d Decision>,
    removal: &Removal,
) -> Result<Option<RunReport>, Error> {
    if !run.is_current(tx).await? {
        return Ok(None);
    }
    let (mut report, mut told) = (RunReport::default(), Vec::new());
    for decision in decisions {
        let priority = decision.rule_priority;
        let told_of = |tags| EventImage::new(decision.digest, decision.pushed_at, priority, tags);
        match act(tx, run, decision, removal).await? {
            Fate::Done(tags) => {
                report.note_action(priority, decision.action);
                told.push(told_of(tags));
            }
            Fate::Held(tags, parents) => {
                report.note_failure(priority);
                told.push(told_of(tags).failed(held_by(parents)));
            }
            Fate::Changed => report.note_skipped(priority),
        }
    }
    run.events.tell(tx, &told, removal.now).await?;
    Ok(Some(report))
}

async fn act(
    tx: &mut Tx,
    run: &Run,
    decision: &Decision,
    removal: &Removal,
) -> Result<Fate, Error> {
    let (repository, digest) = (run.repository, &decision.digest);
    let Some(row) = lifecycle_preview::facts_of(tx, repository, digest).await? else {
        return Ok(Fate::Changed);
    };
    let tags = tag::of_image(tx, repository, digest).await?;
    let now_is = facts(&row, &tags, &run.policy);
    if now_is.is_none_or(|facts| facts.mark != decision.mark) {
        return Ok(Fate::Changed);
    }
    let cause = Cause::LifecycleRule(decision.rule_priority);
    let removal = Removal { cause, ..removal.clone() };
    match decision.action {
        Action::Expire => {
            let parents = image::parents(tx, repository, digest).await?;
            if !parents.is_empty() {
                return Ok(Fate::Held(tags, parents));
            }
            let Some(image) = image::find(tx, repository, digest).await? else {
                return Ok(Fate::Changed);
            };
            remove_image(tx, repository, &image, &removal).await?;
        }
        Action::Archive => {
            if let Err(parents) = archive(tx, repository, digest, &removal).await? {
                return Ok(Fate::Held(tags, parents));
            }
        }
    }
    Ok(Fate::Done(tags))
}

/// Tells of images that stay although a rule applies to them: of a few, since they may be many, and
/// the same each time.
pub(super) async fn tell_failures(
    tx: &mut Tx,
    run: &Run,
    failures: &[Failure],
    now: Timestamp,
) -> Result<(), Error> {
    let mut told = Vec::new();
    for failure in failures.iter().take(LIFECYCLE_EVENT_IMAGES_MAX) {
        let tags = tag::of_image(tx, run.repository, &failure.digest).await?;
        let parents = image::parents(tx, run.repository, &failure.digest).await?;
        if parents.is_empty() {
            // What held it has gone, perhaps by this very run: the next takes it.
            continue;
        }
        let image = EventImage::new(failure.digest, failure.pushed_at, failure.rule_priority, tags);
        told.push(image.failed(held_by(parents)));
    }
    run.events.tell(tx, &told, now).await
}

fn held_by(mut parents: Vec<Digest>) -> ImageFailureCode {
    parents.truncate(LIFECYCLE_EVENT_PARENTS_MAX);
    ImageFailureCode::ImageReferencedByManifestList(parents)
}
