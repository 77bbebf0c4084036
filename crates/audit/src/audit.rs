//! The handle that the edges write through.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;

use serde::Serialize;
use tokio::sync::oneshot;
use wharfinger_core::limits::{AUDIT_BYTES_MAX, AUDIT_BYTES_MIN, AUDIT_FILE_BYTES_MAX};
use wharfinger_core::{Clock, Entropy, EventId, Timestamp};

use crate::event_id::EventIds;
use crate::failed_login::FailedLogins;
use crate::line::{Line, with_line};
use crate::log_file::{LogFile, Sizes};
use crate::queue::{Pushed, Queue, Waiter};
use crate::writer::{Sink, Writer};
use crate::{Effect, Entry, ServiceEvent};

/// What is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing.
    Off,
    /// What changes something or hands out credentials, and what is denied.
    Writes,
    /// Every call.
    #[default]
    All,
}

/// What is recorded, and how much of it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuditSettings {
    /// What is recorded.
    pub mode: Mode,
    /// Bytes of all files together, [`AUDIT_BYTES_MIN`] at the least; beyond them the oldest go.
    pub bytes_max: u64,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { mode: Mode::All, bytes_max: AUDIT_BYTES_MAX }
    }
}

/// A record is not on disk, and may never be. The cause is in the log, once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct Unrecorded;

/// The audit log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the audit log in {folder} cannot be opened")]
pub struct OpenError {
    folder: String,
    #[source]
    source: io::Error,
}

/// The audit log. Clones write the same; the last one to go writes what still waits, and closes it.
#[derive(Clone, Default)]
pub struct Audit {
    shared: Option<Arc<Shared>>,
}

struct Shared {
    mode: Mode,
    queue: Arc<Queue>,
    event_ids: EventIds,
    failed_logins: FailedLogins,
    writer: Option<JoinHandle<()>>,
}

impl Audit {
    /// A log that records nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// The log in `folder`, which is made if it is not there. Only one process may do so at a
    /// time. Nothing is touched if `settings` says that nothing is recorded.
    ///
    /// # Errors
    /// [`OpenError`] if the folder or its last file cannot be written.
    pub fn open(
        folder: &Path,
        settings: AuditSettings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        if settings.mode == Mode::Off {
            return Ok(Self::off());
        }
        let bytes_max = settings.bytes_max.max(AUDIT_BYTES_MIN);
        let sizes = Sizes { bytes_max, file_bytes_max: AUDIT_FILE_BYTES_MAX.min(bytes_max / 8) };
        LogFile::open(folder, Arc::clone(&clock), sizes)
            .and_then(|file| Self::on(Box::new(file), settings.mode, clock, entropy))
            .map_err(|source| OpenError { folder: folder.display().to_string(), source })
    }

    /// A log that goes elsewhere.
    ///
    /// # Errors
    /// If no thread can be had.
    pub fn on(
        sink: Box<dyn Sink>,
        mode: Mode,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let synced_at = clock.now();
        let writer = Writer { queue: Arc::clone(&queue), sink, clock, unsynced: false, synced_at };
        let thread = std::thread::Builder::new().name("audit-writer".into());
        let writer = Some(thread.spawn(move || writer.run())?);
        let failed_logins = FailedLogins::default();
        let event_ids = EventIds::new(&*entropy);
        let shared = Shared { mode, queue, event_ids, failed_logins, writer };
        Ok(Self { shared: Some(Arc::new(shared)) })
    }

    /// Whether anything is recorded at all.
    pub fn is_on(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether a call is recorded that has this effect, and was denied or not.
    pub fn wants(&self, effect: Effect, denied: bool) -> bool {
        match self.shared.as_deref().map_or(Mode::Off, |shared| shared.mode) {
            Mode::Off => false,
            Mode::Writes => denied || effect != Effect::Reads,
            Mode::All => true,
        }
    }

    /// Whether a failed login is recorded, and how many were left out since the last one that was.
    pub fn admit_failed_login(&self, now: Timestamp) -> Option<u64> {
        self.shared.as_deref()?.failed_logins.admit(now)
    }

    /// Whether what an operation does could be recorded: asked before it is done, so that nothing is
    /// done that is not.
    ///
    /// # Errors
    /// [`Unrecorded`] while the log cannot be written, for operations that must be recorded.
    pub fn check_writable(&self, effect: Effect) -> Result<(), Unrecorded> {
        match self.shared.as_deref() {
            Some(shared) if effect.must_be_recorded() && shared.queue.is_failing() => {
                Err(Unrecorded)
            }
            _ => Ok(()),
        }
    }

    /// A fresh id for a record; none if nothing is recorded.
    pub fn event_id(&self) -> Option<EventId> {
        Some(self.shared.as_deref()?.event_ids.next())
    }

    /// Records what nobody has to wait for. Returns at once unless too much waits to be written.
    /// While the log cannot be written it is counted instead.
    pub async fn record<P, R, X>(&self, entry: &Entry<'_, P, R, X>)
    where
        P: Serialize + Sync,
        R: Serialize + Sync,
        X: Serialize + Sync,
    {
        let Some(shared) = self.shared.as_deref() else { return };
        if shared.push(entry, &mut None).await != Pushed::Queued {
            shared.queue.give_up();
        }
    }

    /// Records a step: its record is before those of all that is recorded after this has returned,
    /// and on disk when one of these is.
    ///
    /// # Errors
    /// [`Unrecorded`] while the log cannot be written.
    pub async fn record_in_order<P, R, X>(
        &self,
        entry: &Entry<'_, P, R, X>,
    ) -> Result<(), Unrecorded>
    where
        P: Serialize + Sync,
        R: Serialize + Sync,
        X: Serialize + Sync,
    {
        let Some(shared) = self.shared.as_deref() else { return Ok(()) };
        match shared.push(entry, &mut None).await {
            Pushed::Queued => Ok(()),
            Pushed::Full | Pushed::Failing => Err(Unrecorded),
        }
    }

    /// Records what must be on disk before the client is answered; returns when it is.
    ///
    /// # Errors
    /// [`Unrecorded`] if it is not. It may be recorded later.
    pub async fn record_durably<P, R, X>(
        &self,
        entry: &Entry<'_, P, R, X>,
    ) -> Result<(), Unrecorded>
    where
        P: Serialize + Sync,
        R: Serialize + Sync,
        X: Serialize + Sync,
    {
        let Some(shared) = self.shared.as_deref() else { return Ok(()) };
        let (told, outcome) = oneshot::channel();
        match shared.push(entry, &mut Some(told)).await {
            Pushed::Queued => outcome.await.unwrap_or(Err(Unrecorded)),
            Pushed::Full | Pushed::Failing => Err(Unrecorded),
        }
    }

    /// Records what the registry did by itself, whatever is recorded of calls: its record is behind
    /// those of all that were recorded before, and on disk when [`settled`](Self::settled) says so.
    ///
    /// # Errors
    /// [`Unrecorded`] while the log cannot be written.
    pub async fn record_service_event(&self, event: &ServiceEvent<'_>) -> Result<(), Unrecorded> {
        let Some(shared) = self.shared.as_deref() else { return Ok(()) };
        match shared.push(event, &mut None).await {
            Pushed::Queued => Ok(()),
            Pushed::Full | Pushed::Failing => Err(Unrecorded),
        }
    }

    /// Records without waiting, whatever it is: for requests whose client went away. It is counted
    /// if there is no room.
    pub fn record_now<P, R, X>(&self, entry: &Entry<'_, P, R, X>)
    where
        P: Serialize,
        R: Serialize,
        X: Serialize,
    {
        let Some(shared) = self.shared.as_deref() else { return };
        let pushed = with_line(entry, |line| shared.queue.push(line, &mut None));
        if pushed != Some(Pushed::Queued) {
            shared.queue.give_up();
        }
    }

    /// Returns when all that was recorded before is on disk.
    ///
    /// # Errors
    /// [`Unrecorded`] while the log cannot be written.
    pub async fn settled(&self) -> Result<(), Unrecorded> {
        let Some(shared) = self.shared.as_deref() else { return Ok(()) };
        let (told, outcome) = oneshot::channel();
        match shared.push_when_there_is_room(&[], &mut Some(told)).await {
            Pushed::Queued => outcome.await.unwrap_or(Err(Unrecorded)),
            Pushed::Full | Pushed::Failing => Err(Unrecorded),
        }
    }

    /// Records that were given up since the log could last be written.
    pub fn lost(&self) -> u64 {
        self.shared.as_deref().map_or(0, |shared| shared.queue.lost())
    }
}

impl Shared {
    /// Queues a record, as soon as there is room. What does not serialize counts as one for which
    /// there is none.
    async fn push(&self, entry: &(impl Line + Sync), waiter: &mut Option<Waiter>) -> Pushed {
        let pushed = with_line(entry, |line| match self.queue.push(line, waiter) {
            Pushed::Full => Err(line.to_vec()),
            pushed => Ok(pushed),
        });
        match pushed {
            None => Pushed::Full,
            Some(Ok(pushed)) => pushed,
            Some(Err(line)) => self.push_when_there_is_room(&line, waiter).await,
        }
    }

    async fn push_when_there_is_room(&self, line: &[u8], waiter: &mut Option<Waiter>) -> Pushed {
        loop {
            let mut room = pin!(self.queue.room.notified());
            // Before the look: room that comes after it is not missed.
            room.as_mut().enable();
            match self.queue.push(line, waiter) {
                Pushed::Full => room.await,
                pushed => return pushed,
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}
