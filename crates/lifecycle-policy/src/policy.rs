//! A lifecycle policy: its rules, highest priority first.

mod read;
#[cfg(test)]
mod tests;

use wharfinger_core::Tag;

use crate::{InvalidPolicy, TagPattern, constraint};

/// A policy that is valid in itself and as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LifecyclePolicy {
    rules: Vec<Rule>,
}

/// A rule: which images, and what is to be done with them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// `rulePriority`, unique in its policy; the lowest number is the highest priority.
    pub priority: u32,
    /// `description`.
    pub description: Option<String>,
    /// `selection`.
    pub selection: Selection,
    /// `action`.
    pub action: Action,
}

/// Which images a rule acts on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// `tagStatus` with its list.
    pub tags: TagSelection,
    /// `storageClass`: the rule sees no image of another.
    pub storage_class: StorageClass,
    /// `countType` with its number.
    pub count: Count,
}

/// Which images a rule looks at by their tags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TagSelection {
    /// All.
    Any,
    /// Those without tags, parts of multi-architecture images among them.
    Untagged,
    /// Those for which each of these matches at least one of their tags. Never empty.
    Tagged(Vec<TagPattern>),
}

/// How many, or how old, images may be before a rule acts. Numbers are at least 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    /// `imageCountMoreThan`: the newest so many are kept.
    ImagesMoreThan(u32),
    /// `sinceImagePushed`, days.
    DaysSincePushed(u32),
    /// `sinceImagePulled`, days.
    DaysSincePulled(u32),
    /// `sinceImageTransitioned`, days in the archive.
    DaysSinceTransitioned(u32),
}

/// What a rule does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// `expire`: the image is deleted.
    Expire,
    /// `transition` to `archive`, the only target there is.
    Archive,
}

/// Where an image is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StorageClass {
    /// Ready to be pulled.
    Standard,
    /// Archived.
    Archive,
}

impl LifecyclePolicy {
    /// Reads a policy. How long the text may be is checked by the service model.
    ///
    /// # Errors
    /// The first thing that is wrong with it: with its JSON, then with each rule in order, then
    /// with all of them together.
    pub fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        let mut rules = read::rules(text)?;
        rules.sort_by_key(|rule| rule.priority);
        constraint::check(&rules)?;
        Ok(Self { rules })
    }

    /// Reads the policy of a repository creation template, where an empty text stands for none.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_template(text: &str) -> Result<Option<Self>, InvalidPolicy> {
        if text.is_empty() {
            return Ok(None);
        }
        Self::parse(text).map(Some)
    }

    /// The rules, highest priority first.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of a priority.
    pub fn rule(&self, priority: u32) -> Option<&Rule> {
        let at = self.rules.binary_search_by_key(&priority, |rule| rule.priority);
        at.ok().and_then(|at| self.rules.get(at))
    }

    /// Whether a rule asks when images were pulled.
    pub fn asks_for_pulls(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.selection.count, Count::DaysSincePulled(_)))
    }
}

impl TagSelection {
    /// Whether an image with these tags is looked at.
    pub(crate) fn matches(&self, tags: &[Tag]) -> bool {
        match self {
            Self::Any => true,
            Self::Untagged => tags.is_empty(),
            Self::Tagged(patterns) => {
                patterns.iter().all(|pattern| tags.iter().any(|tag| pattern.matches(tag.as_str())))
            }
        }
    }
}
