//! Caches are exact: whatever order commits and cached reads come in, no read is answered with what
//! a commit that was acknowledged before it has changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{image_row, now, open, repository_row, with_repository, write};
use crate::access_key::{self, AccessKeyRow};
use crate::user::{self, UserRow};
use crate::{
    ChangeKind, Changes, Metadata, MetadataError, OpenMode, RepositoryId, StandingCache, image,
    inline_policy, registry_setting, repository, repository_policy, resource_tag, tag,
};

async fn looks(metadata: &Metadata) -> Changes {
    metadata.changes().await.unwrap()
}

/// A change that `$body` makes with `$tx`, in a transaction of its own.
macro_rules! change {
    ($metadata:expr, |$tx:ident| $body:expr) => {
        write($metadata, move |$tx| {
            Box::pin(async move {
                let _ = $body;
                Ok(())
            })
        })
        .await
        .unwrap()
    };
}

/// Makes a change through one handle, and says whether another one sees that access has changed.
macro_rules! moves_access {
    ($writer:expr, $watcher:expr, |$tx:ident| $body:expr) => {{
        let before = looks($watcher).await;
        change!($writer, |$tx| $body);
        let after = looks($watcher).await;
        assert_ne!(before.of(ChangeKind::Anything), after.of(ChangeKind::Anything));
        before.of(ChangeKind::Access) != after.of(ChangeKind::Access)
    }};
}

fn second(folder: &TempDir) -> Metadata {
    Metadata::open(&folder.path().join("metadata.db"), OpenMode::Existing).unwrap()
}

fn key() -> AccessKeyRow {
    AccessKeyRow {
        access_key_id: "AKIA".into(),
        account: "111122223333".parse().unwrap(),
        user_id: Some("AIDA".into()),
        active: true,
        secret_sealed: vec![1],
        created_at: now(),
    }
}

fn user_row() -> UserRow {
    UserRow {
        user_id: "AIDA".into(),
        account: "111122223333".parse().unwrap(),
        user_name: "ci".into(),
        path: "/".into(),
        boundary_arn: None,
        created_at: now(),
    }
}

#[tokio::test]
async fn whatever_decides_who_may_do_what_moves_its_counter() {
    let folder = tempfile::tempdir().unwrap();
    let (watcher, writer) = (open(&folder), second(&folder));
    let id = with_repository(&writer).await;
    let account = user_row().account;
    let registry = repository_row("app").registry;
    let other = registry.clone();
    let (w, m) = (&writer, &watcher);
    assert!(moves_access!(w, m, |tx| user::insert(tx, &user_row()).await?));
    assert!(moves_access!(w, m, |tx| access_key::insert(tx, &key()).await?));
    assert!(moves_access!(w, m, |tx| access_key::set_active(tx, "AKIA", false).await?));
    assert!(moves_access!(w, m, |tx| inline_policy::put(tx, "AIDA", "p", "{}").await?));
    assert!(moves_access!(w, m, |tx| inline_policy::put(tx, "AIDA", "p", "{ }").await?));
    assert!(moves_access!(w, m, |tx| inline_policy::delete(tx, "AIDA", "p").await?));
    assert!(moves_access!(w, m, |tx| access_key::delete(tx, "AKIA").await?));
    assert!(moves_access!(w, m, |tx| user::delete(tx, &account, "ci").await?));
    assert!(moves_access!(w, m, |tx| repository_policy::put(tx, id, "{}", now()).await?));
    assert!(moves_access!(w, m, |tx| repository_policy::put(tx, id, "{ }", now()).await?));
    assert!(moves_access!(w, m, |tx| repository_policy::delete(tx, id).await?));
    assert!(moves_access!(w, m, |tx| resource_tag::put(tx, id, "k", "v").await?));
    assert!(moves_access!(w, m, |tx| resource_tag::delete(tx, id, "k").await?));
    let set = moves_access!(w, m, |tx| {
        registry_setting::put(tx, &registry, registry_setting::REGISTRY_POLICY, "{}", now()).await?
    });
    assert!(set);
    let unset = moves_access!(w, m, |tx| {
        registry_setting::delete(tx, &other, registry_setting::REGISTRY_POLICY).await?
    });
    assert!(unset);
    assert!(moves_access!(w, m, |tx| repository::delete(tx, id, now()).await?));
}

#[tokio::test]
async fn pushes_and_pulls_leave_access_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (watcher, writer) = (open(&folder), second(&folder));
    let id = with_repository(&writer).await;
    let (w, m) = (&writer, &watcher);
    let digest = image_row(1, 0).digest;
    let pushed = moves_access!(w, m, |tx| {
        image::insert(tx, id, &image_row(1, 0), b"sealed", &[], &[]).await?
    });
    assert!(!pushed);
    let tagged = moves_access!(w, m, |tx| {
        tag::put(tx, id, &"v1".parse().unwrap(), &digest, now()).await?
    });
    assert!(!tagged);
    assert!(!moves_access!(w, m, |tx| image::record_pull(tx, id, &digest, now()).await?));
    assert!(!moves_access!(w, m, |tx| image::delete(tx, id, &digest).await?));
    assert!(!moves_access!(w, m, |tx| repository::insert(tx, &repository_row("zebra")).await?));
}

#[tokio::test]
async fn without_a_commit_nothing_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let before = looks(&metadata).await;
    let undone: Result<(), MetadataError> = metadata
        .write(move |tx| {
            Box::pin(async move {
                repository_policy::put(tx, id, "{}", now()).await?;
                Err(MetadataError::Closed)
            })
        })
        .await;
    assert!(matches!(undone, Err(MetadataError::Closed)));
    let read: Result<_, MetadataError> =
        metadata.read(|tx| Box::pin(async move { repository_policy::get(tx, id).await })).await;
    assert_eq!(read.unwrap(), None);
    assert_eq!(before, looks(&metadata).await);
}

#[tokio::test]
async fn what_one_handle_saw_says_nothing_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let handles = [open(&folder), second(&folder)];
    let [one, other] = [looks(&handles[0]).await, looks(&handles[1]).await];
    for kind in [ChangeKind::Access, ChangeKind::Anything] {
        let cache = StandingCache::new(kind, 1024);
        cache.insert(&one, (), 1, 1);
        assert_eq!((cache.get(&one, &()), cache.get(&other, &())), (Some(1), None));
    }
    let cache = StandingCache::new(ChangeKind::Nothing, 1024);
    cache.insert(&one, (), 1, 1);
    assert_eq!(cache.get(&other, &()), Some(1));
}

#[tokio::test]
async fn a_store_that_was_watched_leaves_no_log_behind() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    with_repository(&metadata).await;
    looks(&metadata).await;
    drop(metadata);
    assert!(!folder.path().join("metadata.db-wal").exists());
}

#[tokio::test]
async fn what_a_cache_holds_has_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    let changes = looks(&open(&folder)).await;
    let cache = StandingCache::new(ChangeKind::Access, 64 * 1024);
    for number in 0..10_000_u32 {
        cache.insert(&changes, number, number, 1_000);
        assert!(cache.bytes() <= 64 * 1024);
    }
    let kept = (0..10_000).filter(|number| cache.get(&changes, number) == Some(*number)).count();
    assert!((16..=65).contains(&kept), "{kept}");
    cache.insert(&changes, 10_000, 0, 1_000_000);
    assert_eq!(cache.get(&changes, &10_000), None, "it would take up everything");
}

/// The value of the one row that the tests below change and cache.
async fn value(metadata: &Metadata, id: RepositoryId) -> i64 {
    let read: Result<_, MetadataError> = metadata
        .read(move |tx| Box::pin(async move { repository_policy::get(tx, id).await }))
        .await;
    read.unwrap().map_or(0, |text| text.parse().unwrap())
}

async fn set_value(metadata: &Metadata, id: RepositoryId, value: i64) {
    change!(metadata, |tx| repository_policy::put(tx, id, &value.to_string(), now()).await?);
}

/// A cached read on its way.
#[derive(Clone, Copy, Debug)]
enum Step {
    Looked(Changes),
    Read(Changes, i64),
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A commit by one of two processes, or a commit of something else.
    Commit { by: usize, of_the_row: bool },
    /// One of four readers goes a step further.
    Goes(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => (0..2_usize, any::<bool>()).prop_map(|(by, row)| Event::Commit { by, of_the_row: row }),
        4 => (0..4_usize).prop_map(Event::Goes),
    ]
}

async fn play(kind: ChangeKind, events: Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let handles = [open(&folder), second(&folder)];
    let id = with_repository(&handles[0]).await;
    let cache = StandingCache::new(kind, 1024 * 1024);
    let mut committed = 0;
    // Of each reader: how far it is, and what had been committed when it began.
    let mut readers: [Option<(Step, i64)>; 4] = [None; 4];
    for event in events {
        match event {
            Event::Commit { by, of_the_row: true } => {
                committed += 1;
                set_value(&handles[by], id, committed).await;
            }
            Event::Commit { by, of_the_row: false } => {
                let name = format!("setting-{committed}");
                let registry = repository_row("app").registry;
                change!(&handles[by], |tx| {
                    registry_setting::put(tx, &registry, &name, "x", now()).await?
                });
            }
            Event::Goes(reader) => {
                readers[reader] = match readers[reader] {
                    None => Some((Step::Looked(looks(&handles[0]).await), committed)),
                    Some((Step::Looked(changes), begun)) => match cache.get(&changes, &()) {
                        Some(found) => {
                            assert!(found >= begun, "{found} is older than {begun}");
                            None
                        }
                        None => Some((Step::Read(changes, value(&handles[0], id).await), begun)),
                    },
                    Some((Step::Read(changes, found), begun)) => {
                        assert!(found >= begun);
                        cache.insert(&changes, (), found, 100);
                        None
                    }
                };
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn no_order_of_steps_shows_what_is_over(events in proptest::collection::vec(event(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(ChangeKind::Access, events.clone()));
        runtime.block_on(play(ChangeKind::Anything, events));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_beside_writers_see_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let handles = Arc::new([open(&folder), second(&folder)]);
    let id = with_repository(&handles[0]).await;
    let cache = Arc::new(StandingCache::new(ChangeKind::Access, 1024 * 1024));
    let acknowledged = Arc::new(AtomicI64::new(0));
    let writer = {
        let (handles, acknowledged) = (Arc::clone(&handles), Arc::clone(&acknowledged));
        tokio::spawn(async move {
            for number in 1..=200_i64 {
                let by = usize::from(number % 2 == 0);
                set_value(&handles[by], id, number).await;
                acknowledged.store(number, Ordering::SeqCst);
            }
        })
    };
    let readers = (0..3).map(|_| {
        let (handles, cache) = (Arc::clone(&handles), Arc::clone(&cache));
        let acknowledged = Arc::clone(&acknowledged);
        tokio::spawn(async move {
            let mut hits = 0_u64;
            loop {
                let begun = acknowledged.load(Ordering::SeqCst);
                let changes = looks(&handles[0]).await;
                let found = match cache.get(&changes, &()) {
                    Some(found) => {
                        hits += 1;
                        found
                    }
                    None => {
                        let read = value(&handles[0], id).await;
                        cache.insert(&changes, (), read, 100);
                        read
                    }
                };
                assert!(found >= begun, "{found} is older than {begun}");
                if begun == 200 && hits > 0 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    writer.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}

/// Lists of names stand as long as their counter does: whatever changes one moves the other, and a tag
/// that only points elsewhere does not.
#[tokio::test]
async fn whatever_changes_a_list_of_tags_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let (v1, v2) = ("v1".parse().unwrap(), "v2".parse().unwrap());
    let counted = || async {
        let count = metadata.read(|tx| Box::pin(tag::changes(tx, id)));
        Result::<u64, MetadataError>::unwrap(count.await)
    };
    change!(&metadata, |tx| {
        image::insert(tx, id, &image_row(1, 1), b"", &[], &[]).await?;
        image::insert(tx, id, &image_row(2, 2), b"", &[], &[]).await?;
        tag::put(tx, id, &v1, &super::digest(1), now()).await?
    });
    assert_eq!(counted().await, 1, "a new tag");
    let v1 = "v1".parse().unwrap();
    change!(&metadata, |tx| tag::put(tx, id, &v1, &super::digest(2), now()).await?);
    assert_eq!(counted().await, 1, "it only points elsewhere");
    change!(&metadata, |tx| tag::put(tx, id, &v2, &super::digest(2), now()).await?);
    assert_eq!(counted().await, 2);
    change!(&metadata, |tx| image::archive(tx, id, &super::digest(2), now()).await?);
    assert_eq!(counted().await, 4, "both are no longer listed");
    let v1 = "v1".parse().unwrap();
    change!(&metadata, |tx| tag::delete(tx, id, &v1).await?);
    assert_eq!(counted().await, 5);
    change!(&metadata, |tx| image::delete(tx, id, &super::digest(2)).await?);
    assert_eq!(counted().await, 6, "a tag goes with its image");
}
