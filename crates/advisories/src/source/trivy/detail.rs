//! What Trivy's database tells of a vulnerability, from all publishers.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use wharfinger_package::{Severity, cvss};

use super::super::date::date;
use super::super::fault::{Fault, Outlet};
use super::NAME;
use super::advisory::severity;
use super::bucket::Place;
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
    cvss: BTreeMap<String, Vectors>,
    published_date: Option<String>,
    last_modified_date: Option<String>,
}

/// The ratings of a publisher.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Vectors {
    v2_vector: String,
    v3_vector: String,
    v40_vector: String,
}

impl Detail {
    /// Hands on what it tells, with the ratings of all publishers.
    pub(super) fn give(self, id: &str, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let modified_at = self.last_modified_date.as_deref().and_then(date);
        outlet.document(NAME, id, modified_at)?;
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        outlet.give(Record::Vulnerability(Vulnerability {
            id: id.into(),
            source: NAME.into(),
            title: text(self.title),
            description: text(self.description),
            severity: self.vendor_severity.get("nvd").copied().and_then(severity),
            cvss: self.cvss.iter().flat_map(|(publisher, it)| it.all(publisher)).collect(),
            published_at: self.published_date.as_deref().and_then(date),
            modified_at,
            references: self.references.into_iter().take(REFERENCES_MAX).collect(),
            ..Vulnerability::default()
        }))
    }
}

/// How bad the publishers take each vulnerability for.
#[derive(Default)]
pub(super) struct Ratings(HashMap<String, Vec<(Publisher, Severity)>>);

/// A publisher, as Trivy names it, by its place in [`PUBLISHERS`].
type Publisher = u8;

/// The publishers whose ratings are those of a source.
const PUBLISHERS: [(&str, &str); 15] = [
    ("alma", "alma"),
    ("alpine", "alpine"),
    ("amazon", "amazon"),
    ("azure", "azurelinux"),
    ("cbl-mariner", "cbl-mariner"),
    ("debian", "debian"),
    ("ghsa", "ghsa"),
    ("oracle-oval", "oracle"),
    ("photon", "photon"),
    ("redhat", "redhat"),
    ("rocky", "rocky"),
    ("ruby-advisory-db", "ruby-advisory-db"),
    ("suse-cvrf", "suse"),
    ("suse-cvrf", "opensuse-leap"),
    ("ubuntu", "ubuntu"),
];

impl Ratings {
    /// Keeps what a detail says.
    pub(super) fn add(&mut self, id: &str, detail: &Detail) {
        let rated = (0..).zip(PUBLISHERS).filter_map(|(index, (publisher, _))| {
            let number = detail.vendor_severity.get(publisher)?;
            Some((index, severity(*number)?))
        });
        let rated: Vec<_> = rated.collect();
        if !rated.is_empty() {
            self.0.insert(id.to_owned(), rated);
        }
    }

    /// How bad the source of a bucket takes a vulnerability for.
    pub(super) fn of(&self, id: &str, place: &Place) -> Option<Severity> {
        let rated = self.0.get(id)?;
        let is_its = |publisher: &u8| {
            PUBLISHERS.get(usize::from(*publisher)).is_some_and(|(_, it)| *it == place.source)
        };
        rated.iter().find(|(publisher, _)| is_its(publisher)).map(|(_, severity)| *severity)
    }
}

impl Vectors {
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
        [&self.v3_vector, &self.v40_vector, &self.v2_vector]
            .into_iter()
            .filter_map(rating)
            .collect()
    }
}
