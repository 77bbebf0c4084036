//! Conditions: what they compare, and when they hold (IAM user guide, "IAM JSON policy elements:
//! Condition operators" and "Multivalued context keys").

mod date;
mod operator;
mod values;

use crate::document::Version;
use crate::request::{ContextKeys, folded};
use operator::{Operator, Qualifier};
use values::Values;

/// One key of a `Condition`, with its operator and the values it is compared with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Condition {
    operator: Operator,
    /// Folded.
    key: String,
    values: Values,
}

/// An operator as a policy writes it, which reads the conditions below it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConditionSyntax {
    operator: Operator,
    version: Version,
}

impl ConditionSyntax {
    /// The operator `name`, such as `ForAnyValue:StringLikeIfExists`. The error is the reason to
    /// refuse the policy.
    pub(crate) fn parse(name: &str, version: Version) -> Result<Self, String> {
        let operator =
            Operator::parse(name).ok_or_else(|| format!("Invalid Condition type : {name}."))?;
        Ok(Self { operator, version })
    }

    /// A condition on `key`, as yet with no value.
    pub(crate) fn condition(self, key: &str) -> Result<Condition, &'static str> {
        let named = key
            .split_once(':')
            .is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
        if !named {
            return Err(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            );
        }
        let values = Values::none(self.operator.comparison);
        Ok(Condition { operator: self.operator, key: folded(key), values })
    }

    /// Adds a value to a condition that this made.
    pub(crate) fn push(self, condition: &mut Condition, value: &str) -> Result<(), String> {
        condition.values.push(value, self.version)
    }
}

impl Condition {
    /// Whether the request is as the condition wants it.
    ///
    /// A key with several values and no qualifier: one of them must match; or none may, if the
    /// operator is negated. A key that is absent, or present with no value, does not match, so
    /// negated operators hold. `ForAllValues` and `Null` take a key with nothing but empty values
    /// for absent, as IAM documents.
    pub(crate) fn holds(&self, keys: &ContextKeys) -> bool {
        let found = keys.get_folded(&self.key).unwrap_or_default();
        let is_null = || found.iter().all(String::is_empty);
        if let Values::Null(wanted) = &self.values {
            return wanted.contains(&is_null());
        }
        if found.is_empty() && self.operator.if_exists {
            return true;
        }
        let fits = |value: &String| self.values.match_one(value, keys) != self.operator.negated;
        match self.operator.qualifier {
            Some(Qualifier::ForAllValues) => is_null() || found.iter().all(fits),
            Some(Qualifier::ForAnyValue) => found.iter().any(fits),
            None if self.operator.negated => found.iter().all(fits),
            None => found.iter().any(fits),
        }
    }
}

#[cfg(test)]
mod tests;
