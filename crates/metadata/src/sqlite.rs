//! The SQLite engine: one writer thread that groups transactions into commits, and a pool of
//! read-only connections.
//!
//! A transaction body is shipped to the writer thread and polled there once; up to
//! [`GROUP_MAX`] bodies share one COMMIT (each in a SAVEPOINT of its own, so that one that fails
//! takes only its own changes along), and callers are answered after that COMMIT has been fsynced.
//! Reads run inline on the caller's thread: a point read costs less than a hop to another thread.

mod watcher;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{BoxFuture, Changes, MetadataError, Tx, disk_quota, migration};
use watcher::Watcher;

/// Transactions that share one commit at the most.
const GROUP_MAX: usize = 64;
/// Transactions that may wait for the writer; beyond that callers wait to enqueue.
const QUEUE_MAX: usize = 1024;
/// Idle read connections kept open.
const READERS_IDLE_MAX: usize = 16;
/// How long a statement waits for another process (the command line) to finish its commit.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// Statements a connection keeps prepared: more than there are, so that each is prepared once.
const STATEMENTS_PREPARED_MAX: usize = 512;
/// Bytes of page cache of a connection that reads.
const CACHE_KIB: i64 = 1024;
/// Bytes of page cache of the writer: what a full group changes, so that nothing has to be written before
/// the group's commit.
const WRITER_CACHE_KIB: i64 = 8 * 1024;
/// Pages in the write-ahead log after which it is carried over into the database. A page that changes
/// with each commit, as those of indexes do, is carried over once.
const WAL_PAGES_MAX: i64 = 4096;
/// Bytes the write-ahead log is cut back to after a checkpoint: not at all, as a rule, for to write
/// over a file costs less than to make it longer.
const WAL_BYTES_KEPT: i64 = 16 * 1024 * 1024;

/// How a database is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenMode {
    /// Created when missing, migrated when older.
    CreateOrMigrate,
    /// Must exist and have the current format: for the command line beside a running server.
    Existing,
}

/// The metadata store. Clones share one writer; the last one to go closes it.
#[derive(Clone)]
pub struct Metadata {
    shared: Arc<Shared>,
}

struct Shared {
    path: std::path::PathBuf,
    readers: Mutex<Vec<Tx>>,
    watcher: Watcher,
    /// Told after each commit that made work for the workers.
    work: watch::Receiver<()>,
    queue: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// A transaction on its way to the writer: runs its body, says whether to keep the changes, and
/// hands back what to do with the outcome of the commit.
type Job = Box<dyn FnOnce(Result<&mut Tx, MetadataError>) -> (bool, Reply) + Send>;
type Reply = Box<dyn FnOnce(Result<(), MetadataError>) + Send>;

impl Metadata {
    /// Opens the database file at `path`.
    ///
    /// # Errors
    /// [`MetadataError::NewerFormat`] and [`OlderFormat`](MetadataError::OlderFormat) when the
    /// format does not fit `mode`; engine errors otherwise.
    pub fn open(path: &Path, mode: OpenMode) -> Result<Self, MetadataError> {
        let create = match mode {
            OpenMode::CreateOrMigrate => OpenFlags::SQLITE_OPEN_CREATE,
            OpenMode::Existing => OpenFlags::empty(),
        };
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | create)?;
        match mode {
            OpenMode::CreateOrMigrate => migration::migrate(&mut writer)?,
            OpenMode::Existing => migration::check(&writer)?,
        }
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let tx = Tx::new(writer);
        let (work_asked, work) = watch::channel(());
        let writer = std::thread::Builder::new()
            .name("metadata-writer".into())
            .spawn(move || run_writer(tx, jobs, &work_asked))
            .map_err(|error| {
                MetadataError::Engine(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
            })?;
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                readers: Mutex::default(),
                watcher: Watcher::default(),
                work,
                queue: Some(queue),
                writer: Some(writer),
            }),
        })
    }

    /// Runs `body` over a snapshot of the database. The body must not write.
    pub async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
        E: From<MetadataError>,
    {
        let mut tx = self.reader()?;
        command(&tx, "BEGIN")?;
        let outcome = poll_once(body(&mut tx));
        let ended = command(&tx, "COMMIT");
        // A connection whose snapshot did not end must not be used again.
        if ended.is_ok() {
            self.keep_reader(tx);
        }
        match outcome {
            Some(result) => result,
            None => Err(MetadataError::Panicked.into()),
        }
    }

    /// What has changed so far: everything that was committed before the call is in it, by whichever
    /// process. For caches, which may keep what they read after it until it is no longer the same.
    ///
    /// Costs a few microseconds, and reads no table unless there was a commit since the last call.
    pub async fn changes(&self) -> Result<Changes, MetadataError> {
        let connect = || connect(&self.shared.path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        self.shared.watcher.look(connect)
    }

    /// Changes whenever this process has committed a transaction that asked for a job, or left a
    /// service event. What other processes commit is not told.
    pub fn work_asked(&self) -> watch::Receiver<()> {
        self.shared.work.clone()
    }

    /// Runs `body` in a transaction of its own and commits it durably, together with others that
    /// wait at the same time. An `Err` of the body undoes its changes.
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<MetadataError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel::<Result<T, E>>();
        let job: Job = Box::new(move |tx| {
            let result = match tx {
                Ok(tx) => run_body(tx, body),
                Err(error) => Err(error.into()),
            };
            let keep = result.is_ok();
            let reply: Reply = Box::new(move |committed| {
                // A caller that went away does not want its answer; that is no error.
                let _ = answer.send(match (result, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Ok(_), Err(error)) => Err(error.into()),
                    (Err(error), _) => Err(error),
                });
            });
            (keep, reply)
        });
        let queue = self.shared.queue.as_ref().ok_or(MetadataError::Closed)?;
        queue.send(job).await.map_err(|_| MetadataError::Closed)?;
        answered.await.map_err(|_| MetadataError::Closed)?
    }

    /// Runs `look` over a connection that reads, on a thread that may be held for long.
    pub(crate) async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, MetadataError> + Send + 'static,
    ) -> Result<T, MetadataError> {
        let metadata = self.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let tx = metadata.reader()?;
            let seen = look(tx.connection())?;
            metadata.keep_reader(tx);
            Ok(seen)
        });
        looking.await.map_err(|_| MetadataError::Closed)?
    }

    fn reader(&self) -> Result<Tx, MetadataError> {
        if let Some(reader) = self.shared.readers.lock().pop() {
            return Ok(reader);
        }
        connect(&self.shared.path, OpenFlags::SQLITE_OPEN_READ_ONLY).map(Tx::new)
    }

    fn keep_reader(&self, reader: Tx) {
        let mut readers = self.shared.readers.lock();
        if readers.len() < READERS_IDLE_MAX {
            readers.push(reader);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The writer closes last, so that it takes the write-ahead log along.
        self.readers.get_mut().clear();
        self.watcher = Watcher::default();
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // The writer ends when the queue is empty and closed; its panics were caught per job.
            let _ = writer.join();
        }
    }
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, MetadataError> {
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_PREPARED_MAX);
    // Plans are to depend on the statement alone: otherwise some statements are planned anew for
    // each value they are given, which takes longer than to run them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if mode.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        // FULL: each commit is in the write-ahead log and fsynced before anyone is answered.
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if !mode.eq_ignore_ascii_case("wal") {
            let read_only = connection.is_readonly("main")?;
            let cause = rusqlite::Error::InvalidQuery;
            return Err(match read_only {
                true => MetadataError::ReadOnly(cause),
                false => MetadataError::NoWriteAheadLog,
            });
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        // What a body would have to be undone by is never written to a temporary file.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
    } else {
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    }
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(connection)
}

fn run_writer(mut tx: Tx, mut jobs: mpsc::Receiver<Job>, work_asked: &watch::Sender<()>) {
    let mut poisoned = false;
    while let Some(first) = jobs.blocking_recv() {
        if poisoned {
            let (_, reply) = first(Err(MetadataError::Poisoned));
            reply(Err(MetadataError::Poisoned));
            continue;
        }
        if let Err(error) = commit_group(&mut tx, first, &mut jobs) {
            tracing::error!(error = &error as &dyn std::error::Error, "metadata commit failed");
            poisoned = error.is_io_failure();
        }
        // Not before the commit; a body that was undone may wake them in vain.
        if tx.take_work() {
            work_asked.send_replace(());
        }
    }
}

/// Runs the first job and those that wait behind it, commits, and answers them all.
fn commit_group(
    tx: &mut Tx,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
) -> Result<(), MetadataError> {
    if let Err(error) = command(tx, "BEGIN IMMEDIATE") {
        // Those behind have waited as long, and would only wait for the same again. Collected first:
        // who comes once others have been told has not waited at all.
        let behind: Vec<Job> =
            std::iter::from_fn(|| jobs.try_recv().ok()).take(QUEUE_MAX).collect();
        for job in std::iter::once(first).chain(behind) {
            let (_, reply) = job(Err(again(&error)));
            reply(Err(again(&error)));
        }
        return Err(error);
    }
    let mut replies = Vec::new();
    let mut next = Some(first);
    let (mut changed, mut spoiled) = (false, Ok(()));
    while let Some(job) = next {
        let (keep, reply, undone) = match replies.is_empty() {
            true => run_first(tx, job),
            false => run_job(tx, job),
        };
        changed |= keep;
        spoiled = undone;
        replies.push(reply);
        let full = spoiled.is_err() || replies.len() >= GROUP_MAX;
        next = if full { None } else { jobs.try_recv().ok() };
    }
    let outcome = match spoiled {
        Ok(()) if changed => command(tx, "COMMIT"),
        Ok(()) => command(tx, "ROLLBACK"),
        Err(error) => Err(error),
    }
    .map_err(|error| disk_quota::classify(error, || disk_quota::probe(tx.connection().path())));
    if outcome.is_err() && !tx.connection().is_autocommit() {
        let _ = command(tx, "ROLLBACK");
    }
    for reply in replies {
        reply(match &outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(again(error)),
        });
    }
    outcome
}

/// Runs the body that nobody was before: the whole transaction is its savepoint.
fn run_first(tx: &mut Tx, job: Job) -> (bool, Reply, Result<(), MetadataError>) {
    let (keep, reply) = job(Ok(tx));
    if tx.connection().is_autocommit() {
        return (false, reply, Err(tx.take_failure()));
    }
    let undone = match keep {
        true => Ok(()),
        false => command(tx, "ROLLBACK").and_then(|()| command(tx, "BEGIN IMMEDIATE")),
    };
    (keep, reply, undone)
}

/// Runs one body in a savepoint. A body that fails leaves no trace in the group; an error in the
/// last place says that the group cannot be committed.
fn run_job(tx: &mut Tx, job: Job) -> (bool, Reply, Result<(), MetadataError>) {
    if let Err(error) = command(tx, "SAVEPOINT body") {
        let (_, reply) = job(Err(again(&error)));
        return (false, reply, Err(error));
    }
    let (keep, reply) = job(Ok(tx));
    // Some errors (a full disk, failed I/O) make SQLite undo the whole transaction by itself.
    if tx.connection().is_autocommit() {
        return (false, reply, Err(tx.take_failure()));
    }
    let undone = if keep { Ok(()) } else { command(tx, "ROLLBACK TO body") };
    (keep, reply, undone.and_then(|()| command(tx, "RELEASE body")))
}

/// Runs a statement that begins or ends something; parsed once for each connection.
fn command(tx: &Tx, sql: &'static str) -> Result<(), MetadataError> {
    tx.connection().prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn run_body<T, E, F>(tx: &mut Tx, body: F) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    E: From<MetadataError>,
{
    match catch_unwind(AssertUnwindSafe(|| poll_once(body(tx)))) {
        Ok(Some(result)) => result,
        Ok(None) | Err(_) => Err(MetadataError::Panicked.into()),
    }
}

/// Polls a body that waits for nothing but its transaction. `None` if it waits for anything else.
fn poll_once<T>(mut body: BoxFuture<'_, T>) -> Option<T> {
    match Future::poll(body.as_mut(), &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The same error for one more caller of a group. The cause is kept where it decides what the
/// caller is told; its text is logged once.
fn again(error: &MetadataError) -> MetadataError {
    match error {
        MetadataError::StorageFull(_) => MetadataError::StorageFull(rusqlite::Error::InvalidQuery),
        MetadataError::ReadOnly(_) => MetadataError::ReadOnly(rusqlite::Error::InvalidQuery),
        error if error.is_io_failure() => MetadataError::Poisoned,
        _ => MetadataError::Engine(rusqlite::Error::InvalidQuery),
    }
}
