//! Records of OSV: those of real databases, and what is wrong with others.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::{any, prop, proptest};
use wharfinger_advisories::osv::{OsvError, OsvReader};
use wharfinger_advisories::{
    Affected, Document, FixStatus, ImportMode, Interval, Record, VersionEnd, Vulnerability,
};
use wharfinger_package::Severity;

use crate::fixture::{Folder, ecosystem, options};

fn corpus(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus")).join(name)
}

fn read(path: &Path) -> Vec<Document> {
    OsvReader::open(path).unwrap().collect::<Result<_, _>>().unwrap()
}

fn affected(document: &Document) -> impl Iterator<Item = (&str, String, &Affected)> {
    document.records.iter().filter_map(|record| match record {
        Record::Affected { ecosystem, name, affected } => {
            Some((name.as_str(), ecosystem.to_string(), affected))
        }
        _ => None,
    })
}

fn told(document: &Document) -> Vec<&Vulnerability> {
    let told = document.records.iter().filter_map(|record| match record {
        Record::Vulnerability(told) => Some(told),
        _ => None,
    });
    told.collect()
}

/// How many documents, those that state something, statements, and vulnerabilities.
fn counts(documents: &[Document]) -> [usize; 4] {
    let covers = |it: &&Document| it.id.starts_with("covers:");
    [
        documents.iter().filter(|it| !covers(it)).count(),
        documents.iter().filter(|it| !covers(it) && !it.records.is_empty()).count(),
        documents.iter().map(|it| affected(it).count()).sum(),
        documents.iter().map(|it| told(it).len()).sum(),
    ]
}

fn find<'a>(documents: &'a [Document], id: &str) -> &'a Document {
    documents.iter().find(|it| it.id == id).unwrap()
}

fn fixed(introduced: Option<&str>, version: &str) -> Interval {
    Interval {
        introduced: introduced.map(str::to_owned),
        end: VersionEnd::Fixed(version.to_owned()),
    }
}

#[test]
fn almalinux_is_read() {
    let documents = read(&corpus("advisories/almalinux/alma-osv.jsonl.zst"));
    assert!(documents.iter().all(|it| it.source == "alma"));
    let [all, stating, ..] = counts(&documents);
    // 4,480 security updates, and 1,200 others, three of which name a CVE.
    assert_eq!((all, stating), (5_680, 4_483));
    let covers: Vec<&str> =
        documents.iter().filter_map(|it| it.id.strip_prefix("covers:")).collect();
    assert_eq!(covers, ["alma:10", "alma:8", "alma:9"]);
    let python = find(&documents, "ALSA-2025:10140");
    let statements: Vec<_> = affected(python).collect();
    assert!(statements.iter().all(|(_, of, _)| of == "alma:10"));
    let (_, _, one) = statements
        .iter()
        .find(|(name, _, it)| {
            *name == "python-unversioned-command" && it.vulnerability == "CVE-2025-4517"
        })
        .unwrap();
    assert_eq!(one.advisory.as_deref(), Some("ALSA-2025:10140"));
    assert_eq!(one.intervals, [fixed(None, "3.12.9-2.el10_0.2")]);
    assert_eq!((one.status, one.severity), (FixStatus::Fixed, Some(Severity::High)));
    assert_eq!(one.vendor_severity.as_deref(), Some("Important"));
    let told = told(python);
    assert_eq!(told[0].id, "ALSA-2025:10140");
    assert_eq!(
        told[0].url.as_deref(),
        Some("https://errata.almalinux.org/10/ALSA-2025-10140.html")
    );
    let cve = told.iter().find(|it| it.id == "CVE-2025-4330").unwrap();
    assert_eq!(
        cve.title.as_deref(),
        Some(
            "cpython: Extraction filter bypass for linking outside extraction directory (CVE-2025-4330)"
        )
    );
    let modules: BTreeMap<_, usize> =
        documents.iter().flat_map(affected).fold(BTreeMap::new(), |mut modules, (_, _, it)| {
            *modules.entry(it.module.as_deref().unwrap_or_default()).or_default() += 1;
            modules
        });
    assert!(modules.contains_key("nodejs:14") && modules.contains_key("ruby:2.7"), "{modules:?}");
}

#[test]
fn go_is_read() {
    let documents = read(&corpus("advisories/go/govulndb-osv.jsonl.zst"));
    let [all, stating, statements, told_of] = counts(&documents);
    // 17 were withdrawn; what is not, is told once.
    assert_eq!((all, stating, statements, told_of), (4_291, 4_274, 6_106, 4_274));
    let gin = find(&documents, "GO-2020-0001");
    assert_eq!(gin.modified_at, None, "the year 1 is no time");
    let (name, of, one) = affected(gin).next().unwrap();
    assert_eq!((name, of.as_str()), ("github.com/gin-gonic/gin", "go"));
    assert_eq!(one.vulnerability, "CVE-2020-36567");
    assert_eq!(one.advisory.as_deref(), Some("GO-2020-0001"));
    assert_eq!(one.intervals, [fixed(None, "1.6.0")]);
    let told = told(gin);
    assert_eq!(told[0].aliases, ["CVE-2020-36567", "GHSA-6vm3-jj99-7229", "GO-2020-0001"][1..]);
    assert_eq!(told[0].url.as_deref(), Some("https://pkg.go.dev/vuln/GO-2020-0001"));
}

#[test]
fn pypi_is_read() {
    let documents = read(&corpus("advisories/pypi/pypa-osv.jsonl.zst"));
    let [all, stating, ..] = counts(&documents);
    // 10 were withdrawn.
    assert_eq!((all, stating), (2_661, 2_651));
    let zope = find(&documents, "PYSEC-2021-335");
    let (name, _, one) = affected(zope).next().unwrap();
    assert_eq!((name, one.vulnerability.as_str()), ("accesscontrol", "CVE-2021-32807"));
    assert_eq!(one.intervals, [fixed(Some("4.0"), "4.3"), fixed(Some("5.0"), "5.2")]);
    assert_eq!(one.versions, ["4.0", "4.1", "4.2", "5.0", "5.1"]);
    let rated = documents.iter().flat_map(told).filter(|it| !it.cvss.is_empty()).count();
    assert!(rated > 150, "{rated} have scores");
}

#[test]
fn records_of_many_databases_are_of_theirs() {
    let packed = std::fs::read(corpus("osv-api/osv-records-from-testdata.jsonl.zst")).unwrap();
    let lines = String::from_utf8(zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    // Some have the number of versions where OSV has the versions.
    let lines: Vec<String> = lines
        .lines()
        .map(|line| {
            let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
            for affected in record["affected"].as_array_mut().into_iter().flatten() {
                if affected["versions"].is_number() {
                    affected["versions"].take();
                }
            }
            record.to_string()
        })
        .collect();
    let documents = OsvReader::of_bytes(lines.join("\n").into_bytes());
    let documents: Vec<_> = documents.collect::<Result<_, _>>().unwrap();
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for document in documents.iter().filter(|it| !it.id.starts_with("covers:")) {
        *sources.entry(&document.source).or_default() += 1;
    }
    let expected =
        [("alma", 11), ("ghsa", 41), ("go", 29), ("pypa", 10), ("rocky", 3), ("rustsec", 7)];
    for (source, count) in expected {
        assert_eq!(sources.get(source), Some(&count), "{source}");
    }
    assert_eq!(sources.values().sum::<usize>(), 116);
    let debian = find(&documents, "CVE-2024-1013");
    let (name, of, one) = affected(debian).next().unwrap();
    assert_eq!((name, of.as_str()), ("unixodbc", "debian:10"));
    assert_eq!((one.severity, one.advisory.as_deref()), (Some(Severity::Informational), None));
    assert_eq!(one.vendor_severity.as_deref(), Some("unimportant"));
    assert!(one.versions.is_empty(), "an interval holds them");
}

#[test]
fn imported_databases_answer() {
    let folder = Folder::new();
    let mut import = folder.store.begin().unwrap();
    for name in ["almalinux/alma-osv", "go/govulndb-osv", "pypi/pypa-osv"] {
        let reader = OsvReader::open(&corpus(&format!("advisories/{name}.jsonl.zst"))).unwrap();
        import.import(&options(ImportMode::Update), reader).unwrap();
    }
    let information = import.commit(crate::fixture::at(5)).unwrap();
    let names: Vec<_> = information.sources.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["alma", "go", "pypa"]);
    let database = folder.current();
    database.verify().unwrap();
    for of in ["alma:8", "alma:9", "alma:10", "go", "pypi"] {
        assert!(database.covers(&ecosystem(of)), "{of}");
    }
    assert!(!database.covers(&ecosystem("npm")));
    let said = database.affecting(&ecosystem("pypi"), "tensorflow").unwrap();
    assert_eq!(said.len(), 242);
    let told = database.vulnerability("GHSA-6vm3-jj99-7229").unwrap();
    assert_eq!(told[0].id, "CVE-2020-36567");
}

const RECORD: &str = r#"{
    "id": "GHSA-aaaa", "modified": "2024-01-02T03:04:05.678Z", "aliases": ["CVE-2024-1"],
    "summary": "s", "details": null, "severity": [
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
        {"type": "CVSS_V3", "score": "nonsense"}],
    "affected": [
        {"package": {"ecosystem": "NuGet", "name": "Some.Package"}, "versions": ["1.0"]},
        {"package": {"ecosystem": "SwiftURL", "name": "x"}, "versions": ["1.0"]},
        {"package": {"ecosystem": "npm", "name": "x"}, "ranges": [{"type": "GIT", "events": []}]}],
    "references": null, "database_specific": {"severity": "MODERATE"}
}"#;

#[test]
fn one_record_in_any_packing() {
    let folder = tempfile::tempdir().unwrap();
    let line = RECORD.replace('\n', "");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join("set").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default();
    zip.start_file("GHSA-aaaa.json", plain).unwrap();
    zip.write_all(RECORD.as_bytes()).unwrap();
    zip.start_file("README.md", plain).unwrap();
    zip.write_all(b"no record").unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(RECORD.as_bytes()).unwrap();
    for (name, bytes, covers) in [
        ("a/one.json", RECORD.as_bytes().to_vec(), 0),
        ("a/one-line.json", line.clone().into_bytes(), 0),
        ("b/lines.jsonl", format!("{line}\n\n{line}").into_bytes(), 1),
        ("b/c/lines.jsonl.zst", zstd::encode_all(line.as_bytes(), 1).unwrap(), 0),
        ("all.zip", zip, 1),
        ("one.json.gz", gzip.finish().unwrap(), 0),
    ] {
        let documents = read(&write(name, &bytes));
        let [_, stating, ..] = counts(&documents);
        assert_eq!(
            (documents.len() - covers, stating),
            (1 + usize::from(name.starts_with("b/l")), 1 + usize::from(name.starts_with("b/l"))),
            "{name}"
        );
        let document = find(&documents, "GHSA-aaaa");
        let statements: Vec<_> = affected(document).collect();
        let [(name, of, one)] = statements.as_slice() else { panic!("{statements:?}") };
        assert_eq!((*name, of.as_str()), ("some.package", "nuget"));
        assert_eq!((one.severity, one.status), (Some(Severity::Medium), FixStatus::Affected));
        let told = told(document)[0];
        assert_eq!(
            (told.id.as_str(), told.aliases.as_slice()),
            ("CVE-2024-1", &["GHSA-aaaa".to_owned()][..])
        );
        assert_eq!(told.cvss.len(), 1);
        assert!((told.cvss[0].score - 9.8).abs() < 1e-9);
        assert_eq!(
            (told.cvss[0].version.as_str(), told.cvss[0].source.as_str()),
            ("3.1", "GITHUB")
        );
    }
    write("notes.txt", b"no record");
    let documents = read(&folder.path().join("set"));
    assert_eq!(counts(&documents)[0], 7);
    assert_eq!(documents.last().unwrap().records, [Record::Covers(ecosystem("nuget"))]);
}

#[test]
fn what_is_no_record_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let line = RECORD.replace('\n', "");
    for (name, content, expected) in [
        ("a.jsonl", format!("{line}\n{{\"id\": 5}}\n"), "a.jsonl, line 2: invalid type"),
        ("b.json", "[1, 2".to_owned(), "b.json"),
        ("c.json", "{}".to_owned(), "missing field `id`"),
        ("d.zip", "PK\u{3}\u{4}".to_owned(), "the archive cannot be read"),
        ("e.json", line.replace("Some.Package", ""), "GHSA-aaaa names no package"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let read = OsvReader::open(&path).and_then(|it| it.collect::<Result<Vec<_>, OsvError>>());
        let error = read.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(OsvReader::open(&folder.path().join("none")).is_err());
}

#[test]
fn what_subscribers_get_does_not_hide_what_an_image_has() {
    let record = |ecosystems: &[&str]| {
        let affected: Vec<String> = ecosystems
            .iter()
            .map(|of| format!(
                r#"{{"package":{{"ecosystem":"{of}","name":"zlib"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}}]}}]}}"#
            ))
            .collect();
        let json = format!(r#"{{"id":"UBUNTU-CVE-2024-1","affected":[{}]}}"#, affected.join(","));
        let documents: Vec<_> =
            OsvReader::of_bytes(json.into_bytes()).collect::<Result<_, _>>().unwrap();
        affected_count(&documents)
    };
    fn affected_count(documents: &[Document]) -> usize {
        documents.iter().map(|it| affected(it).count()).sum()
    }
    assert_eq!(record(&["Ubuntu:16.04:LTS", "Ubuntu:Pro:16.04:LTS"]), 1);
    assert_eq!(record(&["Ubuntu:18.04:LTS", "Ubuntu:Pro:16.04:LTS"]), 2);
    assert_eq!(record(&["Ubuntu:Pro:FIPS:16.04:LTS"]), 0);
}

#[test]
fn malicious_packages_say_nothing_of_others() {
    let one = r#"{"id":"MAL-2024-1","affected":[{"package":{"ecosystem":"npm","name":"evil"},"versions":["1.0.0"]}]}"#;
    let lines = format!("{one}\n{}", one.replace("MAL-2024-1", "MAL-2024-2"));
    let documents: Vec<_> =
        OsvReader::of_bytes(lines.into_bytes()).collect::<Result<_, _>>().unwrap();
    assert_eq!(documents.len(), 2, "no ecosystem is spoken for");
    let (name, _, statement) = affected(&documents[0]).next().unwrap();
    assert_eq!((name, statement.severity), ("evil", Some(Severity::Critical)));
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        assert!(OsvReader::of_bytes(bytes).take(1_000).count() < 1_000);
    }

    #[test]
    fn any_events_end(events in prop::collection::vec(("[a-z_]{5,10}", "[0-9a-z.~-]{0,6}"), 0..8)) {
        let kinds = ["introduced", "fixed", "last_affected", "limit"];
        let events: Vec<String> = events
            .iter()
            .enumerate()
            .map(|(n, (_, version))| format!(r#"{{"{}":"{version}"}}"#, kinds[n % 4]))
            .collect();
        for of in ["npm", "PyPI", "Maven", "Debian:12", "Alpine:v3.18", "RubyGems", "Packagist"] {
            let json = format!(
                r#"{{"id":"X-1","affected":[{{"package":{{"ecosystem":"{of}","name":"x"}},
                    "ranges":[{{"type":"ECOSYSTEM","events":[{}]}}]}}]}}"#,
                events.join(",")
            );
            let documents: Result<Vec<_>, _> =
                OsvReader::of_bytes(json.replace('\n', "").into_bytes()).collect();
            documents.unwrap();
        }
    }
}
