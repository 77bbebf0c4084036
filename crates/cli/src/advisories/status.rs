//! `wharfinger advisories status`.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use wharfinger_advisories::{DatabaseInformation, SourceInformation};
use wharfinger_core::{Clock as _, Timestamp};
use wharfinger_server::SystemClock;

use super::store;
use crate::arguments::DirectoryArguments;
use crate::print;

/// Advisories that nobody brought up to date for so long are called old.
const OLD_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);

#[derive(Args, Debug)]
pub(super) struct StatusArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    directory: DirectoryArguments,
}

/// What is there, as `--json` shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: Option<String>,
    built_at: Option<String>,
    sources: Vec<ShownSource>,
    ecosystems: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownSource {
    name: String,
    updated_at: String,
    imported_at: String,
    records: u64,
    license: String,
}

impl ShownSource {
    fn of(source: &SourceInformation) -> Self {
        Self {
            name: source.name.clone(),
            updated_at: source.updated_at.to_string(),
            imported_at: source.imported_at.to_string(),
            records: source.record_count,
            license: source.license.clone(),
        }
    }
}

pub(super) fn run(arguments: &StatusArguments) -> anyhow::Result<()> {
    let current = store(&arguments.directory)?.current()?;
    let shown = shown(current.as_deref().map(|it| it.information()), SystemClock.now());
    match arguments.json {
        true => print::json(&shown),
        false => print_table(&shown),
    }
}

fn shown(current: Option<&DatabaseInformation>, now: Timestamp) -> Shown {
    let Some(current) = current else {
        let warning = "there are no advisories: nothing can be scanned. See `wharfinger advisories update --help` \
                       and `import --help`";
        let (sources, ecosystems) = (Vec::new(), Vec::new());
        return Shown {
            id: None,
            built_at: None,
            sources,
            ecosystems,
            warnings: vec![warning.into()],
        };
    };
    Shown {
        id: Some(current.id.clone()),
        built_at: Some(current.built_at.to_string()),
        sources: current.sources.iter().map(ShownSource::of).collect(),
        ecosystems: current.ecosystems.iter().map(ToString::to_string).collect(),
        warnings: warnings(current, now),
    }
}

/// What was not imported for long, by when that was; a source that says nothing new is not old.
fn warnings(current: &DatabaseInformation, now: Timestamp) -> Vec<String> {
    let old = current.sources.iter().filter(|it| it.imported_at < now.minus(OLD_AFTER));
    let old: Vec<_> = old.map(|it| format!("{} ({})", it.name, it.imported_at)).collect();
    match old.is_empty() {
        true => Vec::new(),
        false => vec![format!("older than three days: {}", old.join(", "))],
    }
}

fn print_table(shown: &Shown) -> anyhow::Result<()> {
    if let (Some(id), Some(built_at)) = (&shown.id, &shown.built_at) {
        print::line(&format!("Database {id}, built {built_at}\n"))?;
        let row = |it: &ShownSource| {
            let records = it.records.to_string();
            let license = if it.license.is_empty() { "not stated" } else { &it.license };
            [
                it.name.clone(),
                it.updated_at.clone(),
                it.imported_at.clone(),
                records,
                license.into(),
            ]
        };
        let rows: Vec<_> = shown.sources.iter().map(row).collect();
        print::table(["SOURCE", "NEWEST", "IMPORTED", "RECORDS", "LICENCE"], &rows)?;
        let ecosystems = shown.ecosystems.join(" ");
        print::line(&format!("\nIt speaks for: {ecosystems}"))?;
    }
    for warning in &shown.warnings {
        print::error(&format!("warning: {warning}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_said() {
        let now = Timestamp::from_seconds(1_772_368_200);
        let source = |name: &str, imported_at| SourceInformation {
            name: name.into(),
            updated_at: Timestamp::from_seconds(0),
            imported_at,
            record_count: 7,
            license: "CC0-1.0".into(),
        };
        let day = Duration::from_secs(24 * 3600);
        let information = DatabaseInformation {
            id: "ab".repeat(32),
            built_at: now,
            sources: vec![source("debian", now.minus(day * 4)), source("kev", now.minus(day))],
            ecosystems: vec!["debian:12".parse().unwrap()],
        };
        let value = serde_json::to_value(shown(Some(&information), now)).unwrap();
        let warning = "older than three days: debian (2026-02-25T12:30:00Z)";
        assert_eq!(value["warnings"], serde_json::json!([warning]));
        assert_eq!(value["ecosystems"], serde_json::json!(["debian:12"]));
        let expected = serde_json::json!({
            "name": "kev", "updatedAt": "1970-01-01T00:00:00Z", "importedAt": "2026-02-28T12:30:00Z",
            "records": 7, "license": "CC0-1.0",
        });
        assert_eq!(value["sources"][1], expected);
        let none = shown(None, now);
        assert!(none.id.is_none() && none.warnings[0].starts_with("there are no advisories"));
    }
}
