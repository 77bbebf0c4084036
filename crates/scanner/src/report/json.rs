//! The report as JSON: `docs/scan-report.md` describes it. Members are added, never changed.

use serde::Serialize;
use wharfinger_advisories::Cvss;

use super::{Finding, Report, fix_status};
use crate::end_of_life;

/// The version of the form.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Shown<'a> {
    schema_version: u32,
    scanned_at: String,
    image: ShownImage<'a>,
    distribution: Option<ShownDistribution<'a>>,
    advisories: ShownDatabase<'a>,
    package_count: usize,
    unread_note: Option<&'a str>,
    counts: std::collections::BTreeMap<&'static str, usize>,
    suppressed_count: usize,
    findings: Vec<ShownFinding<'a>>,
}

#[derive(Serialize)]
struct ShownImage<'a> {
    name: &'a str,
    digest: Option<String>,
    platform: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownDistribution<'a> {
    id: &'a str,
    version: &'a str,
    name: &'a str,
    support_ended_on: Option<&'static str>,
}

#[derive(Serialize)]
struct ShownDatabase<'a> {
    id: &'a str,
    built_at: String,
    sources: Vec<ShownSource<'a>>,
}

#[derive(Serialize)]
struct ShownSource<'a> {
    name: &'a str,
    updated_at: String,
}

#[derive(Serialize)]
struct ShownFinding<'a> {
    vulnerability: &'a str,
    severity: &'static str,
    advisory: Option<&'a str>,
    source: &'a str,
    aliases: &'a [String],
    title: Option<&'a str>,
    description: Option<&'a str>,
    url: Option<&'a str>,
    references: &'a [String],
    published_at: Option<String>,
    modified_at: Option<String>,
    cvss: Vec<ShownCvss<'a>>,
    epss_score: Option<f64>,
    epss_percentile: Option<f64>,
    known_exploited_since: Option<String>,
    package: ShownPackage<'a>,
    fix_status: &'static str,
    fixed_version: Option<&'a str>,
    suppressed: bool,
    statement: Option<ShownStatement<'a>>,
}

#[derive(Serialize)]
struct ShownCvss<'a> {
    version: &'a str,
    vector: &'a str,
    score: f64,
    source: &'a str,
}

#[derive(Serialize)]
struct ShownPackage<'a> {
    name: &'a str,
    version: &'a str,
    architecture: Option<&'a str>,
    ecosystem: String,
    manager: &'static str,
    purl: String,
    path: Option<&'a str>,
    layer: String,
}

#[derive(Serialize)]
struct ShownStatement<'a> {
    status: &'static str,
    justification: Option<&'static str>,
    reason: &'a str,
    document: &'a str,
    author: &'a str,
    stated_at: String,
}

impl Report {
    /// The report as JSON, without a line end.
    ///
    /// # Errors
    /// None that a report can have: numbers and texts are all there is in it.
    pub fn json(&self) -> serde_json::Result<String> {
        let counts = self.counts().into_iter();
        let database = &self.database;
        serde_json::to_string_pretty(&Shown {
            schema_version: SCHEMA_VERSION,
            scanned_at: self.scanned_at.to_string(),
            image: ShownImage {
                name: &self.image.name,
                digest: self.image.digest.map(|digest| digest.to_string()),
                platform: self.image.platform.as_deref(),
            },
            distribution: self.distribution.as_ref().map(|it| ShownDistribution {
                id: &it.id,
                version: &it.version,
                name: &it.pretty_name,
                support_ended_on: it
                    .ecosystem
                    .as_ref()
                    .and_then(|ecosystem| end_of_life(ecosystem, self.scanned_at)),
            }),
            advisories: ShownDatabase {
                id: &database.id,
                built_at: database.built_at.to_string(),
                sources: database
                    .sources
                    .iter()
                    .map(|source| ShownSource {
                        name: &source.name,
                        updated_at: source.updated_at.to_string(),
                    })
                    .collect(),
            },
            package_count: self.package_count,
            unread_note: self.unread_note.as_deref(),
            counts: counts.map(|(severity, count)| (severity.as_str(), count)).collect(),
            suppressed_count: self.suppressed().count(),
            findings: self.findings.iter().map(ShownFinding::of).collect(),
        })
    }
}

impl<'a> ShownFinding<'a> {
    fn of(finding: &'a Finding) -> Self {
        let Finding { vulnerability: found, package, details, verdict } = finding;
        let identity = &package.identity;
        Self {
            vulnerability: &found.vulnerability,
            severity: found.severity.as_str(),
            advisory: found.advisory.as_deref(),
            source: &found.source,
            aliases: &details.aliases,
            title: details.title.as_deref(),
            description: details.description.as_deref(),
            url: details.url.as_deref(),
            references: &details.references,
            published_at: details.published_at.map(|at| at.to_string()),
            modified_at: details.modified_at.map(|at| at.to_string()),
            cvss: details.cvss.iter().map(ShownCvss::of).collect(),
            epss_score: details.epss.as_ref().map(|epss| epss.score),
            epss_percentile: details.epss.as_ref().map(|epss| epss.percentile),
            known_exploited_since: details.known_exploited_at.map(|at| at.to_string()),
            package: ShownPackage {
                name: &identity.name,
                version: &identity.version,
                architecture: identity.architecture.as_deref(),
                ecosystem: identity.ecosystem.to_string(),
                manager: package.manager.as_str(),
                purl: identity.package_url().to_string(),
                path: package.path.as_deref(),
                layer: package.layer.to_string(),
            },
            fix_status: fix_status(found.status),
            fixed_version: found.fixed_version.as_deref(),
            suppressed: finding.is_suppressed(),
            statement: verdict.as_ref().map(|verdict| ShownStatement {
                status: verdict.status.as_str(),
                justification: verdict.justification.map(|it| it.as_str()),
                reason: &verdict.reason,
                document: &verdict.document,
                author: &verdict.author,
                stated_at: verdict.stated_at.to_string(),
            }),
        }
    }
}

impl<'a> ShownCvss<'a> {
    fn of(cvss: &'a Cvss) -> Self {
        let Cvss { version, vector, score, source } = cvss;
        Self { version, vector, score: *score, source }
    }
}
