//! Merging sorted documents with those that are kept.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use wharfinger_core::Timestamp;

use super::{ImportMode, SourceChange};
use crate::document::bytes;
use crate::sorting::{Merged, Pair};
use crate::store::StoreError;
use crate::store::source_file::{DocumentReader, DocumentWriter};

/// New documents by source and id, the newest of each id.
pub(super) struct Groups {
    sorted: Merged,
    next: Option<Pair>,
    folder: PathBuf,
}

impl Groups {
    pub(super) fn new(sorted: Merged, folder: &Path) -> Result<Self, StoreError> {
        let mut groups = Self { sorted, next: None, folder: folder.to_owned() };
        groups.advance()?;
        Ok(groups)
    }

    /// The source of the next document.
    pub(super) fn source(&self) -> Option<&str> {
        let (key, _) = self.next.as_ref()?;
        let source = key.split(|byte| *byte == 0).next()?;
        std::str::from_utf8(source).ok()
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        let io = StoreError::io(&self.folder);
        let mut read = || {
            let Some((key, mut newest)) = self.sorted.next().transpose()? else { return Ok(None) };
            while let Some(body) = self.sorted.next_of(&key)? {
                if time(&body) >= time(&newest) {
                    newest = body;
                }
            }
            Ok(Some((key, newest)))
        };
        self.next = read().map_err(io)?;
        Ok(())
    }

    /// The id of the next document, if it is of `source`.
    fn id(&self, source: &str) -> Option<&[u8]> {
        let (key, _) = self.next.as_ref()?;
        key.strip_prefix(source.as_bytes())?.strip_prefix(&[0])
    }

    fn take(&mut self) -> Result<Option<Pair>, StoreError> {
        let taken = self.next.take();
        self.advance()?;
        Ok(taken)
    }
}

/// What was written.
pub(super) struct Written {
    pub(super) change: SourceChange,
    pub(super) newest: Option<Timestamp>,
    pub(super) document_count: u64,
    pub(super) record_count: u64,
}

struct Merge {
    writer: DocumentWriter,
    change: SourceChange,
    newest: Option<Timestamp>,
}

/// Writes the documents of `source` as they will be.
pub(super) fn write(
    path: &Path,
    source: &str,
    groups: &mut Groups,
    mut old: Option<DocumentReader>,
    mode: ImportMode,
) -> Result<Written, StoreError> {
    let change = SourceChange { source: source.to_owned(), ..SourceChange::default() };
    let mut merge = Merge { writer: DocumentWriter::create(path)?, change, newest: None };
    let mut kept = next(&mut old)?;
    loop {
        let order = match (&kept, groups.id(source)) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((kept, _)), Some(new)) => kept.as_slice().cmp(new),
        };
        let new = if order.is_ge() { groups.take()? } else { None };
        let new = new.map(|(key, body)| (key.get(source.len() + 1..).map(<[u8]>::to_vec), body));
        let before = if order.is_le() { kept.take() } else { None };
        match (before, new) {
            (Some(before), None) => merge.only_old(before, mode)?,
            (Some(before), Some((_, body))) => merge.both(before, body, mode)?,
            (None, Some((Some(id), body))) => merge.only_new(&id, &body)?,
            (None, _) => break,
        }
        if order.is_le() {
            kept = next(&mut old)?;
        }
    }
    let (document_count, record_count) = merge.writer.finish()?;
    Ok(Written { change: merge.change, newest: merge.newest, document_count, record_count })
}

fn next(reader: &mut Option<DocumentReader>) -> Result<Option<Pair>, StoreError> {
    reader.as_mut().map(DocumentReader::next_body).transpose().map(Option::flatten)
}

fn time(body: &[u8]) -> Option<Timestamp> {
    bytes::modified_at(body).ok().flatten()
}

/// Whether a document states nothing: it was withdrawn. It is kept, so that an older copy that is
/// imported later does not bring back what it said.
fn is_withdrawn(body: &[u8]) -> bool {
    bytes::record_count(body) == Ok(0)
}

impl Merge {
    fn push(&mut self, id: &[u8], body: &[u8]) -> Result<(), StoreError> {
        self.newest = self.newest.max(time(body));
        self.writer.push(id, body)
    }

    fn only_old(&mut self, (id, body): Pair, mode: ImportMode) -> Result<(), StoreError> {
        if mode == ImportMode::Update {
            self.change.unchanged += u64::from(!is_withdrawn(&body));
            return self.push(&id, &body);
        }
        self.change.removed += u64::from(!is_withdrawn(&body));
        Ok(())
    }

    fn only_new(&mut self, id: &[u8], body: &[u8]) -> Result<(), StoreError> {
        self.change.added += u64::from(!is_withdrawn(body));
        self.push(id, body)
    }

    fn both(&mut self, (id, old): Pair, new: Vec<u8>, mode: ImportMode) -> Result<(), StoreError> {
        let older = matches!((time(&new), time(&old)), (Some(new), Some(old)) if new < old);
        if old == new || older && mode == ImportMode::Update {
            self.change.unchanged += u64::from(!is_withdrawn(&old));
            return self.push(&id, &old);
        }
        match (is_withdrawn(&old), is_withdrawn(&new)) {
            (false, true) => self.change.removed += 1,
            (true, false) => self.change.added += 1,
            (false, false) => self.change.changed += 1,
            (true, true) => {}
        }
        self.push(&id, &new)
    }
}
