//! Updates of distributions: one text about several CVEs.

use super::schema::OsvRecord;
use super::source::Kind;
use crate::{Interval, VersionEnd};

/// `Important` of `Important: nodejs:14 security update`.
pub(super) fn severity(kind: Kind, summary: &str) -> Option<&str> {
    let (word, _) = summary.split_once(':').filter(|_| kind == Kind::Errata)?;
    let known = ["Critical", "Important", "Moderate", "Low"];
    known.into_iter().find(|known| *known == word)
}

/// `nodejs:14` of the same, if the versions are those of a module: OSV has no field for it, and without
/// it an update of one stream would speak of all.
pub(super) fn module(kind: Kind, summary: &str, intervals: &[Interval]) -> Option<String> {
    let modular = intervals.iter().any(|it| match &it.end {
        VersionEnd::Fixed(version) => version.contains(".module"),
        _ => false,
    });
    if !modular || !matches!(kind, Kind::Errata | Kind::Bugfix) {
        return None;
    }
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.+".contains(sign);
    let is_module = |word: &&str| {
        word.split_once(':').is_some_and(|(name, stream)| {
            !name.is_empty()
                && !stream.is_empty()
                && name.chars().all(plain)
                && stream.chars().all(plain)
        })
    };
    summary.split_whitespace().find(is_module).map(str::to_owned)
}

/// What the text says of one CVE: the line that ends with it, else what it says of all.
pub(super) fn title(record: &OsvRecord, cve: &str) -> String {
    let ends = |line: &&str| {
        let name = line.strip_suffix(')').and_then(|line| line.strip_suffix(cve));
        name.is_some_and(|line| line.ends_with('('))
    };
    let mut lines = record.details.lines().map(str::trim);
    match lines.find(ends) {
        Some(line) => line.trim_start_matches(['*', '-', ' ']).to_owned(),
        None => record.summary.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_module_and_title_are_in_the_text() {
        let summary = "Important: nodejs:14 security update";
        assert_eq!(severity(Kind::Errata, summary), Some("Important"));
        assert_eq!(severity(Kind::Errata, "firefox: an update"), None);
        assert_eq!(severity(Kind::Vulnerability, summary), None);
        let fixed = |version: &str| {
            [Interval { introduced: None, end: VersionEnd::Fixed(version.to_owned()) }]
        };
        let modular = fixed("1:14.18.2-2.module_el8.5.0+2618+8d46dafd");
        assert_eq!(module(Kind::Errata, summary, &modular).as_deref(), Some("nodejs:14"));
        assert_eq!(module(Kind::Errata, summary, &fixed("14-1.el8")), None);
        assert_eq!(module(Kind::Errata, "Important: a security update", &modular), None);
        let record = OsvRecord {
            summary: summary.to_owned(),
            details: "Security Fix(es):\n\n  * cpython: Tarfile (CVE-2024-1)\n* x (CVE-2024-11)"
                .into(),
            ..OsvRecord::default()
        };
        assert_eq!(title(&record, "CVE-2024-1"), "cpython: Tarfile (CVE-2024-1)");
        assert_eq!(title(&record, "CVE-2024-2"), summary);
    }
}
