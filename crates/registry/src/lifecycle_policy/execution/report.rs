//! What an evaluation came to, in figures: for whoever looks at the job.

use std::collections::BTreeMap;

use serde::Serialize;
use wharfinger_lifecycle_policy::{Action, Failure};

use crate::Error;
use crate::lifecycle_policy::internal;

/// An evaluation, or a part of one.
#[derive(Debug, Default, Serialize)]
pub(super) struct RunReport {
    /// Images looked at.
    images: u64,
    /// Images deleted.
    pub(super) expired: u64,
    /// Images archived.
    pub(super) archived: u64,
    /// Images that a rule applies to and that an index holds.
    failed: u64,
    /// Images that had changed since the decision.
    skipped: u64,
    /// The same by the priority of the rule.
    rules: BTreeMap<u32, RuleReport>,
}

#[derive(Debug, Default, Serialize)]
struct RuleReport {
    #[serde(skip_serializing_if = "is_zero")]
    expired: u64,
    #[serde(skip_serializing_if = "is_zero")]
    archived: u64,
    #[serde(skip_serializing_if = "is_zero")]
    failed: u64,
    #[serde(skip_serializing_if = "is_zero")]
    skipped: u64,
}

/// As serde asks.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl RunReport {
    /// A run that has looked at so many images, and acted on none yet.
    pub(super) fn new(images: u64, failures: &[Failure]) -> Self {
        let mut report = Self { images, ..Self::default() };
        for failure in failures {
            report.note_failure(failure.rule_priority);
        }
        report
    }

    pub(super) fn note_action(&mut self, rule_priority: u32, action: Action) {
        let rule = self.rules.entry(rule_priority).or_default();
        let (all, of_rule) = match action {
            Action::Expire => (&mut self.expired, &mut rule.expired),
            Action::Archive => (&mut self.archived, &mut rule.archived),
        };
        *all += 1;
        *of_rule += 1;
    }

    pub(super) fn note_failure(&mut self, rule_priority: u32) {
        self.failed += 1;
        self.rules.entry(rule_priority).or_default().failed += 1;
    }

    pub(super) fn note_skipped(&mut self, rule_priority: u32) {
        self.skipped += 1;
        self.rules.entry(rule_priority).or_default().skipped += 1;
    }

    /// Counts what a step did.
    pub(super) fn add(&mut self, step: Self) {
        self.expired += step.expired;
        self.archived += step.archived;
        self.failed += step.failed;
        self.skipped += step.skipped;
        for (priority, more) in step.rules {
            let rule = self.rules.entry(priority).or_default();
            rule.expired += more.expired;
            rule.archived += more.archived;
            rule.failed += more.failed;
            rule.skipped += more.skipped;
        }
    }

    /// Whether images were held at first by some of those that it acted on, as far as figures tell.
    pub(super) fn may_have_freed(&self) -> bool {
        self.failed > 0 && self.expired + self.archived > 0
    }

    /// As the job's row keeps it.
    pub(super) fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(internal)
    }
}
