//! What follows from the facts: which shapes are read, which are written, and their Rust types.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};

use super::facts::{Facts, Protocol, Shape};
use super::names::{constant, type_name};

/// The facts of a service with the questions that rendering asks.
pub struct Model<'a> {
    pub facts: &'a Facts,
    /// Shapes within the inputs of operations.
    read: BTreeSet<&'a str>,
    /// Shapes within the outputs of operations and within errors.
    written: BTreeSet<&'a str>,
}

impl<'a> Model<'a> {
    pub fn new(facts: &'a Facts) -> Result<Self> {
        let mut model = Self { facts, read: BTreeSet::new(), written: BTreeSet::new() };
        for operation in &facts.operations {
            reach(facts, &operation.input, &mut Vec::new(), &mut model.read)?;
            reach(facts, &operation.output, &mut Vec::new(), &mut model.written)?;
        }
        for member in facts.errors.iter().flat_map(|error| &error.members) {
            reach(facts, &member.shape, &mut Vec::new(), &mut model.written)?;
        }
        Ok(model)
    }

    pub fn is_query(&self) -> bool {
        self.facts.service.protocol == Protocol::Query
    }

    pub fn is_read(&self, shape: &Shape) -> bool {
        self.read.contains(shape.name.as_str())
    }

    pub fn is_written(&self, shape: &Shape) -> bool {
        self.written.contains(shape.name.as_str())
    }

    /// Structures of this service in one of its three modules.
    pub fn structures(&self, module: Module) -> impl Iterator<Item = &'a Shape> {
        let structures = self.facts.shapes.iter().filter(|shape| shape.kind == "structure");
        structures.filter(move |shape| module_of(self.facts, &shape.name) == module)
    }

    pub fn enums(&self) -> impl Iterator<Item = &'a Shape> {
        self.facts.shapes.iter().filter(|shape| !shape.values.is_empty())
    }

    /// The Rust type of a shape as it is written in the service's modules.
    pub fn rust_type(&self, name: &str) -> Result<String> {
        let shape = self.facts.shape(name)?;
        let part = |name: &Option<String>| self.rust_type(name.as_deref().unwrap_or_default());
        Ok(match shape.kind.as_str() {
            "string" if !shape.values.is_empty() => format!("enums::{}", type_name(name)),
            "string" if shape.sensitive => "Secret<String>".into(),
            "string" => "String".into(),
            "boolean" => "bool".into(),
            "integer" => "i32".into(),
            "long" => "i64".into(),
            "double" => "f64".into(),
            "timestamp" => "Timestamp".into(),
            // XML writes a blob as base64, and no Query operation here takes one apart.
            "blob" if self.is_query() && shape.sensitive => "Secret<String>".into(),
            "blob" if self.is_query() => "String".into(),
            "blob" => "Vec<u8>".into(),
            "list" => format!("Vec<{}>", part(&shape.member)?),
            "map" => format!("BTreeMap<{}, {}>", part(&shape.key)?, part(&shape.value)?),
            "structure" => format!("types::{}", type_name(name)),
            other => bail!("{name} has the type {other}, which has no Rust type"),
        })
    }

    /// Whether JSON writes the type in a form that serde does not know.
    pub fn has_wire_form(&self, name: &str) -> Result<bool> {
        let shape = self.facts.shape(name)?;
        let own = matches!(shape.kind.as_str(), "timestamp" | "blob") || shape.sensitive;
        let within = |part: &Option<String>| part.as_deref().map(|part| self.has_wire_form(part));
        let nested = matches!(shape.kind.as_str(), "list" | "map")
            && (within(&shape.member).transpose()? == Some(true)
                || within(&shape.value).transpose()? == Some(true));
        ensure!(!nested, "{name} is a collection of values with a form of their own");
        Ok(own)
    }

    /// Whether a value may be made from nothing: no enum, secret or time is required within.
    pub fn has_default(&self, shape: &Shape) -> Result<bool> {
        for member in shape.members.iter().filter(|member| member.required) {
            let target = self.facts.shape(&member.shape)?;
            let barren = !target.values.is_empty() || target.sensitive;
            if barren || (target.kind == "structure" && !self.has_default(target)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a secret stands anywhere within; such values cannot be compared.
    pub fn has_secret(&self, shape: &Shape) -> Result<bool> {
        if shape.sensitive {
            return Ok(true);
        }
        for part in shape.parts() {
            if self.has_secret(self.facts.shape(part)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a shape, or the element of a list, or the key or value of a map, is bounded.
    pub fn has_limits(&self, name: &str) -> Result<bool> {
        let shape = self.facts.shape(name)?;
        let own = shape.min.is_some() || shape.max.is_some() || shape.pattern.is_some();
        let mut parts = [&shape.key, &shape.member, &shape.value].into_iter().flatten();
        Ok(own
            || parts.try_fold(false, |any, part| {
                Ok::<_, anyhow::Error>(any || self.has_limits(part)?)
            })?)
    }

    /// The expression for the limits of a shape.
    pub fn limits(&self, name: &str) -> Result<String> {
        let bounded = self.has_limits(name)?;
        Ok(if bounded { format!("&limits::{}", constant(name)) } else { "&Limits::NONE".into() })
    }
}

/// Where a structure is rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Module {
    Input,
    Output,
    Types,
}

fn module_of(facts: &Facts, name: &str) -> Module {
    if facts.operations.iter().any(|operation| operation.input == name) {
        Module::Input
    } else if facts.operations.iter().any(|operation| operation.output == name) {
        Module::Output
    } else {
        Module::Types
    }
}

fn reach<'a>(
    facts: &'a Facts,
    name: &'a str,
    above: &mut Vec<&'a str>,
    reached: &mut BTreeSet<&'a str>,
) -> Result<()> {
    ensure!(!above.contains(&name), "{name} contains itself, which needs boxes");
    above.push(name);
    reached.insert(name);
    for part in facts.shape(name)?.parts() {
        reach(facts, part, above, reached)?;
    }
    above.pop();
    Ok(())
}
