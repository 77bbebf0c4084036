//! How bad a finding is. Who decides: the vendor's rating of the package, its rating of the vulnerability, CVSS of NVD, of
//! GitHub, of anybody.

use wharfinger_advisories::{Cvss, Database, DatabaseError, Vulnerability};
use wharfinger_package::{Severity, cvss};

use super::merge::Hit;

/// `hits` are the statements about one vulnerability, the one that decides first.
pub(super) fn decide(
    database: &Database,
    vulnerability: &str,
    hits: &[Hit],
) -> Result<Severity, DatabaseError> {
    if let Some(severity) = hits.iter().find_map(|hit| hit.severity) {
        return Ok(severity);
    }
    let mut told = database.vulnerability(vulnerability)?;
    for hit in hits {
        for id in [Some(&hit.id), hit.advisory.as_ref()].into_iter().flatten() {
            let known = |it: &Vulnerability| it.id == *id || it.aliases.contains(id);
            if id != vulnerability && !told.iter().any(known) {
                told.extend(database.vulnerability(id)?);
            }
        }
    }
    let vendors = hits.iter().map(|hit| hit.source.as_str());
    let raters = vendors.chain(["nvd", "ghsa"]).chain(OTHERS).find_map(|it| rated_by(&told, it));
    Ok(raters.or_else(|| told.iter().find_map(rating)).unwrap_or(Severity::Undefined))
}

/// Others, in a fixed order, so that a rating does not change with the order of imports.
const OTHERS: [&str; 13] = [
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
fn rated_by(told: &[Vulnerability], rater: &str) -> Option<Severity> {
    let own = told.iter().filter(|it| it.source == rater).find_map(rating);
    let name = if rater == "ghsa" { "github" } else { rater };
    own.or_else(|| {
        let repeated = told.iter().flat_map(|it| &it.cvss);
        best(repeated.filter(|it| it.source.eq_ignore_ascii_case(name)))
    })
}

fn rating(told: &Vulnerability) -> Option<Severity> {
    told.severity.filter(|it| *it != Severity::Undefined).or_else(|| best(told.cvss.iter()))
}

/// The band of the vector of the version that ECR shows first: 3.1, then 3.0, 4.0, 2.0.
fn best<'a>(vectors: impl Iterator<Item = &'a Cvss>) -> Option<Severity> {
    let place = |it: &Cvss| match it.version.as_str() {
        "3.1" => 0,
        "3.0" => 1,
        "4.0" => 2,
        _ => 3,
    };
    let score = |it: &Cvss| match it.vector.is_empty() {
        true => Some(it.score),
        false => cvss::base_score(&it.vector).or((it.score > 0.0).then_some(it.score)),
    };
    vectors.min_by_key(|it| place(it)).and_then(score).map(Severity::from_score)
}
