//! Trivy's reports on packages of languages, with its own advisories. Parsing lock files is not looked at here: the
//! packages are those that the reports name.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;
use wharfinger_advisories::{Affected, Document, Interval, Record, VersionEnd};
use wharfinger_package::{Ecosystem, VersionScheme, compare as order};

use super::CORPUS;
use super::comparison::compare;
use super::database::{Built, affected, document, package, says};
use super::trivy_fixture::{self, fixture, items, pairs, text};

/// Fixture files, ecosystems, the source of the first bucket.
const LANGUAGES: [(&str, &str, &str); 8] = [
    ("composer", "packagist", "ghsa"),
    ("go", "go", "ghsa"),
    ("java", "maven", "ghsa"),
    ("nodejs", "npm", "ghsa"),
    ("nuget", "nuget", "ghsa"),
    ("python", "pypi", "ghsa"),
    ("ruby", "rubygems", "ghsa"),
    ("rust", "crates.io", "rustsec"),
];

#[test]
fn packages_of_languages_have_what_trivy_finds() {
    let languages = LANGUAGES.iter().flat_map(language);
    let built = Built::of(trivy_fixture::vulnerabilities().into_iter().chain(languages));
    let (mut expected, mut found) = (BTreeSet::new(), BTreeSet::new());
    let mut reports: Vec<_> = std::fs::read_dir(format!("{CORPUS}/trivy/reports"))
        .expect("the folder")
        .flatten()
        .collect();
    reports.sort_by_key(std::fs::DirEntry::file_name);
    for report in reports {
        let name = report.file_name().to_string_lossy().replace(".json.golden", "");
        let content = std::fs::read_to_string(report.path()).expect(&name);
        let Ok(content) = serde_json::from_str::<Value>(&content) else { continue };
        for result in items(&content["Results"]) {
            let Some(ecosystem) = ecosystem(text(&result["Type"])) else { continue };
            let mut packages = BTreeSet::new();
            for row in items(&result["Packages"]) {
                packages.insert((text(&row["Name"]).to_owned(), text(&row["Version"]).to_owned()));
            }
            let place = format!("in {name} {}", text(&result["Target"]));
            for row in items(&result["Vulnerabilities"]) {
                let [id, name, version, severity] =
                    ["VulnerabilityID", "PkgName", "InstalledVersion", "Severity"]
                        .map(|key| text(&row[key]));
                packages.insert((name.to_owned(), version.to_owned()));
                let severity = if severity == "UNKNOWN" { "UNDEFINED" } else { severity };
                expected.insert(format!("{id} {name}@{version} {severity} {place}"));
            }
            for (name, version) in packages {
                let lower = ["pypi", "nuget"].contains(&ecosystem);
                let ours = if lower { name.to_lowercase() } else { name.clone() };
                for it in built.matches(&package(ecosystem, &ours, &version)) {
                    found.insert(format!(
                        "{} {name}@{version} {} {place}",
                        it.vulnerability, it.severity
                    ));
                }
            }
        }
    }
    assert_eq!(expected.len(), 42);
    compare("trivy/languages", &expected, &found);
}

fn ecosystem(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "bun" | "npm" | "pnpm" | "yarn" => "npm",
        "cargo" => "crates.io",
        "composer" | "composer-vendor" => "packagist",
        "dotnet-core" | "nuget" | "packages-props" => "nuget",
        "gemspec" => "rubygems",
        "gomod" => "go",
        "jar" | "pom" | "sbt" => "maven",
        "pip" | "pipenv" | "poetry" | "pylock" | "uv" => "pypi",
        _ => return None,
    })
}

fn language((file, name, source): &(&str, &str, &str)) -> Vec<Document> {
    let ecosystem: Ecosystem = name.parse().expect(name);
    let buckets = items(&fixture(file)).into_iter().enumerate();
    let read = |(index, bucket): (usize, Value)| {
        let mut records = vec![Record::Covers(ecosystem.clone())];
        for package in items(&bucket["pairs"]) {
            for (id, value) in pairs(&package) {
                let list = |key: &str| {
                    items(&value[key]).iter().map(|it| text(it).to_owned()).collect::<Vec<_>>()
                };
                let intervals = match list("VulnerableVersions") {
                    vulnerable if vulnerable.is_empty() => outside(&list("PatchedVersions")),
                    vulnerable => vulnerable.iter().map(|it| interval(it)).collect(),
                };
                let statement = Affected { intervals, ..affected(&id, None) };
                records.push(says(&ecosystem, text(&package["bucket"]), statement));
            }
        }
        document(if index == 0 { source } else { "glad" }, &format!("{name}:{index}"), records)
    };
    buckets.map(read).collect()
}

/// `>= 1.0.0, < 1.2.3`, or `[1.0.0,1.2.3)`.
fn interval(range: &str) -> Interval {
    // GitLab writes Maven's ranges as Maven does.
    if let Some((low, high)) = range.strip_prefix('[').and_then(|it| it.split_once(',')) {
        let end = VersionEnd::Fixed(high.trim_end_matches(')').to_owned());
        return Interval { introduced: Some(low.to_owned()), end };
    }
    let mut interval = Interval { introduced: None, end: VersionEnd::Open };
    for bound in range.split(',').map(str::trim) {
        let (operator, version) = bound.split_once(' ').expect(range);
        let version = version.to_owned();
        match operator {
            ">=" => interval.introduced = Some(version),
            "<" => interval.end = VersionEnd::Fixed(version),
            "<=" => interval.end = VersionEnd::LastAffected(version),
            _ => panic!("{range}"),
        }
    }
    interval
}

/// What is in none of the ranges.
fn outside(ranges: &[String]) -> Vec<Interval> {
    let mut ranges: Vec<_> = ranges.iter().map(|it| interval(it)).collect();
    let low = |it: &Interval| it.introduced.clone().unwrap_or_default();
    ranges
        .sort_by(|a, b| order(VersionScheme::SemVer, &low(a), &low(b)).unwrap_or(Ordering::Equal));
    let mut intervals = Vec::new();
    let mut begin = None;
    for range in ranges {
        intervals.push(Interval { introduced: begin.take(), end: VersionEnd::Fixed(low(&range)) });
        if let VersionEnd::Fixed(end) = range.end {
            begin = Some(end);
        }
    }
    if let Some(begin) = begin {
        intervals.push(Interval { introduced: Some(begin), end: VersionEnd::Open });
    }
    intervals
}
