//! `wharfinger advisories update`: sources from the network.

mod changes;
mod feed;
mod repository;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use wharfinger_advisories::Store;
use wharfinger_core::Clock as _;
use wharfinger_server::{HttpClient, SystemClock};

use super::download::{Downloads, Fetched};
use super::import::{finish, import_one, report};
use crate::arguments::DirectoryArguments;
use crate::{environment, print};
use feed::{Feed, OnlineSource, SOURCES};

/// Bytes of a list that says what there is: of changes, of mirrors.
const LIST_BYTES_MAX: usize = 64 << 20;

#[derive(Args, Debug)]
pub(super) struct UpdateArguments {
    /// A source; may be repeated [default: those that --list marks]
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
    /// List the sources, and where they are fetched from
    #[arg(long)]
    list: bool,
    /// Where a source is fetched from instead, such as a mirror; may be repeated
    #[arg(long = "base-url", value_name = "NAME=URL", env = "WHARFINGER_ADVISORIES_BASE_URL",
          value_delimiter = ',', value_parser = base_url)]
    base_urls: Vec<(String, String)>,
    /// Certificates (PEM) that servers are believed by, beside those of the system
    #[arg(long, value_name = "FILE", env = "WHARFINGER_ADVISORIES_CA")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    directory: DirectoryArguments,
}

/// `NAME=URL`.
fn base_url(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or("it has to be NAME=URL")?;
    if SOURCES.iter().all(|source| source.name != name && source.publisher != name) {
        return Err(format!(
            "there is no source {name}: see `wharfinger advisories update --list`"
        ));
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(format!("{url} is no address of HTTP"));
    }
    Ok((name.to_owned(), url.trim_end_matches('/').to_owned()))
}

pub(super) async fn run(arguments: UpdateArguments) -> anyhow::Result<()> {
    let UpdateArguments { sources, list, base_urls, ca, directory } = arguments;
    let bases: BTreeMap<String, String> = base_urls.into_iter().collect();
    if list {
        return show(&bases);
    }
    let folder = super::folder(&directory)?;
    let client = HttpClient::new(ca.as_deref())?.through(&environment::proxies());
    let mut update = Update {
        store: Store::new(&folder),
        downloads: Downloads::open(&client, &folder.join("downloads"))?,
        bases,
        year: SystemClock
            .now()
            .iso8601()
            .get(..4)
            .and_then(|year| year.parse().ok())
            .unwrap_or(2026),
        ready: Vec::new(),
    };
    update.run(&chosen(&sources)?).await
}

/// The sources named, or those that are fetched by default.
fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static OnlineSource>> {
    if names.is_empty() {
        return Ok(SOURCES.iter().filter(|source| source.by_default).collect());
    }
    let named = names.iter().map(|name| {
        let mut found = SOURCES.iter().filter(move |it| it.name == name || it.publisher == name);
        let first = found.next().with_context(|| {
            format!("there is no source {name}: see `wharfinger advisories update --list`")
        })?;
        Ok(std::iter::once(first).chain(found))
    });
    Ok(named.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn show(bases: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let row = |source: &OnlineSource| {
        let by_default = if source.by_default { "yes" } else { "" };
        let base = source.base(bases).to_owned();
        [source.name.to_owned(), source.publisher.to_owned(), by_default.to_owned(), base]
    };
    let rows: Vec<_> = SOURCES.iter().map(row).collect();
    Ok(print::table(["SOURCE", "PUBLISHER", "DEFAULT", "FROM"], &rows)?)
}

/// A running update.
struct Update<'a> {
    store: Store,
    downloads: Downloads<'a>,
    bases: BTreeMap<String, String>,
    /// The year now: NVD has a file for each.
    year: u16,
    ready: Vec<Ready>,
}

/// What was fetched and waits to be imported.
struct Ready {
    source: &'static str,
    path: PathBuf,
    /// What is to be remembered once it is.
    remembered: Remembered,
}

enum Remembered {
    /// The address of the file.
    Address(String),
    /// How far a list of changes was followed, and the file that was fetched whole.
    Seen { list: String, seen: String, whole: Option<String> },
}

impl Update<'_> {
    async fn run(&mut self, sources: &[&'static OnlineSource]) -> anyhow::Result<()> {
        let mut failed = Vec::new();
        for source in sources {
            let before = self.ready.len();
            if let Err(error) = self.fetch(source).await {
                print::error(&format!("{}: {}", source.name, crate::chain(&error)));
                failed.push(source.name);
            } else if self.ready.len() == before {
                print::line(&format!("{}: nothing new", source.name))?;
            }
        }
        failed.extend(self.import()?);
        if failed.is_empty() {
            return Ok(());
        }
        let (bad, all) = (failed.len(), sources.len());
        bail!(
            "{bad} of {all} sources could not be brought up to date: {}. What was there before stays; \
             what broke off is continued next time",
            failed.join(", ")
        )
    }

    /// Fetches what changed of a source.
    async fn fetch(&mut self, source: &'static OnlineSource) -> anyhow::Result<()> {
        let base = source.base(&self.bases).to_owned();
        for feed in source.feeds {
            match feed {
                Feed::File(path) => {
                    if !self.file(source.name, format!("{base}/{path}")).await? {
                        bail!("there is no {base}/{path}");
                    }
                }
                // A release that came later, or is gone by now.
                Feed::Optional(path) => {
                    self.file(source.name, format!("{base}/{path}")).await?;
                }
                Feed::Years { path, first } => {
                    for year in *first..=self.year {
                        let path = path.replace("{year}", &year.to_string());
                        self.file(source.name, format!("{base}/{path}")).await?;
                    }
                }
                Feed::Osv(ecosystem) => self.osv(source.name, &base, ecosystem).await?,
                Feed::RedHat => self.red_hat(source.name, &base).await?,
                Feed::Mirrors(path) => {
                    let place = self.mirror(&format!("{base}/{path}")).await?;
                    self.repository(source.name, &place).await?;
                }
                Feed::Repository(path) => {
                    self.repository(source.name, &format!("{base}/{path}")).await?;
                }
            }
        }
        Ok(())
    }

    /// Fetches a file; whether there is one.
    async fn file(&mut self, source: &'static str, url: String) -> anyhow::Result<bool> {
        match self.downloads.fetch(&url, None).await? {
            Fetched::Missing => return Ok(false),
            Fetched::Unchanged => {}
            Fetched::File(path) => {
                self.ready.push(Ready { source, path, remembered: Remembered::Address(url) });
            }
        }
        Ok(true)
    }

    async fn list(&self, url: &str) -> anyhow::Result<String> {
        let bytes = self.downloads.read(url, LIST_BYTES_MAX).await?;
        let bytes = bytes.with_context(|| format!("there is no {url}"))?;
        String::from_utf8(bytes).with_context(|| format!("{url} is no text"))
    }

    /// Imports what was fetched, and gives the names of the sources that could not be.
    fn import(&mut self) -> anyhow::Result<Vec<&'static str>> {
        let mut failed = Vec::new();
        if self.ready.is_empty() {
            return Ok(failed);
        }
        let mut running = self.store.begin()?;
        let mut remembered = Vec::new();
        for ready in std::mem::take(&mut self.ready) {
            match import_one(&mut running, &ready.path) {
                Ok(done) => {
                    report(ready.source, &done)?;
                    remembered.push(ready.remembered);
                }
                Err(error) => {
                    print::error(&format!("{}: {}", ready.source, crate::chain(&error)));
                    failed.push(ready.source);
                    // It is fetched anew: what is there is of no use.
                    let _ = std::fs::remove_file(&ready.path);
                }
            }
        }
        if !remembered.is_empty() {
            finish(running)?;
        }
        for it in remembered {
            match it {
                Remembered::Address(url) => self.downloads.imported(&url)?,
                Remembered::Seen { list, seen, whole } => {
                    self.downloads.set_seen(&list, seen)?;
                    whole.map_or(Ok(()), |url| self.downloads.imported(&url))?;
                }
            }
        }
        Ok(failed)
    }
}
