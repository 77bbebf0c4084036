//! `wharfinger jobs`: what the registry does by itself, what waits for it and what failed. It works
//! beside a running server, and without one; what is asked for here is done by a server.

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::value::RawValue;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::JOBS_PER_PAGE;
use wharfinger_registry::{Job, JobKind, JobStatus, Registry};
use wharfinger_server::Installation;

use crate::arguments::DirectoryArguments;
use crate::print;

/// Characters of a report or an error in the table.
const LAST_CHARS_MAX: usize = 100;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct JobsArguments {
    #[command(subcommand)]
    command: Option<JobsCommand>,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Subcommand, Debug)]
enum JobsCommand {
    /// Do a job now, whenever it would be due
    Run {
        /// What kind of work it is, such as collect-garbage
        #[arg(value_parser = kind)]
        kind: JobKind,
        /// What it is about, as the list shows it [default: the whole installation]
        subject: Option<String>,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
    /// Try again now what failed: a job, or all of a kind that were given up
    Retry {
        /// What kind of work it is
        #[arg(value_parser = kind)]
        kind: JobKind,
        /// What it is about, as the list shows it [default: all that were given up]
        subject: Option<String>,
        #[command(flatten)]
        directory: DirectoryArguments,
    },
}

/// What is listed.
#[derive(Args, Debug)]
struct ListArguments {
    /// Only jobs of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only jobs that stand so
    #[arg(long, value_name = "STATUS", value_enum)]
    status: Option<StatusForm>,
    /// How many are shown; 0 for all [default: 100]
    #[arg(long, value_name = "NUMBER", default_value_t = 100, hide_default_value = true)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    directory: DirectoryArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum StatusForm {
    Waiting,
    Running,
    GivenUp,
}

fn kind(text: &str) -> Result<JobKind, String> {
    text.parse().map_err(|why| {
        let all = JobKind::ALL.map(JobKind::as_str).join(", ");
        format!("{why}; there are {all}")
    })
}

fn form(status: JobStatus) -> StatusForm {
    match status {
        JobStatus::Waiting => StatusForm::Waiting,
        JobStatus::Running => StatusForm::Running,
        JobStatus::GivenUp => StatusForm::GivenUp,
    }
}

pub(crate) async fn run(arguments: JobsArguments) -> anyhow::Result<()> {
    match arguments.command {
        None => list(arguments.list).await,
        Some(JobsCommand::Run { kind, subject, directory }) => {
            run_now(kind, subject.as_deref(), &directory).await
        }
        Some(JobsCommand::Retry { kind, subject, directory }) => {
            retry(kind, subject.as_deref(), &directory).await
        }
    }
}

/// The registry on a data directory, and what keeps it open.
async fn open(
    directory: &DirectoryArguments,
) -> anyhow::Result<(Installation, std::sync::Arc<Registry>)> {
    let config = directory.resolve()?;
    let installation = Installation::existing(&config).await?;
    let registry = installation.registry(&config)?;
    Ok((installation, registry))
}

/// Hands all jobs of a kind (or of all) to `each`, in order, until it has enough.
async fn each_job(
    registry: &Registry,
    kind: Option<&str>,
    mut each: impl FnMut(Job) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut after = (kind.unwrap_or_default().to_owned(), String::new());
    // The jobs of a kind come together; the one without a subject comes before all that have one.
    let first = match kind {
        Some(kind) => registry.find_job(kind, "").await?,
        None => None,
    };
    if let Some(job) = first
        && !each(job)?
    {
        return Ok(());
    }
    loop {
        let page = registry.list_jobs((&after.0, &after.1)).await?;
        let is_last = page.len() < JOBS_PER_PAGE as usize;
        for job in page {
            if kind.is_some_and(|kind| job.row.kind != kind) {
                return Ok(());
            }
            after = (job.row.kind.clone(), job.row.subject.clone());
            if !each(job)? {
                return Ok(());
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn list(arguments: ListArguments) -> anyhow::Result<()> {
    let (_installation, registry) = open(&arguments.directory).await?;
    let limit = if arguments.limit == 0 { usize::MAX } else { arguments.limit };
    let mut jobs = Vec::new();
    each_job(&registry, arguments.kind.as_deref(), |job| {
        if arguments.status.is_none_or(|status| form(job.row.status) == status) {
            jobs.push(job);
        }
        Ok(jobs.len() < limit)
    })
    .await?;
    if arguments.json {
        let shown: Vec<_> = jobs.iter().map(Shown::of).collect();
        return print::json(&shown);
    }
    let rows: Vec<_> = jobs.iter().map(row).collect();
    Ok(print::table(["KIND", "SUBJECT", "STATUS", "DUE", "ATTEMPTS", "LAST"], &rows)?)
}

/// A job in one line, for people.
fn row(job: &Job) -> [String; 6] {
    let row = &job.row;
    let (status, due) = match row.status {
        JobStatus::Waiting => ("waiting", row.due_at.iso8601()),
        JobStatus::Running => ("running", String::new()),
        JobStatus::GivenUp => ("given up", String::new()),
    };
    let last = row.error.as_ref().or(row.report.as_ref()).map_or("", String::as_str);
    // What a client sent may be in it, and must not speak to the terminal.
    let mut last: String = last.chars().filter(|character| !character.is_control()).collect();
    if let Some((end, _)) = last.char_indices().nth(LAST_CHARS_MAX) {
        last.truncate(end);
        last.push('…');
    }
    let subject = job.subject();
    [row.kind.clone(), subject, status.into(), due, row.attempt_count.to_string(), last]
}

/// A job as `--json` shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    kind: &'a str,
    subject: String,
    status: &'static str,
    /// When it may begin; while it runs, when its lease ends.
    due_at: String,
    attempts: u32,
    asked_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    report: Option<&'a RawValue>,
    error: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(job: &'a Job) -> Self {
        let row = &job.row;
        Self {
            kind: &row.kind,
            subject: job.subject(),
            status: row.status.as_str(),
            due_at: row.due_at.iso8601(),
            attempts: row.attempt_count,
            asked_at: row.asked_at.iso8601(),
            started_at: row.started_at.map(Timestamp::iso8601),
            finished_at: row.finished_at.map(Timestamp::iso8601),
            report: row.report.as_deref().and_then(|report| serde_json::from_str(report).ok()),
            error: row.error.as_deref(),
        }
    }
}

/// The jobs of a kind that pass, each as rows name its subject and as the list does.
async fn passing(
    registry: &Registry,
    kind: JobKind,
    mut passes: impl FnMut(&Job) -> bool,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    each_job(registry, Some(kind.as_str()), |job| {
        if passes(&job) {
            found.push((job.row.subject.clone(), job.subject()));
        }
        Ok(true)
    })
    .await?;
    Ok(found)
}

async fn run_now(
    kind: JobKind,
    subject: Option<&str>,
    directory: &DirectoryArguments,
) -> anyhow::Result<()> {
    let (_installation, registry) = open(directory).await?;
    let Some(subject) = subject else {
        ensure!(kind.is_standing(), "say what it is about: see `wharfinger jobs --kind {kind}`");
        return ask(&registry, kind, "", "").await;
    };
    let is_it = |job: &Job| job.row.subject == subject || job.subject() == subject;
    let found = passing(&registry, kind, is_it).await?;
    let (stored, shown) = found
        .first()
        .with_context(|| format!("there is no such job: see `wharfinger jobs --kind {kind}`"))?;
    ask(&registry, kind, stored, shown).await
}

async fn retry(
    kind: JobKind,
    subject: Option<&str>,
    directory: &DirectoryArguments,
) -> anyhow::Result<()> {
    let (_installation, registry) = open(directory).await?;
    let is_it = |job: &Job| match subject {
        Some(subject) => job.row.subject == subject || job.subject() == subject,
        None => job.row.status == JobStatus::GivenUp,
    };
    let found = passing(&registry, kind, is_it).await?;
    match (found.is_empty(), subject) {
        (true, Some(_)) => bail!("there is no such job: see `wharfinger jobs --kind {kind}`"),
        (true, None) => print::line(&format!("No {kind} was given up."))?,
        (false, _) => {}
    }
    for (stored, shown) in &found {
        ask(&registry, kind, stored, shown).await?;
    }
    Ok(())
}

async fn ask(registry: &Registry, kind: JobKind, stored: &str, shown: &str) -> anyhow::Result<()> {
    registry.ask_for_job(kind, stored).await?;
    let about = if shown.is_empty() { String::new() } else { format!(" of {shown}") };
    Ok(print::line(&format!("{kind}{about} is due now; a running server does it."))?)
}

#[cfg(test)]
mod tests {
    use wharfinger_core::RegistryId;
    use wharfinger_registry::JobRow;

    use super::*;

    fn job(status: JobStatus) -> Job {
        let at = Timestamp::from_seconds(1_772_368_200);
        Job {
            row: JobRow {
                job_id: 1,
                kind: "activate-image".into(),
                subject: "77/sha256:00".into(),
                status,
                due_at: at,
                lease_id: None,
                attempt_count: 16,
                asked_at: at,
                started_at: Some(at),
                finished_at: None,
                report: Some("{\"blobs\":2}".into()),
                error: None,
            },
            repository: Some((
                RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap()),
                "team/app".parse().unwrap(),
            )),
        }
    }

    #[test]
    fn a_job_is_a_line() {
        let subject = "111122223333/eu-west-1/team/app@sha256:00";
        let waiting = row(&job(JobStatus::Waiting));
        let expected =
            ["activate-image", subject, "waiting", "2026-03-01T12:30:00Z", "16", "{\"blobs\":2}"];
        assert_eq!(waiting, expected);
        let mut given_up = job(JobStatus::GivenUp);
        given_up.row.error = Some(format!("no\u{1b}[31m {}", "x".repeat(500)));
        let [_, _, status, due, _, last] = row(&given_up);
        assert_eq!((status.as_str(), due.as_str()), ("given up", ""));
        assert!(last.starts_with("no[31m x") && last.ends_with('…'), "{last}");
        assert_eq!(last.chars().count(), LAST_CHARS_MAX + 1);
    }

    #[test]
    fn a_job_is_an_object() {
        let shown = serde_json::to_value(Shown::of(&job(JobStatus::Running))).unwrap();
        let expected = serde_json::json!({
            "kind": "activate-image", "subject": "111122223333/eu-west-1/team/app@sha256:00",
            "status": "RUNNING", "dueAt": "2026-03-01T12:30:00Z", "attempts": 16,
            "askedAt": "2026-03-01T12:30:00Z", "startedAt": "2026-03-01T12:30:00Z",
            "finishedAt": null, "report": {"blobs": 2}, "error": null,
        });
        assert_eq!(shown, expected);
    }
}
