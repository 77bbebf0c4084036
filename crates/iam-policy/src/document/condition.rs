//! From JSON to the conditions of a statement.

use serde_json::value::RawValue;

use super::Version;
use super::source::Source;
use crate::condition::{Condition, ConditionSyntax};
use crate::malformed::MalformedPolicy;

/// Reads an object of operators, each with an object of keys, each with one value or a list.
pub(super) fn conditions<'a>(
    source: Source<'a>,
    raw: &'a RawValue,
    version: Version,
) -> Result<Vec<Condition>, MalformedPolicy> {
    let mut conditions = Vec::new();
    for (operator, keys) in source.members(raw, "Condition")? {
        let syntax = ConditionSyntax::parse(&operator, version)
            .map_err(|reason| source.malformed(keys.get(), &reason))?;
        for (key, values) in source.members(keys, &operator)? {
            let mut condition =
                syntax.condition(&key).map_err(|reason| source.malformed(values.get(), reason))?;
            for value in source.one_or_many(values, &key)? {
                let text = source.scalar(value, &key)?;
                syntax
                    .push(&mut condition, &text)
                    .map_err(|reason| source.malformed(value.get(), &reason))?;
            }
            conditions.push(condition);
        }
    }
    Ok(conditions)
}
