//! What a policy is evaluated on: the facts of all images of a repository, in one snapshot. Previews
//! and evaluations read the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wharfinger_core::limits::PAGE_TAGS_MAX;
use wharfinger_core::{Clock, Tag, Timestamp};
use wharfinger_lifecycle_policy::{Evaluation, ImageFacts, LifecyclePolicy, Outcome, StorageClass};
use wharfinger_metadata::lifecycle_preview::{self, ImageFactsRow};
use wharfinger_metadata::{Metadata, RepositoryId, Tx};

use super::internal;
use crate::Error;

/// Images read in one step, so that no step is long.
const STEP: u32 = 500;

/// A repository that is to be read.
pub(super) struct Reading {
    pub(super) metadata: Metadata,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) repository: RepositoryId,
    /// When it has failed unless it is over.
    pub(super) deadline: Timestamp,
}

/// What a policy decides about a repository as it was in one snapshot.
pub(super) struct Decided {
    pub(super) outcome: Outcome,
    /// How many images there were.
    pub(super) image_count: u64,
    /// When that was.
    pub(super) at: Timestamp,
}

impl Reading {
    /// Evaluates the policy off the async threads: it may take seconds. When the server stops, it is
    /// broken off, since the program waits for its threads to end.
    pub(super) async fn decide(&self, policy: Arc<LifecyclePolicy>) -> Result<Decided, Error> {
        let metadata = self.metadata.clone();
        let time = TimeLimit {
            clock: Arc::clone(&self.clock),
            deadline: self.deadline,
            broken_off: Arc::default(),
        };
        let _guard = BreakOff(Arc::clone(&time.broken_off));
        let repository = self.repository;
        let runtime = tokio::runtime::Handle::current();
        let reading = tokio::task::spawn_blocking(move || {
            runtime.block_on(metadata.read(move |tx| {
                Box::pin(async move { decide_within(tx, repository, &policy, &time).await })
            }))
        });
        reading.await.map_err(internal)?
    }

    /// Fails when the deadline has passed.
    pub(super) fn check_time(&self) -> Result<(), Error> {
        check_time(&*self.clock, self.deadline)
    }
}

fn check_time(clock: &dyn Clock, deadline: Timestamp) -> Result<(), Error> {
    if clock.now() < deadline {
        return Ok(());
    }
    Err(Error::Server("it took too long".into()))
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
) -> Result<Decided, Error> {
    let at = time.clock.now();
    let mut evaluation = Evaluation::new(policy);
    let (mut image_count, mut after) = (0, String::new());
    loop {
        time.check()?;
        let page = next_page(tx, repository, &after).await?;
        let Some(last) = page.last() else { break };
        after = last.digest.to_string();
        image_count += page.len() as u64;
        add(tx, repository, policy, &page, &mut evaluation).await?;
    }
    Ok(Decided { outcome: evaluation.decide(at), image_count, at })
}

/// The next images in order of digest, few enough that their tags are not too many.
async fn next_page(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
) -> Result<Vec<ImageFactsRow>, Error> {
    let mut page = lifecycle_preview::image_facts(tx, repository, after, STEP).await?;
    let mut tags = 0_u64;
    let fitting = page.iter().take_while(|row| {
        tags = tags.saturating_add(row.tag_count);
        tags <= PAGE_TAGS_MAX
    });
    let fitting = fitting.count().max(1);
    page.truncate(fitting);
    Ok(page)
}

/// Takes a page of images in. Their tags are read in one walk beside them.
async fn add(
    tx: &mut Tx,
    repository: RepositoryId,
    policy: &LifecyclePolicy,
    page: &[ImageFactsRow],
    evaluation: &mut Evaluation<'_>,
) -> Result<(), Error> {
    let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(()) };
    let expected = page.iter().fold(0, |sum: u64, row| sum.saturating_add(row.tag_count));
    let tags = match expected {
        0 => Vec::new(),
        _ => {
            let limit = u32::try_from(expected).unwrap_or(u32::MAX);
            lifecycle_preview::tags(tx, repository, &first.digest, &last.digest, limit).await?
        }
    };
    let (mut tags, mut own) = (tags.into_iter().peekable(), Vec::new());
    for row in page {
        own.clear();
        while let Some((_, tag)) = tags.next_if(|(digest, _)| *digest == row.digest) {
            own.push(tag);
        }
        // A tag that is not seen would give its image away.
        if own.len() as u64 != row.tag_count {
            return Err(Error::Server("the tags of an image are not as many as counted".into()));
        }
        if let Some(facts) = facts(row, &own, policy) {
            evaluation.add(&facts);
        }
    }
    Ok(())
}

/// What a policy asks about an image; none for one that is on its way back from the archive, which
/// no rule sees.
pub(super) fn facts<'a>(
    row: &ImageFactsRow,
    tags: &'a [Tag],
    policy: &LifecyclePolicy,
) -> Option<ImageFacts<'a>> {
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
        mark: mark(row, tags, policy),
    })
}

/// Differs, but for chance, when anything does that the policy goes by. Who lists the image is not
/// in it: that is looked at by itself.
fn mark(row: &ImageFactsRow, tags: &[Tag], policy: &LifecyclePolicy) -> u64 {
    let mut hasher = DefaultHasher::new();
    let pulled_at = row.last_pulled_at.filter(|_| policy.asks_for_pulls());
    (&row.status, row.pushed_at, row.archived_at, row.activated_at).hash(&mut hasher);
    (pulled_at, row.has_live_subject, tags.len()).hash(&mut hasher);
    for tag in tags {
        tag.as_str().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
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

    fn policy(count: &str) -> LifecyclePolicy {
        let text = r#"{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", COUNT,
            "countNumber": 1}, "action": {"type": "transition", "targetStorageClass": "archive"}}]}"#;
        LifecyclePolicy::parse(&text.replace("COUNT", count)).unwrap()
    }

    fn keep_one() -> LifecyclePolicy {
        policy(r#""countType": "imageCountMoreThan""#)
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
                mark: mark(&row, &[], &keep_one()),
            };
            assert_eq!(facts(&row, &[], &keep_one()), Some(expected));
        }
    }

    #[test]
    fn an_image_on_its_way_back_is_left_alone() {
        assert_eq!(facts(&row("ACTIVATING", false, false), &[], &keep_one()), None);
    }

    #[test]
    fn a_mark_differs_when_the_image_does() {
        let (seen, count) = (row("ACTIVE", false, false), keep_one());
        let tags = ["a", "b"].map(|tag| tag.parse::<Tag>().unwrap());
        let first = mark(&seen, &tags, &count);
        let later = Some(Timestamp::from_seconds(9));
        for changed in [
            ImageFactsRow { status: "ARCHIVED".into(), ..seen.clone() },
            ImageFactsRow { pushed_at: Timestamp::from_seconds(9), ..seen.clone() },
            ImageFactsRow { archived_at: later, ..seen.clone() },
            ImageFactsRow { activated_at: later, ..seen.clone() },
            ImageFactsRow { has_live_subject: false, ..seen.clone() },
        ] {
            assert_ne!(mark(&changed, &tags, &count), first, "{changed:?}");
        }
        assert_ne!(mark(&seen, &tags[..1], &count), first);
        assert_ne!(mark(&seen, &["ab".parse().unwrap()], &count), first);
        // A pull matters to whom it matters.
        let pulled = ImageFactsRow { last_pulled_at: later, ..seen.clone() };
        assert_eq!(mark(&pulled, &tags, &count), first);
        let unused = policy(r#""countType": "sinceImagePulled", "countUnit": "days""#);
        assert_ne!(mark(&pulled, &tags, &unused), mark(&seen, &tags, &unused));
        assert!(unused.asks_for_pulls() && !count.asks_for_pulls());
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
        let reading = Reading {
            metadata: Metadata::open(&file, OpenMode::CreateOrMigrate).unwrap(),
            clock: Arc::new(Gate { asked, go: wait.into() }),
            repository: RepositoryId::new(Timestamp::default(), &SeededEntropy::new(1)),
            deadline: Timestamp::from_seconds(2),
        };
        let policy = keep_one();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let reading =
            runtime.spawn(async move { reading.decide(Arc::new(policy)).await.map(|_| ()) });
        is_asked.recv().unwrap();
        // What a stopping runtime does to every task, before it waits for the threads.
        reading.abort();
        assert!(runtime.block_on(reading).is_err_and(|error| error.is_cancelled()));
        drop(go);
        drop(runtime);
        assert_eq!(is_asked.try_iter().count(), 0, "it went on after it was broken off");
    }
}
