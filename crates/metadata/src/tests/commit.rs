//! What a group of transactions is told when the engine does not do what it was asked.

use std::time::Duration;

use super::{digest, now, open, with_repository, write};
use crate::{Metadata, MetadataError, OpenMode, installation, tag};

async fn kept(metadata: &Metadata, key: &'static str) -> bool {
    let found: Result<Option<String>, MetadataError> =
        metadata.read(move |tx| Box::pin(async move { installation::get(tx, key).await })).await;
    found.unwrap().is_some()
}

/// SQLite undoes the whole transaction when the disk is full. What the body does afterwards would
/// be committed on its own, statement by statement.
#[tokio::test]
async fn a_body_that_goes_on_after_its_transaction_was_undone_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let told = write(&metadata, |tx| {
        Box::pin(async move {
            tx.connection().pragma_update(None, "max_page_count", "60")?;
            let large = "x".repeat(1_000_000);
            assert!(installation::insert(tx, "large", &large).await.is_err());
            assert!(tx.connection().is_autocommit(), "the engine undid the transaction");
            let _ = installation::insert(tx, "sneaked", "x").await;
            Ok(())
        })
    });
    assert!(matches!(told.await, Err(MetadataError::StorageFull(_))));
    assert!(!kept(&metadata, "sneaked").await);
}

#[tokio::test]
async fn a_transaction_undone_for_another_reason_is_not_called_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let told = write(&metadata, |tx| {
        Box::pin(async move {
            let connection = tx.connection();
            let sql = "INSERT INTO installation (key, value) VALUES ('interrupted', 'x')";
            let mut insert = connection.prepare(sql)?;
            let mut running = connection.prepare("SELECT 1 UNION ALL SELECT 2")?;
            let mut rows = running.query([])?;
            rows.next()?;
            connection.get_interrupt_handle().interrupt();
            assert!(insert.execute([]).is_err());
            assert!(connection.is_autocommit(), "the engine undid the transaction");
            Ok(())
        })
    });
    let told = told.await;
    assert!(matches!(told, Err(MetadataError::Engine(_))), "{told:?}");
    assert!(!kept(&metadata, "interrupted").await);
    write(&metadata, |tx| Box::pin(async move { installation::insert(tx, "next", "x").await }))
        .await
        .unwrap();
}

/// When the changes of a body that failed cannot be taken back alone, the group goes with them.
#[tokio::test]
async fn a_body_whose_changes_cannot_be_undone_is_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    // The first body holds the writer until the two others wait, so that they share its commit.
    let (go, wait) = std::sync::mpsc::channel();
    let first = write(&metadata, move |_| {
        wait.recv().unwrap();
        Box::pin(async move { Ok(()) })
    });
    let failed = write::<()>(&metadata, |tx| {
        Box::pin(async move {
            installation::insert(tx, "failed", "x").await?;
            tx.connection().execute_batch("RELEASE body")?;
            Err(MetadataError::Closed)
        })
    });
    let shares = write(&metadata, |tx| {
        Box::pin(async move { installation::insert(tx, "shares", "x").await })
    });
    let release = async move { go.send(()).unwrap() };
    let (_, shares, failed, ()) = tokio::join!(first, shares, failed, release);
    assert!(matches!(failed, Err(MetadataError::Closed)));
    assert!(shares.is_err(), "told that it was kept");
    assert!(!kept(&metadata, "failed").await);
    assert!(!kept(&metadata, "shares").await);
}

/// Another process that holds the database makes everyone wait once, not one after the other.
#[tokio::test]
async fn a_database_that_is_held_elsewhere_fails_all_that_wait_together() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move { Ok(tx.connection().busy_timeout(Duration::from_millis(100))?) })
    })
    .await
    .unwrap();
    let other = rusqlite::Connection::open(folder.path().join("metadata.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = (0..100).map(|_| write(&metadata, |_| Box::pin(async move { Ok(()) })));
    let waiting = futures_util::future::join_all(waiting);
    let told = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap();
    assert!(told.iter().all(Result::is_err));
    other.execute_batch("COMMIT").unwrap();
    write(&metadata, |tx| Box::pin(async move { installation::insert(tx, "next", "x").await }))
        .await
        .unwrap();
}

/// The command line beside the server: each sees what the other was acknowledged.
#[tokio::test]
async fn two_processes_see_each_others_commits() {
    let folder = tempfile::tempdir().unwrap();
    let server = open(&folder);
    let path = folder.path().join("metadata.db");
    let command = Metadata::open(&path, OpenMode::Existing).unwrap();
    for (number, (writer, reader)) in [(&server, &command), (&command, &server)].iter().enumerate()
    {
        let key = ["from the server", "from the command line"][number];
        assert!(!kept(reader, key).await);
        write(writer, move |tx| Box::pin(async move { installation::insert(tx, key, "x").await }))
            .await
            .unwrap();
        assert!(kept(reader, key).await);
    }
    drop(command);
    assert!(kept(&server, "from the command line").await);
}

#[tokio::test]
async fn a_row_that_refers_to_nothing_is_not_called_a_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let refused = write(&metadata, move |tx| {
        Box::pin(async move { tag::put(tx, id, &"v1".parse().unwrap(), &digest(1), now()).await })
    });
    let refused = refused.await;
    assert!(matches!(refused, Err(MetadataError::Engine(_))), "{refused:?}");
}

/// Without its write-ahead log SQLite may take an acknowledged commit back after a power cut.
#[test]
fn a_place_that_keeps_no_write_ahead_log_is_refused() {
    let opened = Metadata::open(std::path::Path::new(":memory:"), OpenMode::CreateOrMigrate);
    assert!(matches!(opened, Err(MetadataError::NoWriteAheadLog)));
}
