//! Debian: the tracker's JSON and its lists.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use wharfinger_package::Severity;

use super::{corpus, error_of, intervals, read_text, try_read};
use crate::source::Format;
use crate::{FixStatus, Record};

const TRACKER: &str = r#"{
 "openssl": {
  "CVE-2024-0727": {
   "description": "Issue summary: Processing a maliciously formatted PKCS12 file",
   "debianbug": 1061582, "scope": "local",
   "releases": {
    "bookworm": {"status": "resolved", "repositories": {"bookworm": "3.0.14-1~deb12u2", "bookworm-security": "3.0.14-1~deb12u2"}, "fixed_version": "3.0.13-1~deb12u1", "urgency": "low**"},
    "bullseye": {"status": "open", "repositories": {"bullseye": "1.1.1w-0+deb11u1"}, "urgency": "low**", "nodsa": "Minor issue", "nodsa_reason": "postponed"},
    "sid": {"status": "resolved", "repositories": {"sid": "3.3.1-7"}, "fixed_version": "3.1.5-1", "urgency": "low**"},
    "experimental": {"status": "open", "repositories": {}, "urgency": "low"}
   }
  },
  "CVE-2007-6755": {
   "scope": "remote",
   "releases": {
    "bookworm": {"status": "open", "repositories": {"bookworm": "3.0.14-1~deb12u2"}, "urgency": "unimportant"},
    "bullseye": {"status": "open", "repositories": {"bullseye": "1.1.1w-0+deb11u1"}, "urgency": "end-of-life"}
   }
  }
 },
 "bash": {
  "CVE-2024-0727": {"releases": {
    "bookworm": {"status": "resolved", "repositories": {"bookworm": "5.2.15-2"}, "fixed_version": "0", "urgency": "unimportant"},
    "buster": {"status": "open", "repositories": {"buster": "5.0-4"}, "urgency": "not yet assigned", "nodsa": "Minor issue", "nodsa_reason": ""},
    "trixie": {"status": "open", "repositories": {"trixie": "5.2.32-1"}, "urgency": "medium", "nodsa": "No fix", "nodsa_reason": "ignored"},
    "sid": {"status": "undetermined", "repositories": {"sid": "5.2.32-1"}, "urgency": "not yet assigned"}
  }}
 }
}"#;

#[test]
fn the_tracker_says_what_holds_in_each_release() {
    let read = read_text("tracker.json", TRACKER).unwrap();
    assert_eq!((read.format, read.name.as_str()), (Format::DebianTracker, "debian"));
    let said = |release: &str, package: &str, id: &str| {
        let affected = read.one(&format!("debian:{release}"), package, id);
        let word = affected.vendor_severity.clone().unwrap_or_default();
        format!("{} {:?} {word} {:?}", intervals(affected), affected.status, affected.severity)
    };
    for (release, package, id, expected) in [
        ("12", "openssl", "CVE-2024-0727", "(, 3.0.13-1~deb12u1) Fixed low** Some(Low)"),
        ("11", "openssl", "CVE-2024-0727", "(, ) Deferred low** Some(Low)"),
        ("sid", "openssl", "CVE-2024-0727", "(, 3.1.5-1) Fixed low** Some(Low)"),
        ("12", "openssl", "CVE-2007-6755", "(, ) Affected unimportant Some(Informational)"),
        ("11", "openssl", "CVE-2007-6755", "(, ) EndOfLife end-of-life None"),
        ("12", "bash", "CVE-2024-0727", " NotAffected unimportant Some(Informational)"),
        ("10", "bash", "CVE-2024-0727", "(, ) Deferred  None"),
        ("13", "bash", "CVE-2024-0727", "(, ) WillNotFix medium Some(Medium)"),
        ("sid", "bash", "CVE-2024-0727", "(, ) UnderInvestigation  None"),
    ] {
        assert_eq!(said(release, package, id), expected, "{release} {package} {id}");
    }
    let covered: BTreeSet<_> = read.covers().into_iter().collect();
    let expected = ["debian:10", "debian:11", "debian:12", "debian:13", "debian:sid"];
    assert_eq!(covered.into_iter().collect::<Vec<_>>(), expected);
    // What it tells of a flaw is told once, however many packages have it.
    let told = read.records.iter().filter(|record| matches!(record, Record::Vulnerability(_)));
    assert_eq!(told.count(), 2);
}

#[test]
fn a_tracker_that_is_wrong_is_refused() {
    let text = TRACKER.replacen("\"undetermined\"", "\"maybe\"", 1);
    let expected = "package bash, CVE-2024-0727, sid: the status `maybe` is not known";
    assert_eq!(error_of("tracker.json", text), expected);
    let text = TRACKER.replacen("\"fixed_version\": \"0\", ", "", 1);
    let expected = "package bash, CVE-2024-0727, bookworm: it is resolved without a version";
    assert_eq!(error_of("tracker.json", text), expected);
    let text = TRACKER.get(..1500).unwrap();
    let error = error_of("tracker.json", text);
    assert!(error.contains("EOF while parsing"), "{error}");
}

/// A row of the corpus: the lists, parsed by somebody else.
#[derive(Deserialize)]
struct Row {
    id: String,
    release: String,
    source: String,
    fixed: String,
    cves: Vec<String>,
}

#[test]
fn the_lists_of_advisories_say_what_others_read_in_them() {
    let rows = std::fs::read(corpus("advisories/debian/dsa-dla-fixed.jsonl.zst")).unwrap();
    let rows = zstd::decode_all(rows.as_slice()).unwrap();
    let mut expected = BTreeMap::new();
    for row in rows.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()) {
        let row: Row = serde_json::from_slice(row).unwrap();
        let ecosystem = crate::source::debian::release::ecosystem(&row.release).unwrap();
        if !row.fixed.starts_with('<') {
            let statement = (row.id, ecosystem.to_string(), row.source, row.fixed);
            let ids: BTreeSet<_> = row.cves.into_iter().collect();
            expected.entry(statement).or_insert(BTreeSet::new()).extend(ids);
        }
    }
    let (mut found, mut lines_of_all) = (BTreeMap::new(), BTreeSet::new());
    for list in ["DSA", "DLA"] {
        let read = try_read(&corpus(&format!("advisories/debian/{list}.list"))).unwrap();
        assert_eq!((read.format, read.name.as_str()), (Format::DebianList, "debian"));
        let text = std::fs::read(corpus(&format!("advisories/debian/{list}.list"))).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines =
            text.lines().filter_map(|line| line.trim_start().strip_prefix('[')?.split_once("- "));
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        lines_of_all.extend(lines.map(|(_, line)| words(line)));
        for record in read.records {
            let Record::Affected { ecosystem, name, affected } = record else { continue };
            if affected.status == FixStatus::Fixed {
                let fixed = intervals(&affected);
                let fixed = fixed.trim_start_matches("(, ").trim_end_matches(')').to_owned();
                let statement = (affected.advisory.unwrap(), ecosystem.to_string(), name, fixed);
                let ids: &mut BTreeSet<_> = found.entry(statement).or_default();
                ids.insert(affected.vulnerability);
            }
        }
    }
    let missing: Vec<_> = expected.keys().filter(|at| !found.contains_key(*at)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    // The corpus does not know lines with more spaces than usual: statements, and CVEs of statements.
    for (statement, ids) in &found {
        match expected.get(statement) {
            Some(expected) if expected.is_empty() => {}
            Some(expected) => assert_eq!(ids, expected, "{statement:?}"),
            None => {
                let line = format!("{} {}", statement.2, statement.3);
                let known = |it: &String| it.starts_with(&line);
                assert!(lines_of_all.iter().any(known), "{statement:?}");
            }
        }
    }
    assert!(found.len() > 9000, "{}", found.len());
}

const CVE_LIST: &str = "CVE-2023-0286 (There is a type confusion)\n\t{DSA-5343-1}\n\t- openssl 3.0.8-1\n\t- edk2 <unfixed> (bug #1; unimportant)\n\
    \t[bookworm] - edk2 <no-dsa> (Minor issue)\n\t[buster] - openssl <ignored> (Old)\n\t- shim <removed>\n\
    \tNOTE: https://example.test/\nCVE-2023-0002 (x)\n\tREJECTED\n\t- openssl 1-1\nCVE-2023-0003\n\tRESERVED\n\t[wheezy] - bash <not-affected> (Later)\n";

#[test]
fn the_list_of_cves_falls_back_to_unstable() {
    let read = read_text("list", CVE_LIST).unwrap();
    assert_eq!((read.format, read.name.as_str()), (Format::DebianList, "debian"));
    for (release, package, expected) in [
        ("debian:sid", "openssl", "(, 3.0.8-1) Fixed None"),
        ("debian:12", "openssl", "(, 3.0.8-1) Affected None"),
        ("debian:10", "openssl", "(, ) WillNotFix None"),
        ("debian:13", "edk2", "(, ) Affected Some(Informational)"),
        ("debian:12", "edk2", "(, ) Deferred None"),
    ] {
        let one = read.one(release, package, "CVE-2023-0286");
        let said = format!("{} {:?} {:?}", intervals(one), one.status, one.severity);
        assert_eq!(said, expected, "{release} {package}");
    }
    assert!(read.of("debian:12", "shim").is_empty());
    assert_eq!(read.of("debian:12", "openssl").len(), 1);
    assert_eq!(read.one("debian:7", "bash", "CVE-2023-0003").status, FixStatus::NotAffected);
    let severity = read.one("debian:11", "edk2", "CVE-2023-0286").severity;
    assert_eq!(severity, Some(Severity::Informational));
}

#[test]
fn a_list_that_is_wrong_is_refused() {
    let list = "[29 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393}\n\t[bullseye] - x 1\n";
    for (wrong, expected) in [
        (list.replace("29 Mar", "29 Mrz"), "line 1: `29 Mrz 2023` is no date"),
        (list.replace("1393}", "1393"), "line 2: the list of CVEs has no end"),
        (list.replace("- x 1", "x 1"), "line 3: `x 1` is no statement"),
        (list.replace("[bullseye]", "[bullseye"), "line 3: the release has no end"),
        (format!("{list}XSA-1 foo\n"), "line 4: `XSA-1` is neither a DSA, a DLA nor a CVE"),
    ] {
        assert_eq!(error_of("DSA.list", wrong), expected);
    }
}
