//! How bad a finding is: the vendor's rating of the package, its rating of the vulnerability, CVSS of NVD, of
//! GitHub, of anybody.

use wharfinger_advisories::rating::{Telling, rated_by, rated_otherwise};
use wharfinger_advisories::{Database, DatabaseError};
use wharfinger_package::Severity;

use super::merge::Hit;

/// `hits` are the statements about one vulnerability, the one that decides first.
pub(super) fn decide(
    database: &Database,
    vulnerability: &str,
    hits: &[Hit<'_>],
) -> Result<Severity, DatabaseError> {
    if let Some(severity) = hits.iter().find_map(|hit| hit.severity) {
        return Ok(severity);
    }
    let alone = hits.len() == 1;
    let judged = |it: &Hit<'_>| it.judgement.is_some_and(|it| alone || !it.extended);
    if !hits.iter().all(judged) {
        return look_up(database, vulnerability, hits);
    }
    let mut judgements = hits.iter().filter_map(|hit| hit.judgement);
    let vendor = judgements.clone().find_map(|it| it.vendor);
    let rated = vendor.or_else(|| judgements.next().and_then(|it| it.otherwise));
    Ok(rated.unwrap_or(Severity::Undefined))
}

/// The same of all that is told.
fn look_up(
    database: &Database,
    vulnerability: &str,
    hits: &[Hit<'_>],
) -> Result<Severity, DatabaseError> {
    let mut all = database.vulnerability(vulnerability)?;
    for hit in hits {
        for id in [Some(hit.id), hit.advisory].into_iter().flatten() {
            let known = all.iter().any(|it| it.id == id || it.aliases.iter().any(|it| it == id));
            if id != vulnerability && !known {
                all.extend(database.vulnerability(id)?);
            }
        }
    }
    let told: Vec<_> = all.iter().map(Telling::of).collect();
    let vendor = hits.iter().find_map(|hit| rated_by(&told, hit.source));
    Ok(vendor.or_else(|| rated_otherwise(&told)).unwrap_or(Severity::Undefined))
}
