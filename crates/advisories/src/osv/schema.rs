//! What is read of an OSV record. Fields may be null where they may be left out: exports have both.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A record.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OsvRecord {
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) modified: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) published: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) withdrawn: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) aliases: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) related: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) upstream: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) summary: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) details: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) severity: Vec<Rating>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) affected: Vec<OsvAffected>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) references: Vec<Reference>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) database_specific: Specific,
}

/// A rating: `CVSS_V3` and a vector, or `Ubuntu` and a word.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Rating {
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) score: String,
}

/// A package and its versions.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OsvAffected {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) package: OsvPackage,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) severity: Vec<Rating>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ranges: Vec<OsvRange>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) versions: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ecosystem_specific: Specific,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) database_specific: Specific,
}

/// A package.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OsvPackage {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ecosystem: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) name: String,
}

/// Versions from events to events.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OsvRange {
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) events: Vec<OsvEvent>,
}

/// An event.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OsvEvent {
    #[serde(default)]
    pub(super) introduced: Option<String>,
    #[serde(default)]
    pub(super) fixed: Option<String>,
    #[serde(default)]
    pub(super) last_affected: Option<String>,
    #[serde(default)]
    pub(super) limit: Option<String>,
}

/// A page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Reference {
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) url: String,
}

/// What databases add, each as it likes.
#[derive(Debug, Default)]
pub(super) struct Specific(Value);

impl Specific {
    /// A text in it.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }
}

impl<'de> Deserialize<'de> for Specific {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}

fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
