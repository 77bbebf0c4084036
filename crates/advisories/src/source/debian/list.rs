//! The lists of the tracker's repository (<https://salsa.debian.org/security-tracker-team/security-tracker>):
//! `data/DSA/list`, `data/DLA/list` and `data/CVE/list`.
//!
//! An entry is a line that begins at its margin, and lines with a tab:
//!
//! ```text
//! [29 Mar 2023] DSA-5380-1 xorg-server - security update
//!     {CVE-2023-1393}
//!     [bullseye] - xorg-server 2:1.20.11-1+deb11u1
//! CVE-2023-0001 (A flaw ...)
//!     - openssl 3.0.8-1 (bug #1; medium)
//!     [bookworm] - openssl <no-dsa> (Minor issue)
//! ```

use std::collections::HashMap;
use std::io::{BufRead, BufReader};

use wharfinger_core::Timestamp;
use wharfinger_package::{Ecosystem, Severity};

use super::super::date::date;
use super::super::fault::{Fault, Outlet};
use super::super::input::Input;
use super::{NAME, NEVER, fixed, release, released};
use crate::{Affected, FixStatus, Interval, Record, VersionEnd, Vulnerability};

/// Bytes of a line.
const LINE_BYTES_MAX: usize = 1 << 20;
/// Notes and lists of one entry.
const ENTRY_LINES_MAX: usize = 10_000;

/// Reads a list.
pub(in crate::source) fn read(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let meter = input.meter();
    let mut list = List { entry: None, times: HashMap::new(), outlet };
    for (index, line) in BufReader::new(input).lines().enumerate() {
        let line = line?;
        meter.next_record();
        let at = |what: String| Fault::line(index + 1, what);
        if line.len() > LINE_BYTES_MAX {
            return Err(at("it has more than 1 MiB".into()));
        }
        match line.strip_prefix(['\t', ' ']) {
            Some(text) => {
                let Some(entry) = &mut list.entry else {
                    return Err(at("it belongs to no entry".into()));
                };
                entry.add(text.trim()).map_err(at)?;
            }
            None if line.trim().is_empty() => {}
            None => {
                list.finish()?;
                list.entry = Some(Entry::begin(line.trim_end()).map_err(at)?);
            }
        }
    }
    list.finish()
}

struct List<'a, 'o> {
    entry: Option<Entry>,
    /// How often each id has occurred.
    times: HashMap<String, u32>,
    outlet: &'a mut Outlet<'o>,
}

/// An advisory, or a CVE.
struct Entry {
    id: String,
    title: Option<String>,
    at: Option<Timestamp>,
    vulnerabilities: Vec<String>,
    lines: Vec<Line>,
    is_rejected: bool,
}

/// `[release] - package version (notes)`; without a release it is of unstable.
struct Line {
    ecosystem: Ecosystem,
    package: String,
    state: String,
    urgency: Option<String>,
}

impl Entry {
    fn begin(text: &str) -> Result<Self, String> {
        let (at, rest) = match text.strip_prefix('[') {
            Some(rest) => {
                let (day, rest) = rest.split_once(']').ok_or("the date has no end")?;
                let at = date(day).ok_or_else(|| format!("`{day}` is no date"))?;
                (Some(at), rest.trim_start())
            }
            None => (None, text),
        };
        let (id, title) = rest.split_once(' ').unwrap_or((rest, ""));
        if !["DSA-", "DLA-", "DTSA-", "CVE-", "TEMP-"].iter().any(|known| id.starts_with(known)) {
            return Err(format!("`{id}` is neither a DSA, a DLA nor a CVE"));
        }
        let title = title.trim().trim_start_matches(['(', '[']).trim_end_matches([')', ']']);
        Ok(Self {
            id: id.into(),
            title: Some(title).filter(|title| !title.is_empty()).map(Into::into),
            at,
            vulnerabilities: Vec::new(),
            lines: Vec::new(),
            is_rejected: false,
        })
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        if self.lines.len() + self.vulnerabilities.len() > ENTRY_LINES_MAX {
            return Err(format!("{} has too many lines", self.id));
        }
        if let Some(ids) = text.strip_prefix('{') {
            let ids = ids.strip_suffix('}').ok_or("the list of CVEs has no end")?;
            self.vulnerabilities.extend(ids.split_whitespace().map(str::to_owned));
        } else if text.starts_with("- ") {
            self.lines.extend(line(released(release::UNSTABLE), text)?);
        } else if let Some(rest) = text.strip_prefix('[') {
            let (codename, rest) = rest.split_once(']').ok_or("the release has no end")?;
            // `[experimental]`: no release.
            if let Some(ecosystem) = release::ecosystem(codename) {
                self.lines.extend(line(ecosystem, rest.trim_start())?);
            }
        } else if text == "REJECTED" {
            self.is_rejected = true;
        }
        Ok(())
    }
}

/// `- package version (notes)`; `None` if nothing can be concluded of it.
fn line(ecosystem: Ecosystem, text: &str) -> Result<Option<Line>, String> {
    let text = text.strip_prefix('-').ok_or_else(|| format!("`{text}` is no statement"))?;
    let (text, notes) = text.split_once('(').unwrap_or((text, ""));
    let mut words = text.split_whitespace();
    let package = words.next().ok_or("it names no package")?;
    let Some(state) = words.next() else { return Ok(None) };
    let mut urgency = notes.trim_end_matches(')').rsplit(';').map(str::trim);
    let urgency = urgency.next().filter(|word| Severity::from_vendor_word(word).is_some());
    Ok(Some(Line {
        ecosystem,
        package: package.into(),
        state: state.into(),
        urgency: urgency.map(Into::into),
    }))
}

impl Line {
    /// What follows of it; `None` if nothing does.
    fn conclusion(&self) -> Option<(Vec<Interval>, FixStatus)> {
        let open = |status| (vec![Interval { introduced: None, end: VersionEnd::Open }], status);
        Some(match self.state.as_str() {
            NEVER | "<not-affected>" => (Vec::new(), FixStatus::NotAffected),
            "<unfixed>" => open(FixStatus::Affected),
            "<no-dsa>" | "<postponed>" => open(FixStatus::Deferred),
            "<ignored>" => open(FixStatus::WillNotFix),
            "<end-of-life>" => open(FixStatus::EndOfLife),
            "<undetermined>" => open(FixStatus::UnderInvestigation),
            // `<removed>`, `<itp>`: the release does not have the package.
            other if other.starts_with('<') => return None,
            version => fixed(version.into()),
        })
    }
}

impl List<'_, '_> {
    /// Hands on what the entry says that was read last.
    fn finish(&mut self) -> Result<(), Fault> {
        let Some(entry) = self.entry.take().filter(|entry| !entry.is_rejected) else {
            return Ok(());
        };
        // Some numbers were given twice.
        let times = self.times.entry(entry.id.clone()).or_insert(0_u32);
        *times = times.saturating_add(1);
        let id = if *times > 1 { format!("{}#{times}", entry.id) } else { entry.id.clone() };
        self.outlet.document(NAME, id, entry.at)?;
        let is_advisory = entry.at.is_some();
        for line in &entry.lines {
            if let Some((intervals, status)) = line.conclusion() {
                self.say(&entry, line, &line.ecosystem, (intervals, status), is_advisory)?;
            }
            if !is_advisory && line.ecosystem == released(release::UNSTABLE) {
                self.follow_unstable(&entry, line)?;
            }
        }
        if !is_advisory && !entry.lines.is_empty() {
            self.outlet.give(Record::Vulnerability(Vulnerability {
                title: entry.title.clone(),
                ..super::vulnerability(&entry.id, None)
            }))?;
        }
        Ok(())
    }

    /// Releases without a line of their own have what unstable had: versions below its fix are affected,
    /// and the release has no fix.
    fn follow_unstable(&mut self, entry: &Entry, unstable: &Line) -> Result<(), Fault> {
        let Some((intervals, status)) = unstable.conclusion() else { return Ok(()) };
        let status = if status == FixStatus::Fixed { FixStatus::Affected } else { status };
        for release in release::CURRENT.map(released) {
            let has_its_own =
                |line: &&Line| line.ecosystem == release && line.package == unstable.package;
            if entry.lines.iter().find(has_its_own).is_none() {
                self.say(entry, unstable, &release, (intervals.clone(), status), false)?;
            }
        }
        Ok(())
    }

    fn say(
        &mut self,
        entry: &Entry,
        line: &Line,
        ecosystem: &Ecosystem,
        (intervals, status): (Vec<Interval>, FixStatus),
        is_advisory: bool,
    ) -> Result<(), Fault> {
        self.outlet.covers(NAME, ecosystem)?;
        // An advisory without a CVE, such as for a regression, is what is found itself.
        let own = [entry.id.clone()];
        let ids = match entry.vulnerabilities.as_slice() {
            named if is_advisory && !named.is_empty() => named,
            _ => &own,
        };
        for id in ids {
            let affected = Affected {
                vulnerability: id.clone(),
                advisory: is_advisory.then(|| entry.id.clone()),
                source: NAME.into(),
                intervals: intervals.clone(),
                status,
                severity: line.urgency.as_deref().and_then(Severity::from_vendor_word),
                vendor_severity: line.urgency.clone(),
                ..Affected::default()
            };
            let name = line.package.clone();
            self.outlet.give(Record::Affected { ecosystem: ecosystem.clone(), name, affected })?;
        }
        Ok(())
    }
}
