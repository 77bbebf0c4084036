//! What is told of a vulnerability, come to one name and one rating.
//!
//! When a database is built this is decided once for each statement and kept beside it ([`Judgement`]), so
//! that matching reads nothing else. Where that is not enough (statements that meet in one package, files
//! of the first format) the same is decided anew of what [`crate::Database::vulnerability`] tells.

use std::collections::BTreeSet;

use wharfinger_package::{Severity, cvss};

use crate::{Cvss, Vulnerability};

/// What a statement is called here, and how bad it is by what is told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// The vulnerability: see [`names`].
    pub name: &'a str,
    /// How the source of the statement rates it.
    pub vendor: Option<Severity>,
    /// How it is rated if no source of a statement about it rates it.
    pub otherwise: Option<Severity>,
    /// Whether something was taken into account that is told of the statement's own id or advisory only,
    /// which others' statements about it do not know.
    pub extended: bool,
}

/// What matters here of what a source tells of a vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling<'a> {
    pub(crate) id: &'a str,
    pub(crate) source: &'a str,
    pub(crate) aliases: Vec<&'a str>,
    pub(crate) severity: Option<Severity>,
    pub(crate) cvss: Vec<Band<'a>>,
}

/// What a CVSS rating comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Band<'a> {
    /// Who rated.
    pub(crate) source: &'a str,
    /// Ratings of lower places count before others.
    pub(crate) place: u8,
    /// None if its vector is none.
    pub(crate) severity: Option<Severity>,
}

impl<'a> Telling<'a> {
    /// Of what is told.
    pub fn of(told: &'a Vulnerability) -> Self {
        let cvss = told.cvss.iter().map(Band::of).collect();
        Self {
            id: &told.id,
            source: &told.source,
            aliases: told.aliases.iter().map(String::as_str).collect(),
            severity: told.severity,
            cvss,
        }
    }

    /// Whether it is told of this id.
    pub fn is_of(&self, id: &str) -> bool {
        self.id == id || self.aliases.contains(&id)
    }

    /// Whether it can change a rating.
    pub(crate) const fn rates(&self) -> bool {
        self.severity.is_some() || !self.cvss.is_empty()
    }

    fn rating(&self) -> Option<Severity> {
        let own = self.severity.filter(|it| *it != Severity::Undefined);
        own.or_else(|| best(self.cvss.iter()))
    }
}

impl<'a> Band<'a> {
    /// ECR shows the vector of version 3.1 first, then 3.0, 4.0, 2.0.
    fn of(cvss: &'a Cvss) -> Self {
        let place = match cvss.version.as_str() {
            "3.1" => 0,
            "3.0" => 1,
            "4.0" => 2,
            _ => 3,
        };
        let score = match cvss.vector.is_empty() {
            true => Some(cvss.score),
            false => cvss::base_score(&cvss.vector).or((cvss.score > 0.0).then_some(cvss.score)),
        };
        Self { source: &cvss.source, place, severity: score.map(Severity::from_score) }
    }
}

fn best<'a>(bands: impl Iterator<Item = &'a Band<'a>>) -> Option<Severity> {
    bands.min_by_key(|it| it.place).and_then(|it| it.severity)
}

/// Raters beside the vendor, in a fixed order, so that a rating does not change with the order of imports.
const RATERS: [&str; 15] = [
    "nvd",
    "ghsa",
    "redhat",
    "debian",
    "ubuntu",
    "alpine",
    "amazon",
    "oracle",
    "suse",
    "photon",
    "alma",
    "rocky",
    "azurelinux",
    "rustsec",
    "go",
];

/// What `rater` says, be it in the record of another who repeats its vector.
pub fn rated_by(told: &[Telling<'_>], rater: &str) -> Option<Severity> {
    let own = told.iter().filter(|it| it.source == rater).find_map(Telling::rating);
    let name = if rater == "ghsa" { "github" } else { rater };
    own.or_else(|| {
        let repeated = told.iter().flat_map(|it| &it.cvss);
        best(repeated.filter(|it| it.source.eq_ignore_ascii_case(name)))
    })
}

/// What is said where the vendor says nothing: NVD, GitHub, other distributions, anybody.
pub fn rated_otherwise(told: &[Telling<'_>]) -> Option<Severity> {
    let rater = RATERS.into_iter().find_map(|it| rated_by(told, it));
    rater.or_else(|| told.iter().find_map(Telling::rating))
}

/// What a vulnerability is called here, of what is told of `id`: its CVE; each of them if the id stands for
/// several; else the id that GitHub gave it, by which most know it; else the id itself.
pub fn names(id: &str, told: &[Telling<'_>]) -> Vec<String> {
    if is_cve(id) {
        return vec![id.to_owned()];
    }
    let mut aliases = BTreeSet::from([id]);
    for it in told.iter().filter(|it| it.is_of(id)) {
        aliases.insert(it.id);
        aliases.extend(&it.aliases);
    }
    let cves: Vec<_> = aliases.iter().filter(|it| is_cve(it)).map(|it| (*it).to_owned()).collect();
    if !cves.is_empty() {
        return cves;
    }
    let known = aliases.into_iter().find(|it| it.starts_with("GHSA-"));
    vec![known.unwrap_or(id).to_owned()]
}

/// Whether an id is that of a CVE, which is what a vulnerability is called without asking.
pub fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}
