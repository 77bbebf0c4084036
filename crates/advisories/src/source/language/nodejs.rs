//! The Node.js security working group: <https://github.com/nodejs/security-wg>, `vuln/npm`.

use serde::Deserialize;
use serde_json::Value;
use wharfinger_package::{Ecosystem, Family, Severity, VersionScheme, cvss};

use super::super::date::date;
use super::super::fault::{Fault, Outlet};
use super::super::range;
use crate::{Affected, Cvss, Vulnerability};

/// The name of the source.
const NAME: &str = "nodejs";

/// What is said of a package of npm.
#[derive(Deserialize)]
struct Advisory {
    id: Number,
    title: Option<String>,
    module_name: String,
    publish_date: Option<String>,
    updated_at: Option<String>,
    cves: Option<Vec<String>>,
    vulnerable_versions: Option<String>,
    overview: Option<String>,
    references: Option<Vec<String>>,
    cvss_vector: Option<String>,
    cvss_score: Option<Score>,
}

/// Its number, of some as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

/// A score, of some as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Score {
    Number(f64),
    Text(String),
}

/// Hands on what a document says: an advisory, or the index of all of them.
pub(in crate::source) fn give(document: Value, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let named = |at: &str, document: Value| -> Result<Advisory, Fault> {
        serde_json::from_value(document).map_err(|error| Fault::from(error).within(at))
    };
    match document {
        Value::Object(members) if !members.contains_key("module_name") => {
            members.into_iter().try_for_each(|(number, advisory)| {
                named(&format!("advisory {number}"), advisory)?.give(outlet)
            })
        }
        advisory => {
            let at = format!("advisory {}", advisory.get("id").unwrap_or(&Value::Null));
            named(&at, advisory)?.give(outlet)
        }
    }
}

impl Advisory {
    /// Hands on what it says.
    fn give(self, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let number = match self.id {
            Number::Number(number) => number.to_string(),
            Number::Text(text) => text,
        };
        outlet.covers(NAME, &Ecosystem::rolling(Family::Npm))?;
        outlet.document(NAME, number.clone(), self.updated_at.as_deref().and_then(date))?;
        let scheme = VersionScheme::Npm;
        let text = self.vulnerable_versions.unwrap_or_default();
        let ranges = range::parse(&text, scheme)
            .map_err(|what| Fault::malformed(format!("advisory {number}"), what))?;
        let intervals: Vec<_> = ranges.iter().filter_map(|it| it.interval(scheme)).collect();
        let own = format!("NSWG-ECO-{number}");
        let cves = self.cves.unwrap_or_default();
        let vector = self.cvss_vector.filter(|vector| cvss::base_score(vector).is_some());
        let score = vector.as_deref().and_then(cvss::base_score).or(match self.cvss_score {
            Some(Score::Number(score)) => Some(score),
            Some(Score::Text(text)) => text.parse().ok(),
            None => None,
        });
        let severity = score.map(Severity::from_score);
        let rating = vector.zip(score).map(|(vector, score)| {
            let version = vector.strip_prefix("CVSS:").and_then(|rest| rest.split('/').next());
            let version = version.unwrap_or("2.0").to_owned();
            Cvss { version, vector, score, source: "NODEJS".into() }
        });
        let told: Vec<String> = if cves.is_empty() { vec![own.clone()] } else { cves };
        for id in told {
            let affected = Affected {
                vulnerability: id.clone(),
                advisory: Some(own.clone()),
                source: NAME.into(),
                intervals: intervals.clone(),
                status: super::status(&intervals),
                severity,
                ..Affected::default()
            };
            let vulnerability = Vulnerability {
                id,
                source: NAME.into(),
                title: self.title.clone(),
                description: self.overview.clone(),
                severity,
                cvss: rating.iter().cloned().collect(),
                published_at: self.publish_date.as_deref().and_then(date),
                references: self.references.clone().unwrap_or_default(),
                ..Vulnerability::default()
            };
            let name = self.module_name.clone();
            for record in super::records(Family::Npm, name, affected, vulnerability) {
                outlet.give(record)?;
            }
        }
        Ok(())
    }
}
