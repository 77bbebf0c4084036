//! What is in the corpus, as counts and spot checks.

use super::{corpus, intervals, read_text, try_read};
use crate::source::Format;
use crate::{FixStatus, Record};

#[test]
fn secdb_of_alpine() {
    let text = r#"{"apkurl":"{{urlprefix}}/{{distroversion}}","archs":["x86_64"],"reponame":"main",
        "urlprefix":"https://dl-cdn.alpinelinux.org/alpine","distroversion":"v3.18","packages":[
        {"pkg":{"name":"util-linux","secfixes":{"2.29.2-r0":["CVE-2017-2616 (+ regression fix)"],
        "2.37.2-r0":["CVE-2021-37600 XSA-307"],"0":["CVE-2022-0563"]}}},
        {"pkg":{"name":"empty","secfixes":null}},{"pkg":{"name":"none","secfixes":{"1-r0":null}}}]}"#;
    let read = read_text("main.json", text).unwrap();
    assert_eq!((read.format, read.name.as_str()), (Format::Secdb, "alpine"));
    assert!(read.documents.iter().any(|it| it.id == "3.18/main/util-linux"));
    assert_eq!((read.covers(), read.affected_count()), (vec!["alpine:3.18".to_owned()], 4));
    let fixed = read.one("alpine:3.18", "util-linux", "CVE-2017-2616");
    assert_eq!((intervals(fixed).as_str(), fixed.status), ("(, 2.29.2-r0)", FixStatus::Fixed));
    assert_eq!(intervals(read.one("alpine:3.18", "util-linux", "XSA-307")), "(, 2.37.2-r0)");
    let never = read.one("alpine:3.18", "util-linux", "CVE-2022-0563");
    assert_eq!((never.intervals.len(), never.status), (0, FixStatus::NotAffected));
    assert_eq!(never.source, "alpine");
}

#[test]
fn secdb_of_rolling_distributions() {
    let of = |prefix: &str| {
        let text = format!(
            r#"{{"apkurl":"x","archs":["x86_64"],"reponame":"os","urlprefix":"{prefix}","packages":[
            {{"pkg":{{"name":"curl","secfixes":{{"8.4.0-r0":["CVE-2023-38545","GHSA-7xw2-4v5c-9c4w"]}}}}}}]}}"#
        );
        let read = read_text("security.json", text).unwrap();
        (read.name.clone(), read.covers().join(" "), read.affected_count())
    };
    assert_eq!(of("https://packages.wolfi.dev"), ("wolfi".into(), "wolfi".into(), 2));
    let expected = ("chainguard".into(), "chainguard".into(), 2);
    assert_eq!(of("https://packages.cgr.dev/chainguard"), expected);
}

#[test]
fn exploited_vulnerabilities() {
    let read = try_read(&corpus("advisories/kev/kev.jsonl.zst")).unwrap();
    assert_eq!((read.format, read.records.len()), (Format::KevLines, 1404));
    assert_eq!(read.summary.updated_at.unwrap().iso8601(), "2025-08-25T00:00:00Z");
    let log4shell = read.records.iter().find_map(|record| match record {
        Record::KnownExploited(known) => (known.vulnerability == "CVE-2021-44228").then_some(known),
        _ => None,
    });
    assert_eq!(log4shell.unwrap().added_at.iso8601(), "2021-12-10T00:00:00Z");

    let catalog = r#"{"title":"CISA Catalog","catalogVersion":"2025.08.25","dateReleased":"2025-08-25T18:00:00Z","count":1,
        "vulnerabilities":[{"cveID":"CVE-2021-44228","vendorProject":"Apache","dateAdded":"2021-12-10","cwes":[]}]}"#;
    let read = read_text("known_exploited_vulnerabilities.json", catalog).unwrap();
    assert_eq!((read.format, read.records.len(), read.name.as_str()), (Format::Kev, 1, "kev"));
}

#[test]
fn probabilities_of_exploits() {
    let text = "#model_version:v2025.03.14,score_date:2025-08-26T12:55:00Z\ncve,epss,percentile\n\
        CVE-1999-0001,0.01303,0.78881\nCVE-2021-44228,0.94358,0.99957\n";
    let read = read_text("epss_scores-current.csv", text).unwrap();
    assert_eq!((read.format, read.records.len(), read.name.as_str()), (Format::Epss, 2, "epss"));
    assert_eq!(read.summary.updated_at.unwrap().iso8601(), "2025-08-26T12:55:00Z");
    let Record::Epss(epss) = &read.records[1] else { panic!("{:?}", read.records) };
    assert_eq!(epss.vulnerability, "CVE-2021-44228");
    assert!((epss.score - 0.94358).abs() < 1e-9 && (epss.percentile - 0.99957).abs() < 1e-9);
}

#[test]
fn folders_are_looked_through() {
    use crate::source::{Found, find};
    let found = |name: &str| find::<std::convert::Infallible>(&corpus(name)).unwrap();
    let Found::Files(format, files) = found("advisories/debian") else { panic!("OSV") };
    assert_eq!((format, files.len()), (Format::DebianList, 2));
    for osv in ["advisories/go/govulndb-osv.jsonl.zst", "advisories/pypi", "advisories/almalinux"] {
        assert_eq!(found(osv), Found::Osv, "{osv}");
    }
}

#[test]
fn what_is_imported_can_be_looked_up() {
    use crate::{Import, Store, source};
    use wharfinger_core::Timestamp;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let now = Timestamp::from_seconds(1_772_368_200);
    let mut import: Import = store.begin().unwrap();
    let list = corpus("advisories/debian/DLA.list");
    let mut told = 0;
    let done = source::import(&mut import, &list, now, &mut |count| told = count).unwrap();
    // What says nothing, such as an advisory that was taken back, is not kept.
    let read = try_read(&list).unwrap();
    let kept = read.documents.iter().filter(|it| !it.records.is_empty()).count() as u64;
    assert_eq!((told, kept), (read.documents.len() as u64, done.changes[0].added));
    let golang = corpus("advisories/go/govulndb-osv.jsonl.zst");
    let done = source::import(&mut import, &golang, now, &mut |_| {}).unwrap();
    assert_eq!((done.title, done.changes[0].source.as_str()), ("records of OSV", "go"));
    // A file that is wrong changes nothing.
    let wrong = folder.path().join("wrong.csv");
    std::fs::write(&wrong, "cve,epss,percentile\nCVE-2021-1,0.1,0.1\nCVE-2\n").unwrap();
    let error = source::import(&mut import, &wrong, now, &mut |_| {}).unwrap_err();
    assert!(error.to_string().ends_with("line 3: it is not CVE,score,percentile"), "{error}");
    let information = import.commit(now).unwrap();
    assert_eq!(information.sources.len(), 2);
    let database = store.current().unwrap().unwrap();
    let found = database.affecting(&"debian:10".parse().unwrap(), "duktape").unwrap();
    assert_eq!(
        (found[0].vulnerability.as_str(), found[0].source.as_str()),
        ("CVE-2021-46322", "debian")
    );
}
