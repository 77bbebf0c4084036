//! The names of condition operators.

use std::cmp::Ordering;

use crate::glob::Case;

/// A condition operator with what stands before and behind its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Operator {
    pub(super) qualifier: Option<Qualifier>,
    pub(super) comparison: Comparison,
    /// `Not…`: holds where the comparison does not.
    pub(super) negated: bool,
    /// `…IfExists`: holds where the key is absent.
    pub(super) if_exists: bool,
}

/// How many of a key's values must fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Qualifier {
    ForAllValues,
    ForAnyValue,
}

/// What is compared, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    Text { wildcards: bool, case: Case },
    Number(Relation),
    Date(Relation),
    Truth,
    Binary,
    Address,
    Arn,
    Null,
}

/// An order between the value of a request and that of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }

    /// The relation whose name ends an operator, and whether it is negated.
    fn parse(name: &str) -> Option<(Self, bool)> {
        Some(match name {
            "Equals" => (Self::Equal, false),
            "NotEquals" => (Self::Equal, true),
            "LessThan" => (Self::Less, false),
            "LessThanEquals" => (Self::LessOrEqual, false),
            "GreaterThan" => (Self::Greater, false),
            "GreaterThanEquals" => (Self::GreaterOrEqual, false),
            _ => return None,
        })
    }
}

impl Operator {
    /// `None` if there is no such operator.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (qualifier, name) = if let Some(name) = text.strip_prefix("ForAllValues:") {
            (Some(Qualifier::ForAllValues), name)
        } else if let Some(name) = text.strip_prefix("ForAnyValue:") {
            (Some(Qualifier::ForAnyValue), name)
        } else {
            (None, text)
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (comparison, negated) = comparison(name)?;
        // `Null` speaks of absence itself.
        if comparison == Comparison::Null && (if_exists || qualifier.is_some()) {
            return None;
        }
        Some(Self { qualifier, comparison, negated, if_exists })
    }
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    let text = |wildcards, case| Comparison::Text { wildcards, case };
    Some(match name {
        "StringEquals" => (text(false, Case::Sensitive), false),
        "StringNotEquals" => (text(false, Case::Sensitive), true),
        "StringEqualsIgnoreCase" => (text(false, Case::Insensitive), false),
        "StringNotEqualsIgnoreCase" => (text(false, Case::Insensitive), true),
        "StringLike" => (text(true, Case::Sensitive), false),
        "StringNotLike" => (text(true, Case::Sensitive), true),
        "Bool" => (Comparison::Truth, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::Address, false),
        "NotIpAddress" => (Comparison::Address, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Null" => (Comparison::Null, false),
        _ => {
            if let Some(relation) = name.strip_prefix("Numeric") {
                let (relation, negated) = Relation::parse(relation)?;
                (Comparison::Number(relation), negated)
            } else {
                let (relation, negated) = Relation::parse(name.strip_prefix("Date")?)?;
                (Comparison::Date(relation), negated)
            }
        }
    })
}
