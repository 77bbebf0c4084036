//! What the registry did by itself is in the audit log, at least once and in order.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use wharfinger_audit::{Audit, AuditSettings, Mode, Order, Query, Sink};
use wharfinger_core::{Clock, ManualClock, SeededEntropy, Timestamp};
use wharfinger_metadata::{MetadataError, service_event};

use super::{Bench, Running};
use crate::Workers;

const STEP: Duration = Duration::from_millis(50);

fn time() -> Timestamp {
    Timestamp::from_seconds(1_772_368_200)
}

impl Bench {
    /// What a job would have left: so many events, from the `first` on.
    async fn leave_events(&self, first: i64, count: i64) {
        let left = self.metadata.write(move |tx| {
            Box::pin(async move {
                let (account, region) =
                    ("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
                for id in first..first + count {
                    let detail = format!(r#"{{"repositoryName":"team/app","number":{id}}}"#);
                    let name = "PolicyExecutionEvent";
                    service_event::insert(tx, id, &account, &region, name, time(), &detail).await?;
                }
                Ok(())
            })
        });
        let left: Result<(), MetadataError> = left.await;
        left.unwrap();
    }

    async fn waiting(&self) -> usize {
        self.registry.waiting_service_events().await.unwrap().len()
    }

    fn start_recording(&self, audit: Audit) -> Running {
        Running::of(Workers::new(Arc::clone(&self.registry), audit))
    }

    fn audit(&self) -> Audit {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(time()));
        let folder = self.folder.path().join("audit");
        let settings = AuditSettings::default();
        Audit::open(&folder, settings, clock, Arc::new(SeededEntropy::new(3))).unwrap()
    }

    /// The numbers of the records that a query finds.
    fn recorded(&self, query: Query) -> Vec<i64> {
        let folder = self.folder.path().join("audit");
        let found = query.search(&folder, Order::OldestFirst).unwrap();
        let number = |line: String| {
            let record: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(record["eventType"], "AwsServiceEvent");
            record["serviceEventDetails"]["number"].as_i64().unwrap()
        };
        found.map(|found| number(found.unwrap().line)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_recorded_in_order_and_found_again() {
    let bench = Bench::new();
    bench.leave_events(0, 150).await;
    let running = bench.start_recording(bench.audit());
    bench.until(STEP, async || (bench.waiting().await == 0).then_some(())).await;
    let all: Vec<i64> = (0..150).collect();
    assert_eq!(bench.recorded(Query::default()), all);
    bench.leave_events(150, 1).await;
    bench.until(STEP, async || (bench.waiting().await == 0).then_some(())).await;
    for query in [
        Query { event: Some("ecr:PolicyExecutionEvent".into()), ..Query::default() },
        Query { resource: Some("team/app".into()), ..Query::default() },
        Query { account: Some("111122223333".into()), ..Query::default() },
        Query { since: Some(time()), ..Query::default() },
    ] {
        assert_eq!(bench.recorded(query).len(), 151);
    }
    let other = Query { resource: Some("other".into()), ..Query::default() };
    assert_eq!(bench.recorded(other), [0_i64; 0]);
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_done_in_the_last_moment_is_recorded_too() {
    let bench = Bench::new();
    let running = bench.start_recording(bench.audit());
    bench.settle().await;
    bench.leave_events(1, 1).await;
    running.end().await;
    assert_eq!((bench.waiting().await, bench.recorded(Query::default())), (0, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_a_log_that_is_off() {
    let bench = Bench::new();
    bench.leave_events(1, 3).await;
    let running = bench.start_recording(Audit::off());
    bench.until(STEP, async || (bench.waiting().await == 0).then_some(())).await;
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_when_the_process_died_is_recorded_again_as_the_same() {
    let bench = Bench::new();
    bench.leave_events(1, 2).await;
    let database = rusqlite::Connection::open(bench.folder.path().join("metadata.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    // As if it died between the record and the row.
    let refuse = "CREATE TRIGGER refuse BEFORE DELETE ON service_event \
                  BEGIN SELECT RAISE(ABORT, 'killed'); END";
    database.execute_batch(refuse).unwrap();
    let running = bench.start_recording(bench.audit());
    let recorded = async || (bench.recorded(Query::default()).len() >= 2).then_some(());
    bench.until(STEP, recorded).await;
    running.end().await;
    assert_eq!(bench.waiting().await, 2);
    database.execute_batch("DROP TRIGGER refuse").unwrap();
    let running = bench.start_recording(bench.audit());
    bench.until(STEP, async || (bench.waiting().await == 0).then_some(())).await;
    running.end().await;
    let folder = bench.folder.path().join("audit");
    let found = Query::default().search(&folder, Order::OldestFirst).unwrap();
    let records: Vec<_> = found.map(|found| found.unwrap().record).collect();
    assert!(records.len() >= 4 && records.len() % 2 == 0, "in order, each time anew");
    for (position, record) in records.iter().enumerate() {
        assert_eq!(record.event_id, records[position % 2].event_id);
    }
    assert_ne!(records[0].event_id, records[1].event_id);
}

/// A log that can be broken, and loses what it had not synced when it breaks.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    synced: Vec<u8>,
    broken: bool,
}

impl Sink for Disk {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.lock().lines.extend_from_slice(lines);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.broken {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.synced = state.lines.clone();
        Ok(())
    }

    fn recover(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_waits_until_its_record_is_on_disk() {
    let (bench, disk) = (Bench::new(), Disk::default());
    disk.0.lock().broken = true;
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(time()));
    let entropy = Arc::new(SeededEntropy::new(3));
    let audit = Audit::on(Box::new(disk.clone()), Mode::Writes, clock, entropy).unwrap();
    bench.leave_events(1, 2).await;
    let running = bench.start_recording(audit);
    for _ in 0..20 {
        bench.settle().await;
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(bench.waiting().await, 2, "no record of them is on disk");
    }
    disk.0.lock().broken = false;
    bench.until(Duration::from_secs(1), async || (bench.waiting().await == 0).then_some(())).await;
    let synced = disk.0.lock().synced.clone();
    let text = String::from_utf8(synced).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: HashSet<&str> = records.iter().map(|it| it["eventID"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "whoever reads them can tell one that is there twice");
    assert_eq!(records[0]["serviceEventDetails"]["number"], 1);
    assert_eq!(records[1]["serviceEventDetails"]["number"], 2);
    running.end().await;
}
