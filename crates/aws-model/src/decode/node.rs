//! A place in a request body: what is there, and the path that error messages give for it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Decode;
use crate::constraint::{Limits, Violation};
use crate::error::{Found, Sentence};
use crate::{ConstraintError, DecodeError, QuerySource};

static NULL: Value = Value::Null;

/// A place in a request body.
pub(crate) struct Node<'a> {
    raw: Raw<'a>,
    step: Step<'a>,
    parent: Option<&'a Node<'a>>,
}

pub(super) enum Raw<'a> {
    Json(&'a Value),
    /// A Query body and the key of the place in it.
    Query(&'a dyn QuerySource, String),
}

/// How a place is reached from the one above it.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Root,
    Member(&'a str),
    /// An element of a list, counted from one.
    Element(usize),
}

/// A place that holds a structure.
pub(crate) struct Structure<'a> {
    node: &'a Node<'a>,
    /// Absent in a Query body, where members are keys.
    object: Option<&'a Map<String, Value>>,
}

impl<'a> Node<'a> {
    /// The whole of a JSON body.
    pub(crate) fn json(body: &'a Value) -> Self {
        Self { raw: Raw::Json(body), step: Step::Root, parent: None }
    }

    /// The whole of a Query body.
    pub(crate) fn query(source: &'a dyn QuerySource) -> Self {
        Self { raw: Raw::Query(source, String::new()), step: Step::Root, parent: None }
    }

    pub(super) fn child(&'a self, raw: Raw<'a>, step: Step<'a>) -> Self {
        Self { raw, step, parent: Some(self) }
    }

    pub(super) fn raw(&self) -> &Raw<'a> {
        &self.raw
    }

    /// The place as a structure.
    pub(crate) fn structure(&'a self) -> Result<Structure<'a>, DecodeError> {
        let object = match &self.raw {
            Raw::Query(..) => None,
            Raw::Json(Value::Object(object)) => Some(object),
            _ => return Err(self.mismatch("a structure")),
        };
        Ok(Structure { node: self, object })
    }

    /// The text of a plain value that the protocol writes as text.
    pub(super) fn text(&self, wanted: &str) -> Result<&str, DecodeError> {
        match &self.raw {
            Raw::Json(Value::String(text)) => Ok(text),
            Raw::Query(source, key) => Ok(source.get(key).unwrap_or_default()),
            Raw::Json(_) => Err(self.mismatch(wanted)),
        }
    }

    pub(super) fn is_absent<T: Decode>(&self) -> bool {
        match &self.raw {
            Raw::Json(value) => value.is_null(),
            Raw::Query(source, key) => !T::present(*source, key),
        }
    }

    /// The error of a value that is not of the type `wanted` ("a String").
    pub(super) fn mismatch(&self, wanted: &str) -> DecodeError {
        let found = match &self.raw {
            Raw::Json(Value::Null) => "NULL_VALUE",
            Raw::Json(Value::Bool(true)) => "TRUE_VALUE",
            Raw::Json(Value::Bool(false)) => "FALSE_VALUE",
            Raw::Json(Value::Number(_)) => "NUMBER_VALUE",
            Raw::Json(Value::Array(_)) => "START_ARRAY",
            Raw::Json(Value::Object(_)) => "START_OBJECT",
            Raw::Json(Value::String(_)) | Raw::Query(..) => "STRING_VALUE",
        };
        let place = match self.step {
            Step::Root => "the request body".to_owned(),
            _ => format!("'{}'", self.path()),
        };
        DecodeError::Serialization(format!("{found} can not be converted to {wanted} at {place}"))
    }

    /// The error of a value that breaks a rule.
    pub(super) fn violates(&self, violation: &Violation) -> DecodeError {
        let sentence = match &self.raw {
            Raw::Json(_) => Sentence::InvalidParameter,
            Raw::Query(source, key) => Sentence::ValidationError(match source.get(key) {
                _ if *violation == Violation::Null => Found::Null,
                Some(text) => Found::Text(text.to_owned()),
                None => Found::Hidden,
            }),
        };
        ConstraintError::new(self.path(), violation, sentence).into()
    }

    fn path(&self) -> String {
        let mut path = self.parent.map(Node::path).unwrap_or_default();
        let step = match self.step {
            Step::Root => return path,
            Step::Member(name) => Cow::Borrowed(name),
            Step::Element(number) => Cow::Owned(format!("{number}.member")),
        };
        if !path.is_empty() {
            path.push('.');
        }
        match &self.raw {
            Raw::Query(..) => push_with_small_initial(&mut path, &step),
            Raw::Json(_) => path.push_str(&step),
        }
        path
    }
}

impl<'a> Structure<'a> {
    /// A member that may be absent; null counts as absent.
    pub(crate) fn optional<T: Decode>(
        &self,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Option<T>, DecodeError> {
        let member = self.member(name);
        if member.is_absent::<T>() { Ok(None) } else { T::decode(&member, limits).map(Some) }
    }

    /// A member that must be present.
    pub(crate) fn required<T: Decode>(
        &self,
        name: &'static str,
        limits: &Limits,
    ) -> Result<T, DecodeError> {
        let member = self.member(name);
        if member.is_absent::<T>() {
            return Err(member.violates(&Violation::Null));
        }
        T::decode(&member, limits)
    }

    fn member(&self, name: &'static str) -> Node<'a> {
        let raw = match (self.object, &self.node.raw) {
            (Some(object), _) => Raw::Json(object.get(name).unwrap_or(&NULL)),
            (None, Raw::Query(source, key)) if key.is_empty() => {
                Raw::Query(*source, name.to_owned())
            }
            (None, Raw::Query(source, key)) => Raw::Query(*source, format!("{key}.{name}")),
            (None, Raw::Json(_)) => Raw::Json(&NULL),
        };
        self.node.child(raw, Step::Member(name))
    }
}

fn push_with_small_initial(path: &mut String, name: &str) {
    let mut characters = name.chars();
    path.extend(characters.next().map(|initial| initial.to_ascii_lowercase()));
    path.push_str(characters.as_str());
}
