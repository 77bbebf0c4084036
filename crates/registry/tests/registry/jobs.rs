//! Jobs: which come next, what keeps them, and how they end.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wharfinger_core::limits::{JOB_ATTEMPTS_MAX, JOB_LEASE_SECONDS, JOBS_OF_ONE_KIND_MAX};
use wharfinger_core::{Clock, RegistryId, Timestamp};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, job, repository, service_event};
use wharfinger_registry::{
    Error, Job, JobEnd, JobKind, JobOutcome, JobRow, JobStatus, JobsUnderWay, LeasedJob,
};

use super::fixture::Fixture;

const LEASE: Duration = Duration::from_secs(JOB_LEASE_SECONDS);

impl Fixture {
    /// What is due, for a process that has nothing under way.
    async fn lease(&self) -> Vec<LeasedJob> {
        self.registry.lease_jobs(&JobsUnderWay::default()).await.unwrap().jobs
    }

    async fn lease_one(&self) -> LeasedJob {
        let mut jobs = self.lease().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0)
    }

    async fn jobs(&self) -> Vec<Job> {
        self.registry.list_jobs(("", "")).await.unwrap()
    }

    async fn only_job(&self) -> JobRow {
        let mut jobs = self.jobs().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0).row
    }

    async fn ask(&self, kind: JobKind, subject: &str) {
        self.registry.ask_for_job(kind, subject).await.unwrap();
    }

    /// The database as another process has it.
    fn other_process(&self) -> Metadata {
        Metadata::open(&self.folder.path().join("metadata.db"), OpenMode::Existing).unwrap()
    }

    /// Waits for a row that passes.
    async fn until(&self, passes: impl Fn(&JobRow) -> bool) -> JobRow {
        loop {
            let row = self.only_job().await;
            if passes(&row) {
                return row;
            }
            // Of a clock that is paused: others go on, and renewals fall due.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

fn failed(why: &'static str) -> Result<JobOutcome, Error> {
    let cause: Box<dyn std::error::Error + Send + Sync> = why.into();
    Err(Error::Server(cause))
}

async fn never() {
    pending().await
}

#[tokio::test]
async fn kinds_take_turns_and_the_oldest_of_each_comes_first() {
    let fixture = Fixture::new();
    for subject in ["1", "2", "3"] {
        fixture.ask(JobKind::EvaluateLifecyclePolicy, subject).await;
        fixture.clock.advance(Duration::from_secs(1));
    }
    for subject in ["1", "2", "3"] {
        fixture.ask(JobKind::MoveToArchive, subject).await;
    }
    fixture.clock.advance(Duration::from_secs(1));
    fixture.ask(JobKind::CollectGarbage, "").await;
    let leased = fixture.lease().await;
    let named: Vec<_> = leased.iter().map(|job| (job.kind, job.row.subject.as_str())).collect();
    assert_eq!(named[0], (JobKind::EvaluateLifecyclePolicy, "1"));
    assert_eq!((named[1].0, named[2]), (JobKind::MoveToArchive, (JobKind::CollectGarbage, "")));
    assert_eq!(named[3], (JobKind::EvaluateLifecyclePolicy, "2"));
    assert_eq!(named.len(), 4);
    // A process of which one kind has all it may have.
    let mut under_way = JobsUnderWay::default();
    for _ in 0..JOBS_OF_ONE_KIND_MAX {
        under_way.begin(JobKind::EvaluateLifecyclePolicy);
    }
    let leased = fixture.registry.lease_jobs(&under_way).await.unwrap();
    let kinds: Vec<_> = leased.jobs.iter().map(|job| job.kind).collect();
    assert_eq!(kinds, [JobKind::MoveToArchive, JobKind::MoveToArchive]);
    assert_eq!(leased.next_due, None, "what is due besides has no room");
    under_way.end(JobKind::EvaluateLifecyclePolicy);
    let leased = fixture.registry.lease_jobs(&under_way).await.unwrap();
    assert_eq!(leased.jobs[0].row.subject, "3");
}

#[tokio::test]
async fn what_a_newer_version_asked_for_is_left_alone() {
    let fixture = Fixture::new();
    let now = fixture.clock.now();
    let asked: Result<(), MetadataError> = fixture
        .other_process()
        .write(move |tx| Box::pin(async move { job::ask(tx, 1, "mirror", "", now, now).await }))
        .await;
    asked.unwrap();
    fixture.clock.advance(LEASE * 1_000);
    let looked = fixture.registry.lease_jobs(&JobsUnderWay::default()).await.unwrap();
    assert_eq!((looked.jobs, looked.next_due), (vec![], None));
    let row = fixture.only_job().await;
    assert_eq!((row.status, row.attempt_count, row.due_at), (JobStatus::Waiting, 0, now));
}

#[tokio::test]
async fn a_look_says_when_the_next_job_is_due() {
    let fixture = Fixture::new();
    fixture.ask(JobKind::Scrub, "").await;
    let scrub = fixture.lease_one().await;
    let next = fixture.clock.now().plus(Duration::from_secs(9));
    let outcome = Ok(JobOutcome { next: Some(next), report: Some("{}".into()) });
    let end = fixture.registry.work_off(&scrub, ready(outcome), never()).await.unwrap();
    assert_eq!(end, JobEnd::Finished);
    let looked = fixture.registry.lease_jobs(&JobsUnderWay::default()).await.unwrap();
    assert_eq!((looked.jobs.len(), looked.next_due), (0, Some(next)));
    assert_eq!(looked.looked_at, fixture.clock.now());
    let row = fixture.only_job().await;
    assert_eq!((row.report.as_deref(), row.attempt_count), (Some("{}"), 0));
    let runs = fixture.registry.counters().jobs.of(JobKind::Scrub);
    assert_eq!((runs.runs.get(), runs.failures.get()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_while_the_job_runs() {
    let fixture = Fixture::new();
    fixture.ask(JobKind::Scrub, "").await;
    let job = fixture.lease_one().await;
    let (done, end) = tokio::sync::oneshot::channel::<()>();
    let work = async move {
        let _ = end.await;
        Ok(JobOutcome::default())
    };
    let watching = async {
        for _ in 0..6 {
            fixture.clock.advance(LEASE / 3);
            let until = fixture.clock.now().plus(LEASE);
            fixture.until(|row| row.due_at == until).await;
            assert_eq!(fixture.lease().await, [], "nobody else gets it");
        }
        done.send(()).unwrap();
    };
    let (end, ()) = tokio::join!(fixture.registry.work_off(&job, work, never()), watching);
    assert_eq!(end.unwrap(), JobEnd::Finished);
    assert_eq!(fixture.jobs().await, [], "it has done what it was asked for");
    let runs = fixture.registry.counters().jobs.of(JobKind::Scrub);
    assert_eq!(runs.run_millis.get(), 2 * 1_000 * JOB_LEASE_SECONDS);
}

/// Says when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_lost_a_lease_stops_and_changes_nothing() {
    let fixture = Fixture::new();
    fixture.ask(JobKind::Scrub, "").await;
    let slow = fixture.lease_one().await;
    fixture.clock.advance(LEASE);
    let taken = fixture.lease_one().await;
    assert_eq!(taken.row.attempt_count, 2);
    let stopped = Dropped(Arc::default());
    let seen = Arc::clone(&stopped.0);
    let work = async move {
        let _stopped = stopped;
        pending().await
    };
    let end = fixture.registry.work_off(&slow, work, never()).await.unwrap();
    assert_eq!(end, JobEnd::Lost);
    assert!(seen.load(Ordering::SeqCst));
    for outcome in [Ok(JobOutcome::default()), failed("late")] {
        let end = fixture.registry.work_off(&slow, ready(outcome), never()).await.unwrap();
        assert_eq!(end, JobEnd::Lost);
    }
    assert_eq!(fixture.registry.counters().jobs.of(JobKind::Scrub).lost.get(), 3);
    assert_eq!(fixture.only_job().await, taken.row);
    let outcome = ready(Ok(JobOutcome::default()));
    let end = fixture.registry.work_off(&taken, outcome, never()).await.unwrap();
    assert_eq!(end, JobEnd::Finished);
}

#[tokio::test]
async fn what_fails_is_tried_again_and_then_given_up_with_its_reason() {
    let fixture = Fixture::new();
    fixture.ask(JobKind::ActivateImage, "1/sha256:0").await;
    let mut waited = Duration::ZERO;
    for attempt in 1..JOB_ATTEMPTS_MAX {
        let job = fixture.lease_one().await;
        let end = fixture.registry.work_off(&job, ready(failed("no disk")), never()).await;
        assert_eq!(end.unwrap(), JobEnd::Failed);
        let row = fixture.only_job().await;
        assert_eq!((row.status, row.attempt_count), (JobStatus::Waiting, attempt));
        let pause = row.due_at.millis() - fixture.clock.now().millis();
        let pause = Duration::from_millis(pause.try_into().unwrap());
        let longest = Duration::from_secs(1 << (attempt - 1).min(12)).min(LEASE * 60);
        assert!(pause >= longest / 2 && pause < longest, "{attempt}: {pause:?}");
        assert_eq!(fixture.lease().await, []);
        fixture.clock.advance(pause);
        waited += pause;
    }
    assert!(waited > Duration::from_secs(2 * 60 * 60), "an outage of some hours is survived");
    let job = fixture.lease_one().await;
    let end = fixture.registry.work_off(&job, ready(failed("no disk")), never()).await;
    assert_eq!(end.unwrap(), JobEnd::GivenUp);
    let row = fixture.only_job().await;
    assert_eq!(row.status, JobStatus::GivenUp);
    assert!(row.error.unwrap().ends_with("no disk"), "with the cause, which clients are not told");
    fixture.clock.advance(LEASE * 10_000);
    assert_eq!(fixture.lease().await, []);
    let counts = fixture.registry.count_jobs(JobKind::ActivateImage).await.unwrap();
    assert_eq!((counts.waiting, counts.running, counts.given_up), (0, 0, 1));
    let runs = fixture.registry.counters().jobs.of(JobKind::ActivateImage);
    assert_eq!(runs.failures.get(), u64::from(JOB_ATTEMPTS_MAX));
    fixture.ask(JobKind::ActivateImage, "1/sha256:0").await;
    assert_eq!(fixture.lease_one().await.row.attempt_count, 1, "a new chance");
}

#[tokio::test]
async fn what_recurs_is_never_given_up() {
    let fixture = Fixture::new();
    fixture.ask(JobKind::CollectGarbage, "").await;
    for _ in 0..JOB_ATTEMPTS_MAX + 3 {
        let job = fixture.lease_one().await;
        let end = fixture.registry.work_off(&job, ready(failed("no disk")), never()).await;
        assert_eq!(end.unwrap(), JobEnd::Failed);
        fixture.clock.advance(LEASE * 60);
    }
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let fixture = Fixture::new();
    fixture.ask(JobKind::Scrub, "").await;
    let job = fixture.lease_one().await;
    let work = async { panic!("odd object") };
    let end = fixture.registry.work_off(&job, work, never()).await.unwrap();
    assert_eq!(end, JobEnd::Failed);
    let row = fixture.only_job().await;
    assert_eq!(row.error.as_deref(), Some("it panicked: odd object"));
}

#[tokio::test]
async fn what_takes_its_process_along_is_not_tried_for_ever() {
    let fixture = Fixture::new();
    for (kind, status) in
        [(JobKind::Scrub, JobStatus::Waiting), (JobKind::ActivateImage, JobStatus::GivenUp)]
    {
        fixture.ask(kind, "").await;
        for attempt in 1..=JOB_ATTEMPTS_MAX {
            assert_eq!(fixture.lease_one().await.row.attempt_count, attempt);
            fixture.clock.advance(LEASE);
        }
        assert_eq!(fixture.lease().await, []);
        let jobs = fixture.jobs().await;
        let row = jobs.into_iter().find(|job| job.row.kind == kind.as_str()).unwrap().row;
        assert_eq!(row.status, status);
        assert!(row.error.unwrap().contains("broken off"));
        if status == JobStatus::Waiting {
            assert!(row.due_at >= fixture.clock.now().plus(LEASE * 30), "after a long while");
            fixture.clock.advance(LEASE * 60);
            let job = fixture.lease_one().await;
            let outcome = ready(Ok(JobOutcome::default()));
            fixture.registry.work_off(&job, outcome, never()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_broken_off_at_the_end_goes_on_at_once() {
    let fixture = Fixture::new();
    fixture.ask(JobKind::Scrub, "").await;
    let job = fixture.lease_one().await;
    let stopped = Dropped(Arc::default());
    let seen = Arc::clone(&stopped.0);
    let work = async move {
        let _stopped = stopped;
        pending().await
    };
    let end = fixture.registry.work_off(&job, work, ready(())).await.unwrap();
    assert_eq!(end, JobEnd::BrokenOff);
    assert!(seen.load(Ordering::SeqCst), "before the lease is given back");
    let fixture = fixture.restarted();
    assert_eq!(fixture.lease_one().await.row.attempt_count, 1, "it does not count");
}

#[tokio::test]
async fn standing_jobs_are_there_from_the_first_start_on() {
    let fixture = Fixture::new();
    fixture.registry.ensure_standing_jobs().await.unwrap();
    let rows = |jobs: Vec<Job>| jobs.into_iter().map(|job| job.row).collect::<Vec<_>>();
    let first = rows(fixture.jobs().await);
    let kinds: Vec<_> = first.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["collect-garbage", "count-indexes", "follow-holders", "match-advisories", "scrub"]
    );
    assert!(first.iter().all(|row| row.due_at == fixture.clock.now()));
    fixture.clock.advance(Duration::from_secs(5));
    fixture.registry.ensure_standing_jobs().await.unwrap();
    assert_eq!(rows(fixture.jobs().await), first, "another start changes nothing");
    // A collection that was to come once a day, on a server that collects each few minutes now.
    let leased = fixture.lease().await;
    let collection = leased.iter().find(|job| job.kind == JobKind::CollectGarbage).unwrap();
    let next = Some(fixture.clock.now().plus(LEASE * 60 * 24));
    let outcome = ready(Ok(JobOutcome { next, report: None }));
    fixture.registry.work_off(collection, outcome, never()).await.unwrap();
    fixture.registry.ensure_standing_jobs().await.unwrap();
    let due: Timestamp = fixture.clock.now().plus(Duration::from_secs(300));
    assert_eq!(fixture.jobs().await[0].row.due_at, due);
}

#[tokio::test]
async fn jobs_are_shown_by_the_names_of_repositories() {
    let fixture = Fixture::new();
    fixture.create("team/app", "MUTABLE").await.unwrap();
    let registry = RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let (other, of) = (fixture.other_process(), registry.clone());
    let found: Result<_, MetadataError> = other
        .read(|tx| {
            Box::pin(async move { repository::find(tx, &of, &"team/app".parse().unwrap()).await })
        })
        .await;
    let id = found.unwrap().unwrap().id;
    fixture.ask(JobKind::ActivateImage, &format!("{id}/sha256:00")).await;
    fixture.ask(JobKind::EvaluateLifecyclePolicy, &id.to_string()).await;
    fixture.ask(JobKind::EvaluateLifecyclePolicy, "12345").await;
    fixture.ask(JobKind::Scrub, "").await;
    let jobs = fixture.jobs().await;
    let mut subjects: Vec<String> = jobs.iter().map(Job::subject).collect();
    subjects.sort();
    let named = format!("{}/{}/team/app", registry.account, registry.region);
    assert_eq!(subjects, ["", &named, &format!("{named}@sha256:00"), "12345"]);
}

#[tokio::test]
async fn service_events_wait_until_they_are_recorded() {
    let fixture = Fixture::new();
    let now = fixture.clock.now();
    let left: Result<(), MetadataError> = fixture
        .other_process()
        .write(move |tx| {
            Box::pin(async move {
                let (account, region) =
                    ("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
                for id in [2, 1] {
                    let name = "PolicyExecutionEvent";
                    let insert = service_event::insert;
                    insert(tx, id, &account, &region, name, now, "{}").await?;
                }
                Ok(())
            })
        })
        .await;
    left.unwrap();
    let events = fixture.registry.waiting_service_events().await.unwrap();
    assert_eq!(events.iter().map(|event| event.event_id).collect::<Vec<_>>(), [1, 2]);
    fixture.registry.forget_service_events(vec![events[0].clone()]).await.unwrap();
    assert_eq!(fixture.registry.waiting_service_events().await.unwrap(), events[1..]);
}
