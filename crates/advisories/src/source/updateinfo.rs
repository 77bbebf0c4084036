//! `updateinfo.xml` of the repositories of rpm distributions: Amazon Linux
//! (<https://docs.aws.amazon.com/linux/al2023/ug/security-updates.html>), Oracle Linux, Rocky, AlmaLinux
//! and Fedora. An `<update>` for each advisory, with its CVEs and the packages that have the fix.

mod element;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;

use quick_xml::events::Event;
use wharfinger_package::{Ecosystem, Family, Severity};

use super::date::date;
use super::fault::{Fault, Outlet};
use super::input::Input;
use crate::{Affected, FixStatus, Interval, Record, VersionEnd, Vulnerability};
use element::{Package, Update};

/// Reads a file.
pub(super) fn read(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let meter = input.meter();
    let mut reader = quick_xml::Reader::from_reader(BufReader::new(input));
    let mut buffer = Vec::new();
    let (mut update, mut is_a_list) = (None::<Update>, false);
    loop {
        buffer.clear();
        let position = reader.buffer_position();
        let wrong = |what: String| Fault::malformed(format!("byte {position}"), what);
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => {
                return Err(Fault::Io(std::io::Error::new(error.kind(), error.to_string())));
            }
            Err(error) => return Err(wrong(error.to_string())),
        };
        match event {
            Event::Start(tag) if tag.name().as_ref() == b"updates" => is_a_list = true,
            Event::Start(tag) if tag.name().as_ref() == b"update" => {
                update = Some(Update::begin(&tag).map_err(wrong)?);
            }
            Event::End(tag) if tag.name().as_ref() == b"update" => {
                meter.next_record();
                if let Some(update) = update.take() {
                    give(update, outlet)?;
                }
            }
            Event::Eof if update.is_some() => return Err(wrong("an update has no end".into())),
            Event::Eof if !is_a_list => return Err(wrong("it has no list of updates".into())),
            Event::Eof => return Ok(()),
            event => {
                if let Some(update) = &mut update {
                    update.event(&event).map_err(wrong)?;
                }
            }
        }
    }
}

fn give(update: Update, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    if update.kind != "security" {
        return Ok(());
    }
    let id = update.id.clone();
    let Some(place) = Place::of(&update) else {
        return Err(Fault::malformed(id, "it does not say of which distribution it is"));
    };
    outlet.covers(place.source, &place.ecosystem)?;
    let modified_at = [&update.updated, &update.issued].into_iter().flatten();
    let modified_at = modified_at.filter_map(|text| date(text)).max();
    // Advisories of repositories have numbers of their own, but not in all distributions.
    outlet.document(place.source, format!("{}/{}", place.ecosystem, update.id), modified_at)?;
    let named: Vec<&String> = update.vulnerabilities.iter().collect();
    let ids = if named.is_empty() { vec![&update.id] } else { named };
    let severity = Severity::from_vendor_word(&update.severity);
    for ((name, version, module), architectures) in by_version(&update.packages) {
        for vulnerability in &ids {
            let introduced = place.introduced(version);
            let end = VersionEnd::Fixed(version.to_owned());
            let affected = Affected {
                vulnerability: (*vulnerability).clone(),
                advisory: Some(update.id.clone()),
                source: place.source.into(),
                intervals: vec![Interval { introduced, end }],
                architectures: architectures.iter().map(|it| (*it).to_owned()).collect(),
                module: module.map(str::to_owned),
                status: FixStatus::Fixed,
                severity,
                vendor_severity: Some(update.severity.clone()).filter(|word| !word.is_empty()),
                ..Affected::default()
            };
            let (ecosystem, name) = (place.ecosystem.clone(), name.to_owned());
            outlet.give(Record::Affected { ecosystem, name, affected })?;
        }
    }
    for vulnerability in ids {
        outlet.give(Record::Vulnerability(update.tells(vulnerability, place.source)))?;
    }
    Ok(())
}

/// The architectures of each version of each package.
fn by_version(packages: &[Package]) -> BTreeMap<(&str, &str, Option<&str>), BTreeSet<&str>> {
    let mut found: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for package in packages.iter().filter(|package| package.architecture != "src") {
        let key = (package.name.as_str(), package.version.as_str(), package.module.as_deref());
        found.entry(key).or_default().insert(&package.architecture);
    }
    found
}

impl Update {
    fn tells(&self, id: &str, source: &str) -> Vulnerability {
        let is_it = id == self.id;
        Vulnerability {
            id: id.into(),
            source: source.into(),
            title: Some(self.title.clone()).filter(|_| is_it),
            description: Some(self.description.clone()).filter(|text| is_it && !text.is_empty()),
            severity: Severity::from_vendor_word(&self.severity).filter(|_| is_it),
            published_at: self.issued.as_deref().and_then(date).filter(|_| is_it),
            modified_at: self.updated.as_deref().and_then(date).filter(|_| is_it),
            url: page(source, id),
            ..Vulnerability::default()
        }
    }
}

/// The page of the source about a CVE or an advisory.
fn page(source: &str, id: &str) -> Option<String> {
    match (source, id.starts_with("CVE-")) {
        ("amazon", true) => Some(format!("https://explore.alas.aws.amazon.com/{id}.html")),
        ("oracle", true) => Some(format!("https://linux.oracle.com/cve/{id}.html")),
        ("oracle", false) => Some(format!("https://linux.oracle.com/errata/{id}.html")),
        ("rocky", false) => Some(format!("https://errata.rockylinux.org/{id}")),
        _ => None,
    }
}

/// The distribution and the repository of an advisory.
struct Place {
    ecosystem: Ecosystem,
    source: &'static str,
    /// The version that a topic of Amazon's extras is of: `8.0` of `PHP8.0`.
    topic_version: Option<String>,
}

impl Place {
    fn of(update: &Update) -> Option<Self> {
        if let Some((release, topic)) = amazon(&update.id) {
            let ecosystem = Ecosystem::released(Family::Amazon, release);
            return Some(Self { ecosystem, source: "amazon", topic_version: version_of(topic) });
        }
        let family = match update.id.split('-').next()? {
            "ELSA" | "ELBA" => Family::Oracle,
            "RLSA" | "RLBA" => Family::Rocky,
            "ALSA" | "ALBA" => Family::Alma,
            "FEDORA" => Family::Fedora,
            _ => return None,
        };
        let mark = if family == Family::Fedora { ".fc" } else { ".el" };
        let release = update.packages.iter().find_map(|package| {
            let (_, rest) = package.version.rsplit_once(mark)?;
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.get(..end).filter(|release| !release.is_empty())
        })?;
        let ecosystem = Ecosystem::released(family, release);
        Some(Self { ecosystem, source: family.as_str(), topic_version: None })
    }

    /// Packages of a topic have the names of those of the core repository, in newer versions; those of
    /// the core are not what an advisory of the topic speaks of.
    fn introduced(&self, version: &str) -> Option<String> {
        let topic = self.topic_version.as_deref()?;
        let (epoch, upstream) = match version.split_once(':') {
            Some((epoch, upstream)) => (format!("{epoch}:"), upstream),
            None => (String::new(), version),
        };
        let is_of_it = upstream
            .strip_prefix(topic)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        is_of_it.then(|| format!("{epoch}{topic}"))
    }
}

/// Release and topic of an advisory of Amazon: `ALAS-2018-939`, `ALAS2-2018-939`, `ALAS2023-2023-1`,
/// `ALAS2PHP8.0-2022-1`, `ALASDOCKER-2021-1`.
pub(super) fn amazon(id: &str) -> Option<(&'static str, &str)> {
    let rest = id.strip_prefix("ALAS")?;
    let (rest, _number) = rest.rsplit_once('-')?;
    let (place, year) = rest.rsplit_once('-')?;
    if year.len() != 4 {
        return None;
    }
    if place.is_empty() {
        return Some(("1", ""));
    }
    for (prefix, release) in [("2023", "2023"), ("2022", "2022"), ("2", "2"), ("", "2")] {
        if let Some(topic) = place.strip_prefix(prefix) {
            return Some((release, topic.trim_start_matches('-')));
        }
    }
    None
}

/// The version at the end of a topic's name.
fn version_of(topic: &str) -> Option<String> {
    let at = topic.rfind(|c: char| !c.is_ascii_digit() && c != '.')? + 1;
    topic.get(at..).filter(|version| !version.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advisories_of_amazon_name_release_and_topic() {
        for (id, release, topic, version) in [
            ("ALAS-2018-939", "1", "", None),
            ("ALAS2-2018-939", "2", "", None),
            ("ALAS2023-2023-001", "2023", "", None),
            ("ALAS2023LIVEPATCH-2024-001", "2023", "LIVEPATCH", None),
            ("ALAS2PHP8.0-2022-001", "2", "PHP8.0", Some("8.0")),
            ("ALAS2KERNEL-5.10-2022-020", "2", "KERNEL-5.10", Some("5.10")),
            ("ALASDOCKER-2021-001", "2", "DOCKER", None),
        ] {
            assert_eq!(amazon(id), Some((release, topic)), "{id}");
            assert_eq!(version_of(topic).as_deref(), version, "{id}");
        }
        assert_eq!(amazon("ALAS2-7"), None);
    }
}
