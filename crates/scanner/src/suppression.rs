//! Suppression: statements that a vulnerability does not matter in a product, after OpenVEX 0.2.0
//! (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>).
//!
//! Documents are read strictly and within bounds; what they say is asked for one package of one image
//! at a time. A statement that cannot be matched with certainty (an unknown qualifier of a package URL,
//! a repository that is not known) suppresses nothing.

mod document;
mod product;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wharfinger_core::{Digest, Timestamp};
use wharfinger_package::PackageIdentity;

pub use document::{Document, DocumentError, Justification, Statement, StatementStatus};

/// The image that statements may be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageProduct {
    /// Its digests: of the manifest, and of the indexes it was asked for by, if that is to count.
    pub digests: Vec<Digest>,
    /// Its repository with the host that serves it where that is known: `localhost:4566/team/app`.
    /// Empty if there is none.
    pub repository: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What statements come to for one vulnerability of one package of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What is stated.
    pub status: StatementStatus,
    /// Why, in one line: the justification and what was written about it.
    pub reason: String,
    /// The id of the document.
    pub document: String,
    /// Who wrote it.
    pub author: String,
    /// When that was so.
    pub stated_at: Timestamp,
    /// The justification, of what is not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
}

/// Statements of any number of documents.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// By each of the vulnerability's ids in upper case, in the order in which they were stated.
    by_vulnerability: BTreeMap<String, Vec<Entry>>,
}

#[derive(Clone, Debug)]
struct Entry {
    document: Arc<Document>,
    statement: usize,
    /// Whether the document was attached to the image: then a statement without products is about it.
    attached: bool,
}

impl Verdict {
    /// Whether a finding is suppressed by it: the product is not affected, or has the fix already.
    pub fn suppresses(&self) -> bool {
        matches!(self.status, StatementStatus::NotAffected | StatementStatus::Fixed)
    }
}

impl Statements {
    /// Adds the statements of a document. One that is `attached` to the image they are asked for (a
    /// referrer of it) speaks of the image where a statement names no product.
    pub fn add(&mut self, document: Document, attached: bool) {
        let document = Arc::new(document);
        for (index, statement) in document.statements.iter().enumerate() {
            for id in &statement.vulnerabilities {
                let entry = Entry { document: Arc::clone(&document), statement: index, attached };
                self.by_vulnerability.entry(id.to_ascii_uppercase()).or_default().push(entry);
            }
        }
    }

    /// Whether nothing is stated at all.
    pub fn is_empty(&self) -> bool {
        self.by_vulnerability.is_empty()
    }

    /// What is stated of a vulnerability, by any of its `ids`, in `package` of `image`; `beside` are
    /// packages that the same file holds (a program and its modules), of which one may be the product
    /// and the package a part of it. The newest statement wins, whatever it says; of equally new ones
    /// the one that was added last.
    pub fn verdict<'a>(
        &self,
        image: &ImageProduct,
        package: &PackageIdentity,
        beside: &[&PackageIdentity],
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Option<Verdict> {
        let mut newest: Option<&Entry> = None;
        for id in ids {
            let entries = self.by_vulnerability.get(&id.to_ascii_uppercase());
            for entry in entries.into_iter().flatten() {
                let Some(statement) = entry.statement() else { continue };
                let about = match statement.products.is_empty() {
                    true => entry.attached,
                    false => statement.products.iter().any(|it| it.is(image, package, beside)),
                };
                let newer = newest.is_none_or(|it| it.stated_at() <= entry.stated_at());
                if about && newer {
                    newest = Some(entry);
                }
            }
        }
        newest.and_then(Entry::verdict)
    }
}

impl Entry {
    fn statement(&self) -> Option<&Statement> {
        self.document.statements.get(self.statement)
    }

    fn stated_at(&self) -> Option<Timestamp> {
        self.statement().map(|statement| statement.stated_at)
    }

    fn verdict(&self) -> Option<Verdict> {
        let statement = self.statement()?;
        Some(Verdict {
            status: statement.status,
            reason: statement.reason(),
            document: self.document.id.clone(),
            author: self.document.author.clone(),
            stated_at: statement.stated_at,
            justification: statement.justification,
        })
    }
}
