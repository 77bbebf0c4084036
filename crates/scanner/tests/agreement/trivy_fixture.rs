//! The advisories of Trivy's fixtures, in our words.

use serde_json::Value;
use wharfinger_advisories::{Affected, Cvss, Document, FixStatus, Record, Vulnerability};
use wharfinger_package::{Ecosystem, Severity, cvss};

use super::database::{affected, document, says};
use super::{CORPUS, yaml};

/// Fixture files of distributions, the bucket, our ecosystem, and the source.
const DISTRIBUTIONS: [(&str, &str, &str, &str); 8] = [
    ("alpine", "alpine 3.10", "alpine:3.10", "alpine"),
    ("debian", "debian 9", "debian:9", "debian"),
    ("debian", "debian 10", "debian:10", "debian"),
    ("opensuse", "openSUSE Leap 15.1", "opensuse-leap:15.1", "opensuse"),
    ("oracle", "Oracle Linux 8", "oracle:8", "oracle"),
    ("photon", "Photon OS 3.0", "photon:3.0", "photon"),
    ("redhat", "Red Hat", "redhat:6", "redhat"),
    ("redhat", "Red Hat", "redhat:7", "redhat"),
];

pub(crate) fn documents() -> Vec<Document> {
    let mut documents: Vec<_> = DISTRIBUTIONS.iter().map(distribution).collect();
    documents.extend(vulnerabilities());
    documents
}

/// What the vendors tell of vulnerabilities.
pub(crate) fn vulnerabilities() -> Vec<Document> {
    pairs(&fixture("vulnerability")[0]).flat_map(|(id, told)| vulnerability(&id, &told)).collect()
}

pub(crate) fn fixture(name: &str) -> Value {
    yaml::parse(&std::fs::read_to_string(format!("{CORPUS}/trivy/db/{name}.yaml")).expect(name))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn pairs(bucket: &Value) -> impl Iterator<Item = (String, Value)> {
    let pairs = bucket["pairs"].as_array().cloned().unwrap_or_default();
    pairs.into_iter().map(|pair| (text(&pair["key"]).to_owned(), pair["value"].clone()))
}

pub(crate) fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn distribution((file, bucket, ecosystem, source): &(&str, &str, &str, &str)) -> Document {
    let ecosystem: Ecosystem = ecosystem.parse().expect(ecosystem);
    let mut records = vec![Record::Covers(ecosystem.clone())];
    let found = items(&fixture(file)).into_iter().find(|it| it["bucket"] == **bucket);
    for package in items(&found.expect(bucket)["pairs"]) {
        for (id, value) in pairs(&package) {
            let statements = match *file {
                "redhat" => red_hat(&id, &value, ecosystem.release.as_deref().unwrap_or_default()),
                _ => vec![plain(&id, &value)],
            };
            let name = text(&package["bucket"]);
            records.extend(statements.into_iter().map(|it| says(&ecosystem, name, it)));
        }
    }
    document(source, &ecosystem.to_string(), records)
}

fn plain(id: &str, value: &Value) -> Affected {
    let entry = &value["Entries"][0];
    Affected {
        architectures: items(&entry["Arches"]).iter().map(|it| text(it).to_owned()).collect(),
        advisory: value["VendorIDs"][0].as_str().map(str::to_owned),
        severity: severity(text(&value["Severity"])),
        ..affected(id, value["FixedVersion"].as_str())
    }
}

/// Which repositories a row is about: only those of RHEL 6 and 7 are in the fixtures.
fn red_hat(id: &str, value: &Value, release: &str) -> Vec<Affected> {
    let repository = if release == "6" { "857" } else { "869" };
    let mut statements = Vec::new();
    for entry in items(&value["Entries"]) {
        if !items(&entry["Affected"]).iter().any(|it| it == repository) {
            continue;
        }
        for cve in items(&entry["Cves"]) {
            let status = match text(&entry["Status"]) {
                "7" => FixStatus::EndOfLife,
                "5" => FixStatus::WillNotFix,
                _ => FixStatus::Fixed,
            };
            statements.push(Affected {
                advisory: id.starts_with("RHSA").then(|| id.to_owned()),
                architectures: items(&entry["Arches"])
                    .iter()
                    .map(|it| text(it).to_owned())
                    .collect(),
                severity: severity(text(&cve["Severity"])),
                status,
                ..affected(cve["ID"].as_str().unwrap_or(id), entry["FixedVersion"].as_str())
            });
        }
    }
    statements
}

/// Trivy's numbers, as it writes them into its database.
fn severity(number: &str) -> Option<Severity> {
    match number.trim_end_matches(".0") {
        "1" => Some(Severity::Low),
        "2" => Some(Severity::Medium),
        "3" => Some(Severity::High),
        "4" => Some(Severity::Critical),
        _ => None,
    }
}

/// What each vendor tells of a vulnerability: its rating and its vectors.
fn vulnerability(id: &str, told: &Value) -> Vec<Document> {
    let raters = |key: &str| told[key].as_object().cloned().unwrap_or_default();
    let vectors = raters("CVSS");
    let ratings = raters("VendorSeverity");
    let mut names: Vec<_> = vectors.keys().chain(ratings.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let record = |name: &String| {
        let vectors = vectors.get(name).cloned().unwrap_or_default();
        let cvss = ["V3Vector", "V2Vector"].iter().filter_map(|key| vector(name, &vectors[*key]));
        // Trivy names some of its sources by the format they come in.
        let source = match name.as_str() {
            "oracle-oval" => "oracle",
            "suse-cvrf" | "opensuse-cvrf" => "opensuse",
            other => other,
        };
        let told = Vulnerability {
            id: id.to_owned(),
            severity: ratings.get(name).and_then(|it| severity(text(it))),
            cvss: cvss.collect(),
            ..Vulnerability::default()
        };
        document(source, &format!("told:{id}:{name}"), vec![Record::Vulnerability(told)])
    };
    names.into_iter().map(record).collect()
}

fn vector(source: &str, vector: &Value) -> Option<Cvss> {
    let vector = vector.as_str()?.to_owned();
    let version = vector.strip_prefix("CVSS:").map_or("2.0", |it| &it[..3]).to_owned();
    Some(Cvss { score: cvss::base_score(&vector)?, version, vector, source: source.to_uppercase() })
}
