//! How lists and maps are read. No JSON service has a map among its inputs; the generator refuses
//! one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::node::{Node, Raw, Step};
use super::{Decode, Limits, Violation};
use crate::{DecodeError, QuerySource};

/// JSON: an array. Query: the keys `X.member.1`, `X.member.2`, … up to the first that is
/// missing; a bare `X` is the empty list.
impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError> {
        let elements: Vec<Raw<'_>> = match node.raw() {
            Raw::Json(Value::Array(values)) => values.iter().map(Raw::Json).collect(),
            Raw::Json(_) => return Err(node.mismatch("a List")),
            Raw::Query(source, key) => query_elements::<T>(*source, key),
        };
        limits.check_length(elements.len()).map_err(|violation| node.violates(&violation))?;
        let numbered = elements.into_iter().zip(1..);
        numbered.map(|(raw, number)| element(node, raw, number, limits.of_member())).collect()
    }

    fn present(source: &dyn QuerySource, key: &str) -> bool {
        source.get(key).is_some() || T::present(source, &element_key(key, 1))
    }
}

/// Query: the keys `X.entry.1.key` and `X.entry.1.value`, `X.entry.2.key`, … up to the first that is
/// missing. Of two entries with the same key the later one holds.
impl<K: Decode + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(node: &Node<'_>, limits: &Limits) -> Result<Self, DecodeError> {
        let Raw::Query(source, key) = node.raw() else { return Err(node.mismatch("a Map")) };
        let entry_keys = (1..).map(|number| entry_key(key, number));
        let entries: Vec<String> =
            entry_keys.take_while(|entry| K::present(*source, &format!("{entry}.key"))).collect();
        limits.check_length(entries.len()).map_err(|violation| node.violates(&violation))?;
        let numbered = entries.into_iter().zip(1..);
        let read = numbered.map(|(entry, number)| {
            let part = |part: &str| Raw::Query(*source, format!("{entry}.{part}"));
            let value = node.child(part("value"), Step::Element(number));
            if value.is_absent::<V>() {
                return Err(value.violates(&Violation::Null));
            }
            let key = node.child(part("key"), Step::Element(number));
            Ok((K::decode(&key, limits.of_key())?, V::decode(&value, limits.of_member())?))
        });
        read.collect()
    }

    fn present(source: &dyn QuerySource, key: &str) -> bool {
        source.get(key).is_some() || K::present(source, &format!("{}.key", entry_key(key, 1)))
    }
}

fn entry_key(key: &str, number: usize) -> String {
    format!("{key}.entry.{number}")
}

fn query_elements<'a, T: Decode>(source: &'a dyn QuerySource, key: &str) -> Vec<Raw<'a>> {
    (1..)
        .map(|number| element_key(key, number))
        .take_while(|key| T::present(source, key))
        .map(|key| Raw::Query(source, key))
        .collect()
}

fn element_key(key: &str, number: usize) -> String {
    format!("{key}.member.{number}")
}

/// Reads one element. A structure names the member of its own that is wrong; for a plain value
/// AWS names the list and recites every rule of its elements, whichever was broken.
fn element<T: Decode>(
    list: &Node<'_>,
    raw: Raw<'_>,
    number: usize,
    limits: &Limits,
) -> Result<T, DecodeError> {
    let node = list.child(raw, Step::Element(number));
    if node.is_absent::<T>() {
        return Err(match T::rules(limits) {
            Some(_) => list.violates(&Violation::Member(vec![Violation::Null])),
            None => node.violates(&Violation::Null),
        });
    }
    T::decode(&node, limits).map_err(|error| match (error, T::rules(limits)) {
        (DecodeError::Constraint(_), Some(rules)) => list.violates(&Violation::Member(rules)),
        (error, _) => error,
    })
}
