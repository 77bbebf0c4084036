//! A CSAF document, as far as it matters.

use serde::Deserialize;

use super::product::Tree;

/// A document.
#[derive(Deserialize)]
pub(in crate::source) struct Document {
    pub(super) document: Meta,
    #[serde(default)]
    pub(super) product_tree: Tree,
    #[serde(default)]
    pub(super) vulnerabilities: Vec<Flaw>,
}

#[derive(Deserialize)]
pub(super) struct Meta {
    pub(super) category: String,
    pub(super) title: Option<String>,
    pub(super) aggregate_severity: Option<Text>,
    pub(super) publisher: Option<Publisher>,
    pub(super) tracking: Tracking,
}

#[derive(Deserialize)]
pub(super) struct Publisher {
    /// `https://www.redhat.com`.
    #[serde(default)]
    pub(super) namespace: String,
}

#[derive(Deserialize)]
pub(super) struct Text {
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Tracking {
    pub(super) id: String,
    pub(super) status: Option<String>,
    pub(super) current_release_date: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Flaw {
    pub(super) cve: Option<String>,
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) notes: Vec<Note>,
    #[serde(default)]
    pub(super) product_status: Statuses,
    #[serde(default)]
    pub(super) scores: Vec<Score>,
    #[serde(default)]
    pub(super) threats: Vec<Detail>,
    #[serde(default)]
    pub(super) remediations: Vec<Detail>,
    #[serde(default)]
    pub(super) references: Vec<Reference>,
    pub(super) release_date: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Note {
    pub(super) category: String,
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Reference {
    pub(super) url: String,
}

/// Products by what is said of them, each by its id.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Statuses {
    pub(super) fixed: Vec<String>,
    pub(super) first_fixed: Vec<String>,
    /// SUSE's fixed ones.
    pub(super) recommended: Vec<String>,
    pub(super) known_affected: Vec<String>,
    pub(super) known_not_affected: Vec<String>,
    pub(super) under_investigation: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Score {
    pub(super) cvss_v2: Option<Rating>,
    pub(super) cvss_v3: Option<Rating>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rating {
    pub(super) version: String,
    pub(super) vector_string: String,
}

/// A threat, or a remediation.
#[derive(Deserialize)]
pub(super) struct Detail {
    pub(super) category: String,
    #[serde(default)]
    pub(super) details: String,
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) product_ids: Vec<String>,
}
