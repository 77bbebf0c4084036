//! The log from outside: what was recorded is found again, what waits is on disk, and what cannot
//! be written is refused and made up for.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};
use wharfinger_audit::{
    Audit, AuditSettings, Effect, Entry, Mode, Order, Query, Sink, Tail, Unrecorded, UserIdentity,
    Who,
};
use wharfinger_core::{Clock, Entropy, EventId, ManualClock, RequestId, SeededEntropy, Timestamp};

type TestEntry<'a> = Entry<'a, Value, Value, Value>;

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(Timestamp::from_seconds(1_772_368_200)))
}

fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SeededEntropy::new(1))
}

fn entry(name: &str) -> TestEntry<'_> {
    let random = SeededEntropy::new(7);
    let identity =
        UserIdentity { kind: "IAMUser", user_name: Some("ann"), ..UserIdentity::default() };
    let what = ("ecr.amazonaws.com", name, "eu-west-1");
    let ids = (RequestId::random(&random), EventId::random(&random));
    let time = Timestamp::from_seconds(1_772_368_200);
    Entry::new(Who::Described(identity), time, what, [203, 0, 113, 12].into(), ids)
}

fn open(folder: &Path, mode: Mode) -> Audit {
    let settings = AuditSettings { mode, ..AuditSettings::default() };
    Audit::open(folder, settings, clock(), entropy()).unwrap()
}

fn names(folder: &Path, order: Order) -> Vec<String> {
    let found = Query::default().search(folder, order).unwrap();
    found.map(|found| found.unwrap().record.event_name).collect()
}

#[tokio::test]
async fn what_is_recorded_is_found_in_both_orders() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("audit");
    let audit = open(&folder, Mode::All);
    audit.record(&entry("A")).await;
    audit.record_durably(&entry("B")).await.unwrap();
    // Beside the open log, as the command line reads it.
    assert_eq!(names(&folder, Order::OldestFirst), ["A", "B"]);
    audit.record_now(&entry("C"));
    drop(audit);
    assert_eq!(names(&folder, Order::NewestFirst), ["C", "B", "A"]);
    open(&folder, Mode::All).record(&entry("D")).await;
    assert_eq!(names(&folder, Order::OldestFirst), ["A", "B", "C", "D"]);
}

#[tokio::test]
async fn a_record_has_the_names_of_cloudtrail() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(folder.path(), Mode::All);
    let record = TestEntry {
        request_parameters: Some(json!({ "repositoryName": "app" })),
        error_code: Some("AccessDenied"),
        recipient_account_id: Some("111122223333"),
        ..entry("PutImage")
    };
    audit.record_durably(&record).await.unwrap();
    let found = Query::default().search(folder.path(), Order::NewestFirst).unwrap().next();
    let line: Value = serde_json::from_str(&found.unwrap().unwrap().line).unwrap();
    let ids = (line["requestID"].clone(), line["eventID"].clone());
    assert_eq!(
        line,
        json!({
            "eventVersion": "1.08", "userIdentity": { "type": "IAMUser", "userName": "ann" },
            "eventTime": "2026-03-01T12:30:00Z", "eventSource": "ecr.amazonaws.com",
            "eventName": "PutImage", "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.12",
            "userAgent": "", "errorCode": "AccessDenied",
            "requestParameters": { "repositoryName": "app" }, "responseElements": null,
            "requestID": ids.0, "eventID": ids.1, "readOnly": true, "eventType": "AwsApiCall",
            "managementEvent": true, "recipientAccountId": "111122223333",
            "eventCategory": "Management",
        })
    );
}

#[test]
fn modes_say_what_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let off = open(&folder.path().join("off"), Mode::Off);
    assert!(!off.is_on() && !off.wants(Effect::Writes, true) && off.event_id().is_none());
    assert!(!folder.path().join("off").exists());
    let writes = open(&folder.path().join("writes"), Mode::Writes);
    assert!(writes.wants(Effect::Writes, false) && writes.wants(Effect::Issues, false));
    assert!(writes.wants(Effect::Reads, true) && !writes.wants(Effect::Reads, false));
    assert!(open(&folder.path().join("all"), Mode::All).wants(Effect::Reads, false));
}

/// A sink that a test holds up, breaks and mends.
#[derive(Clone, Default)]
struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    written: Vec<u8>,
    synced_bytes: usize,
    broken: bool,
    held: bool,
    syncs: u32,
}

impl Disk {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.0.lock());
        self.0.1.notify_all();
    }

    fn lines(&self) -> usize {
        self.0.0.lock().written.iter().filter(|byte| **byte == b'\n').count()
    }

    fn act(&self, act: impl FnOnce(&mut State)) -> io::Result<()> {
        let mut state = self.0.0.lock();
        self.0.1.wait_while(&mut state, |state| state.held);
        if state.broken {
            return Err(io::ErrorKind::StorageFull.into());
        }
        act(&mut state);
        Ok(())
    }
}

impl Sink for Disk {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.act(|state| state.written.extend_from_slice(lines))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.act(|state| {
            state.synced_bytes = state.written.len();
            state.syncs += 1;
        })
    }

    fn recover(&mut self) -> io::Result<()> {
        self.act(|_| {})
    }
}

fn on(disk: &Disk) -> Audit {
    Audit::on(Box::new(disk.clone()), Mode::All, clock(), entropy()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_are_told_after_the_sync_and_share_it() {
    let disk = Disk::default();
    let audit = on(&disk);
    disk.set(|state| state.held = true);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move { audit.record_durably(&entry("PutImage")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert!(tasks.iter().all(|task| !task.is_finished()));
    disk.set(|state| state.held = false);
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(disk.lines(), 50);
    let (synced, written, syncs) = {
        let state = disk.0.0.lock();
        (state.synced_bytes, state.written.len(), state.syncs)
    };
    assert_eq!(synced, written);
    assert!(syncs <= 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_does_not_wait_and_is_on_disk_with_what_completes_it() {
    let disk = Disk::default();
    let audit = on(&disk);
    disk.set(|state| state.held = true);
    for step in ["InitiateLayerUpload", "UploadLayerPart"] {
        assert_eq!(audit.record_in_order(&entry(step)).await, Ok(()));
    }
    assert_eq!(disk.lines(), 0);
    let task = {
        let audit = audit.clone();
        tokio::spawn(async move { audit.record_durably(&entry("CompleteLayerUpload")).await })
    };
    tokio::task::yield_now().await;
    assert!(!task.is_finished());
    disk.set(|state| state.held = false);
    assert_eq!(task.await.unwrap(), Ok(()));
    let state = disk.0.0.lock();
    assert_eq!(state.synced_bytes, state.written.len());
    let written = String::from_utf8(state.written.clone()).unwrap();
    let expected = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"];
    assert_eq!(written.lines().count(), expected.len());
    for (line, name) in written.lines().zip(expected) {
        assert!(line.contains(&format!("\"eventName\":\"{name}\"")), "{line}");
    }
}

#[tokio::test]
async fn a_full_queue_keeps_reads_waiting_and_loses_none() {
    let disk = Disk::default();
    let audit = on(&disk);
    disk.set(|state| state.held = true);
    let large = "x".repeat(60_000);
    let task = {
        let (audit, large) = (audit.clone(), large.clone());
        tokio::spawn(async move {
            for _ in 0..400 {
                let parameters = Some(json!({ "text": large }));
                audit.record(&TestEntry { request_parameters: parameters, ..entry("Get") }).await;
            }
        })
    };
    // 24 MB of records do not fit beside a writer that stands still.
    tokio::task::yield_now().await;
    assert!(!task.is_finished());
    disk.set(|state| state.held = false);
    task.await.unwrap();
    drop(audit);
    assert_eq!(disk.lines(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_is_full_writes_are_refused_and_made_up_for() {
    let disk = Disk::default();
    let audit = on(&disk);
    disk.set(|state| state.broken = true);
    assert_eq!(audit.check_writable(Effect::Writes), Ok(()));
    // The first one has happened before anyone could know.
    assert_eq!(audit.record_durably(&entry("First")).await, Err(Unrecorded));
    assert_eq!(audit.check_writable(Effect::Writes), Err(Unrecorded));
    assert_eq!(audit.check_writable(Effect::Issues), Err(Unrecorded));
    assert_eq!(audit.check_writable(Effect::Reads), Ok(()));
    assert_eq!(audit.record_durably(&entry("Second")).await, Err(Unrecorded));
    assert_eq!(audit.check_writable(Effect::Prepares), Err(Unrecorded));
    assert_eq!(audit.record_in_order(&entry("Step")).await, Err(Unrecorded));
    assert_eq!(audit.lost(), 0);
    audit.record(&entry("Read")).await;
    assert_eq!(audit.lost(), 1);
    disk.set(|state| state.broken = false);
    while audit.check_writable(Effect::Writes).is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(audit.record_durably(&entry("Third")).await, Ok(()));
    drop(audit);
    let written = String::from_utf8(disk.0.0.lock().written.clone()).unwrap();
    let names: Vec<&str> =
        written.lines().map(|line| line.split("\"eventName\":\"").nth(1).unwrap()).collect();
    assert!(names[0].starts_with("First\"") && names[1].starts_with("Third\""), "{written}");
    assert_eq!(names.len(), 2);
}

#[tokio::test]
async fn a_tail_sees_what_comes_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let audit = open(folder.path(), Mode::All);
    audit.record_durably(&entry("Before")).await.unwrap();
    let query = Query { event: Some("After".into()), ..Query::default() };
    let mut tail = Tail::new(folder.path(), query).unwrap();
    let mut seen = Vec::new();
    for name in ["After", "Other", "After"] {
        audit.record_durably(&entry(name)).await.unwrap();
        let see = |found: wharfinger_audit::Found| {
            seen.push(found.record.event_name);
            Ok(())
        };
        tail.advance(see).unwrap();
    }
    assert_eq!(seen, ["After", "After"]);
}
