//! What the rules of a policy must keep to together. All but the priorities is asked for each
//! storage class by itself.

use std::collections::BTreeSet;

use crate::policy::{Rule, StorageClass, TagSelection};
use crate::{InvalidPolicy, TagPattern};

/// Checks rules that are sorted by priority.
pub(crate) fn check(rules: &[Rule]) -> Result<(), InvalidPolicy> {
    for pair in rules.windows(2) {
        if let [first, second] = pair
            && first.priority == second.priority
        {
            return Err(InvalidPolicy::DuplicatePriority(first.priority));
        }
    }
    for class in [StorageClass::Standard, StorageClass::Archive] {
        check_class(rules.iter().filter(|rule| rule.selection.storage_class == class))?;
    }
    Ok(())
}

fn check_class<'a>(rules: impl Iterator<Item = &'a Rule>) -> Result<(), InvalidPolicy> {
    let (mut any, mut untagged) = (false, false);
    let mut tagged: BTreeSet<BTreeSet<&TagPattern>> = BTreeSet::new();
    for rule in rules {
        // Whatever comes after a rule for all images, a second such rule included.
        if any {
            return Err(InvalidPolicy::AnyIsNotLast);
        }
        match &rule.selection.tags {
            TagSelection::Any => any = true,
            TagSelection::Untagged if untagged => return Err(InvalidPolicy::TwoUntaggedRules),
            TagSelection::Untagged => untagged = true,
            TagSelection::Tagged(patterns) => {
                if !tagged.insert(patterns.iter().collect()) {
                    return Err(InvalidPolicy::DuplicateTagList);
                }
            }
        }
    }
    Ok(())
}
