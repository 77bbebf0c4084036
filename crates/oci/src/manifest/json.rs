//! The members of a manifest, read from JSON within limits.
//!
//! `null` counts as absent, as Go's encoders write empty lists. An array in the place of an
//! object is refused, which serde's derived code would take for the members in order.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use wharfinger_core::Digest;
use wharfinger_core::limits::MANIFEST_REFERENCES_MAX;

use super::descriptor::{Descriptor, SIZE_MAX};

/// The members of every kind of manifest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawManifest {
    pub(super) schema_version: Option<u64>,
    pub(super) media_type: Option<String>,
    pub(super) artifact_type: Option<String>,
    pub(super) config: Option<Object<RawDescriptor>>,
    #[serde(default)]
    pub(super) layers: List<RawDescriptor>,
    #[serde(default)]
    pub(super) manifests: List<RawDescriptor>,
    pub(super) subject: Option<Object<RawDescriptor>>,
    pub(super) annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) fs_layers: List<RawFsLayer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawDescriptor {
    media_type: String,
    #[serde(deserialize_with = "digest")]
    digest: Digest,
    #[serde(deserialize_with = "size")]
    size: u64,
    urls: Option<Vec<String>>,
    annotations: Option<BTreeMap<String, String>>,
    artifact_type: Option<String>,
    platform: Option<Box<RawValue>>,
}

/// A layer of schema 1.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFsLayer {
    #[serde(deserialize_with = "digest")]
    pub(super) blob_sum: Digest,
}

impl From<RawDescriptor> for Descriptor {
    fn from(raw: RawDescriptor) -> Self {
        Self {
            media_type: raw.media_type,
            digest: raw.digest,
            size: raw.size,
            urls: raw.urls.unwrap_or_default(),
            annotations: raw.annotations.unwrap_or_default(),
            artifact_type: raw.artifact_type,
            platform: raw.platform.map(|platform| platform.get().to_owned()),
        }
    }
}

/// Reads a text that is one JSON object.
pub(super) fn object<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    serde_json::from_str(text).map(|Object(value)| value)
}

/// Whether `text`, if it is JSON, nests arrays and objects more than `levels` deep.
pub(super) fn is_deeper_than(text: &str, levels: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > levels {
            return true;
        }
    }
    false
}

/// A `T` that stands in the text as an object.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A list of objects, or `null`, with no more elements than a manifest may have references.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(Object(item)) = items.next_element()? {
                    if list.len() == MANIFEST_REFERENCES_MAX {
                        return Err(A::Error::custom(format_args!(
                            "more than {MANIFEST_REFERENCES_MAX} references"
                        )));
                    }
                    list.push(item);
                }
                Ok(List(list))
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let size = u64::deserialize(deserializer)?;
    if size > SIZE_MAX {
        return Err(D::Error::custom("a size is no more than 9223372036854775807"));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings() {
        assert!(is_deeper_than("[[[", 2));
        assert!(!is_deeper_than("[[]][[]]", 2));
        assert!(!is_deeper_than(r#"{"[[[\"[[[":"{{{\\"}"#, 1));
        assert!(is_deeper_than(r#"{"\\":[]}"#, 1));
    }

    #[test]
    fn arrays_are_not_objects() {
        assert!(object::<RawFsLayer>(r#"["sha256:00"]"#).is_err());
        assert!(object::<RawManifest>("[2]").is_err());
        assert!(object::<RawManifest>("{}").is_ok());
    }
}
