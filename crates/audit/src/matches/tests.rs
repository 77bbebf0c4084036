//! Lines come back in either direction, whatever surrounds them.

use std::io::Write;

use proptest::prelude::*;

use super::*;

fn read(text: &[u8], order: Order) -> Vec<String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    file.rewind().unwrap();
    let mut lines = Lines::new(file, order).unwrap();
    std::iter::from_fn(|| lines.next().unwrap()).collect()
}

fn both(text: &[u8]) -> Vec<String> {
    let forward = read(text, Order::OldestFirst);
    let mut backward = read(text, Order::NewestFirst);
    backward.reverse();
    assert_eq!(forward, backward);
    forward
}

#[test]
fn a_half_line_at_the_end_is_left_out() {
    assert_eq!(both(b"a\nb\nhal"), ["a", "b"]);
    assert_eq!(both(b"hal"), Vec::<String>::new());
    assert_eq!(both(b""), Vec::<String>::new());
    assert_eq!(both(b"\n\na\n"), ["", "", "a"]);
    assert_eq!(both(b"\xff\n"), ["\u{fffd}"]);
}

#[test]
fn a_line_that_is_longer_than_records_is_left_out() {
    let long = "x".repeat(AUDIT_RECORD_BYTES_MAX * 3);
    assert_eq!(both(format!("a\n{long}\nb\n").as_bytes()), ["a", "b"]);
    assert_eq!(both(format!("{long}\nb\n").as_bytes()), ["b"]);
    assert_eq!(both(format!("a\n{long}").as_bytes()), ["a"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn lines_of_any_length_come_back(
        lengths in proptest::collection::vec(prop_oneof![0_usize..20, 60_000_usize..140_000], 0..8),
        half in 0_usize..70_000,
    ) {
        let lines: Vec<String> =
            lengths.iter().enumerate().map(|(i, length)| format!("{i}").repeat(*length)).collect();
        let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        text.push_str(&"h".repeat(half));
        prop_assert_eq!(both(text.as_bytes()), lines);
    }
}
