//! Tags between the wire and the rules.

use wharfinger_aws_model::iam::types;
use wharfinger_iam::Tag;

/// The tags of a request.
pub(super) fn from_wire(tags: Option<Vec<types::Tag>>) -> Vec<Tag> {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// The tags of an answer.
pub(super) fn to_wire(tags: Vec<Tag>) -> Vec<types::Tag> {
    tags.into_iter().map(|(key, value)| types::Tag { key, value }).collect()
}

/// The same where IAM leaves out what is empty.
pub(super) fn to_wire_unless_none(tags: Vec<Tag>) -> Option<Vec<types::Tag>> {
    (!tags.is_empty()).then(|| to_wire(tags))
}
