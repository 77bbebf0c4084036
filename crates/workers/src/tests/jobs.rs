//! What is leased, when, and how many at once.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;
use wharfinger_core::limits::{
    JOB_LEASE_SECONDS, JOB_POLL_SECONDS, JOBS_AT_ONCE_MAX, JOBS_OF_ONE_KIND_MAX,
};
use wharfinger_core::{Clock, Timestamp};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, job};
use wharfinger_registry::{JobKind, JobOutcome, JobRow, JobStatus};

use super::{Bench, TokioClock, done};

const STEP: Duration = Duration::from_millis(50);

/// The runs there were.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<JobRow>>>);

impl Seen {
    fn note(&self, row: JobRow) {
        self.0.lock().push(row);
    }

    fn count(&self, kind: JobKind) -> usize {
        self.0.lock().iter().filter(|row| row.kind == kind.as_str()).count()
    }
}

/// How many jobs there are from the first start on.
fn standing() -> usize {
    standing_kinds().count()
}

fn standing_kinds() -> impl Iterator<Item = JobKind> {
    JobKind::ALL.into_iter().filter(|kind| kind.is_standing())
}

#[tokio::test(start_paused = true)]
async fn standing_jobs_are_done_from_the_first_start_on_and_again_when_they_are_due() {
    let (bench, seen) = (Bench::new(), Seen::default());
    let began = tokio::time::Instant::now();
    let clock = TokioClock(began);
    let runs = seen.clone();
    let running = bench.start(move |row| {
        runs.note(row);
        let next = Some(clock.now().plus(Duration::from_secs(60)));
        async move { Ok(JobOutcome { next, report: None }) }.boxed()
    });
    let done_thrice = || standing_kinds().all(|kind| seen.count(kind) == 3);
    bench.until(STEP, async || done_thrice().then_some(())).await;
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(120) && took < Duration::from_secs(122), "{took:?}");
    running.end().await;
    assert!(bench.rows().await.iter().all(|row| row.status == JobStatus::Waiting));
}

#[tokio::test(start_paused = true)]
async fn what_this_process_asks_for_begins_at_once_and_what_another_asks_for_soon() {
    let (bench, seen) = (Bench::new(), Seen::default());
    let runs = seen.clone();
    let running = bench.start(move |row| {
        runs.note(row);
        done()
    });
    bench.until(STEP, async || bench.rows().await.is_empty().then_some(())).await;
    let asked_at = tokio::time::Instant::now();
    bench.registry.ask_for_job(JobKind::ActivateImage, "1/sha256:0").await.unwrap();
    bench.until(STEP, async || (seen.count(JobKind::ActivateImage) == 1).then_some(())).await;
    assert!(asked_at.elapsed() <= STEP * 3, "{:?}", asked_at.elapsed());

    let other = Metadata::open(&bench.folder.path().join("metadata.db"), OpenMode::Existing);
    let asked_at = tokio::time::Instant::now();
    let asked: Result<(), MetadataError> = other
        .unwrap()
        .write(|tx| {
            let now = Timestamp::from_seconds(1_800_000_000);
            Box::pin(async move { job::ask(tx, 9, "activate-image", "2", now, now).await })
        })
        .await;
    asked.unwrap();
    bench.until(STEP, async || (seen.count(JobKind::ActivateImage) == 2).then_some(())).await;
    let waited = asked_at.elapsed();
    assert!(waited <= Duration::from_secs(JOB_POLL_SECONDS) + STEP * 3, "{waited:?}");
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn many_repositories_do_not_keep_the_collection_waiting() {
    let (bench, seen) = (Bench::new(), Seen::default());
    for repository in 0..40 {
        let kind = JobKind::EvaluateLifecyclePolicy;
        bench.registry.ask_for_job(kind, &repository.to_string()).await.unwrap();
    }
    let at_once = Arc::new(Mutex::new((0, 0)));
    let (runs, counted) = (seen.clone(), Arc::clone(&at_once));
    let running = bench.start(move |row| {
        let evaluates = row.kind == JobKind::EvaluateLifecyclePolicy.as_str();
        runs.note(row);
        let counted = Arc::clone(&counted);
        async move {
            if evaluates {
                {
                    let mut now = counted.lock();
                    *now = (now.0 + 1, now.1.max(now.0 + 1));
                }
                tokio::time::sleep(Duration::from_secs(30)).await;
                counted.lock().0 -= 1;
            }
            Ok(JobOutcome::default())
        }
        .boxed()
    });
    bench.until(STEP, async || (seen.count(JobKind::CollectGarbage) == 1).then_some(())).await;
    assert!(seen.count(JobKind::EvaluateLifecyclePolicy) <= JOBS_OF_ONE_KIND_MAX);
    let step = Duration::from_secs(5);
    bench.until(step, async || bench.rows().await.is_empty().then_some(())).await;
    assert_eq!(seen.count(JobKind::EvaluateLifecyclePolicy), 40);
    assert_eq!(at_once.lock().1, JOBS_OF_ONE_KIND_MAX);
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_is_tried_again() {
    let (bench, seen) = (Bench::new(), Seen::default());
    let runs = seen.clone();
    let running = bench.start(move |row| {
        let scrubs = row.kind == JobKind::Scrub.as_str();
        let first = row.attempt_count == 1;
        runs.note(row);
        assert!(!(scrubs && first), "before it has begun");
        done()
    });
    bench.until(STEP, async || bench.rows().await.is_empty().then_some(())).await;
    assert_eq!(seen.count(JobKind::Scrub), 2);
    assert_eq!(bench.registry.counters().jobs.of(JobKind::Scrub).failures.get(), 1);
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_at_the_end_goes_on_with_the_next_start() {
    let (bench, seen) = (Bench::new(), Seen::default());
    let runs = seen.clone();
    let running = bench.start(move |row| {
        runs.note(row);
        pending().boxed()
    });
    let begun = standing().min(JOBS_AT_ONCE_MAX);
    bench.until(STEP, async || (seen.0.lock().len() == begun).then_some(())).await;
    running.end().await;
    let rows = bench.rows().await;
    assert_eq!(rows.len(), standing());
    assert!(rows.iter().all(|row| row.status == JobStatus::Waiting && row.attempt_count == 0));
    let runs = seen.clone();
    let began = tokio::time::Instant::now();
    let running = bench.start(move |row| {
        runs.note(row);
        done()
    });
    bench.until(STEP, async || bench.rows().await.is_empty().then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(seen.0.lock().len(), begun + standing());
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_process_that_died_had_is_done_when_its_leases_are_over() {
    let (bench, seen) = (Bench::new(), Seen::default());
    bench.registry.ensure_standing_jobs().await.unwrap();
    let died = bench.registry.lease_jobs(&Default::default()).await.unwrap();
    assert_eq!(died.jobs.len(), standing().min(JOBS_AT_ONCE_MAX));
    let began = tokio::time::Instant::now();
    let runs = seen.clone();
    let running = bench.start(move |row| {
        runs.note(row);
        done()
    });
    bench.until(STEP, async || bench.rows().await.is_empty().then_some(())).await;
    let waited = began.elapsed();
    let lease = Duration::from_secs(JOB_LEASE_SECONDS);
    assert!(waited >= lease - STEP && waited < lease + Duration::from_secs(1), "{waited:?}");
    let again = seen.0.lock().iter().filter(|row| row.attempt_count == 2).count();
    assert_eq!(again, died.jobs.len());
    running.end().await;
}

/// Has the statements about jobs fail, or work again.
fn rename_jobs(bench: &Bench, from: &str, to: &str) {
    let database = rusqlite::Connection::open(bench.folder.path().join("metadata.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_database_that_fails_is_asked_now_and_then() {
    for fails_from_the_start in [true, false] {
        let (bench, seen) = (Bench::new(), Seen::default());
        let runs = seen.clone();
        if fails_from_the_start {
            rename_jobs(&bench, "job", "away");
        }
        let running = bench.start(move |row| {
            runs.note(row);
            done()
        });
        if !fails_from_the_start {
            bench.until(STEP, async || bench.rows().await.is_empty().then_some(())).await;
            seen.0.lock().clear();
            bench.registry.ensure_standing_jobs().await.unwrap();
            // They have heard of it, and wait a moment for more.
            bench.settle().await;
            rename_jobs(&bench, "job", "away");
            tokio::time::advance(STEP).await;
        }
        bench.settle().await;
        rename_jobs(&bench, "away", "job");
        bench.settle().await;
        assert_eq!(seen.0.lock().len(), 0, "it sleeps");
        let began = tokio::time::Instant::now();
        bench.until(STEP, async || (seen.0.lock().len() == standing()).then_some(())).await;
        let waited = began.elapsed();
        let poll = Duration::from_secs(JOB_POLL_SECONDS);
        assert!(waited + STEP * 2 >= poll && waited <= poll + STEP * 2, "{waited:?}");
        running.end().await;
    }
}
