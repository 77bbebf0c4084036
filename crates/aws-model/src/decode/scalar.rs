//! How plain values are read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};
use wharfinger_core::{Secret, Timestamp};

use super::node::{Node, Raw};
use super::{Decode, Limits, Violation};
use crate::DecodeError;

impl Decode for String {
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError> {
        let text = node.text("a String")?;
        limits.check_text(text).map_err(|violation| node.violates(&violation))?;
        Ok(text.to_owned())
    }

    fn rules(limits: &Limits) -> Option<Vec<Violation>> {
        Some(limits.text_rules())
    }
}

/// A secret is read like any string, but an error about it does not repeat it.
impl Decode for Secret<String> {
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError> {
        String::decode(node, limits).map(Secret::new).map_err(|error| match error {
            DecodeError::Constraint(error) => DecodeError::Constraint(error.redacted()),
            error @ DecodeError::Serialization(_) => error,
        })
    }

    fn rules(limits: &Limits) -> Option<Vec<Violation>> {
        String::rules(limits)
    }
}

/// Blobs are standard base64 with padding; their length counts decoded bytes.
impl Decode for Vec<u8> {
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError> {
        let text = node.text("a Blob")?;
        let bytes = STANDARD.decode(text).map_err(|_| node.mismatch("a Blob"))?;
        limits.check_length(bytes.len()).map_err(|violation| node.violates(&violation))?;
        Ok(bytes)
    }

    fn rules(limits: &Limits) -> Option<Vec<Violation>> {
        Some(limits.text_rules())
    }
}

impl Decode for bool {
    fn decode(node: &Node<'_>, _limits: &Limits) -> Result<Self, DecodeError> {
        match node.raw() {
            Raw::Json(Value::Bool(value)) => Ok(*value),
            Raw::Query(..) => match node.text("a Boolean")? {
                text if text.eq_ignore_ascii_case("true") => Ok(true),
                text if text.eq_ignore_ascii_case("false") => Ok(false),
                _ => Err(node.mismatch("a Boolean")),
            },
            _ => Err(node.mismatch("a Boolean")),
        }
    }

    fn rules(_limits: &Limits) -> Option<Vec<Violation>> {
        Some(Vec::new())
    }
}

impl Decode for i32 {
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError> {
        let value = integer(node, limits, "an Integer")?;
        Self::try_from(value).map_err(|_| node.mismatch("an Integer"))
    }

    fn rules(limits: &Limits) -> Option<Vec<Violation>> {
        Some(limits.value_rules())
    }
}

impl Decode for i64 {
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError> {
        integer(node, limits, "a Long")
    }

    fn rules(limits: &Limits) -> Option<Vec<Violation>> {
        Some(limits.value_rules())
    }
}

/// JSON: seconds since the epoch, with or without a fraction. Query: ISO 8601.
impl Decode for Timestamp {
    fn decode(node: &Node<'_>, _limits: &Limits) -> Result<Self, DecodeError> {
        let time = match node.raw() {
            Raw::Json(Value::Number(number)) => {
                // A float too large for i64 saturates; the far ends of time are as good as any.
                number.as_f64().map(|seconds| Self::from_millis((seconds * 1000.0).round() as i64))
            }
            Raw::Query(..) => Self::parse_http_date(node.text("a Timestamp")?),
            _ => None,
        };
        time.ok_or_else(|| node.mismatch("a Timestamp"))
    }

    fn rules(_limits: &Limits) -> Option<Vec<Violation>> {
        Some(Vec::new())
    }
}

/// Reads a value of an enum whose wire names are `names` (case matters).
pub(crate) fn enumeration<T>(
    node: &Node<'_>,
    from_wire: fn(&str) -> Option<T>,
    names: &'static [&'static str],
) -> Result<T, DecodeError> {
    let text = node.text("a String")?;
    from_wire(text).ok_or_else(|| node.violates(&Violation::Enum(names)))
}

/// The bounds are checked before the width of the type: 5,000,000,000 results are too many, not
/// a syntax error.
fn integer(node: &Node<'_>, limits: &Limits, wanted: &str) -> Result<i64, DecodeError> {
    let value = match node.raw() {
        Raw::Json(Value::Number(number)) => whole(number),
        Raw::Query(..) => node.text(wanted)?.parse().ok(),
        _ => None,
    };
    let value = value.ok_or_else(|| node.mismatch(wanted))?;
    limits.check_value(value).map_err(|violation| node.violates(&violation))?;
    Ok(value)
}

/// Whole numbers however they are written (`10`, `10.0`, `1e1`); beyond i64 the nearest end.
fn whole(number: &Number) -> Option<i64> {
    if number.is_u64() {
        return Some(number.as_i64().unwrap_or(i64::MAX));
    }
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0).then_some(float as i64)
    })
}
