//! What Trivy's database tells of a vulnerability, from all publishers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use wharfinger_package::cvss;

use super::super::date::date;
use super::super::fault::{Fault, Outlet};
use super::advisory::severity;
use crate::{Cvss, Record, Vulnerability};

const REFERENCES_MAX: usize = 50;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Detail {
    title: String,
    description: String,
    references: Vec<String>,
    vendor_severity: BTreeMap<String, f64>,
    #[serde(rename = "CVSS")]
    cvss: BTreeMap<String, Ratings>,
    published_date: Option<String>,
    last_modified_date: Option<String>,
}

/// The ratings of a publisher.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Ratings {
    v2_vector: String,
    v3_vector: String,
    v40_vector: String,
}

impl Detail {
    /// Hands on what each publisher says; what is nobody's is told with the first.
    pub(super) fn give(self, id: &str, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let modified_at = self.last_modified_date.as_deref().and_then(date);
        outlet.saw(modified_at);
        let mut publishers: BTreeSet<&str> = self.vendor_severity.keys().map(String::as_str).collect();
        publishers.extend(self.cvss.keys().map(String::as_str));
        if publishers.is_empty() {
            publishers.insert("trivy");
        }
        // Its words are mostly those of NVD.
        let first = if publishers.contains("nvd") { "nvd" } else { publishers.first().unwrap_or(&"") };
        for publisher in &publishers {
            let mut vulnerability = Vulnerability {
                id: id.into(),
                source: (*publisher).into(),
                severity: self.vendor_severity.get(*publisher).copied().and_then(severity),
                cvss: self.cvss.get(*publisher).map(|it| it.all(publisher)).unwrap_or_default(),
                ..Vulnerability::default()
            };
            if *publisher == first {
                let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
                vulnerability.title = text(&self.title);
                vulnerability.description = text(&self.description);
                vulnerability.published_at = self.published_date.as_deref().and_then(date);
                vulnerability.modified_at = modified_at;
                vulnerability.references =
                    self.references.iter().take(REFERENCES_MAX).cloned().collect();
            }
            outlet.give(Record::Vulnerability(vulnerability))?;
        }
        Ok(())
    }
}

impl Ratings {
    fn all(&self, publisher: &str) -> Vec<Cvss> {
        let source = match publisher {
            "ghsa" => "GITHUB".to_owned(),
            other => other.to_ascii_uppercase(),
        };
        let rating = |vector: &String| {
            let score = cvss::base_score(vector)?;
            let version = vector.strip_prefix("CVSS:").and_then(|rest| rest.split('/').next());
            let version = version.unwrap_or("2.0").to_owned();
            Some(Cvss { version, vector: vector.clone(), score, source: source.clone() })
        };
        [&self.v3_vector, &self.v40_vector, &self.v2_vector].into_iter().filter_map(rating).collect()
    }
}
