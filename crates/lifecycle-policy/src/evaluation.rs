//! What a policy decides about the images of a repository.
//!
//! Each rule ranks the images it matches by itself, whatever other rules do with them. An image is
//! acted on by the first rule that matches it or by none: to be matched is enough to be shielded
//! from all rules of lower priority.

#[cfg(test)]
mod tests;

use wharfinger_core::{Digest, Tag, Timestamp};

use crate::policy::{Action, Count, LifecyclePolicy, Rule, StorageClass};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What a policy asks about an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageFacts<'a> {
    /// Its digest.
    pub digest: Digest,
    /// Its tags.
    pub tags: &'a [Tag],
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// When it was last pulled, as far as that was recorded.
    pub last_pulled_at: Option<Timestamp>,
    /// When it was last archived.
    pub archived_at: Option<Timestamp>,
    /// When it was last brought back from the archive.
    pub activated_at: Option<Timestamp>,
    /// Where it is kept.
    pub storage_class: StorageClass,
    /// Where the indexes that list it are kept: [`Standard`](StorageClass::Standard) if at least
    /// one of them is there, [`Archive`](StorageClass::Archive) if all are archived; none if no
    /// index lists it.
    pub listed_in: Option<StorageClass>,
    /// Whether it refers to a subject that is stored. Such an image goes with its subject, and no
    /// rule sees it.
    pub has_live_subject: bool,
    /// What the caller knows all this by: handed back with the decision, so that whoever carries it
    /// out can tell whether the image has changed since.
    pub mark: u64,
}

/// An image that is to be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its digest.
    pub digest: Digest,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// Where it is kept now.
    pub storage_class: StorageClass,
    /// The priority of the rule that applies.
    pub rule_priority: u32,
    /// What is to be done.
    pub action: Action,
    /// The mark of its facts.
    pub mark: u64,
}

/// An image that a rule applies to, and that stays because a stored index lists it
/// (`ImageReferencedByManifestList`). Once the index is gone, the next evaluation may take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its digest.
    pub digest: Digest,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// The priority of the rule that applies.
    pub rule_priority: u32,
    /// What would have been done.
    pub action: Action,
}

/// What an evaluation came to. Both lists: by priority of the rule, oldest image first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Images to be acted on, each once.
    pub decisions: Vec<Decision>,
    /// Images that would have been.
    pub failures: Vec<Failure>,
}

/// An evaluation under way: takes in one image after another, in any order, and keeps of each some
/// hundred bytes, however many tags it has.
#[derive(Debug)]
pub struct Evaluation<'p> {
    policy: &'p LifecyclePolicy,
    images: Vec<Matched>,
}

/// An image that at least one rule matches.
#[derive(Debug)]
struct Matched {
    digest: Digest,
    /// What it is ranked by.
    age_from: Timestamp,
    pushed_at: Timestamp,
    pulled_at: Timestamp,
    storage_class: StorageClass,
    listed_in: Option<StorageClass>,
    /// A bit for each rule that matches, the lowest for the highest priority.
    rules: u64,
    mark: u64,
}

/// Decides about these images in one go.
pub fn evaluate(policy: &LifecyclePolicy, images: &[ImageFacts<'_>], now: Timestamp) -> Outcome {
    let mut evaluation = Evaluation::new(policy);
    for image in images {
        evaluation.add(image);
    }
    evaluation.decide(now)
}

impl<'p> Evaluation<'p> {
    /// An evaluation that has seen no image yet.
    pub fn new(policy: &'p LifecyclePolicy) -> Self {
        Self { policy, images: Vec::new() }
    }

    /// Takes in an image. Each must come once.
    pub fn add(&mut self, image: &ImageFacts<'_>) {
        if image.has_live_subject {
            return;
        }
        let matches = |rule: &Rule| {
            rule.selection.storage_class == image.storage_class
                && rule.selection.tags.matches(image.tags)
        };
        let rules = self.policy.rules().iter().enumerate();
        let rules = rules.filter(|(_, rule)| matches(rule)).fold(0, |bits, (at, _)| bits | 1 << at);
        if rules == 0 {
            return;
        }
        let pulled_at = image.last_pulled_at.max(image.activated_at).unwrap_or(image.pushed_at);
        self.images.push(Matched {
            digest: image.digest,
            age_from: age_from(image),
            pushed_at: image.pushed_at,
            pulled_at,
            storage_class: image.storage_class,
            listed_in: image.listed_in,
            rules,
            mark: image.mark,
        });
    }

    /// What is to be done at this time with the images taken in.
    pub fn decide(mut self, now: Timestamp) -> Outcome {
        // Newest first; the digest makes the order the same whatever order they came in.
        self.images.sort_unstable_by(|a, b| {
            b.age_from.cmp(&a.age_from).then_with(|| b.digest.cmp(&a.digest))
        });
        let rules = self.policy.rules();
        let mut seen = vec![0_u32; rules.len()];
        let mut outcome = Outcome::default();
        for image in &self.images {
            for (at, seen) in seen.iter_mut().enumerate() {
                *seen += u32::from(image.rules >> at & 1 == 1);
            }
            let first = image.rules.trailing_zeros() as usize;
            if let (Some(rule), Some(rank)) = (rules.get(first), seen.get(first))
                && image.is_candidate(rule, *rank, now)
            {
                image.act(rule, &mut outcome);
            }
        }
        outcome.decisions.reverse();
        outcome.decisions.sort_by_key(|decision| decision.rule_priority);
        outcome.failures.reverse();
        outcome.failures.sort_by_key(|failure| failure.rule_priority);
        outcome
    }
}

impl Matched {
    /// Whether the rule's count takes the image, which is the `rank`-th newest of those it matches.
    fn is_candidate(&self, rule: &Rule, rank: u32, now: Timestamp) -> bool {
        let older = |time: Timestamp, days: u32| {
            now.millis().saturating_sub(time.millis()) > i64::from(days) * DAY_MILLIS
        };
        match rule.selection.count {
            Count::ImagesMoreThan(kept) => rank > kept,
            Count::DaysSincePushed(days) | Count::DaysSinceTransitioned(days) => {
                older(self.age_from, days)
            }
            Count::DaysSincePulled(days) => older(self.pulled_at, days),
        }
    }

    fn act(&self, rule: &Rule, outcome: &mut Outcome) {
        let (digest, pushed_at) = (self.digest, self.pushed_at);
        let (rule_priority, action) = (rule.priority, rule.action);
        let kept = match action {
            Action::Expire => self.listed_in.is_some(),
            Action::Archive => self.listed_in == Some(StorageClass::Standard),
        };
        if kept {
            outcome.failures.push(Failure { digest, pushed_at, rule_priority, action });
            return;
        }
        outcome.decisions.push(Decision {
            digest,
            pushed_at,
            storage_class: self.storage_class,
            rule_priority,
            action,
            mark: self.mark,
        });
    }
}

/// When the age of an image begins: with its push, with its return from the archive, or, while it
/// is archived, with that.
fn age_from(image: &ImageFacts<'_>) -> Timestamp {
    let since = match image.storage_class {
        StorageClass::Standard => image.activated_at,
        StorageClass::Archive => image.archived_at,
    };
    since.unwrap_or(image.pushed_at)
}
