//! Licences as packages declare them in JSON: a text, `{"type": …}`, or a list of these. Anything else
//! is nobody's licence, and no reason not to read the package.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How many of a list are kept.
const DECLARED_MAX: usize = 16;

/// What a package declares.
#[derive(Debug, Default)]
pub(super) struct Declared(pub(super) Vec<String>);

impl Declared {
    /// The licences.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Declared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DeclaredVisitor)
    }
}

struct DeclaredVisitor;

impl<'de> Visitor<'de> for DeclaredVisitor {
    type Value = Declared;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a licence")
    }

    fn visit_str<E>(self, text: &str) -> Result<Declared, E> {
        Ok(Declared(vec![text.to_owned()]))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Declared, E> {
        Ok(Declared::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Declared, E> {
        Ok(Declared::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Declared, E> {
        Ok(Declared::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Declared, E> {
        Ok(Declared::default())
    }

    fn visit_unit<E>(self) -> Result<Declared, E> {
        Ok(Declared::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Declared, A::Error> {
        let mut declared = Declared::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => declared = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(declared)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Declared, A::Error> {
        let mut declared = Declared::default();
        while let Some(one) = seq.next_element::<Declared>()? {
            let room = DECLARED_MAX.saturating_sub(declared.0.len());
            declared.0.extend(one.0.into_iter().take(room));
        }
        Ok(declared)
    }
}
