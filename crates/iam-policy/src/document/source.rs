//! The text of a policy, and where in it things are.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::malformed::MalformedPolicy;

/// How IAM begins what it says of a text that is no policy at all.
pub(super) const SYNTAX: &str = "Syntax errors in policy.";

/// The whole text of a policy. Its parts are slices of it, which tells where they are.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text }
    }

    pub(super) fn text(self) -> &'a str {
        self.text
    }

    /// Reads the object `part`, which is a slice of the text.
    pub(super) fn object<T: Deserialize<'a>>(
        self,
        part: &'a str,
        what: &str,
    ) -> Result<T, MalformedPolicy> {
        // An array would be taken for the members in order.
        if !part.trim_start().starts_with('{') {
            return Err(self.malformed(part, &format!("{SYNTAX} {what} must be an object.")));
        }
        serde_json::from_str(part).map_err(|error| self.malformed_json(part, &error))
    }

    /// Reads the string `value`.
    pub(super) fn string(self, value: &'a RawValue, what: &str) -> Result<String, MalformedPolicy> {
        if !value.get().starts_with('"') {
            return Err(self.malformed(value.get(), &format!("{SYNTAX} {what} must be a string.")));
        }
        serde_json::from_str(value.get()).map_err(|error| self.malformed_json(value.get(), &error))
    }

    /// The members of the object `value`, of whatever names, none of them twice.
    pub(super) fn members(
        self,
        value: &'a RawValue,
        what: &str,
    ) -> Result<Vec<(String, &'a RawValue)>, MalformedPolicy> {
        let members: Members<'a> = self.object(value.get(), what)?;
        Ok(members.0)
    }

    /// The text of the string, number or boolean `value`.
    pub(super) fn scalar(self, value: &'a RawValue, what: &str) -> Result<String, MalformedPolicy> {
        let text = value.get();
        if text.starts_with(['{', '[', 'n']) {
            let reason = format!("{SYNTAX} {what} must be a string, a number or a boolean.");
            return Err(self.malformed(text, &reason));
        }
        if text.starts_with('"') { self.string(value, what) } else { Ok(text.to_owned()) }
    }

    /// The elements of `value`: itself unless it is an array, which must not be empty.
    pub(super) fn one_or_many(
        self,
        value: &'a RawValue,
        what: &str,
    ) -> Result<Vec<&'a RawValue>, MalformedPolicy> {
        if !value.get().starts_with('[') {
            return Ok(vec![value]);
        }
        let many: Vec<&RawValue> = serde_json::from_str(value.get())
            .map_err(|error| self.malformed_json(value.get(), &error))?;
        if many.is_empty() {
            return Err(self.malformed(value.get(), &format!("{SYNTAX} {what} must not be empty.")));
        }
        Ok(many)
    }

    /// An error at the beginning of `part`, a slice of the text.
    pub(super) fn malformed(self, part: &str, reason: &str) -> MalformedPolicy {
        let (line, column) = self.position(part);
        MalformedPolicy::new(reason, line, column)
    }

    /// An error of the JSON parser in `part`, a slice of the text.
    fn malformed_json(self, part: &str, error: &serde_json::Error) -> MalformedPolicy {
        let (line, column) = self.position(part);
        let (line, column) = match error.line() {
            0 | 1 => (line, column + error.column().saturating_sub(1)),
            further => (line + further - 1, error.column().max(1)),
        };
        let message = error.to_string();
        // The parser appends a position in its own slice of the text.
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&suffix).unwrap_or(&message);
        MalformedPolicy::new(&format!("{SYNTAX} {message}."), line, column)
    }

    fn position(self, part: &str) -> (usize, usize) {
        let offset = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        (line, column)
    }
}

/// The members of an object, in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut members, mut names) = (Vec::new(), HashSet::new());
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
