//! Files from the network, fetched once: what did not change is not fetched again, and what broke off
//! is continued.
//!
//! The folder holds `state.json`, and the file of each address until it was imported.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use http::header::{
    AUTHORIZATION, CONTENT_RANGE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED,
    RANGE,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wharfinger_server::{HttpClient, HttpError, HttpRequest, HttpResponse};

use super::progress::Progress;

/// Times that a file is continued when it breaks off again.
const CONTINUED_MAX: usize = 5;
/// Bytes of a file; the largest that are published have some hundred MiB.
const FILE_BYTES_MAX: u64 = 8 << 30;
/// Bytes between two words about how far it is.
const BYTES_A_WORD: u64 = 1 << 20;

/// Fetches files into a folder.
pub(super) struct Downloads<'a> {
    client: &'a HttpClient,
    folder: PathBuf,
    state: BTreeMap<String, Entry>,
}

/// What is known of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    /// Of the version that was imported.
    imported: Option<Version>,
    /// Of the version whose file, or the beginning of it, is there.
    fetched: Option<Version>,
    /// How far a list of changes was followed.
    seen: Option<String>,
}

/// Which version of a file it is, as the server says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    etag: Option<String>,
    last_modified: Option<String>,
}

/// What came of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// It is there.
    File(PathBuf),
    /// It is what was imported already.
    Unchanged,
    /// There is nothing at the address.
    Missing,
}

/// A body that broke off, or an answer that does not help.
enum Step {
    Done(Fetched),
    BrokeOff(HttpError),
    Again,
}

impl<'a> Downloads<'a> {
    /// Files in `folder`, which is made if it is not there.
    pub(super) fn open(client: &'a HttpClient, folder: &Path) -> anyhow::Result<Self> {
        let failed = || format!("{} cannot be used", folder.display());
        fs::create_dir_all(folder).with_context(failed)?;
        let state = match fs::read(folder.join("state.json")) {
            // A state that cannot be read costs a download, not more.
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(failed),
        };
        Ok(Self { client, folder: folder.to_owned(), state })
    }

    /// The file of an address, unless it is what was imported. `authorization` goes with the request.
    pub(super) async fn fetch(
        &mut self,
        url: &str,
        authorization: Option<&str>,
    ) -> anyhow::Result<Fetched> {
        let mut progress = Progress::new();
        let mut broken = None;
        for _ in 0..=CONTINUED_MAX {
            let before = self.length(url);
            let step = self.step(url, authorization, &mut progress).await;
            progress.clear();
            match step? {
                Step::Done(fetched) => return Ok(fetched),
                Step::Again => {}
                Step::BrokeOff(error) if self.length(url) > before => broken = Some(error),
                Step::BrokeOff(error) => return Err(error.into()),
            }
        }
        match broken {
            Some(error) => Err(error.into()),
            None => bail!("{url} is not there in one piece"),
        }
    }

    /// A short file, as it is now; `None` if there is none.
    pub(super) async fn read(
        &self,
        url: &str,
        bytes_max: usize,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let response = self.client.send(HttpRequest::get(url)).await?;
        match response.status() {
            200 => Ok(Some(response.bytes(bytes_max).await?)),
            404 => Ok(None),
            status => bail!("{url} was answered with {status}"),
        }
    }

    async fn step(
        &mut self,
        url: &str,
        authorization: Option<&str>,
        progress: &mut Progress,
    ) -> anyhow::Result<Step> {
        let there = self.length(url);
        let mut response = self.client.send(self.request(url, there, authorization)).await?;
        let version = version(&response);
        match response.status() {
            200 => self.begin(url, version.clone())?,
            206 if starts_at(&response, there) => {}
            // It was all there, or what is there is of no use.
            416 if ends_at(&response, there) => {
                return Ok(Step::Done(Fetched::File(self.path(url))));
            }
            206 | 416 => {
                self.begin(url, None)?;
                return Ok(Step::Again);
            }
            304 => return Ok(Step::Done(Fetched::Unchanged)),
            404 => return Ok(Step::Done(Fetched::Missing)),
            status => bail!("{url} was answered with {status}"),
        }
        let path = self.path(url);
        let failed = || format!("{} cannot be written", path.display());
        let mut file = OpenOptions::new().append(true).open(&path).with_context(failed)?;
        let start = if response.status() == 206 { there } else { 0 };
        let mut received = 0_u64;
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    file.write_all(&piece).with_context(failed)?;
                    received = received.saturating_add(piece.len() as u64);
                }
                Ok(None) => return Ok(Step::Done(Fetched::File(path))),
                Err(error) => return Ok(Step::BrokeOff(error)),
            }
            let length = start.saturating_add(received);
            if length > FILE_BYTES_MAX {
                bail!("{url} has more than 8 GiB");
            }
            progress.at(length, BYTES_A_WORD, || format!("{url}: {} MiB", length >> 20));
        }
    }

    fn request(&self, url: &str, there: u64, authorization: Option<&str>) -> HttpRequest {
        let mut request = HttpRequest::get(url);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let entry = self.state.get(url);
        if let Some(version) = entry.and_then(|entry| entry.fetched.as_ref()).filter(|_| there > 0)
            && let Some(mark) = version.strong()
        {
            return request.header(RANGE, &format!("bytes={there}-")).header(IF_RANGE, mark);
        }
        let Some(version) = entry.and_then(|entry| entry.imported.as_ref()) else { return request };
        if let Some(etag) = &version.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        match &version.last_modified {
            Some(time) => request.header(IF_MODIFIED_SINCE, time),
            None => request,
        }
    }

    /// An empty file for a version.
    fn begin(&mut self, url: &str, version: Option<Version>) -> anyhow::Result<()> {
        let path = self.path(url);
        File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        self.state.entry(url.to_owned()).or_default().fetched = version;
        self.save()
    }

    /// What was fetched is imported: it is not fetched again.
    pub(super) fn imported(&mut self, url: &str) -> anyhow::Result<()> {
        let entry = self.state.entry(url.to_owned()).or_default();
        entry.imported = entry.fetched.take();
        // It is of no use any more, and the next one begins with an empty file.
        let _ = fs::remove_file(self.path(url));
        self.save()
    }

    /// What was imported of an address is not there any more.
    pub(super) fn lost(&mut self, url: &str) {
        if let Some(entry) = self.state.get_mut(url) {
            entry.imported = None;
        }
    }

    /// Forgets addresses, with what was fetched of them.
    pub(super) fn forget(&mut self, is_meant: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let meant: Vec<String> = self.state.keys().filter(|it| is_meant(it)).cloned().collect();
        for url in &meant {
            self.state.remove(url);
            // There may be no file.
            let _ = fs::remove_file(self.path(url));
        }
        if meant.is_empty() { Ok(()) } else { self.save() }
    }

    /// How far a list of changes was followed.
    pub(super) fn seen(&self, list: &str) -> Option<&str> {
        self.state.get(list)?.seen.as_deref()
    }

    /// A list of changes was followed so far.
    pub(super) fn set_seen(&mut self, list: &str, seen: String) -> anyhow::Result<()> {
        self.state.entry(list.to_owned()).or_default().seen = Some(seen);
        self.save()
    }

    /// An empty folder for the files of a list of changes.
    pub(super) fn folder(&self, list: &str) -> anyhow::Result<PathBuf> {
        let folder = self.path(list).with_extension("changes");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    fn save(&self) -> anyhow::Result<()> {
        let new = self.folder.join("state.json.new");
        let failed = || format!("{} cannot be written", new.display());
        fs::write(&new, serde_json::to_vec_pretty(&self.state)?).with_context(failed)?;
        fs::rename(&new, self.folder.join("state.json")).with_context(failed)
    }

    fn path(&self, url: &str) -> PathBuf {
        let name: String =
            Sha256::digest(url).iter().take(16).map(|it| format!("{it:02x}")).collect();
        self.folder.join(name)
    }

    fn length(&self, url: &str) -> u64 {
        fs::metadata(self.path(url)).map_or(0, |file| file.len())
    }
}

impl Version {
    /// What names these very bytes.
    fn strong(&self) -> Option<&str> {
        let etag = self.etag.as_deref().filter(|etag| !etag.starts_with("W/"));
        etag.or(self.last_modified.as_deref())
    }
}

fn version(response: &HttpResponse) -> Option<Version> {
    let etag = response.header(&ETAG).map(str::to_owned);
    let last_modified = response.header(&LAST_MODIFIED).map(str::to_owned);
    (etag.is_some() || last_modified.is_some()).then_some(Version { etag, last_modified })
}

/// Whether `bytes 7-20/21` continues a file of so many bytes.
fn starts_at(response: &HttpResponse, there: u64) -> bool {
    let range = response.header(&CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes "));
    range.and_then(|range| range.split('-').next()) == Some(there.to_string().as_str())
}

/// Whether `bytes */21` says that a file of so many bytes is whole.
fn ends_at(response: &HttpResponse, there: u64) -> bool {
    let length = response.header(&CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes */"));
    there > 0 && length == Some(there.to_string().as_str())
}
