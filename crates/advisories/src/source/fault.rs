//! Why a source could not be read, inside of the importers, and where their documents go.

use std::collections::BTreeSet;
use std::io;

use wharfinger_core::Timestamp;
use wharfinger_package::Ecosystem;

use crate::{Document, Record};

/// Why an importer stopped.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file could not be read.
    Io(io::Error),
    /// It is not what it should be.
    Malformed {
        /// Where in the file: `line 3, column 7`, or the entry of an archive.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// Whoever takes the documents wants no more of them.
    Refused,
}

impl Fault {
    /// Something is wrong at a place.
    pub(super) fn malformed(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Malformed { place: place.into(), what: what.into() }
    }

    /// Something is wrong in a line.
    pub(super) fn line(number: usize, what: impl Into<String>) -> Self {
        Self::malformed(format!("line {number}"), what)
    }

    /// The same, inside of a part of the file.
    pub(super) fn within(self, part: &str) -> Self {
        match self {
            Self::Malformed { place, what } if place.is_empty() => Self::malformed(part, what),
            Self::Malformed { place, what } => Self::malformed(format!("{part}, {place}"), what),
            other => other,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() {
            return Self::Io(error.into());
        }
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let what = match text.rfind(" at line ") {
            Some(at) => text.get(..at).unwrap_or(&text),
            None => &text,
        };
        match line {
            0 => Self::malformed("", what),
            _ => Self::malformed(format!("line {line}, column {column}"), what),
        }
    }
}

/// Where documents go, and what there is to say of all of them.
pub(super) struct Outlet<'a> {
    take: &'a mut dyn FnMut(Document) -> bool,
    open: Option<Document>,
    covered: BTreeSet<Ecosystem>,
    record_count: u64,
    updated_at: Option<Timestamp>,
}

impl<'a> Outlet<'a> {
    /// `take` says whether it wants more.
    pub(super) fn new(take: &'a mut dyn FnMut(Document) -> bool) -> Self {
        Self { take, open: None, covered: BTreeSet::new(), record_count: 0, updated_at: None }
    }

    /// Begins a document, which records belong to from now on; hands on the one before.
    pub(super) fn document(
        &mut self,
        source: &str,
        id: impl Into<String>,
        modified_at: Option<Timestamp>,
    ) -> Result<(), Fault> {
        self.finish()?;
        self.saw(modified_at);
        let (source, id) = (source.to_owned(), id.into());
        self.open = Some(Document { source, id, modified_at, records: Vec::new() });
        Ok(())
    }

    /// A record of the document that was begun last.
    pub(super) fn give(&mut self, record: Record) -> Result<(), Fault> {
        let Some(document) = &mut self.open else {
            return Err(Fault::malformed("", "a statement belongs to no document"));
        };
        self.record_count += 1;
        document.records.push(record);
        Ok(())
    }

    /// The source speaks for an ecosystem.
    pub(super) fn covers(&mut self, source: &str, ecosystem: &Ecosystem) -> Result<(), Fault> {
        if !self.covered.insert(ecosystem.clone()) {
            return Ok(());
        }
        self.record_count += 1;
        self.hand_on(Document {
            source: source.to_owned(),
            id: format!("covers:{ecosystem}"),
            modified_at: None,
            records: vec![Record::Covers(ecosystem.clone())],
        })
    }

    /// The source says something of this time; the newest of them is kept.
    pub(super) fn saw(&mut self, time: Option<Timestamp>) {
        self.updated_at = self.updated_at.max(time);
    }

    /// Hands on the last document.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        match self.open.take() {
            Some(document) => self.hand_on(document),
            None => Ok(()),
        }
    }

    fn hand_on(&mut self, document: Document) -> Result<(), Fault> {
        if (self.take)(document) { Ok(()) } else { Err(Fault::Refused) }
    }

    /// How many records, and of when the newest statement is.
    pub(super) fn summary(&self) -> (u64, Option<Timestamp>) {
        (self.record_count, self.updated_at)
    }
}
