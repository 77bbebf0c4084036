//! The facts about one service, as `models/<name>.json` keeps them: written by the importer, read
//! by the generator. No prose: names, types, bounds and error codes only.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// One service.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    pub source: Source,
    pub service: Service,
    pub operations: Vec<Operation>,
    pub errors: Vec<Error>,
    pub shapes: Vec<Shape>,
}

/// Where the facts come from.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub project: String,
    pub version: String,
    pub file: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The name of the module and of the facts file.
    pub name: String,
    pub title: String,
    pub protocol: Protocol,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_version: Option<String>,
    pub timestamp_format: String,
    pub api_version: String,
    pub signing_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml_namespace: Option<String>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Json,
    Query,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub name: String,
    pub input: String,
    pub output: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// Called without a signature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsigned: bool,
    /// Answers nothing; its XML has no element for a result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resultless: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Error {
    pub name: String,
    pub code: String,
    pub status: u16,
    /// What it carries besides its message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// The element of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The key of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The members of a structure, in the model's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub name: String,
    pub shape: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

impl Facts {
    pub fn parse(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// The file's text: one line for each operation, error and shape, so that a newer model shows
    /// as a readable difference.
    pub fn render(&self) -> Result<String> {
        let mut text = String::from("{\n");
        writeln!(text, "\"source\": {},", serde_json::to_string(&self.source)?)?;
        writeln!(text, "\"service\": {},", serde_json::to_string(&self.service)?)?;
        writeln!(text, "\"operations\": [\n{}\n],", lines(&self.operations)?)?;
        writeln!(text, "\"errors\": [\n{}\n],", lines(&self.errors)?)?;
        writeln!(text, "\"shapes\": [\n{}\n]\n}}", lines(&self.shapes)?)?;
        Ok(text)
    }

    pub fn shape(&self, name: &str) -> Result<&Shape> {
        let found = self.shapes.iter().find(|shape| shape.name == name);
        found.with_context(|| format!("the facts have no shape {name}"))
    }
}

impl Shape {
    /// The shapes that this one is made of.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        let members = self.members.iter().map(|member| &member.shape);
        members.chain(&self.member).chain(&self.key).chain(&self.value).map(String::as_str)
    }
}

fn lines<T: Serialize>(items: &[T]) -> Result<String> {
    let lines: Vec<String> = items.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    Ok(lines.join(",\n"))
}
