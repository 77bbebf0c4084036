//! What the audit log is told of lifecycle policies: `PolicyExecutionEvent` and `DryRunEvent`, in
//! the transaction that does what they tell.

#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::Serialize;
use wharfinger_core::limits::{
    LIFECYCLE_EVENT_IMAGE_BYTES_MAX, LIFECYCLE_EVENT_IMAGES_MAX, LIFECYCLE_EVENT_RULE_BYTES_MAX,
    LIFECYCLE_EVENT_TAGS_MAX,
};
use wharfinger_core::{Digest, Entropy, Tag, Timestamp};
use wharfinger_lifecycle_policy::{Action, Count, LifecyclePolicy, Rule, TagPattern, TagSelection};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{RepositoryId, Tx, service_event};

use super::internal;
use crate::{Error, ImageFailureCode};

/// The event of an evaluation that acts.
pub(super) const EXECUTION: &str = "PolicyExecutionEvent";
/// The event of a preview.
pub(super) const DRY_RUN: &str = "DryRunEvent";

/// The events of one evaluation.
pub(super) struct PolicyEvents {
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) repository: RepositoryRow,
    /// [`EXECUTION`] or [`DRY_RUN`].
    pub(super) event_name: &'static str,
    pub(super) policy: Arc<LifecyclePolicy>,
    /// When the policy was evaluated before.
    pub(super) last_evaluated_at: Timestamp,
    pub(super) policy_id: String,
}

/// An image that an event tells of.
pub(super) struct EventImage {
    digest: Digest,
    pushed_at: Timestamp,
    rule_priority: u32,
    tags: Vec<Tag>,
    /// Why the rule was not carried out.
    failure: Option<ImageFailureCode>,
}

impl EventImage {
    /// An image that the rule of this priority was carried out on. Of its tags the first hundred are
    /// kept.
    pub(super) fn new(
        digest: Digest,
        pushed_at: Timestamp,
        rule_priority: u32,
        mut tags: Vec<Tag>,
    ) -> Self {
        tags.truncate(LIFECYCLE_EVENT_TAGS_MAX);
        Self { digest, pushed_at, rule_priority, tags, failure: None }
    }

    /// The same image, which the rule was not carried out on.
    pub(super) fn failed(self, why: ImageFailureCode) -> Self {
        Self { failure: Some(why), ..self }
    }

    /// About what it takes in an event.
    fn bytes(&self) -> usize {
        let tags = self.tags.iter().map(|tag| tag.as_str().len() + 3).sum::<usize>();
        let why = self.failure.as_ref().map_or(0, |why| why.to_string().len());
        tags + why + 256
    }
}

impl PolicyEvents {
    /// Tells of these images, in as many events as it takes.
    pub(super) async fn tell(
        &self,
        tx: &mut Tx,
        images: &[EventImage],
        now: Timestamp,
    ) -> Result<(), Error> {
        let first = service_event::first_id(&*self.entropy);
        for (event_id, images) in (first..).zip(parts(images)) {
            let detail = serde_json::to_string(&self.detail(images)).map_err(internal)?;
            let registry = &self.repository.registry;
            let (account, region) = (&registry.account, &registry.region);
            let name = self.event_name;
            service_event::insert(tx, event_id, account, region, name, now, &detail).await?;
        }
        Ok(())
    }

    fn detail<'a>(&'a self, images: &'a [EventImage]) -> Detail<'a> {
        let failed = |image: &'a EventImage| image.failure.as_ref().map(|why| (image, why));
        Detail {
            repository_name: self.repository.name.as_str(),
            lifecycle_event_policy: EventPolicy {
                lifecycle_event_rules: self.rules_of(images),
                last_evaluated_at: self.last_evaluated_at.millis(),
                policy_version: 1,
                policy_id: &self.policy_id,
            },
            lifecycle_event_image_actions: images
                .iter()
                .filter(|image| image.failure.is_none())
                .map(ImageAction::of)
                .collect(),
            lifecycle_event_failure_details: images
                .iter()
                .filter_map(failed)
                .map(|(image, why)| FailureDetail {
                    image: ImageAction::of(image),
                    failure_code: why.as_str(),
                    failure_reason: why.to_string(),
                })
                .collect(),
        }
    }

    /// The rules that these images met, as far as there is room for them.
    fn rules_of(&self, images: &[EventImage]) -> Vec<EventRule<'_>> {
        let met = |rule: &&Rule| images.iter().any(|image| image.rule_priority == rule.priority);
        let mut room = LIFECYCLE_EVENT_RULE_BYTES_MAX;
        let mut fits = |rule: &EventRule<'_>| {
            let bytes = serde_json::to_string(rule).map_or(usize::MAX, |text| text.len());
            let left = room.checked_sub(bytes);
            room = left.unwrap_or(room);
            left.is_some()
        };
        let rules = self.policy.rules().iter().filter(met).map(EventRule::of);
        rules.filter(|rule| fits(rule)).collect()
    }
}

/// The images of each event.
fn parts(mut images: &[EventImage]) -> impl Iterator<Item = &[EventImage]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = images.iter().take(LIFECYCLE_EVENT_IMAGES_MAX).take_while(|image| {
            bytes += image.bytes();
            bytes <= LIFECYCLE_EVENT_IMAGE_BYTES_MAX
        });
        // One image always fits.
        let (part, rest) = images.split_at_checked(fitting.count().max(1))?;
        images = rest;
        Some(part)
    })
}

/// An id that a policy keeps until another is put (or a preview, by its run, for itself).
pub(super) fn policy_id(repository: RepositoryId, version: i64) -> String {
    let half = |salt: i64| {
        let mut hasher = DefaultHasher::new();
        (repository, salt).hash(&mut hasher);
        hasher.finish()
    };
    let (high, low) = (half(-1), half(version));
    format!(
        "{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// CloudTrail's `serviceEventDetails`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    repository_name: &'a str,
    lifecycle_event_policy: EventPolicy<'a>,
    lifecycle_event_image_actions: Vec<ImageAction<'a>>,
    lifecycle_event_failure_details: Vec<FailureDetail<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventPolicy<'a> {
    lifecycle_event_rules: Vec<EventRule<'a>>,
    /// Milliseconds.
    last_evaluated_at: i64,
    policy_version: u32,
    policy_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRule<'a> {
    rule_priority: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    lifecycle_event_selection: EventSelection<'a>,
    action: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventSelection<'a> {
    tag_status: &'static str,
    tag_prefix_list: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tag_pattern_list: Vec<&'a str>,
    count_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count_unit: Option<&'static str>,
    count_number: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageAction<'a> {
    lifecycle_event_image: EventedImage<'a>,
    rule_priority: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventedImage<'a> {
    digest: String,
    tag_status: &'static str,
    tag_list: Vec<&'a str>,
    /// Milliseconds.
    pushed_at: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureDetail<'a> {
    #[serde(flatten)]
    image: ImageAction<'a>,
    failure_code: &'static str,
    failure_reason: String,
}

impl<'a> EventRule<'a> {
    fn of(rule: &'a Rule) -> Self {
        let (mut prefixes, mut patterns) = (Vec::new(), Vec::new());
        let tag_status = match &rule.selection.tags {
            TagSelection::Any => "Any",
            TagSelection::Untagged => "Untagged",
            TagSelection::Tagged(list) => {
                for entry in list {
                    match entry {
                        TagPattern::Prefix(text) => prefixes.push(text.as_str()),
                        TagPattern::Pattern(text) => patterns.push(text.as_str()),
                    }
                }
                "Tagged"
            }
        };
        let (count_type, count_unit, count_number) = match rule.selection.count {
            Count::ImagesMoreThan(number) => ("Image count more than", None, number),
            Count::DaysSincePushed(days) => ("Since image pushed", Some("Days"), days),
            Count::DaysSincePulled(days) => ("Since image pulled", Some("Days"), days),
            Count::DaysSinceTransitioned(days) => ("Since image transitioned", Some("Days"), days),
        };
        Self {
            rule_priority: rule.priority,
            description: rule.description.as_deref(),
            lifecycle_event_selection: EventSelection {
                tag_status,
                tag_prefix_list: prefixes,
                tag_pattern_list: patterns,
                count_type,
                count_unit,
                count_number,
            },
            action: match rule.action {
                Action::Expire => "expire",
                Action::Archive => "transition",
            },
        }
    }
}

impl<'a> ImageAction<'a> {
    fn of(image: &'a EventImage) -> Self {
        Self {
            lifecycle_event_image: EventedImage {
                digest: image.digest.to_string(),
                tag_status: if image.tags.is_empty() { "Untagged" } else { "Tagged" },
                tag_list: image.tags.iter().map(Tag::as_str).collect(),
                pushed_at: image.pushed_at.millis(),
            },
            rule_priority: image.rule_priority,
        }
    }
}
