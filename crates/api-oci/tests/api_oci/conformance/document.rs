//! `docs/oci-conformance.md` and the tests say the same: each of its lines names a test that there
//! is, each test of this tree has a line, and every endpoint and code of the specification has one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the specification numbers.
const NUMBERED: &[&str] = &[
    "end-1", "end-2", "end-3", "end-4a", "end-4b", "end-5", "end-6", "end-7", "end-8a", "end-8b",
    "end-9", "end-10", "end-11", "end-12a", "end-12b", "end-13", "end-14", "code-1", "code-2",
    "code-3", "code-4", "code-5", "code-6", "code-7", "code-8", "code-9", "code-10", "code-11",
    "code-12", "code-13", "code-14",
];

/// A line of the tables: clause, what it demands, tests, and how it is met.
struct Line {
    clause: String,
    tests: Vec<String>,
}

fn lines() -> Vec<Line> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/oci-conformance.md");
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut lines = Vec::new();
    for row in rows.filter(|row| !row.starts_with("Clause ") && !row.starts_with("---")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [clause, demand, tests, status] = cells[..] else { panic!("not four cells: {row}") };
        assert!(!demand.is_empty() && !status.is_empty(), "{row}");
        let tests = tests.split(", ").map(|test| test.trim_matches('`').to_owned()).collect();
        lines.push(Line { clause: clause.to_owned(), tests });
    }
    lines
}

/// The tests of a folder of sources.
fn tests_of(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut marked = false;
        for line in text.lines() {
            let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
            match function.and_then(|rest| rest.split_once('(')) {
                Some((name, _)) if marked => {
                    assert!(found.insert(name.to_owned()), "two tests are called {name}");
                    marked = false;
                }
                _ => marked = marked || line == "#[test]" || line == "#[tokio::test]",
            }
        }
    }
    found
}

#[test]
fn document_and_tests_say_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api_oci");
    let here = tests_of(&folder.join("conformance"));
    let others = tests_of(&folder);
    let lines = lines();
    let mut documented = BTreeSet::new();
    for Line { clause, tests } in &lines {
        for test in tests {
            documented.insert(test.clone());
            if let Some((_, elsewhere)) = test.split_once("::") {
                assert!(others.contains(elsewhere), "{clause}: there is no test {test}");
                continue;
            }
            assert!(here.contains(test), "{clause}: there is no test {test}");
            let begin = format!("{}_", clause.to_lowercase().replace('-', "_"));
            assert!(test.starts_with(&begin), "{test} is no test of {clause}");
        }
    }
    let missing: Vec<_> = here.difference(&documented).collect();
    assert!(missing.is_empty(), "without a line: {missing:?}");
    for clause in NUMBERED {
        assert!(lines.iter().any(|line| line.clause == *clause), "{clause} has no line");
    }
}
