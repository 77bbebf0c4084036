//! Rotation, the bound of all files, and ends that were cut off.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use proptest::prelude::*;
use wharfinger_core::{ManualClock, Timestamp};

use super::*;

const SIZES: Sizes = Sizes { file_bytes_max: 100, bytes_max: 350 };

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_seconds(1_772_368_200)))
}

fn open(folder: &Path, clock: &Arc<ManualClock>) -> LogFile {
    LogFile::open(folder, Arc::<ManualClock>::clone(clock), SIZES).unwrap()
}

fn lengths(folder: &Path) -> Vec<u64> {
    log_folder::files(folder).unwrap().into_iter().map(|(_, _, length)| length).collect()
}

fn text(folder: &Path) -> String {
    let files = log_folder::files(folder).unwrap();
    files.iter().map(|(_, path, _)| fs::read_to_string(path).unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_full_file_is_followed_by_the_next_and_the_oldest_goes() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, clock) = (parent.path().join("audit"), clock());
    let mut log = open(&folder, &clock);
    let line = |number: u32| format!("{number:059}\n");
    for number in 0..3 {
        log.append(line(number).as_bytes()).unwrap();
        log.sync().unwrap();
    }
    assert_eq!(lengths(&folder), [60, 60, 60]);
    let first = log_folder::files(&folder).unwrap().remove(0).1;
    assert_eq!((mode(&folder), mode(&first)), (0o700, 0o600));
    for number in 3..20 {
        clock.advance(Duration::from_secs(1));
        log.append(line(number).as_bytes()).unwrap();
        assert!(lengths(&folder).iter().sum::<u64>() <= SIZES.bytes_max, "{number}");
    }
    // What is left is the end, without a gap.
    let left = text(&folder);
    let numbers: Vec<u32> = left.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers, [15, 16, 17, 18, 19]);
    assert!(!first.exists());
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, clock) = (parent.path().join("audit"), clock());
    for number in 0..3 {
        open(&folder, &clock).append(format!("{number}\n").as_bytes()).unwrap();
    }
    assert_eq!((lengths(&folder), text(&folder)), (vec![6], "0\n1\n2\n".to_owned()));
}

#[test]
fn a_write_that_was_cut_off_is_taken_back() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, clock) = (parent.path().join("audit"), clock());
    let mut log = open(&folder, &clock);
    log.append(b"whole\n").unwrap();
    // A write that was cut off.
    log.file.write_all(b"hal").unwrap();
    log.recover().unwrap();
    log.append(b"whole again\n").unwrap();
    assert_eq!((lengths(&folder), text(&folder)), (vec![18], "whole\nwhole again\n".to_owned()));
}

/// What was written before a sync that failed is nowhere else any more.
#[test]
fn after_a_sync_that_failed_the_next_file_has_what_may_be_lost() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, clock) = (parent.path().join("audit"), clock());
    let mut log = open(&folder, &clock);
    log.append(b"synced\n").unwrap();
    log.sync().unwrap();
    log.append(b"step 1\n").unwrap();
    log.append(b"step 2\n").unwrap();
    log.sync_failed = true;
    log.recover().unwrap();
    log.append(b"after\n").unwrap();
    let expected = "synced\nstep 1\nstep 2\nafter\n".to_owned();
    assert_eq!((lengths(&folder), text(&folder)), (vec![7, 20], expected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever a write was cut off, whole lines stay and nothing else does.
    #[test]
    fn an_end_that_was_cut_off_is_removed(
        lines in proptest::collection::vec("[a-z]{0,9}", 1..6),
        cut in 0_usize..60,
    ) {
        let parent = tempfile::tempdir().unwrap();
        let (folder, clock) = (parent.path().join("audit"), clock());
        let written: String = lines.iter().map(|line| format!("{line}\n")).collect();
        drop(open(&folder, &clock));
        let path = log_folder::files(&folder).unwrap().remove(0).1;
        let kept = &written[..cut.min(written.len())];
        fs::write(&path, kept).unwrap();
        let whole = kept.rfind('\n').map_or("", |end| &kept[..=end]);
        let mut log = open(&folder, &clock);
        prop_assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        log.append(b"next\n").unwrap();
        prop_assert_eq!(text(&folder), format!("{whole}next\n"));
    }
}

#[test]
fn a_long_end_without_a_line_is_removed_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for (text, whole) in [
        (format!("line\n{}", "x".repeat(200_000)), 5),
        ("x".repeat(200_000), 0),
        (format!("{}\n", "x".repeat(200_000)), 200_001),
        (String::new(), 0),
    ] {
        fs::write(&path, &text).unwrap();
        assert_eq!(reopen(&path).unwrap().1, whole);
        assert_eq!(fs::metadata(&path).unwrap().len(), whole);
    }
}
