//! The Debian security tracker: its JSON (<https://security-tracker.debian.org/tracker/data/json>), and
//! the lists it is made of.

pub(super) mod list;
pub(super) mod release;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Family, Severity};

use super::fault::{Fault, Outlet};
use super::input::Input;
use super::json;
use crate::{Affected, FixStatus, Interval, Record, VersionEnd, Vulnerability};

/// The name of the source.
pub(super) const NAME: &str = "debian";
/// A fixed version that no version is below: the package never had it.
const NEVER: &str = "0";

/// What the tracker says of a flaw in a source package.
#[derive(Deserialize)]
struct Issue {
    description: Option<String>,
    #[serde(default)]
    releases: BTreeMap<String, InRelease>,
}

/// The same for a release.
#[derive(Deserialize)]
struct InRelease {
    status: String,
    fixed_version: Option<String>,
    urgency: Option<String>,
    /// Why there is no advisory, in words; there is none if it is there at all.
    nodsa: Option<String>,
    /// `ignored`, `postponed`, or empty.
    nodsa_reason: Option<String>,
}

/// Reads the JSON of the tracker.
pub(super) fn tracker(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let mut told = BTreeSet::new();
    json::members(input, &mut |(package, issues): (String, BTreeMap<String, Issue>)| {
        outlet.document(NAME, package.clone(), None)?;
        for (id, issue) in issues {
            for (codename, release) in issue.releases {
                // `bookworm-security`: the same release, should the tracker ever tell them apart.
                let Some(ecosystem) = release::ecosystem(&codename) else { continue };
                outlet.covers(NAME, &ecosystem)?;
                let affected = release.affected(&id).map_err(|what| {
                    Fault::malformed(format!("package {package}, {id}, {codename}"), what)
                })?;
                outlet.give(Record::Affected { ecosystem, name: package.clone(), affected })?;
            }
            if !told.contains(&id) {
                outlet.give(Record::Vulnerability(vulnerability(&id, issue.description)))?;
                told.insert(id);
            }
        }
        Ok(())
    })
}

fn vulnerability(id: &str, description: Option<String>) -> Vulnerability {
    Vulnerability {
        id: id.into(),
        source: NAME.into(),
        description: description.filter(|text| !text.is_empty()),
        url: Some(format!("https://security-tracker.debian.org/tracker/{id}")),
        ..Vulnerability::default()
    }
}

impl InRelease {
    fn affected(self, id: &str) -> Result<Affected, String> {
        let is_over = self.urgency.as_deref() == Some("end-of-life");
        let open = |status| (vec![Interval { introduced: None, end: VersionEnd::Open }], status);
        let (intervals, status) = match (self.status.as_str(), self.fixed_version) {
            ("resolved", Some(version)) if version == NEVER => (Vec::new(), FixStatus::NotAffected),
            ("resolved", Some(version)) => fixed(version),
            ("resolved", None) => return Err("it is resolved without a version".into()),
            ("open", _) if is_over => open(FixStatus::EndOfLife),
            ("open", _) => open(match (self.nodsa, self.nodsa_reason.as_deref()) {
                (_, Some("ignored")) => FixStatus::WillNotFix,
                (_, Some("postponed")) | (Some(_), _) => FixStatus::Deferred,
                (None, _) => FixStatus::Affected,
            }),
            ("undetermined", _) => open(FixStatus::UnderInvestigation),
            (other, _) => return Err(format!("the status `{other}` is not known")),
        };
        let word = self.urgency.filter(|word| !word.is_empty() && word != "not yet assigned");
        Ok(Affected {
            vulnerability: id.into(),
            source: NAME.into(),
            intervals,
            status,
            severity: word.as_deref().and_then(Severity::from_vendor_word),
            vendor_severity: word,
            ..Affected::default()
        })
    }
}

/// Everything before a version.
fn fixed(version: String) -> (Vec<Interval>, FixStatus) {
    let interval = Interval { introduced: None, end: VersionEnd::Fixed(version) };
    (vec![interval], FixStatus::Fixed)
}

fn released(release: &str) -> Ecosystem {
    Ecosystem::released(Family::Debian, release)
}
