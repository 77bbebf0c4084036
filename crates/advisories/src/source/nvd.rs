//! NVD: <https://nvd.nist.gov/developers/vulnerabilities>, its answers and its files, of format 2.0.

use serde::Deserialize;
use wharfinger_package::{Severity, cvss};

use super::date::date;
use super::fault::{Fault, Outlet};
use super::input::Input;
use super::json;
use crate::{Cvss, Record, Vulnerability};

/// The name of the source.
const NAME: &str = "nvd";
/// References of a CVE that are kept.
const REFERENCES_MAX: usize = 50;

#[derive(Deserialize)]
struct Item {
    cve: Cve,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cve {
    id: String,
    published: Option<String>,
    last_modified: Option<String>,
    vuln_status: Option<String>,
    #[serde(default)]
    descriptions: Vec<Description>,
    #[serde(default)]
    metrics: Metrics,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Description {
    lang: String,
    value: String,
}

#[derive(Deserialize)]
struct Reference {
    url: String,
}

/// By version of CVSS; the ratings of NVD and of whoever assigned the CVE.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    #[serde(default)]
    cvss_metric_v40: Vec<Metric>,
    #[serde(default)]
    cvss_metric_v31: Vec<Metric>,
    #[serde(default)]
    cvss_metric_v30: Vec<Metric>,
    #[serde(default)]
    cvss_metric_v2: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    source: String,
    cvss_data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    version: String,
    vector_string: String,
    base_score: f64,
}

/// Reads a file or an answer.
pub(super) fn read(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    json::elements(input, "vulnerabilities", &mut |Item { cve }| {
        let modified_at = cve.last_modified.as_deref().and_then(date);
        outlet.document(NAME, cve.id.clone(), modified_at)?;
        // What was rejected was no vulnerability: its document says nothing.
        match cve.vuln_status.as_deref() {
            Some("Rejected") => Ok(()),
            _ => outlet.give(Record::Vulnerability(cve.vulnerability())),
        }
    })
}

impl Cve {
    fn vulnerability(self) -> Vulnerability {
        let metrics = self.metrics;
        let cvss: Vec<Cvss> = [
            metrics.cvss_metric_v31,
            metrics.cvss_metric_v40,
            metrics.cvss_metric_v30,
            metrics.cvss_metric_v2,
        ]
        .into_iter()
        .flatten()
        .filter_map(Metric::rating)
        .collect();
        let own = cvss.iter().find(|rating| rating.source == "NVD" && rating.version != "2.0");
        let severity = own.map(|rating| Severity::from_score(rating.score));
        let mut descriptions = self.descriptions.into_iter();
        Vulnerability {
            source: NAME.into(),
            description: descriptions.find(|it| it.lang == "en").map(|it| it.value),
            severity,
            cvss,
            published_at: self.published.as_deref().and_then(date),
            modified_at: self.last_modified.as_deref().and_then(date),
            url: Some(format!("https://nvd.nist.gov/vuln/detail/{}", self.id)),
            references: self.references.into_iter().take(REFERENCES_MAX).map(|it| it.url).collect(),
            id: self.id,
            ..Vulnerability::default()
        }
    }
}

impl Metric {
    /// The rating, if its vector is one. A score that the vector does not give is not believed.
    fn rating(self) -> Option<Cvss> {
        let Data { version, vector_string: vector, base_score } = self.cvss_data;
        let score = cvss::base_score(&vector)?;
        let score = if (score - base_score).abs() < 0.05 { base_score } else { score };
        let source = if self.source == "nvd@nist.gov" { "NVD".into() } else { self.source };
        Some(Cvss { version, vector, score, source })
    }
}
