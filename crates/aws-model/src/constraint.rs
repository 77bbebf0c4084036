//! The constraints a shape can carry, and the texts in which AWS states them.
//!
//! Generated `limits` modules hold one [`Limits`] per constrained shape; the decoders check them.

use std::fmt;

use crate::pattern::Pattern;

/// The bounds of one shape. What `min` and `max` count depends on the type: characters of a
/// string, bytes of a blob, elements of a list, the value itself of a number.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<&'static Pattern>,
    member: Option<&'static Limits>,
    key: Option<&'static Limits>,
}

/// A rule that a value breaks. `Display` is the reason as STS and IAM state it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    Null,
    LengthMin(i64),
    LengthMax(i64),
    ValueMin(i64),
    ValueMax(i64),
    Pattern(&'static str),
    /// Not one of these values.
    Enum(&'static [&'static str]),
    /// An element of a list of plain values breaks one of these rules.
    Member(Vec<Violation>),
}

impl Limits {
    /// No bounds.
    pub(crate) const NONE: Self =
        Self { min: None, max: None, pattern: None, member: None, key: None };

    pub(crate) const fn min(self, min: i64) -> Self {
        Self { min: Some(min), ..self }
    }

    pub(crate) const fn max(self, max: i64) -> Self {
        Self { max: Some(max), ..self }
    }

    pub(crate) const fn pattern(self, pattern: &'static Pattern) -> Self {
        Self { pattern: Some(pattern), ..self }
    }

    /// The bounds of each key of a map.
    pub(crate) const fn key(self, key: &'static Limits) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(crate) const fn of_key(&self) -> &'static Limits {
        match self.key {
            Some(limits) => limits,
            None => &Limits::NONE,
        }
    }

    /// The bounds of each element of a list, or of each value of a map.
    pub(crate) const fn member(self, member: &'static Limits) -> Self {
        Self { member: Some(member), ..self }
    }

    pub(crate) const fn of_member(&self) -> &'static Limits {
        match self.member {
            Some(limits) => limits,
            None => &Limits::NONE,
        }
    }

    /// Length in characters (Unicode scalar values) first, then the pattern.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), Violation> {
        if self.min.is_some() || self.max.is_some() {
            self.check_length(text.chars().count())?;
        }
        match self.pattern {
            Some(pattern) if !pattern.matches(text) => Err(Violation::Pattern(pattern.source())),
            _ => Ok(()),
        }
    }

    pub(crate) fn check_length(&self, length: usize) -> Result<(), Violation> {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        match (self.min, self.max) {
            (Some(min), _) if length < min => Err(Violation::LengthMin(min)),
            (_, Some(max)) if length > max => Err(Violation::LengthMax(max)),
            _ => Ok(()),
        }
    }

    pub(crate) fn check_value(&self, value: i64) -> Result<(), Violation> {
        match (self.min, self.max) {
            (Some(min), _) if value < min => Err(Violation::ValueMin(min)),
            (_, Some(max)) if value > max => Err(Violation::ValueMax(max)),
            _ => Ok(()),
        }
    }

    /// Every rule of a string, in the order in which AWS lists them for an element.
    pub(crate) fn text_rules(&self) -> Vec<Violation> {
        let max = self.max.map(Violation::LengthMax);
        let min = self.min.map(Violation::LengthMin);
        let pattern = self.pattern.map(|pattern| Violation::Pattern(pattern.source()));
        [max, min, pattern].into_iter().flatten().collect()
    }

    /// Every rule of a number.
    pub(crate) fn value_rules(&self) -> Vec<Violation> {
        let max = self.max.map(Violation::ValueMax);
        let min = self.min.map(Violation::ValueMin);
        [max, min].into_iter().flatten().collect()
    }
}

impl Violation {
    /// The reason as ECR states it: its own words for a pattern, the shared ones otherwise.
    pub(crate) fn ecr_reason(&self) -> String {
        match self {
            Self::Pattern(pattern) => format!("must satisfy regular expression '{pattern}'"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => write!(f, "Member must not be null"),
            Self::LengthMin(n) => write!(f, "Member must have length greater than or equal to {n}"),
            Self::LengthMax(n) => write!(f, "Member must have length less than or equal to {n}"),
            Self::ValueMin(n) => write!(f, "Member must have value greater than or equal to {n}"),
            Self::ValueMax(n) => write!(f, "Member must have value less than or equal to {n}"),
            Self::Pattern(p) => write!(f, "Member must satisfy regular expression pattern: {p}"),
            Self::Enum(set) => {
                write!(f, "Member must satisfy enum value set: [{}]", set.join(", "))
            }
            Self::Member(rules) => write!(f, "Member must satisfy constraint: [{}]", join(rules)),
        }
    }
}

fn join(rules: &[Violation]) -> String {
    rules.iter().map(Violation::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    static LETTERS: Pattern = Pattern::new("[a-z]+");
    static NAME: Limits = Limits::NONE.min(2).max(4).pattern(&LETTERS);

    #[test]
    fn lengths_come_before_patterns_and_count_characters() {
        assert_eq!(NAME.check_text("a"), Err(Violation::LengthMin(2)));
        assert_eq!(NAME.check_text("A"), Err(Violation::LengthMin(2)));
        assert_eq!(NAME.check_text("abcde"), Err(Violation::LengthMax(4)));
        assert_eq!(NAME.check_text("ab1"), Err(Violation::Pattern("[a-z]+")));
        assert_eq!(NAME.check_text("abcd"), Ok(()));
        // Four characters of sixteen bytes: too long only if bytes were counted.
        assert_eq!(Limits::NONE.max(4).check_text("🦀🦀🦀🦀"), Ok(()));
    }

    #[test]
    fn values_are_bounded_on_both_sides() {
        let limits = Limits::NONE.min(1).max(1000);
        assert_eq!(limits.check_value(0), Err(Violation::ValueMin(1)));
        assert_eq!(limits.check_value(1001), Err(Violation::ValueMax(1000)));
        assert_eq!(limits.check_value(1000), Ok(()));
    }

    #[test]
    fn reasons_are_worded_as_aws_words_them() {
        assert_eq!(
            Violation::Pattern("[a-z]+").ecr_reason(),
            "must satisfy regular expression '[a-z]+'"
        );
        assert_eq!(
            Violation::Enum(&["A", "B"]).ecr_reason(),
            "Member must satisfy enum value set: [A, B]"
        );
        assert_eq!(
            Violation::Member(NAME.text_rules()).to_string(),
            "Member must satisfy constraint: [Member must have length less than or equal to 4, \
             Member must have length greater than or equal to 2, \
             Member must satisfy regular expression pattern: [a-z]+]"
        );
    }
}
