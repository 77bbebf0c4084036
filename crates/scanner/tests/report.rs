//! Reports in each of their forms.

use serde_json::{Value, json};
use wharfinger_advisories::{Cvss, DatabaseInformation, Epss, FixStatus, SourceInformation};
use wharfinger_core::Timestamp;
use wharfinger_inventory::{Distribution, Package, PackageManager};
use wharfinger_package::{Ecosystem, Family, PackageIdentity, Severity};
use wharfinger_scanner::PackageVulnerability;
use wharfinger_scanner::report::{Details, Finding, Report, ReportedImage};
use wharfinger_scanner::suppression::{Justification, StatementStatus, Verdict};

const LAYER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn finding(
    (family, name, path): (Family, &str, Option<&str>),
    (vulnerability, severity): (&str, Severity),
    fixed: Option<&str>,
) -> Finding {
    let release = family.is_distribution().then(|| "12".to_owned());
    Finding {
        vulnerability: PackageVulnerability {
            vulnerability: vulnerability.into(),
            advisory: None,
            source: "debian".into(),
            severity,
            status: if fixed.is_some() { FixStatus::Fixed } else { FixStatus::WillNotFix },
            fixed_version: fixed.map(str::to_owned),
        },
        package: Package {
            identity: PackageIdentity {
                ecosystem: Ecosystem { family, release },
                name: name.into(),
                version: "1.0".into(),
                architecture: None,
                source: None,
                module: None,
                vendor: None,
            },
            manager: if path.is_some() { PackageManager::Nodepkg } else { PackageManager::Os },
            path: path.map(str::to_owned),
            layer: LAYER.parse().expect("a digest"),
            licenses: vec![],
        },
        details: Details {
            title: Some(format!("What {vulnerability} does\u{1b}[2J to those who read of it")),
            description: Some("Two\nlines.".into()),
            url: Some("https://tracker.test/x".into()),
            aliases: vec!["GHSA-x".into()],
            cvss: vec![Cvss {
                version: "3.1".into(),
                vector: "CVSS:3.1/AV:N".into(),
                score: 9.8,
                source: "NVD".into(),
            }],
            epss: Some(Epss { vulnerability: vulnerability.into(), score: 0.5, percentile: 0.9 }),
            published_at: Some(Timestamp::from_seconds(1_700_000_000)),
            ..Details::default()
        },
        verdict: None,
    }
}

fn report() -> Report {
    let mut suppressed = finding(
        (Family::Npm, "left-pad", Some("app/node_modules/left pad/package.json")),
        ("CVE-2026-2", Severity::Critical),
        Some("2.0"),
    );
    suppressed.verdict = Some(Verdict {
        status: StatementStatus::NotAffected,
        reason: "component_not_present: it is a test".into(),
        document: "https://vex.test/1".into(),
        author: "Team".into(),
        stated_at: Timestamp::from_seconds(1_700_000_000),
        justification: Some(Justification::ComponentNotPresent),
    });
    Report {
        image: ReportedImage {
            name: "team/app:v1".into(),
            digest: Some(LAYER.parse().expect("a digest")),
            platform: Some("linux/amd64".into()),
        },
        distribution: Some(Distribution {
            id: "debian".into(),
            version: "12".into(),
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
            ecosystem: Some(Ecosystem::released(Family::Debian, "12")),
        }),
        package_count: 3,
        unread_note: None,
        findings: vec![
            suppressed,
            finding((Family::Debian, "openssl", None), ("CVE-2026-1", Severity::High), Some("1.1")),
            finding((Family::Debian, "zlib1g", None), ("CVE-2026-1", Severity::Low), None),
        ],
        database: DatabaseInformation {
            id: "0123456789abcdef".into(),
            built_at: Timestamp::from_seconds(1_780_000_000),
            sources: vec![SourceInformation {
                name: "debian".into(),
                updated_at: Timestamp::from_seconds(1_770_000_000),
                imported_at: Timestamp::from_seconds(1_780_000_000),
                record_count: 1,
                license: String::new(),
            }],
            ecosystems: vec![],
        },
        scanned_at: Timestamp::from_seconds(1_790_000_000),
    }
}

#[test]
fn the_table_fits_and_counts() {
    let table = report().table(Some(90));
    let expected = "\
Image       team/app:v1 (sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)
Platform    linux/amd64
System      Debian GNU/Linux 12 (bookworm)
Packages    3
Advisories  0123456789ab, built 2026-05-28T20:26:40Z, newest statement 2026-02-02T02:40:00Z

SEVERITY  VULNERABILITY  PACKAGE  VERSION  FIXED IN      ABOUT
HIGH      CVE-2026-1     openssl  1.0      1.1           What CVE-2026-1 does[2J to those…
LOW       CVE-2026-1     zlib1g   1.0      will not fix  What CVE-2026-1 does[2J to those…

SUPPRESSED  VULNERABILITY  PACKAGE   VERSION  BY    REASON
CRITICAL    CVE-2026-2     left-pad  1.0      Team  component_not_present: it is a test (…

2 findings: 1 high, 1 low; 1 suppressed
";
    assert_eq!(table, expected);
    assert!(report().table(None).contains("(https://vex.test/1)"));
    let mut clean = report();
    clean.findings.clear();
    assert!(clean.table(None).ends_with("\n\nno findings in 3 packages\n"));
}

#[test]
fn what_is_suppressed_reaches_no_severity() {
    let mut report = report();
    let reached = Severity::ALL.map(|severity| report.reaches(severity));
    assert_eq!(reached, [true, true, true, true, true, false]);
    report.ignore_unfixed();
    assert_eq!(report.findings.len(), 2);
    assert!(report.reaches(Severity::High) && report.counts().len() == 1);
    report.findings.truncate(1);
    assert!(!report.reaches(Severity::Undefined));
}

#[test]
fn json_has_the_documented_members() {
    let value: Value = serde_json::from_str(&report().json().unwrap()).unwrap();
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["scanned_at"], "2026-09-21T14:13:20Z");
    assert_eq!(value["counts"], json!({ "HIGH": 1, "LOW": 1 }));
    assert_eq!(value["suppressed_count"], 1);
    assert_eq!(value["distribution"]["name"], "Debian GNU/Linux 12 (bookworm)");
    let first = &value["findings"][0];
    assert_eq!(first["suppressed"], true);
    assert_eq!(first["statement"]["justification"], "component_not_present");
    assert_eq!(first["package"]["purl"], "pkg:npm/left-pad@1.0");
    assert_eq!(first["package"]["path"], "app/node_modules/left pad/package.json");
    assert_eq!(value["findings"][1]["fixed_version"], "1.1");
    assert_eq!(value["findings"][2]["fix_status"], "will_not_fix");
    // Every member that is documented is there, and none that is not.
    let documented = include_str!("../../../docs/scan-report.md");
    for value in [&value, first, &first["package"], &first["statement"], &value["advisories"]] {
        for name in value.as_object().unwrap().keys() {
            assert!(documented.contains(&format!("`{name}`")), "{name}");
        }
    }
}

#[test]
fn sarif_has_a_rule_for_each_vulnerability() {
    let sarif = report().sarif("0.1.0");
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 2);
    assert_eq!(rules[0]["properties"]["security-severity"], "9.8");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "app/node_modules/left%20pad/package.json");
    assert_eq!(results[0]["suppressions"][0]["status"], "accepted");
    assert_eq!(results[2]["suppressions"], Value::Null);
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[rule]["id"], result["ruleId"]);
    }
    assert_eq!(results[1]["level"], "error");
    assert_eq!(results[2]["level"], "note");
}

#[test]
fn cyclonedx_names_the_components_of_its_bill() {
    let purl = "pkg:npm/left-pad@1.0";
    let mut bill = json!({ "components": [{ "bom-ref": "7", "purl": purl }] });
    report().add_to_cyclonedx(&mut bill);
    let all = bill["vulnerabilities"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["id"], "CVE-2026-1");
    assert_eq!(all[0]["affects"].as_array().unwrap().len(), 2);
    assert_eq!(all[0]["ratings"][0]["severity"], "high");
    assert_eq!(all[0]["recommendation"], "Upgrade openssl to version 1.1");
    assert_eq!(all[0]["analysis"], Value::Null);
    assert_eq!(all[1]["affects"][0]["ref"], "7");
    assert_eq!(all[1]["analysis"]["state"], "not_affected");
    assert_eq!(all[1]["analysis"]["justification"], "code_not_present");
    assert_eq!(all[1]["ratings"][1]["method"], "CVSSv31");
}

#[test]
fn that_support_is_over_is_said() {
    let mut report = report();
    let distribution = report.distribution.as_mut().expect("it has one");
    distribution.ecosystem = Some(Ecosystem::released(Family::Debian, "10"));
    assert!(report.table(None).contains("(bookworm) ended on 2024-06-30: vulnerabilities"));
    let json: Value = serde_json::from_str(&report.json().expect("JSON")).expect("JSON");
    assert_eq!(json["distribution"]["support_ended_on"], "2024-06-30");
}
