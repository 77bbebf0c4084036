//! Bytes of a file as text, JSON or TOML.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::found::FileError;

/// Values of a TOML document. It is held whole, and the smallest table takes a kilobyte; the largest lock
/// files that people have are a quarter of this.
const TOML_VALUES_MAX: usize = 500_000;

/// Members of one object, or items of one list. Empty ones are the smallest of JSON and not of memory.
const MEMBERS_MAX: usize = 250_000;

/// The file as text; a byte order mark is not part of it.
pub(super) fn utf8(file: &[u8]) -> Result<&str, FileError> {
    let text = std::str::from_utf8(file)
        .map_err(|error| FileError::Malformed(format!("it is not UTF-8: {error}")))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The file as JSON. `serde_json` bounds how deep it nests.
pub(super) fn json<T: DeserializeOwned>(file: &[u8]) -> Result<T, FileError> {
    serde_json::from_str(utf8(file)?)
        .map_err(|error| FileError::Malformed(format!("it is not the JSON expected: {error}")))
}

/// The file as TOML. `toml` bounds how deep it nests.
pub(super) fn toml<T: DeserializeOwned>(file: &[u8]) -> Result<T, FileError> {
    let values = file.iter().filter(|byte| matches!(byte, b'=' | b',' | b'[' | b'{')).count();
    if values > TOML_VALUES_MAX {
        return Err(FileError::TooMany { count: TOML_VALUES_MAX as u64, what: "values" });
    }
    toml::from_str(utf8(file)?).map_err(|error| {
        FileError::Malformed(format!("it is not the TOML expected: {}", error.message()))
    })
}

/// The members of an object in the order of the file. One that is there twice stays there twice: which
/// of the two counts is for the program that reads it, so both are reported.
#[derive(Debug)]
pub(super) struct Members<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() >= MEMBERS_MAX {
                        return Err(A::Error::custom("an object has too many members"));
                    }
                    members.push(member);
                }
                Ok(Members(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                match seq.next_element::<serde::de::IgnoredAny>()? {
                    None => Ok(Members::default()),
                    Some(_) => Err(A::Error::custom("a list stands for an object")),
                }
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Members::default())
            }
        }
        // An empty object may be written as null, and by PHP as an empty list.
        deserializer.deserialize_any(MembersVisitor(PhantomData))
    }
}

/// The items of a list.
#[derive(Debug)]
pub(crate) struct Items<T>(pub(crate) Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
            type Value = Items<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() >= MEMBERS_MAX {
                        return Err(A::Error::custom("a list has too many items"));
                    }
                    items.push(item);
                }
                Ok(Items(items))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Items::default())
            }
        }
        deserializer.deserialize_any(ItemsVisitor(PhantomData))
    }
}
