//! OpenVEX documents, as they are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wharfinger_core::Timestamp;
use wharfinger_core::limits::{VEX_DOCUMENT_BYTES_MAX, VEX_REASON_CHARS_MAX};

use super::product::{Component, Product};

/// The context of every version of the form that is read begins so.
const CONTEXT: &str = "https://openvex.dev/ns";

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its `@id`: documents of one id are versions of one.
    pub id: String,
    /// Who speaks.
    pub author: String,
    /// Which version of the document it is, from 1.
    pub version: u64,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// What it states, in its order.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The ids of the vulnerability: its name, its `@id`, its aliases.
    pub vulnerabilities: Vec<String>,
    /// What is stated.
    pub status: StatementStatus,
    /// Why it is not affected.
    pub justification: Option<Justification>,
    /// The same in words.
    pub impact: Option<String>,
    /// What to do about it.
    pub action: Option<String>,
    /// More about the status.
    pub notes: Option<String>,
    /// Since when it is so: the statement's own time, else the document's.
    pub stated_at: Timestamp,
    pub(super) products: Vec<Product>,
}

/// What is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementStatus {
    /// The product does not suffer from it.
    NotAffected,
    /// It does.
    Affected,
    /// It does not any more.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
}

/// Why a product is not affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// The vulnerable component is not in the product.
    ComponentNotPresent,
    /// The component is, but the vulnerable code is not.
    VulnerableCodeNotPresent,
    /// The vulnerable code is never reached.
    VulnerableCodeNotInExecutePath,
    /// Nobody can have it reached.
    VulnerableCodeCannotBeControlledByAdversary,
    /// Something in the product prevents that it is exploited.
    InlineMitigationsAlreadyExist,
}

/// Why a document is not read. `Display` says what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is too large.
    #[error("a VEX document has at most {VEX_DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no JSON of the form.
    #[error("it is no OpenVEX document: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has the form and breaks a rule.
    #[error("it is no valid OpenVEX document: {0}")]
    Invalid(String),
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// [`DocumentError`], for whatever the specification does not allow.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > VEX_DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLarge);
        }
        let raw: RawDocument = serde_json::from_slice(bytes)?;
        let rest = raw.context.strip_prefix(CONTEXT);
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("/v0.2.")) {
            return Err(invalid(format!("@context is not {CONTEXT}/v0.2.0")));
        }
        if raw.id.trim().is_empty() || raw.author.trim().is_empty() {
            return Err(invalid("@id and author must not be empty"));
        }
        if raw.version == 0 {
            return Err(invalid("version begins with 1"));
        }
        if raw.statements.is_empty() {
            return Err(invalid("it states nothing"));
        }
        let issued_at = moment(&raw.timestamp)?;
        let statements = raw.statements.into_iter().map(|it| it.read(issued_at));
        let statements = statements.collect::<Result<_, _>>()?;
        Ok(Self { id: raw.id, author: raw.author, version: raw.version, issued_at, statements })
    }
}

impl Statement {
    /// Why, in one line.
    pub(super) fn reason(&self) -> String {
        let justification = self.justification.map(Justification::as_str).map(str::to_owned);
        let words = [&self.impact, &self.notes, &self.action];
        let words = words.into_iter().flatten().next().map(|text| {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let shown = line.chars().filter(|sign| !sign.is_control());
            shown.take(VEX_REASON_CHARS_MAX).collect::<String>()
        });
        let parts: Vec<String> = justification.into_iter().chain(words).collect();
        match parts.is_empty() {
            true => self.status.as_str().to_owned(),
            false => parts.join(": "),
        }
    }
}

impl StatementStatus {
    /// OpenVEX's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }
}

impl Justification {
    /// OpenVEX's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }
}

#[derive(Deserialize)]
struct RawDocument {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@id")]
    id: String,
    author: String,
    timestamp: String,
    version: u64,
    statements: Vec<RawStatement>,
}

#[derive(Deserialize)]
struct RawStatement {
    vulnerability: RawVulnerability,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    last_updated: Option<String>,
    #[serde(default)]
    products: Vec<RawProduct>,
    status: StatementStatus,
    #[serde(default)]
    status_notes: Option<String>,
    #[serde(default)]
    justification: Option<Justification>,
    #[serde(default)]
    impact_statement: Option<String>,
    #[serde(default)]
    action_statement: Option<String>,
}

#[derive(Deserialize)]
struct RawVulnerability {
    #[serde(rename = "@id", default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
struct RawProduct {
    #[serde(flatten)]
    component: RawComponent,
    #[serde(default)]
    subcomponents: Vec<RawComponent>,
}

#[derive(Deserialize)]
struct RawComponent {
    #[serde(rename = "@id", default)]
    id: Option<String>,
    #[serde(default)]
    identifiers: BTreeMap<String, String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl RawStatement {
    fn read(self, issued_at: Timestamp) -> Result<Statement, DocumentError> {
        let own = self.last_updated.or(self.timestamp);
        let stated_at = own.as_deref().map_or(Ok(issued_at), moment)?;
        let products = self.products.into_iter().map(RawProduct::read);
        let statement = Statement {
            vulnerabilities: self.vulnerability.read()?,
            status: self.status,
            justification: self.justification,
            impact: said(self.impact_statement),
            action: said(self.action_statement),
            notes: said(self.status_notes),
            stated_at,
            products: products.collect::<Result<_, _>>()?,
        };
        // "MUST include either a status justification or an impact_statement", and only such may.
        let why = statement.justification.is_some() || statement.impact.is_some();
        match statement.status {
            StatementStatus::NotAffected if !why => {
                Err(invalid("a statement of not_affected has no justification"))
            }
            StatementStatus::NotAffected => Ok(statement),
            _ if statement.justification.is_some() => {
                Err(invalid("only a statement of not_affected has a justification"))
            }
            _ => Ok(statement),
        }
    }
}

impl RawVulnerability {
    fn read(self) -> Result<Vec<String>, DocumentError> {
        // The id is an IRI, of which the last part mostly is the name.
        let id = self.id.as_deref().map(|id| id.rsplit(['/', '#']).next().unwrap_or(id).to_owned());
        let all = self.name.into_iter().chain(id).chain(self.aliases);
        let mut ids: Vec<String> = all.map(|id| id.trim().to_ascii_uppercase()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| !id.is_empty());
        match ids.is_empty() {
            true => Err(invalid("a statement names no vulnerability")),
            false => Ok(ids),
        }
    }
}

impl RawProduct {
    fn read(self) -> Result<Product, DocumentError> {
        let parts = self.subcomponents.into_iter().map(RawComponent::read);
        Ok(Product { whole: self.component.read()?, parts: parts.collect::<Result<_, _>>()? })
    }
}

impl RawComponent {
    fn read(self) -> Result<Component, DocumentError> {
        if self.id.is_none() && self.identifiers.is_empty() && self.hashes.is_empty() {
            return Err(invalid("a product is not identified at all"));
        }
        let names = self.id.iter().map(String::as_str);
        let names = names.chain(self.identifiers.get("purl").map(String::as_str));
        let hashes = self.hashes.iter().map(|(name, hash)| (name.as_str(), hash.as_str()));
        Component::read(names, hashes).map_err(invalid)
    }
}

/// An empty text says nothing.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn moment(text: &str) -> Result<Timestamp, DocumentError> {
    Timestamp::parse_http_date(text).ok_or_else(|| invalid(format!("{text:?} is no time")))
}

fn invalid(what: impl Into<String>) -> DocumentError {
    DocumentError::Invalid(what.into())
}
