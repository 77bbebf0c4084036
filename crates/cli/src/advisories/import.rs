//! `wharfinger advisories import` and `export`.

use std::path::{Path, PathBuf};

use clap::Args;
use wharfinger_advisories::source::{self, Imported};
use wharfinger_advisories::{DatabaseInformation, Import, SourceChange, bundle};
use wharfinger_core::Clock as _;
use wharfinger_server::SystemClock;

use super::progress::Progress;
use super::store;
use crate::arguments::DirectoryArguments;
use crate::print;
use crate::whole_file::write_whole;

/// Documents between two words about how far an import is.
const DOCUMENTS_A_WORD: u64 = 1000;

#[derive(Args, Debug)]
pub(super) struct ImportArguments {
    /// Files, or folders of them; what each is, its content tells
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    directory: DirectoryArguments,
}

#[derive(Args, Debug)]
pub(super) struct ExportArguments {
    /// The bundle to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    chosen: ChosenArguments,
    #[command(flatten)]
    directory: DirectoryArguments,
}

/// What goes into a bundle.
#[derive(Args, Debug)]
pub(super) struct ChosenArguments {
    /// A source; may be repeated [default: all that may be passed on]
    #[arg(long = "source", value_name = "NAME")]
    pub(super) sources: Vec<String>,
    /// Put in sources whose terms do not allow to pass them on: the bundle stays in your organisation
    #[arg(long)]
    pub(super) whatever_the_terms: bool,
}

pub(super) fn import(arguments: &ImportArguments) -> anyhow::Result<()> {
    let store = store(&arguments.directory)?;
    let mut running = store.begin()?;
    for file in &arguments.files {
        let done = import_one(&mut running, file)?;
        report(&file.display().to_string(), &done)?;
    }
    finish(running)
}

/// Imports what is under a path, and shows how far it is.
pub(super) fn import_one(running: &mut Import, path: &Path) -> anyhow::Result<Imported> {
    let mut progress = Progress::new();
    let done = source::import(running, path, SystemClock.now(), &mut |count| {
        let text = || format!("{}: {count} documents", path.display());
        progress.at(count, DOCUMENTS_A_WORD, text);
    });
    progress.clear();
    Ok(done?)
}

/// Builds the database, and says what it is.
pub(super) fn finish(running: Import) -> anyhow::Result<()> {
    let mut progress = Progress::new();
    progress.at(1, 1, || "building the database".into());
    // The same imports are the same database, wherever it is built.
    let imported_at = running.sources().map(|source| source.imported_at).max();
    let built = running.commit(imported_at.unwrap_or_else(|| SystemClock.now()));
    progress.clear();
    Ok(print::line(&built_line(&built?))?)
}

fn built_line(built: &DatabaseInformation) -> String {
    let id: String = built.id.chars().take(12).collect();
    let (sources, ecosystems) = (built.sources.len(), built.ecosystems.len());
    format!("Database {id} is current: {sources} sources, which speak for {ecosystems} ecosystems.")
}

/// Says what a file was, and what it changed.
pub(super) fn report(name: &str, done: &Imported) -> anyhow::Result<()> {
    print::line(&format!("{name}: {}; documents: {}", done.title, done.document_count))?;
    for change in &done.changes {
        print::line(&format!("  {}", change_line(change)))?;
    }
    Ok(())
}

fn change_line(change: &SourceChange) -> String {
    let SourceChange { source, added, changed, removed, unchanged } = change;
    format!("{source}: {added} new, {changed} changed, {removed} gone, {unchanged} as before")
}

pub(super) fn export(arguments: &ExportArguments) -> anyhow::Result<()> {
    let store = store(&arguments.directory)?;
    write_bundle(&store, &arguments.chosen, &arguments.file)?;
    Ok(print::line(&format!("{} is written.", arguments.file.display()))?)
}

/// Writes a bundle to a file of its own, which gets its name when it is whole.
pub(super) fn write_bundle(
    store: &wharfinger_advisories::Store,
    chosen: &ChosenArguments,
    path: &Path,
) -> anyhow::Result<()> {
    let (sources, terms) = (&chosen.sources, chosen.whatever_the_terms);
    // What did not change is the same bundle, which nobody has to fetch again.
    let built_at = store.current()?.map(|it| it.information().built_at);
    let built_at = built_at.unwrap_or_else(|| SystemClock.now());
    let written =
        write_whole(path, |out| Ok(bundle::export(store, sources, terms, built_at, out)?))?;
    for source in &written.information.sources {
        let license = Some(source.license.as_str()).filter(|text| !text.is_empty());
        let license = license.unwrap_or("licence not stated");
        let (name, updated_at) = (&source.name, source.updated_at);
        print::line(&format!("{name}: of {updated_at}, {license}"))?;
    }
    if !written.left_out.is_empty() {
        let names = written.left_out.join(", ");
        print::error(&format!(
            "left out, as their terms do not let them be passed on: {names}; within one organisation \
             add --whatever-the-terms"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_line() {
        let change = SourceChange {
            source: "debian".into(),
            added: 3,
            changed: 2,
            removed: 1,
            unchanged: 4,
        };
        assert_eq!(change_line(&change), "debian: 3 new, 2 changed, 1 gone, 4 as before");
    }
}
