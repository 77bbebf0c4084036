//! Why a lifecycle policy is refused, in ECR's words.

use std::fmt;

/// What is wrong with the text of a lifecycle policy: the first thing found.
///
/// `Display` is what follows `Lifecycle policy validation failure: ` in ECR's message. ECR closes
/// the quote of its message after some of these and not after others, and so the quote is here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// Not a JSON object, or a number no policy can hold.
    #[error("Could not map policyString into LifecyclePolicy.'")]
    NotAPolicy,
    /// Properties that must be there, sorted.
    #[error("object has missing required properties ({})'", JsonList(.0))]
    MissingProperties(Vec<String>),
    /// Properties that nobody knows, sorted.
    #[error("object instance has properties which are not allowed by the schema: ({})'", JsonList(.0))]
    UnknownProperties(Vec<String>),
    /// A value of another JSON type.
    #[error(
        "instance type ({found}) does not match any allowed primitive type (allowed: [\"{allowed}\"])'"
    )]
    WrongType {
        /// The type of the value.
        found: &'static str,
        /// The type it must have.
        allowed: &'static str,
    },
    /// A value that is none of those possible.
    #[error("instance value ({found}) not found in enum (possible values: {})", JsonList(possible))]
    NotInEnum {
        /// The value, as JSON.
        found: String,
        /// What it may be.
        possible: &'static [&'static str],
    },
    /// `countType`, `countUnit`, `storageClass` and action do not go together, or one is `null`.
    #[error("instance failed to match exactly one schema (matched 0 out of 2)")]
    NoSchemaMatches,
    /// A number that is too small.
    #[error(
        "numeric instance is lower than the required minimum (minimum: {minimum}, found: {found})"
    )]
    BelowMinimum {
        /// The least it may be.
        minimum: u32,
        /// What it is.
        found: i64,
    },
    /// A policy without rules.
    #[error("array is too short: must have at least 1 elements but instance has 0 elements")]
    NoRules,
    /// A policy with too many rules.
    #[error(
        "array is too long: must have at most {max} elements but instance has {found} elements"
    )]
    TooManyRules {
        /// How many there may be.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// A tag prefix or pattern without characters.
    #[error("string \"\" is too short (length: 0, required minimum: 1)")]
    EmptyPattern,
    /// A tag pattern with too many `*`.
    #[error("Tag pattern {pattern} must have at most {max} wildcards (*).")]
    TooManyWildcards {
        /// The pattern, as JSON.
        pattern: String,
        /// How many it may have.
        max: usize,
    },
    /// `tagged` without saying which tags.
    #[error("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")]
    NoTagList,
    /// `tagged` with both lists.
    #[error("Must specify only one of tagPrefixList and tagPatternList.")]
    TwoTagLists,
    /// Tags given for a rule that does not select by tag.
    #[error("tagPrefixList and tagPatternList can only be specified when tagStatus=TAGGED.")]
    UnusedTagList,
    /// A priority that two rules have.
    #[error("Rule priorities must be unique, but {0} is used by more than one rule")]
    DuplicatePriority(u32),
    /// The same tags in two rules for one storage class.
    #[error("Tag prefixes and patterns must be unique across rules per storage class")]
    DuplicateTagList,
    /// Two rules for untagged images of one storage class.
    #[error("Only one rule can select Untagged images per storage class")]
    TwoUntaggedRules,
    /// A rule after the one for any image of its storage class.
    #[error("Rule for tagStatus=ANY must have the lowest priority per storage class")]
    AnyIsNotLast,
}

/// Texts as a JSON array.
struct JsonList<'a, T>(&'a [T]);

impl<T: AsRef<str>> fmt::Display for JsonList<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, text) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let text = serde_json::Value::from(text.as_ref());
            write!(f, "{separator}{text}")?;
        }
        f.write_str("]")
    }
}
