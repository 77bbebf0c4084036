//! From a request body to typed inputs, for both protocols and with every constraint checked.
//!
//! Generated code says only which members a structure has: each type knows how it is read
//! ([`Decode`]), each shape what bounds it ([`Limits`]), and [`Node`] where in the body it stands.

mod collection;
mod node;
mod scalar;

use serde_json::Value;
use wharfinger_core::limits::JSON_VALUES_MAX;

use crate::constraint::{Limits, Violation};
use crate::{DecodeError, QuerySource};

pub(crate) use node::Node;
pub(crate) use scalar::enumeration;

/// A type that can be read from a request body.
pub(crate) trait Decode: Sized {
    /// Reads `node`, which is present and not null, and holds it to `limits`.
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError>;

    /// The rules that a plain value of this type must obey within `limits`; none for structures
    /// and collections, whose own members are named when one breaks a rule.
    fn rules(_limits: &Limits) -> Option<Vec<Violation>> {
        None
    }

    /// Whether a Query body has a value of this type under `key`.
    fn present(source: &dyn QuerySource, key: &str) -> bool {
        source.get(key).is_some()
    }
}

/// Parses the body of an AWS JSON request. An empty body is an empty object: older SDKs send
/// nothing at all to operations without input.
pub(crate) fn json_body(body: &[u8]) -> Result<Value, DecodeError> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let refused = |text: &str| DecodeError::Serialization(text.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| refused("The request body is not UTF-8."))?;
    if has_more_values_than(text, JSON_VALUES_MAX) {
        return Err(refused("The request body has too many values."));
    }
    serde_json::from_str(text).map_err(|error| DecodeError::Serialization(error.to_string()))
}

/// Whether a text has more values than that, those not counted that stand alone in theirs. A value
/// takes up to forty times the memory of its text, so this is asked before it is read. Whether the
/// text is JSON at all is for the parser to say.
fn has_more_values_than(text: &str, values_max: usize) -> bool {
    let mut values = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find(['"', ',', '[', '{']) {
        let is_string = rest.as_bytes().get(at) == Some(&b'"');
        rest = &rest[at + 1..];
        if is_string {
            rest = after_string(rest);
            continue;
        }
        values += 1;
        if values > values_max {
            return true;
        }
    }
    false
}

/// What follows the quote that ends a string. A layer part is one string of megabytes, so quotes
/// are looked for at the speed of `memchr`, and only the backslashes before them are counted.
fn after_string(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text[from..].find('"') {
        let end = from + at;
        let escapes = text.as_bytes()[from..end].iter().rev().take_while(|b| **b == b'\\').count();
        from = end + 1;
        if escapes % 2 == 0 {
            return &text[from..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The values of a value, itself not counted.
    fn count(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(|item| 1 + count(item)).sum(),
            Value::Object(members) => members.values().map(|member| 1 + count(member)).sum(),
            _ => 0,
        }
    }

    #[test]
    fn a_body_has_so_many_values_and_no_more() {
        let body = |count: usize| format!("{{\"a\":[0{}]}}", ",0".repeat(count));
        // Two brackets stand for the list and its first value.
        assert!(json_body(body(JSON_VALUES_MAX - 2).as_bytes()).is_ok());
        for hostile in [body(JSON_VALUES_MAX - 1), format!("{{\"a\":[{}", "[],".repeat(9_000_000))]
        {
            let error = json_body(hostile.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "The request body has too many values.");
        }
        let blob = format!("{{\"a\":\"{}\"}}", ",[{\\\"\\\\".repeat(JSON_VALUES_MAX));
        assert!(json_body(blob.as_bytes()).is_ok(), "a string is one value");
        assert!(json_body(b"{\"a\":\"\xff\"}").is_err());
    }

    proptest! {
        #[test]
        fn values_are_not_undercounted(
            names in proptest::collection::vec(r#"[\\"\[\]{},a]{0,6}"#, 1..12), limit in 0_usize..40
        ) {
            let nest = |inner: Value, name: String| json!({ name: [inner, "],"], "b": [] });
            let value = names.into_iter().fold(json!(0), nest);
            let refused = has_more_values_than(&value.to_string(), limit);
            // Each list and object has one that stands first in it; an empty one counts as well.
            prop_assert!(refused || 2 * limit + 1 >= count(&value));
            prop_assert!(!refused || limit < 2 * count(&value) + 1);
        }
    }
}
