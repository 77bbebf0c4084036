//! The CVE tracker of Ubuntu (<https://git.launchpad.net/ubuntu-cve-tracker>), a CVE in a line: its
//! priority, and by package and release a status with a version or a reason, `released|1.2-3ubuntu1`.
//! What Ubuntu publishes for all is OSV.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Family, Severity};

use super::date::date;
use super::fault::{Fault, Outlet};
use super::input::Input;
use super::json;
use crate::{Affected, FixStatus, Interval, Record, VersionEnd, Vulnerability};

const RELEASES: [(&str, &str); 22] = [
    ("lucid", "10.04"),
    ("precise", "12.04"),
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("artful", "17.10"),
    ("bionic", "18.04"),
    ("cosmic", "18.10"),
    ("disco", "19.04"),
    ("eoan", "19.10"),
    ("focal", "20.04"),
    ("groovy", "20.10"),
    ("hirsute", "21.04"),
    ("impish", "21.10"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
];

#[derive(Deserialize)]
struct Row {
    cve: String,
    priority: Option<String>,
    date: Option<String>,
    #[serde(default)]
    pkgs: BTreeMap<String, BTreeMap<String, String>>,
}

/// Reads the lines.
pub(super) fn read(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    json::documents(input, &mut |row: Row| {
        let at = row.date.as_deref().and_then(date);
        outlet.document("ubuntu", row.cve.clone(), at)?;
        let word = row.priority.filter(|word| word != "untriaged");
        let severity = word.as_deref().and_then(Severity::from_vendor_word);
        for (package, releases) in row.pkgs {
            for (codename, state) in releases {
                // Others have their support from elsewhere (`trusty/esm`), or are over.
                let Some(release) = number(&codename) else { continue };
                let Some((intervals, status)) = conclusion(&state) else { continue };
                let ecosystem = Ecosystem::released(Family::Ubuntu, release);
                outlet.covers("ubuntu", &ecosystem)?;
                let affected = Affected {
                    vulnerability: row.cve.clone(),
                    source: "ubuntu".into(),
                    intervals,
                    status,
                    severity,
                    vendor_severity: word.clone(),
                    ..Affected::default()
                };
                outlet.give(Record::Affected { ecosystem, name: package.clone(), affected })?;
            }
        }
        outlet.give(Record::Vulnerability(Vulnerability {
            url: Some(format!("https://ubuntu.com/security/{}", row.cve)),
            id: row.cve,
            source: "ubuntu".into(),
            severity,
            vendor_severity: word,
            published_at: at,
            ..Vulnerability::default()
        }))
    })
}

fn number(codename: &str) -> Option<&'static str> {
    RELEASES.iter().find(|(name, _)| *name == codename).map(|(_, number)| *number)
}

/// What follows of a state; `None` if nothing does, as the release does not have the package.
fn conclusion(state: &str) -> Option<(Vec<Interval>, FixStatus)> {
    let (word, note) = state.split_once('|').unwrap_or((state, ""));
    let open = |status| (vec![Interval { introduced: None, end: VersionEnd::Open }], status);
    let is_version = note.starts_with(|c: char| c.is_ascii_digit());
    Some(match word {
        "released" | "released-esm" if is_version => {
            let end = VersionEnd::Fixed(note.trim().into());
            (vec![Interval { introduced: None, end }], FixStatus::Fixed)
        }
        "not-affected" => (Vec::new(), FixStatus::NotAffected),
        "needed" | "pending" | "active" | "released" => open(FixStatus::Affected),
        "needs-triage" => open(FixStatus::UnderInvestigation),
        "deferred" => open(FixStatus::Deferred),
        "ignored" if note.contains("end-of-life") || note.contains("out of standard support") => {
            open(FixStatus::EndOfLife)
        }
        "ignored" => open(FixStatus::WillNotFix),
        _ => return None,
    })
}
