//! What a preview reads: the facts of all images of a repository, in one snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wharfinger_core::{Clock, Tag, Timestamp};
use wharfinger_lifecycle_policy::{
    Decision, Evaluation, ImageFacts, LifecyclePolicy, StorageClass,
};
use wharfinger_metadata::image::ImagePosition;
use wharfinger_metadata::lifecycle_preview::{self, ImageFactsRow};
use wharfinger_metadata::{RepositoryId, Tx, tag};

use super::{PreviewRun, STEP, check_time, internal};
use crate::Error;

/// Evaluates the policy off the async threads: it may take seconds. When the server stops, it is
/// broken off, since the program waits for its threads to end.
pub(super) async fn decide(
    run: &PreviewRun,
    policy: LifecyclePolicy,
) -> Result<Vec<Decision>, Error> {
    let metadata = run.metadata.clone();
    let time = TimeLimit {
        clock: Arc::clone(&run.clock),
        deadline: run.deadline,
        broken_off: Arc::default(),
    };
    let _guard = BreakOff(Arc::clone(&time.broken_off));
    let repository = run.repository;
    let runtime = tokio::runtime::Handle::current();
    let reading = tokio::task::spawn_blocking(move || {
        runtime.block_on(metadata.read(move |tx| {
            Box::pin(async move { decide_within(tx, repository, &policy, &time).await })
        }))
    });
    reading.await.map_err(internal)?
}

/// How long reading may go on.
struct TimeLimit {
    clock: Arc<dyn Clock>,
    deadline: Timestamp,
    /// Set once nobody waits for what is read.
    broken_off: Arc<AtomicBool>,
}

impl TimeLimit {
    fn check(&self) -> Result<(), Error> {
        if self.broken_off.load(Ordering::Relaxed) {
            return Err(Error::Server("the server stops".into()));
        }
        check_time(&*self.clock, self.deadline)
    }
}

/// Breaks reading off when whoever waits for it goes away.
struct BreakOff(Arc<AtomicBool>);

impl Drop for BreakOff {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the policy decides about a repository as it is in this snapshot, page by page.
async fn decide_within(
    tx: &mut Tx,
    repository: RepositoryId,
    policy: &LifecyclePolicy,
    time: &TimeLimit,
) -> Result<Vec<Decision>, Error> {
    let now = time.clock.now();
    let mut evaluation = Evaluation::new(policy);
    let mut after = ImagePosition::default();
    loop {
        time.check()?;
        let page = lifecycle_preview::image_facts(tx, repository, &after, STEP).await?;
        let Some(last) = page.last() else { break };
        after = ImagePosition { pushed_at: last.pushed_at, digest: last.digest.to_string() };
        for row in &page {
            let tags = match row.tag_count {
                0 => Vec::new(),
                _ => tag::of_image(tx, repository, &row.digest).await?,
            };
            if let Some(facts) = facts(row, &tags) {
                evaluation.add(&facts);
            }
        }
    }
    Ok(evaluation.decide(now).decisions)
}

/// What a policy asks about an image; none for one that is on its way back from the archive, which
/// no rule sees.
fn facts<'a>(row: &ImageFactsRow, tags: &'a [Tag]) -> Option<ImageFacts<'a>> {
    let storage_class = match row.status.as_str() {
        "ACTIVE" => StorageClass::Standard,
        "ARCHIVED" => StorageClass::Archive,
        _ => return None,
    };
    Some(ImageFacts {
        digest: row.digest,
        tags,
        pushed_at: row.pushed_at,
        last_pulled_at: row.last_pulled_at,
        archived_at: row.archived_at,
        activated_at: row.activated_at,
        storage_class,
        listed_in: match (row.is_listed, row.is_listed_by_active) {
            (_, true) => Some(StorageClass::Standard),
            (true, false) => Some(StorageClass::Archive),
            (false, false) => None,
        },
        has_live_subject: row.has_live_subject,
    })
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;
    use wharfinger_core::{Digest, SeededEntropy};
    use wharfinger_metadata::{Metadata, OpenMode};

    use super::*;

    fn row(status: &str, is_listed: bool, is_listed_by_active: bool) -> ImageFactsRow {
        ImageFactsRow {
            digest: Digest::Sha256([1; 32]),
            pushed_at: Timestamp::from_seconds(1),
            tag_count: 0,
            status: status.into(),
            last_pulled_at: Some(Timestamp::from_seconds(2)),
            archived_at: Some(Timestamp::from_seconds(3)),
            activated_at: Some(Timestamp::from_seconds(4)),
            is_listed,
            is_listed_by_active,
            has_live_subject: true,
        }
    }

    #[test]
    fn a_policy_sees_where_an_image_is_and_who_lists_it() {
        use StorageClass::{Archive, Standard};
        for (row, class, listed_in) in [
            (row("ACTIVE", false, false), Standard, None),
            (row("ACTIVE", true, true), Standard, Some(Standard)),
            (row("ARCHIVED", true, false), Archive, Some(Archive)),
        ] {
            let expected = ImageFacts {
                digest: row.digest,
                tags: &[],
                pushed_at: Timestamp::from_seconds(1),
                last_pulled_at: Some(Timestamp::from_seconds(2)),
                archived_at: Some(Timestamp::from_seconds(3)),
                activated_at: Some(Timestamp::from_seconds(4)),
                storage_class: class,
                listed_in,
                has_live_subject: true,
            };
            assert_eq!(facts(&row, &[]), Some(expected));
        }
    }

    #[test]
    fn an_image_on_its_way_back_is_left_alone() {
        assert_eq!(facts(&row("ACTIVATING", false, false), &[]), None);
    }

    /// A clock that says when it is asked, and answers once the test lets it.
    struct Gate {
        asked: std::sync::mpsc::Sender<()>,
        go: parking_lot::Mutex<std::sync::mpsc::Receiver<()>>,
    }

    impl Clock for Gate {
        fn now(&self) -> Timestamp {
            let _ = self.asked.send(());
            // Nothing is ever sent: it ends when the test drops the other end.
            let _ = self.go.lock().recv();
            Timestamp::from_seconds(1)
        }
    }

    #[test]
    fn a_server_that_stops_does_not_wait_for_a_preview() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("metadata.db");
        let (asked, is_asked) = std::sync::mpsc::channel();
        let (go, wait) = std::sync::mpsc::channel();
        let run = PreviewRun {
            metadata: Metadata::open(&file, OpenMode::CreateOrMigrate).unwrap(),
            clock: Arc::new(Gate { asked, go: wait.into() }),
            turns: Arc::new(Semaphore::new(1)),
            repository: RepositoryId::new(Timestamp::default(), &SeededEntropy::new(1)),
            run_id: 1,
            deadline: Timestamp::from_seconds(2),
        };
        let policy = r#"{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any",
            "countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "expire"}}]}"#;
        let policy = LifecyclePolicy::parse(policy).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let reading = runtime.spawn(async move { decide(&run, policy).await.map(|_| ()) });
        is_asked.recv().unwrap();
        // What a stopping runtime does to every task, before it waits for the threads.
        reading.abort();
        assert!(runtime.block_on(reading).is_err_and(|error| error.is_cancelled()));
        drop(go);
        drop(runtime);
        assert_eq!(is_asked.try_iter().count(), 0, "it went on after it was broken off");
    }
}
