//! Jobs: work that is asked for with the change that makes it necessary, and leased by workers.
//!
//! A kind and a subject have one row, however often they are asked for. To ask while the job runs is
//! to ask when its run has ended. A lease that is over can be taken by another worker, so that every
//! job must bear to be done twice; what the one who has lost it still says of it changes nothing.

use std::str::FromStr;

use wharfinger_core::{Entropy, EntropyExt, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// The id of a job, and of a lease.
pub type JobId = i64;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// The job.
    pub job_id: JobId,
    /// What kind of work it is.
    pub kind: String,
    /// What it is about; empty for the whole installation.
    pub subject: String,
    /// Where it stands.
    pub status: JobStatus,
    /// When it may begin; while it runs, when its lease ends.
    pub due_at: Timestamp,
    /// Who runs it.
    pub lease_id: Option<i64>,
    /// Runs since the last one that ended well, with the one under way.
    pub attempt_count: u32,
    /// When somebody asked for it last, and had it begin sooner than it would have.
    pub asked_at: Timestamp,
    /// When the last run began.
    pub started_at: Option<Timestamp>,
    /// When the last run ended.
    pub finished_at: Option<Timestamp>,
    /// What the last run that ended well has to say.
    pub report: Option<String>,
    /// Why the last run failed, if it did.
    pub error: Option<String>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobStatus {
    /// It waits until it is due.
    Waiting,
    /// A worker has it, or had it and its lease is over.
    Running,
    /// It failed too often. It waits until somebody asks for it again.
    GivenUp,
}

impl JobStatus {
    /// The status as rows name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Running => "RUNNING",
            Self::GivenUp => "GIVEN_UP",
        }
    }
}

impl FromStr for JobStatus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Waiting, Self::Running, Self::GivenUp];
        all.into_iter().find(|status| status.as_str() == text).ok_or("an unknown job status")
    }
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT job_id, kind, subject, status, due_at, lease_id, attempt_count, asked_at, \
             started_at, finished_at, report, error ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<JobRow, MetadataError> {
    Ok(JobRow {
        job_id: row.integer(0)?,
        kind: row.text(1)?.to_owned(),
        subject: row.text(2)?.to_owned(),
        status: row.parsed(3)?,
        due_at: row.time(4)?,
        lease_id: row.integer_opt(5)?,
        attempt_count: u32::try_from(row.unsigned(6)?).unwrap_or(u32::MAX),
        asked_at: row.time(7)?,
        started_at: row.time_opt(8)?,
        finished_at: row.time_opt(9)?,
        report: row.text_opt(10)?.map(str::to_owned),
        error: row.text_opt(11)?.map(str::to_owned),
    })
}

/// A fresh id of a job or a lease. None is negative.
pub fn new_id(entropy: &dyn Entropy) -> JobId {
    i64::from_le_bytes(entropy.bytes()) & i64::MAX
}

/// Asks for a job that may begin at `due_at`. One that waits begins then at the latest; one that
/// runs waits for then when its run has ended; one that was given up gets a new chance. One that will
/// begin soon enough anyway is not written at all.
pub async fn ask(
    tx: &mut Tx,
    id: JobId,
    kind: &str,
    subject: &str,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO job (job_id, kind, subject, status, due_at, attempt_count, asked_at) \
               VALUES (?1, ?2, ?3, 'WAITING', ?4, 0, ?5) \
               ON CONFLICT (kind, subject) DO UPDATE SET \
               due_at = CASE job.status WHEN 'RUNNING' THEN job.due_at ELSE excluded.due_at END, \
               again_at = CASE job.status WHEN 'RUNNING' THEN excluded.due_at END, \
               attempt_count = CASE job.status WHEN 'GIVEN_UP' THEN 0 ELSE job.attempt_count END, \
               status = CASE job.status WHEN 'RUNNING' THEN 'RUNNING' ELSE 'WAITING' END, \
               asked_at = excluded.asked_at \
               WHERE job.status = 'GIVEN_UP' \
               OR (job.status = 'WAITING' AND job.due_at > excluded.due_at) \
               OR (job.status = 'RUNNING' \
                   AND (job.again_at IS NULL OR job.again_at > excluded.due_at))";
    if tx.execute(sql, params![id, kind, subject, due_at, now]).await? > 0 {
        tx.note_work();
    }
    Ok(())
}

/// The jobs of a kind that are due, those that have waited longest first. One that runs is among
/// them when its lease is over.
pub async fn due(
    tx: &mut Tx,
    kind: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<JobRow>, MetadataError> {
    let sql = select!(
        "FROM job WHERE kind = ?1 AND status <> 'GIVEN_UP' AND due_at <= ?2 \
         ORDER BY due_at LIMIT ?3"
    );
    tx.query(sql, params![kind, now, limit]).await?.iter().map(from_row).collect()
}

/// When the next job of a kind is due, or the lease of one that runs is over; none if there is none.
pub async fn next_due(tx: &mut Tx, kind: &str) -> Result<Option<Timestamp>, MetadataError> {
    let sql = "SELECT due_at FROM job WHERE kind = ?1 AND status <> 'GIVEN_UP' \
               ORDER BY due_at LIMIT 1";
    tx.query_opt(sql, params![kind]).await?.map(|row| row.time(0)).transpose()
}

/// Takes a job that is due, until `until`. What was asked for up to now is asked for no more, since
/// this run begins after it. `None` if it is not due any more.
pub async fn lease(
    tx: &mut Tx,
    job_id: JobId,
    lease_id: i64,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<JobRow>, MetadataError> {
    let sql = "UPDATE job SET status = 'RUNNING', lease_id = ?2, due_at = ?3, started_at = ?4, \
               again_at = CASE WHEN again_at > ?4 THEN again_at END, \
               attempt_count = attempt_count + 1 \
               WHERE job_id = ?1 AND status <> 'GIVEN_UP' AND due_at <= ?4";
    match tx.execute(sql, params![job_id, lease_id, until, now]).await? {
        0 => Ok(None),
        _ => find(tx, job_id).await,
    }
}

/// The job of an id.
pub async fn find(tx: &mut Tx, job_id: JobId) -> Result<Option<JobRow>, MetadataError> {
    let sql = select!("FROM job WHERE job_id = ?1");
    tx.query_opt(sql, params![job_id]).await?.as_ref().map(from_row).transpose()
}

/// The job of a kind and a subject.
pub async fn find_by_subject(
    tx: &mut Tx,
    kind: &str,
    subject: &str,
) -> Result<Option<JobRow>, MetadataError> {
    let sql = select!("FROM job WHERE kind = ?1 AND subject = ?2");
    tx.query_opt(sql, params![kind, subject]).await?.as_ref().map(from_row).transpose()
}

/// Makes a lease longer; answers whether the worker still has it.
pub async fn renew(
    tx: &mut Tx,
    job_id: JobId,
    lease_id: i64,
    until: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE job SET due_at = ?3 \
               WHERE job_id = ?1 AND lease_id = ?2 AND status = 'RUNNING'";
    Ok(tx.execute(sql, params![job_id, lease_id, until]).await? == 1)
}

/// Gives a lease back: the run was broken off, is not counted, and the job may begin again at once.
/// Answers whether the worker still had it.
pub async fn release(
    tx: &mut Tx,
    job_id: JobId,
    lease_id: i64,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE job SET status = 'WAITING', lease_id = NULL, again_at = NULL, \
               attempt_count = attempt_count - 1, due_at = ?3 \
               WHERE job_id = ?1 AND lease_id = ?2 AND status = 'RUNNING'";
    let released = tx.execute(sql, params![job_id, lease_id, now]).await? == 1;
    if released {
        tx.note_work();
    }
    Ok(released)
}

/// Ends a run that went well. The job waits for `next`, or for when it was asked for meanwhile;
/// with neither it is gone. Answers whether the worker still had it.
pub async fn finish(
    tx: &mut Tx,
    job_id: JobId,
    lease_id: i64,
    report: Option<&str>,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    // A comparison with no time is unknown, and then it is the other one of the two.
    let sql = "UPDATE job SET status = 'WAITING', lease_id = NULL, attempt_count = 0, \
               error = NULL, report = ?3, finished_at = ?5, again_at = NULL, \
               due_at = CASE WHEN again_at IS NULL OR again_at > ?4 THEN ?4 ELSE again_at END \
               WHERE job_id = ?1 AND lease_id = ?2 AND status = 'RUNNING' \
               AND (?4 IS NOT NULL OR again_at IS NOT NULL)";
    let values = params![job_id, lease_id, report, next, now];
    if tx.execute(sql, values).await? == 1 {
        return Ok(true);
    }
    let sql = "DELETE FROM job WHERE job_id = ?1 AND lease_id = ?2 AND status = 'RUNNING'";
    Ok(tx.execute(sql, params![job_id, lease_id]).await? == 1)
}

/// Ends a run that failed: the job waits for `retry_at`, or is given up if there is none. If it was
/// asked for meanwhile it begins then at the latest, with a new chance instead of being given up.
/// Answers whether the worker still had it.
pub async fn fail(
    tx: &mut Tx,
    job_id: JobId,
    lease_id: i64,
    error: &str,
    retry_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE job SET lease_id = NULL, again_at = NULL, error = ?3, finished_at = ?5, \
               status = CASE WHEN ?4 IS NULL AND again_at IS NULL THEN 'GIVEN_UP' \
                        ELSE 'WAITING' END, \
               attempt_count = CASE WHEN ?4 IS NULL AND again_at IS NOT NULL THEN 0 \
                               ELSE attempt_count END, \
               due_at = CASE WHEN again_at IS NULL OR again_at > ?4 THEN COALESCE(?4, ?5) \
                        ELSE again_at END \
               WHERE job_id = ?1 AND lease_id = ?2 AND status = 'RUNNING'";
    Ok(tx.execute(sql, params![job_id, lease_id, error, retry_at, now]).await? == 1)
}

/// The jobs that come after that of `after` (a kind and a subject), in order of kind and subject.
pub async fn list(
    tx: &mut Tx,
    after: (&str, &str),
    limit: u32,
) -> Result<Vec<JobRow>, MetadataError> {
    let sql = select!("FROM job WHERE (kind, subject) > (?1, ?2) ORDER BY kind, subject LIMIT ?3");
    tx.query(sql, params![after.0, after.1, limit]).await?.iter().map(from_row).collect()
}

/// How many jobs of a kind stand so: a walk along their entries in an index.
pub async fn count(tx: &mut Tx, kind: &str, status: JobStatus) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM job WHERE status = ?1 AND kind = ?2";
    let row = tx.query_opt(sql, params![status.as_str(), kind]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}
