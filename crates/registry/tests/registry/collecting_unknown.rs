//! Objects that no row knows: there are none as long as nothing but processes is killed, and what
//! comes to lie among the objects otherwise is found.

use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use wharfinger_core::Timestamp;
use wharfinger_metadata::job::{JobRow, JobStatus};
use wharfinger_registry::{GarbageReport, JobKind};

use super::fixture::{Fixture, digest_of};

/// A runtime of its own: when that is dropped, all it did stops where it is.
fn process() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn sample(bytes: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|word| word.wrapping_mul(2_654_435_761).to_le_bytes());
    words.take(bytes).collect()
}

/// A file of this many bytes that no row knows, as a crash leaves one.
fn leave_behind(fixture: &Fixture, number: u128, bytes: usize) -> PathBuf {
    let name = format!("{number:032x}");
    let file = fixture.folder.path().join("objects").join(&name[..2]).join(name);
    std::fs::write(&file, vec![0; bytes]).unwrap();
    file
}

/// Layers of each way to be written: in the database; written when they are complete; and while they
/// arrive, in one request or two. Killed after each number of turns of the scheduler, with what it
/// had handed to other threads done or not.
#[test]
fn a_process_that_is_killed_anywhere_leaves_no_object_that_no_row_knows() {
    let mut unfinished = 0;
    for bytes in [100_000, 300_000, 700_000] {
        for turns in [3, 6, 9, 15, 24, 48, 96, 512, 2_048, 8_192, 32_768] {
            let fixture = process().block_on(Fixture::without_undo());
            let content = sample(bytes);
            let finished = process().block_on(async {
                let push = async {
                    let upload = fixture.begin("app").await;
                    let (first, second) = content.split_at(bytes / 2);
                    fixture.append("app", upload, None, first).await.unwrap();
                    fixture.append("app", upload, None, second).await.unwrap();
                    fixture.complete("app", upload, digest_of(&content)).await.unwrap();
                };
                let killed = async {
                    for _ in 0..turns {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! { biased; () = push => true, () = killed => false }
            });
            let fixture = fixture.restarted();
            process().block_on(async {
                let files = fixture.objects().len();
                let report = fixture.registry.collect_garbage().await.unwrap();
                assert_eq!(report.unknown_objects, 0, "{bytes} bytes, {turns} turns");
                unfinished += usize::from(!finished && files > 0);
                fixture.clock.advance(Duration::from_secs(2 * 86_401));
                let report = fixture.registry.collect_garbage().await.unwrap();
                assert_eq!(report.unknown_objects, 0, "{bytes} bytes, {turns} turns");
                assert_eq!(fixture.objects(), Vec::<PathBuf>::new());
            });
            if finished {
                break;
            }
        }
    }
    assert!(unfinished > 0, "none was killed with a file");
}

#[tokio::test]
async fn what_a_crash_left_behind_goes_and_what_is_no_object_stays() {
    let fixture = Fixture::without_undo().await;
    let layer = sample(200_000);
    fixture.layer("app", &layer).await;
    let left: Vec<PathBuf> =
        (0..250_u128).map(|number| leave_behind(&fixture, number << 118, 10)).collect();
    let folder = left[0].parent().unwrap();
    let foreign = [folder.join("backup.tar"), folder.join(format!("ff{}", "0".repeat(30)))];
    for file in &foreign {
        std::fs::write(file, "mine").unwrap();
    }
    let report = fixture.registry.collect_garbage().await.unwrap();
    let expected = GarbageReport {
        objects: 250,
        unknown_objects: 250,
        unknown_object_bytes: 2_500,
        foreign_files: 2,
        next_lease_end: report.next_lease_end,
        ..GarbageReport::default()
    };
    assert_eq!(report, expected);
    assert!(left.iter().all(|file| !file.exists()));
    assert!(foreign.iter().all(|file| file.exists()));
    assert_eq!(fixture.download("app", digest_of(&layer)).await.unwrap(), layer);
    assert_eq!(fixture.registry.counters().unknown_objects_freed.get(), 250);
}

fn collect_garbage(now: Timestamp) -> JobRow {
    JobRow {
        job_id: 1,
        kind: JobKind::CollectGarbage.as_str().into(),
        subject: String::new(),
        status: JobStatus::Running,
        due_at: now,
        lease_id: Some(1),
        attempt_count: 1,
        asked_at: now,
        started_at: Some(now),
        finished_at: None,
        report: None,
        error: None,
    }
}

/// A server looks at its objects once a day, and collects the rest each time.
#[tokio::test(start_paused = true)]
async fn the_job_recurs_and_looks_at_all_objects_once_a_day() {
    let fixture = Fixture::without_undo().await;
    let row = collect_garbage(fixture.now());
    for (number, (after, found)) in
        [(0, true), (3_600, false), (82_799, false), (1, true)].into_iter().enumerate()
    {
        fixture.clock.advance(Duration::from_secs(after));
        let file = leave_behind(&fixture, number as u128, 10);
        let outcome = fixture.registry.run_job(&row).await.unwrap();
        assert_eq!(outcome.next, Some(fixture.now().plus(Duration::from_secs(300))));
        let report = outcome.report.unwrap();
        assert_eq!(!file.exists(), found, "{after}: {report}");
        assert_eq!(report.contains(r#""unknownObjects":0"#), !found, "{after}: {report}");
    }
}
