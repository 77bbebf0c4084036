//! The work of the workers, done in the tests' own time.

use wharfinger_metadata::job::{self, JobRow};
use wharfinger_metadata::{Metadata, MetadataError};
use wharfinger_registry::{JobOutcome, JobsUnderWay, LeasedJob};

use super::fixture::Fixture;

/// Does all that is due, and what that makes necessary, and answers what was done. What fails is told.
pub async fn run_jobs(fixture: &Fixture) -> Vec<(JobRow, Result<JobOutcome, String>)> {
    let (metadata, mut done) = (fixture.metadata(), Vec::new());
    loop {
        let due = fixture.registry.lease_jobs(&JobsUnderWay::default()).await.unwrap().jobs;
        if due.is_empty() {
            return done;
        }
        for LeasedJob { row, .. } in due {
            let outcome = fixture.registry.run_job(&row).await;
            end(&metadata, fixture, &row, outcome.as_ref().ok()).await;
            done.push((row, outcome.map_err(|error| format!("{error:?}"))));
        }
    }
}

async fn end(metadata: &Metadata, fixture: &Fixture, row: &JobRow, outcome: Option<&JobOutcome>) {
    let (row, outcome, now) = (row.clone(), outcome.cloned(), fixture.now());
    let lease = row.lease_id.unwrap();
    let ended: Result<bool, MetadataError> = metadata
        .write(move |tx| {
            Box::pin(async move {
                match outcome {
                    Some(JobOutcome { next, report }) => {
                        // What recurs at once would be done for ever by a clock that stands still.
                        let next = next
                            .map(|next| next.max(now.plus(std::time::Duration::from_millis(1))));
                        job::finish(tx, row.job_id, lease, report.as_deref(), next, now).await
                    }
                    None => job::fail(tx, row.job_id, lease, "failed", None, now).await,
                }
            })
        })
        .await;
    assert!(ended.unwrap());
}
