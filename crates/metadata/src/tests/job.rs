//! Jobs: each step from one state to the next, and service events beside them.

mod model;

use super::{now, open, write};
use crate::job::{self, JobRow, JobStatus};
use crate::{BoxFuture, Metadata, MetadataError, Tx, service_event};
use wharfinger_core::{SeededEntropy, Timestamp};

const KIND: &str = "scrub";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(now().millis() + millis)
}

/// What `plan` looks at.
pub(super) async fn run(tx: &mut Tx) -> Result<(), MetadataError> {
    job::ask(tx, 1, KIND, "", now(), now()).await?;
    job::due(tx, KIND, now(), 10).await?;
    job::next_due(tx, KIND).await?;
    job::lease(tx, 1, 7, now(), now()).await?;
    job::find_by_subject(tx, KIND, "").await?;
    job::renew(tx, 1, 7, now()).await?;
    job::release(tx, 1, 7, now()).await?;
    job::fail(tx, 1, 7, "", None, now()).await?;
    job::list(tx, ("", ""), 10).await?;
    job::count(tx, KIND, JobStatus::Waiting).await?;
    job::finish(tx, 1, 7, None, None, now()).await?;
    let (account, region) = ("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    service_event::insert(tx, 1, &account, &region, "PolicyExecutionEvent", now(), "{}").await?;
    service_event::oldest(tx, 10).await?;
    service_event::delete(tx, now(), 1).await.map(|_| ())
}

async fn with_jobs<T: Send + 'static>(
    body: impl for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, MetadataError>> + Send + 'static,
) -> T {
    let folder = tempfile::tempdir().unwrap();
    write(&open(&folder), body).await.unwrap()
}

/// The one job of the tests, if it is there.
async fn only(tx: &mut Tx) -> Option<JobRow> {
    job::find_by_subject(tx, KIND, "").await.unwrap()
}

async fn ask(tx: &mut Tx, due_at: Timestamp) {
    job::ask(tx, 1, KIND, "", due_at, now()).await.unwrap();
}

/// Asks and leases, until 60 seconds later.
async fn leased(tx: &mut Tx, lease_id: i64) -> JobRow {
    ask(tx, now()).await;
    job::lease(tx, 1, lease_id, now(), at(60_000)).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_job_that_waits_begins_when_it_is_asked_for_at_the_latest() {
    with_jobs(|tx| {
        Box::pin(async move {
            ask(tx, at(500)).await;
            let first = only(tx).await.unwrap();
            assert_eq!((first.status, first.due_at), (JobStatus::Waiting, at(500)));
            assert_eq!((first.attempt_count, first.lease_id, first.started_at), (0, None, None));
            job::ask(tx, 2, KIND, "", at(900), at(100)).await?;
            assert_eq!(only(tx).await.unwrap(), first, "nothing is written for it");
            job::ask(tx, 3, KIND, "", at(200), at(100)).await?;
            let sooner = only(tx).await.unwrap();
            assert_eq!((sooner.job_id, sooner.due_at, sooner.asked_at), (1, at(200), at(100)));
            job::ask(tx, 4, KIND, "other", at(0), at(0)).await?;
            job::ask(tx, 5, "other", "", at(0), at(0)).await?;
            assert_eq!(only(tx).await.unwrap(), sooner);
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn what_is_due_is_leased_by_its_age() {
    with_jobs(|tx| {
        Box::pin(async move {
            for (id, due) in [(1, 30), (2, 10), (3, 20), (4, 31)] {
                job::ask(tx, id, KIND, &id.to_string(), at(due), now()).await?;
            }
            job::ask(tx, 5, "other", "", at(0), now()).await?;
            let ids = |rows: Vec<JobRow>| rows.iter().map(|row| row.job_id).collect::<Vec<_>>();
            assert_eq!(ids(job::due(tx, KIND, at(30), 10).await?), [2, 3, 1]);
            assert_eq!(ids(job::due(tx, KIND, at(30), 2).await?), [2, 3]);
            assert_eq!(job::next_due(tx, KIND).await?, Some(at(10)));
            assert_eq!(job::next_due(tx, "absent").await?, None);
            assert_eq!(job::lease(tx, 4, 7, at(30), at(90)).await?, None, "it is not due");
            let row = job::lease(tx, 2, 7, at(30), at(90)).await?.unwrap();
            assert_eq!((row.status, row.lease_id), (JobStatus::Running, Some(7)));
            assert_eq!((row.due_at, row.started_at), (at(90), Some(at(30))));
            assert_eq!(row.attempt_count, 1);
            assert_eq!(job::lease(tx, 2, 8, at(30), at(90)).await?, None, "another has it");
            assert_eq!(job::next_due(tx, KIND).await?, Some(at(20)));
            let counted = [JobStatus::Waiting, JobStatus::Running, JobStatus::GivenUp];
            for (status, expected) in counted.into_iter().zip([3, 1, 0]) {
                assert_eq!(job::count(tx, KIND, status).await?, expected);
            }
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_is_over_is_taken_and_its_holder_says_nothing_any_more() {
    with_jobs(|tx| {
        Box::pin(async move {
            leased(tx, 7).await;
            assert!(job::renew(tx, 1, 7, at(80_000)).await?);
            assert_eq!(job::lease(tx, 1, 8, at(79_999), at(90_000)).await?, None);
            let taken = job::lease(tx, 1, 8, at(80_000), at(140_000)).await?.unwrap();
            assert_eq!((taken.lease_id, taken.attempt_count), (Some(8), 2));
            assert!(!job::renew(tx, 1, 7, at(999_999)).await?);
            assert!(!job::finish(tx, 1, 7, Some("{}"), Some(at(1)), at(0)).await?);
            assert!(!job::finish(tx, 1, 7, None, None, at(0)).await?);
            assert!(!job::fail(tx, 1, 7, "late", None, at(0)).await?);
            assert!(!job::fail(tx, 1, 7, "late", Some(at(1)), at(0)).await?);
            assert!(!job::release(tx, 1, 7, at(0)).await?);
            assert_eq!(only(tx).await.unwrap(), taken);
            assert!(job::finish(tx, 1, 8, None, None, at(0)).await?);
            assert_eq!(only(tx).await, None);
            assert!(!job::finish(tx, 1, 8, None, None, at(0)).await?, "it is over");
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn a_job_that_recurs_keeps_what_it_said() {
    with_jobs(|tx| {
        Box::pin(async move {
            leased(tx, 7).await;
            assert!(job::fail(tx, 1, 7, "no disk", Some(at(5)), at(1)).await?);
            let failed = only(tx).await.unwrap();
            assert_eq!((failed.status, failed.due_at), (JobStatus::Waiting, at(5)));
            assert_eq!((failed.attempt_count, failed.lease_id), (1, None));
            job::lease(tx, 1, 8, at(5), at(60_000)).await?.unwrap();
            assert!(job::finish(tx, 1, 8, Some("{\"n\":1}"), Some(at(100)), at(7)).await?);
            let row = only(tx).await.unwrap();
            assert_eq!((row.status, row.due_at), (JobStatus::Waiting, at(100)));
            assert_eq!((row.attempt_count, row.lease_id, row.error), (0, None, None));
            assert_eq!((row.report.as_deref(), row.finished_at), (Some("{\"n\":1}"), Some(at(7))));
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn what_asks_while_the_job_runs_has_it_run_again() {
    with_jobs(|tx| {
        Box::pin(async move {
            // Whether the job itself wants to run again, and when it was asked for: when it is due.
            for (next, asked, due) in [
                (None, 30, 30),
                (Some(at(20)), 30, 20),
                (Some(at(40)), 30, 30),
                (Some(at(40)), 0, 0),
            ] {
                leased(tx, 7).await;
                ask(tx, at(asked)).await;
                ask(tx, at(asked + 1)).await;
                let running = only(tx).await.unwrap();
                assert_eq!((running.status, running.due_at), (JobStatus::Running, at(60_000)));
                assert!(job::finish(tx, 1, 7, None, next, at(10)).await?);
                let again = only(tx).await.unwrap();
                assert_eq!((again.status, again.due_at), (JobStatus::Waiting, at(due)));
                job::lease(tx, 1, 8, at(50), at(60)).await?.unwrap();
                assert!(job::finish(tx, 1, 8, None, None, at(51)).await?, "once");
                assert_eq!(only(tx).await, None);
            }
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn a_run_that_begins_after_it_was_asked_for_is_enough() {
    with_jobs(|tx| {
        Box::pin(async move {
            leased(tx, 7).await;
            ask(tx, at(30)).await;
            job::lease(tx, 1, 8, at(60_000), at(120_000)).await?.unwrap();
            assert!(job::finish(tx, 1, 8, None, None, at(60_001)).await?);
            assert_eq!(only(tx).await, None);
            // One that was asked for later than now is still to come.
            leased(tx, 7).await;
            ask(tx, at(70_000)).await;
            job::lease(tx, 1, 8, at(60_000), at(120_000)).await?.unwrap();
            assert!(job::finish(tx, 1, 8, None, None, at(60_001)).await?);
            assert_eq!(only(tx).await.unwrap().due_at, at(70_000));
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn what_was_given_up_waits_for_somebody_to_ask() {
    with_jobs(|tx| {
        Box::pin(async move {
            leased(tx, 7).await;
            assert!(job::fail(tx, 1, 7, "broken", None, at(9)).await?);
            let given_up = only(tx).await.unwrap();
            assert_eq!((given_up.status, given_up.attempt_count), (JobStatus::GivenUp, 1));
            assert_eq!(given_up.error.as_deref(), Some("broken"));
            assert_eq!(job::due(tx, KIND, at(999_999_999), 10).await?, []);
            assert_eq!(job::next_due(tx, KIND).await?, None);
            assert_eq!(job::lease(tx, 1, 8, at(999_999_999), at(0)).await?, None);
            job::ask(tx, 2, KIND, "", at(90), at(10)).await?;
            let asked = only(tx).await.unwrap();
            assert_eq!((asked.status, asked.due_at), (JobStatus::Waiting, at(90)));
            assert_eq!((asked.attempt_count, asked.asked_at), (0, at(10)));
            assert_eq!(asked.error.as_deref(), Some("broken"), "until a run ends well");
            // Asked for while it ran for the last time.
            job::lease(tx, 1, 9, at(90), at(60_000)).await?.unwrap();
            ask(tx, at(95)).await;
            assert!(job::fail(tx, 1, 9, "broken", None, at(91)).await?);
            let again = only(tx).await.unwrap();
            assert_eq!((again.status, again.due_at), (JobStatus::Waiting, at(95)));
            assert_eq!(again.attempt_count, 0);
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_is_given_back_does_not_count() {
    with_jobs(|tx| {
        Box::pin(async move {
            leased(tx, 7).await;
            ask(tx, at(500)).await;
            assert!(job::release(tx, 1, 7, at(3)).await?);
            let row = only(tx).await.unwrap();
            assert_eq!((row.status, row.due_at), (JobStatus::Waiting, at(3)));
            assert_eq!((row.lease_id, row.attempt_count), (None, 0));
            job::lease(tx, 1, 8, at(3), at(60_000)).await?.unwrap();
            assert!(job::finish(tx, 1, 8, None, None, at(4)).await?);
            assert_eq!(only(tx).await, None, "the run that begins at once is the one asked for");
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn jobs_are_listed_in_order_page_by_page() {
    let kinds = with_jobs(|tx| {
        Box::pin(async move {
            for (id, (kind, subject)) in
                (1..5).rev().zip([("b", "1"), ("a", "2"), ("b", ""), ("a", "10")])
            {
                job::ask(tx, id, kind, subject, now(), now()).await?;
            }
            let (mut all, mut after) = (Vec::new(), (String::new(), String::new()));
            loop {
                let page = job::list(tx, (&after.0, &after.1), 3).await?;
                let Some(last) = page.last() else { return Ok(all) };
                after = (last.kind.clone(), last.subject.clone());
                all.extend(page.into_iter().map(|row| row.kind + "/" + &row.subject));
            }
        })
    });
    assert_eq!(kinds.await, ["a/10", "a/2", "b/", "b/1"]);
}

#[tokio::test]
async fn workers_wake_when_what_makes_work_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let metadata: Metadata = open(&folder);
    let mut work = metadata.work_asked();
    let asking = |due: i64| {
        let asked = write(&metadata, move |tx| {
            Box::pin(async move { job::ask(tx, 1, KIND, "", at(due), now()).await })
        });
        async move { asked.await.unwrap() }
    };
    asking(9).await;
    work.changed().await.unwrap();
    asking(10).await;
    // The answer to a later commit is behind the news of an earlier one.
    write(&metadata, |tx| Box::pin(async move { only(tx).await.map_or(Ok(()), |_| Ok(())) }))
        .await
        .unwrap();
    assert!(!work.has_changed().unwrap(), "it begins sooner anyway");
    asking(8).await;
    work.changed().await.unwrap();
    write(&metadata, |tx| {
        Box::pin(async move {
            let (account, region) = ("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
            service_event::insert(tx, 1, &account, &region, "DryRunEvent", now(), "{}").await
        })
    })
    .await
    .unwrap();
    work.changed().await.unwrap();
}

#[tokio::test]
async fn service_events_are_had_in_the_order_they_happened_in() {
    with_jobs(|tx| {
        Box::pin(async move {
            let (account, region) = ("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
            let first = service_event::first_id(&SeededEntropy::new(1));
            for (id, time) in [(first + 1, 5), (first, 5), (i64::MAX, 4)] {
                service_event::insert(tx, id, &account, &region, "E", at(time), "{\"a\":1}")
                    .await?;
            }
            let twice = service_event::insert(tx, first, &account, &region, "E", at(5), "{}").await;
            assert!(matches!(twice, Err(MetadataError::Duplicate(_))));
            let events = service_event::oldest(tx, 10).await?;
            let ids: Vec<i64> = events.iter().map(|event| event.event_id).collect();
            assert_eq!(ids, [i64::MAX, first, first + 1]);
            assert_eq!(events[1].registry.account, account);
            assert_eq!((events[1].event_name.as_str(), events[1].occurred_at), ("E", at(5)));
            assert_eq!(events[1].detail, "{\"a\":1}");
            assert!(service_event::delete(tx, at(4), i64::MAX).await?);
            assert!(!service_event::delete(tx, at(4), i64::MAX).await?);
            assert_eq!(service_event::oldest(tx, 1).await?[0].event_id, first);
            Ok(())
        })
    })
    .await;
}
