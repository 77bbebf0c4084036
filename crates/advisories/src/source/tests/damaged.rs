//! Damaged files: each ends in an error that says where and what.

use super::{Format, error_of};

#[test]
fn what_nobody_knows_is_refused_with_what_is_known() {
    for content in ["", "hello", "{}", "\u{0}\u{1}\u{2}", "{\"a\":", "<html></html>", "[1,2]"] {
        let error = error_of("mystery", content);
        assert!(error.contains("is none of the sources that are known: "), "{error}");
        assert!(error.contains(Format::Secdb.title()), "{error}");
    }
}

#[test]
fn damaged_files_say_where() {
    let secdb = r#"{"distroversion":"v3.18","reponame":"main","packages":[{"pkg":{"name":"a","secfixes":{"1-r0":["CVE-1"]}}}]}"#;
    for (name, text, expected) in [
        (
            "main.json",
            secdb.replace("[\"CVE-1\"]", "7"),
            "line 1, column 95: invalid type: integer `7`, expected a sequence",
        ),
        (
            "main.json",
            secdb.replace("\"distroversion\":\"v3.18\",", ""),
            "it does not say of which distribution it is",
        ),
        (
            "epss.csv",
            "cve,epss,percentile\nCVE-1,0.1,0.2\nCVE-2,1.1,0.2\n".into(),
            "line 3: it is not CVE,score,percentile",
        ),
        (
            "epss.csv",
            "cve,epss,percentile\nCVE-1;0.1;0.2\n".into(),
            "line 2: it is not CVE,score,percentile",
        ),
        (
            "kev.json",
            r#"{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-1","dateAdded":"soon"}]}"#
                .into(),
            "CVE-1: `soon` is no date",
        ),
        (
            "kev.json",
            r#"{"catalogVersion":"1","vulnerabilities":{"a":1}}"#.into(),
            "line 1, column 41: invalid type: map, expected an array",
        ),
        (
            "kev.jsonl",
            "{\"cveID\":\"CVE-1\",\"dateAdded\":\"2020-01-01\"}\n{\"cveID\":}".into(),
            "line 2, column 10: expected value",
        ),
    ] {
        assert_eq!(error_of(name, text.as_bytes()), expected, "{name}");
    }
}

#[test]
fn a_packed_file_that_is_cut_is_refused() {
    let text = format!("cve,epss,percentile\n{}", "CVE-2021-1,0.1,0.2\n".repeat(20_000));
    let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let error = error_of("epss.csv.zst", &packed[..packed.len() - 20]);
    assert!(error.contains("incomplete frame"), "{error}");
}
