//! From a request body to typed inputs, for both protocols and with every constraint checked.
//!
//! Generated code says only which members a structure has: each type knows how it is read
//! ([`Decode`]), each shape what bounds it ([`Limits`]), and [`Node`] where in the body it stands.

mod collection;
mod node;
mod scalar;

use serde_json::Value;

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
    serde_json::from_slice(body).map_err(|error| DecodeError::Serialization(error.to_string()))
}
