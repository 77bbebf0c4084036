//! Why a text is not a policy.

use thiserror::Error;

/// Characters of a reason: enough to say what is wrong with one element.
const REASON_CHARS_MAX: usize = 512;

/// A text that is not a policy: IAM's `MalformedPolicyDocument`.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{reason} (line {line}, column {column})")]
pub struct MalformedPolicy {
    /// What is wrong, in IAM's own words where they are known. It may quote the policy.
    pub reason: String,
    /// The line of the text where it was noticed, from 1.
    pub line: usize,
    /// The byte of that line where it was noticed, from 1.
    pub column: usize,
}

impl MalformedPolicy {
    pub(crate) fn new(reason: &str, line: usize, column: usize) -> Self {
        let mut reason = reason.to_owned();
        if let Some((end, _)) = reason.char_indices().nth(REASON_CHARS_MAX) {
            reason.truncate(end);
            reason.push('…');
        }
        Self { reason, line, column }
    }
}
