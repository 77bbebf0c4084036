//! Files of sources into the folder of advisories.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use wharfinger_core::Timestamp;

use super::{Format, SourceError, Summary, read};
use crate::{Document, Import, ImportOptions, SourceChange, StoreError};

/// Documents between the thread that reads a file and the one that keeps them.
const DOCUMENTS_WAITING_MAX: usize = 64;

/// What came of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What was read.
    pub summary: Summary,
    /// What it changed, by source.
    pub changes: Vec<SourceChange>,
}

/// The other thread has stopped, and says itself why.
#[derive(Debug, thiserror::Error)]
#[error("the import has ended")]
pub struct Ended;

/// Reads files of a format into a running import; `told` hears how many documents were read so far.
///
/// # Errors
/// [`SourceError`], of which [`SourceError::Sink`] is what the folder says. Then nothing of the files is
/// taken.
pub fn import(
    import: &mut Import,
    files: &[PathBuf],
    format: Format,
    imported_at: Timestamp,
    told: &mut dyn FnMut(u64),
) -> Result<Imported, SourceError<StoreError>> {
    let (sender, receiver) = sync_channel(DOCUMENTS_WAITING_MAX);
    thread::scope(|scope| {
        let reader = scope.spawn(move || produce(files, format, &sender));
        let options =
            ImportOptions { mode: format.mode(), updated_at: None, imported_at, license: None };
        let mut count = 0;
        let documents = arriving(receiver).inspect(|_| {
            count += 1;
            told(count);
        });
        let kept = import.import(&options, documents);
        let read = match reader.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        match (read, kept) {
            (Err(SourceError::Sink(Ended)), Err(error)) | (Ok(_), Err(error)) => {
                Err(SourceError::Sink(error))
            }
            (Err(error), _) => Err(of_reader(error)),
            (Ok(summary), Ok(changes)) => Ok(Imported { summary, changes }),
        }
    })
}

/// What goes from one thread to the other: a document, or that the file could not be read to its end,
/// so that nothing of it may be kept.
type Sent = Result<Document, Ended>;

fn produce(
    files: &[PathBuf],
    format: Format,
    sender: &SyncSender<Sent>,
) -> Result<Summary, SourceError<Ended>> {
    let mut all = Summary { record_count: 0, updated_at: None };
    for path in files {
        match read(path, format, &mut |document| sender.send(Ok(document)).map_err(|_| Ended)) {
            Ok(summary) => {
                all.record_count += summary.record_count;
                all.updated_at = all.updated_at.max(summary.updated_at);
            }
            Err(error) => {
                // Nobody waits any more if the other thread ended first.
                let _ = sender.send(Err(Ended));
                return Err(error);
            }
        }
    }
    Ok(all)
}

fn arriving(receiver: Receiver<Sent>) -> impl Iterator<Item = Sent> {
    receiver.into_iter()
}

fn of_reader(error: SourceError<Ended>) -> SourceError<StoreError> {
    match error {
        SourceError::Io { path, source } => SourceError::Io { path, source },
        SourceError::Malformed { path, place, what } => {
            SourceError::Malformed { path, place, what }
        }
        SourceError::Unknown { path } => SourceError::Unknown { path },
        SourceError::Sink(Ended) => SourceError::Sink(StoreError::Source(Box::new(Ended))),
    }
}
