//! A record of OSV as a document.

use std::collections::{BTreeSet, HashSet};

use wharfinger_core::Timestamp;
use wharfinger_package::{Ecosystem, Severity, cvss};

use super::schema::{OsvAffected, OsvRecord, Rating};
use super::source::{self, Kind};
use super::{ecosystem, errata, versions};
use crate::statements::{self, Cost};
use crate::{Affected, Cvss, Document, FixStatus, Record, VersionEnd, Vulnerability};

/// The document of a record.
///
/// # Errors
/// What is wrong with it.
pub(super) fn document(record: OsvRecord) -> Result<Document, String> {
    if record.id.is_empty() {
        return Err("a record has no id".to_owned());
    }
    let (source, kind) = source::of(&record);
    let modified_at = time(&record.modified);
    if !record.withdrawn.is_empty() {
        return Ok(Document::withdrawn(
            source,
            record.id,
            modified_at.max(time(&record.withdrawn)),
        ));
    }
    let vulnerabilities = vulnerabilities(&record, kind);
    let mut records = affected(&record, source, kind, &vulnerabilities)?;
    if !records.is_empty() {
        records.extend(told(&record, source, kind, &vulnerabilities).map(Record::Vulnerability));
    }
    Ok(Document { source: source.to_owned(), id: record.id, modified_at, records })
}

/// The ids of what the record is about: CVEs where there are any, else its own. None of an update
/// that fixes no vulnerability.
fn vulnerabilities(record: &OsvRecord, kind: Kind) -> Vec<String> {
    let own = || vec![record.id.clone()];
    let cves = |ids: &[&Vec<String>]| -> Vec<String> {
        let ids = ids.iter().flat_map(|ids| ids.iter()).filter(|id| id.starts_with("CVE-"));
        let mut seen = BTreeSet::new();
        ids.filter(|id| seen.insert(id.as_str())).cloned().collect()
    };
    let found = match kind {
        Kind::Prefixed => source::cve_of(&record.id).map(|cve| vec![cve.to_owned()]),
        // One thing, whatever number of CVEs was given to it.
        Kind::Vulnerability | Kind::Malicious => {
            let mut aliases = cves(&[&record.aliases, &record.upstream]);
            aliases.truncate(1);
            Some(aliases)
        }
        Kind::Errata | Kind::Bugfix => {
            Some(cves(&[&record.aliases, &record.upstream, &record.related]))
        }
    };
    match found.filter(|ids| !ids.is_empty()) {
        Some(ids) => ids,
        None if kind == Kind::Bugfix => Vec::new(),
        None => own(),
    }
}

fn affected(
    record: &OsvRecord,
    source: &str,
    kind: Kind,
    vulnerabilities: &[String],
) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    let mut cost = Cost::default();
    let of_releases = of_releases(record);
    for it in &record.affected {
        let Some(ecosystem) = ecosystem::read(&it.package.ecosystem) else { continue };
        let Some(statement) = statement(record, it, source, kind, &ecosystem)? else { continue };
        let of = &it.package;
        if ecosystem::is_subscription(&of.ecosystem)
            && of_releases.contains(&(ecosystem.clone(), of.name.as_str()))
        {
            continue;
        }
        let all = statements::cost(&statement).saturating_mul(vulnerabilities.len());
        cost.add(all).map_err(|what| format!("{}: {}", record.id, what.0))?;
        let name = ecosystem.family.package_name(&it.package.name);
        records.extend(vulnerabilities.iter().map(|vulnerability| {
            Record::Affected {
                ecosystem: ecosystem.clone(),
                name: name.clone(),
                affected: Affected {
                    vulnerability: vulnerability.clone(),
                    advisory: (kind != Kind::Prefixed && record.id != *vulnerability)
                        .then(|| record.id.clone()),
                    ..statement.clone()
                },
            }
        }));
    }
    Ok(records)
}

/// The packages of which something is said about a release itself. What is said about what subscribers
/// get of them is then left out: what is free is what an image has.
fn of_releases(record: &OsvRecord) -> HashSet<(Ecosystem, &str)> {
    let free = record.affected.iter().map(|it| &it.package);
    let free = free.filter(|it| !ecosystem::is_subscription(&it.ecosystem));
    free.filter_map(|it| Some((ecosystem::read(&it.ecosystem)?, it.name.as_str()))).collect()
}

/// What is said of a package, without the id of a vulnerability; `None` if no version is named.
fn statement(
    record: &OsvRecord,
    it: &OsvAffected,
    source: &str,
    kind: Kind,
    ecosystem: &Ecosystem,
) -> Result<Option<Affected>, String> {
    if it.package.name.is_empty() {
        return Err(format!("{} names no package", record.id));
    }
    let intervals = versions::intervals(it, ecosystem.family.scheme())
        .map_err(|what| format!("{}: {what}", record.id))?;
    // Distributions list all versions that an interval holds, by the thousand.
    let listed = intervals.is_empty() || !ecosystem.family.is_distribution();
    let versions = if listed { it.versions.clone() } else { Vec::new() };
    if intervals.is_empty() && versions.is_empty() {
        return Ok(None);
    }
    let word = vendor_severity(record, it, kind);
    let module = errata::module(kind, &record.summary, &intervals);
    let ended = it.ecosystem_specific.text("urgency") == Some("end-of-life");
    Ok(Some(Affected {
        source: source.to_owned(),
        status: match intervals.iter().any(|it| matches!(it.end, VersionEnd::Fixed(_))) {
            true => FixStatus::Fixed,
            false if ended => FixStatus::EndOfLife,
            false => FixStatus::Affected,
        },
        severity: word.as_deref().and_then(severity),
        vendor_severity: word,
        module,
        intervals,
        versions,
        ..Affected::default()
    }))
}

/// The database's own word for how bad it is in a package.
fn vendor_severity(record: &OsvRecord, it: &OsvAffected, kind: Kind) -> Option<String> {
    let rated = |ratings: &[Rating]| {
        let own = ratings.iter().find(|it| !it.kind.starts_with("CVSS"));
        own.map(|it| it.score.clone())
    };
    let specific = [
        it.ecosystem_specific.text("severity"),
        it.ecosystem_specific.text("urgency"),
        it.database_specific.text("severity"),
        // RustSec: `unmaintained`, `unsound`, `notice`.
        it.database_specific.text("informational"),
        record.database_specific.text("severity"),
    ];
    match kind {
        Kind::Malicious => Some("malicious".to_owned()),
        _ => rated(&it.severity)
            .or_else(|| specific.into_iter().flatten().next().map(str::to_owned))
            .or_else(|| rated(&record.severity))
            .or_else(|| errata::severity(kind, &record.summary).map(str::to_owned)),
    }
    .filter(|word| !word.is_empty())
}

/// The severity of a database's word.
fn severity(word: &str) -> Option<Severity> {
    match word {
        "malicious" => Some(Severity::Critical),
        "unmaintained" | "unsound" | "notice" => Some(Severity::Informational),
        word => Severity::from_vendor_word(word),
    }
}

/// What the record tells: of the one vulnerability it is about, or of the update and, as far as it
/// does, of each that the update fixes.
fn told<'a>(
    record: &'a OsvRecord,
    source: &'a str,
    kind: Kind,
    vulnerabilities: &'a [String],
) -> impl Iterator<Item = Vulnerability> + 'a {
    let one = matches!(kind, Kind::Vulnerability | Kind::Prefixed | Kind::Malicious);
    let id = match vulnerabilities {
        [id] if one => id,
        _ => &record.id,
    };
    let others = vulnerabilities.iter().filter(move |it| *it != id);
    let whole = whole(record, source, kind, id);
    let (word, page) = (whole.vendor_severity.clone(), whole.url.clone());
    let parts = others.map(move |cve| Vulnerability {
        id: cve.clone(),
        source: source.to_owned(),
        title: Some(errata::title(record, cve)),
        severity: word.as_deref().and_then(severity),
        vendor_severity: word.clone(),
        published_at: time(&record.published),
        modified_at: time(&record.modified),
        url: page.clone(),
        ..Vulnerability::default()
    });
    std::iter::once(whole.clone()).chain(parts)
}

fn whole(record: &OsvRecord, source: &str, kind: Kind, id: &str) -> Vulnerability {
    let nothing = OsvAffected::default();
    // Where a database rates packages one by one, the first stands for all.
    let word = vendor_severity(record, record.affected.first().unwrap_or(&nothing), kind);
    let one = matches!(kind, Kind::Vulnerability | Kind::Prefixed | Kind::Malicious);
    let mut aliases = if one { record.aliases.clone() } else { Vec::new() };
    aliases.push(record.id.clone());
    aliases.retain(|alias| alias != id);
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Vulnerability {
        id: id.to_owned(),
        source: source.to_owned(),
        aliases,
        title: some(&record.summary),
        description: some(&record.details),
        severity: word.as_deref().and_then(severity),
        vendor_severity: word,
        cvss: ratings(&record.severity, source),
        published_at: time(&record.published),
        modified_at: time(&record.modified),
        url: source::page(source, record),
        references: record.references.iter().map(|it| it.url.clone()).collect(),
    }
}

/// The ratings whose vectors are whole.
fn ratings(ratings: &[Rating], source: &str) -> Vec<Cvss> {
    let vectors = ratings.iter().filter(|it| it.kind.starts_with("CVSS"));
    let read = vectors.filter_map(|it| {
        let version = match it.score.strip_prefix("CVSS:").and_then(|it| it.split_once('/')) {
            Some((version, _)) => version,
            None => "2.0",
        };
        Some(Cvss {
            version: version.to_owned(),
            vector: it.score.clone(),
            score: cvss::base_score(&it.score)?,
            source: source::rater(source),
        })
    });
    read.collect()
}

/// A time after 1970; Go's database writes the year 1 where it does not know.
fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse_http_date(text).filter(|it| it.millis() > 0)
}
