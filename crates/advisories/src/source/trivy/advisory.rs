//! An advisory of Trivy's database.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Severity, VersionScheme};

use super::super::range::{self, Range};
use super::bucket::Place;
use crate::{Affected, FixStatus, Interval, VersionEnd};

/// What is said of a package.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Advisory {
    fixed_version: String,
    /// Of Alpine: the first version.
    affected_version: String,
    severity: f64,
    status: u8,
    state: String,
    #[serde(rename = "VendorIDs")]
    vendor_ids: Vec<String>,
    arches: Vec<String>,
    entries: Vec<Statement>,
    vulnerable_versions: Vec<String>,
    patched_versions: Vec<String>,
    unaffected_versions: Vec<String>,
}

/// One of more statements of an advisory, of some products or architectures.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Statement {
    fixed_version: String,
    /// Products of Red Hat, by number.
    affected: Vec<u64>,
    arches: Vec<String>,
    status: u8,
    severity: f64,
    cves: Vec<Cve>,
    #[serde(rename = "VendorIDs", alias = "VendorIds")]
    vendor_ids: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cve {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Severity")]
    severity: f64,
}

/// Trivy's severities, which fixtures write as fractions.
pub(super) fn severity(number: f64) -> Option<Severity> {
    match number {
        n if n < 0.5 => None,
        n if n < 1.5 => Some(Severity::Low),
        n if n < 2.5 => Some(Severity::Medium),
        n if n < 3.5 => Some(Severity::High),
        _ => Some(Severity::Critical),
    }
}

fn status(number: u8, state: &str) -> FixStatus {
    match (number, state) {
        (1, _) => FixStatus::NotAffected,
        (4, _) => FixStatus::UnderInvestigation,
        (5, _) | (0, "ignored") => FixStatus::WillNotFix,
        (6, _) | (0, "postponed" | "no-dsa") => FixStatus::Deferred,
        (7, _) => FixStatus::EndOfLife,
        _ => FixStatus::Affected,
    }
}

/// Everything before the fixed version, or everything.
fn until(introduced: &str, fixed: &str, other: FixStatus) -> (Vec<Interval>, FixStatus) {
    let introduced = Some(introduced.to_owned()).filter(|it| !it.is_empty());
    match fixed {
        "" if other == FixStatus::NotAffected => (Vec::new(), other),
        "" => (vec![Interval { introduced, end: VersionEnd::Open }], other),
        fixed => {
            let end = VersionEnd::Fixed(fixed.to_owned());
            (vec![Interval { introduced, end }], FixStatus::Fixed)
        }
    }
}

impl Advisory {
    /// What it says, as records.
    pub(super) fn said(
        &self,
        id: &str,
        place: &Place,
        package: &str,
        products: &BTreeMap<u64, Ecosystem>,
    ) -> Result<Vec<(Ecosystem, Affected)>, String> {
        let Some(ecosystem) = &place.ecosystem else {
            let module = package.rsplit_once("::").map(|(module, _)| module);
            return Ok(self.of_red_hat(id, module, products));
        };
        let said = match ecosystem.family.is_distribution() {
            true => self.of_distribution(id, place),
            false => vec![self.of_language(id, place, ecosystem.family.scheme())?],
        };
        Ok(said.into_iter().map(|affected| (ecosystem.clone(), affected)).collect())
    }

    fn of_distribution(&self, id: &str, place: &Place) -> Vec<Affected> {
        let statement = |fixed: &str, arches: &[String], vendor_ids: &[String]| {
            let other = status(self.status, &self.state);
            let (intervals, status) = until(&self.affected_version, fixed, other);
            Affected {
                vulnerability: id.into(),
                advisory: vendor_ids.first().cloned(),
                source: place.source.clone(),
                intervals,
                architectures: arches.to_vec(),
                status,
                severity: severity(self.severity),
                ..Affected::default()
            }
        };
        if self.entries.is_empty() {
            return vec![statement(&self.fixed_version, &self.arches, &self.vendor_ids)];
        }
        let entries = self.entries.iter();
        entries.map(|it| statement(&it.fixed_version, &it.arches, &it.vendor_ids)).collect()
    }

    fn of_language(
        &self,
        id: &str,
        place: &Place,
        scheme: VersionScheme,
    ) -> Result<Affected, String> {
        let ranges = |texts: &[String]| -> Result<Vec<Range>, String> {
            let parsed = texts.iter().map(|text| range::parse(text, scheme));
            Ok(parsed.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        };
        let intervals: Vec<Interval> = if self.vulnerable_versions.is_empty() {
            let mut good = ranges(&self.patched_versions)?;
            good.extend(ranges(&self.unaffected_versions)?);
            range::outside(good, scheme)?
        } else {
            let bad = ranges(&self.vulnerable_versions)?;
            bad.iter().filter_map(|range| range.interval(scheme)).collect()
        };
        let is_open = |it: &Interval| it.end == VersionEnd::Open;
        let is_fixed = !intervals.iter().all(is_open) || !self.patched_versions.is_empty();
        Ok(Affected {
            vulnerability: id.into(),
            advisory: self.vendor_ids.first().cloned(),
            source: place.source.clone(),
            status: if is_fixed { FixStatus::Fixed } else { FixStatus::Affected },
            intervals,
            severity: severity(self.severity),
            ..Affected::default()
        })
    }

    /// By release: an advisory has statements of products, and each of its CVEs a severity.
    fn of_red_hat(
        &self,
        id: &str,
        module: Option<&str>,
        products: &BTreeMap<u64, Ecosystem>,
    ) -> Vec<(Ecosystem, Affected)> {
        let mut said = Vec::new();
        for entry in &self.entries {
            let releases: BTreeSet<_> =
                entry.affected.iter().filter_map(|number| products.get(number)).collect();
            let (intervals, status) = until("", &entry.fixed_version, status(entry.status, ""));
            let own = Cve { id: String::new(), severity: entry.severity };
            let cves: Vec<&Cve> = match entry.cves.is_empty() {
                true => vec![&own],
                false => entry.cves.iter().collect(),
            };
            for (release, cve) in
                releases.iter().flat_map(|it| cves.iter().map(move |cve| (*it, *cve)))
            {
                let vulnerability = if cve.id.is_empty() { id } else { &cve.id };
                said.push((
                    release.clone(),
                    Affected {
                        vulnerability: vulnerability.into(),
                        advisory: Some(id.to_owned()).filter(|id| id.as_str() != vulnerability),
                        source: "redhat".into(),
                        intervals: intervals.clone(),
                        architectures: entry.arches.clone(),
                        module: module.map(str::to_owned),
                        status,
                        severity: severity(cve.severity),
                        ..Affected::default()
                    },
                ));
            }
        }
        said
    }
}
