//! Sources with a list of what changed: osv.dev and Red Hat. All of it is fetched once, and later the
//! documents that the list names.

use std::fs;

use anyhow::{Context as _, bail};

use super::super::download::Fetched;
use super::{Ready, Remembered, Update};

/// Documents that are fetched one by one; if more have changed, all of it is fetched again.
const CHANGED_MAX: usize = 3000;
/// Bytes of a document.
const DOCUMENT_BYTES_MAX: usize = 256 << 20;

/// What changed since a list was followed last.
struct Changes {
    /// Names, the newest first.
    names: Vec<String>,
    /// The newest time in the list.
    newest: String,
}

impl Update<'_> {
    /// An ecosystem of osv.dev. Its list has lines such as `2024-08-15T00:05:00Z,GHSA-…`, the newest
    /// first: <https://google.github.io/osv.dev/data/>.
    pub(super) async fn osv(
        &mut self,
        source: &'static str,
        base: &str,
        ecosystem: &str,
    ) -> anyhow::Result<()> {
        let list = format!("{base}/{ecosystem}/modified_id.csv");
        let text = self.list(&list).await?;
        let rows = text.lines().filter_map(|line| line.split_once(','));
        let Some(changes) = changed(rows, self.downloads.seen(&list)) else {
            let newest = text.lines().next().and_then(|line| line.split_once(','));
            let seen = newest.map(|(time, _)| time.to_owned()).unwrap_or_default();
            return self.whole(source, list, seen, format!("{base}/{ecosystem}/all.zip")).await;
        };
        let prefix = format!("{base}/{ecosystem}");
        self.changed(source, list, &prefix, ".json", changes).await
    }

    /// Red Hat's VEX. Its list has lines such as `"2024/cve-2024-1.json","2024-08-15T00:05:00+00:00"`,
    /// the newest first.
    pub(super) async fn red_hat(&mut self, source: &'static str, base: &str) -> anyhow::Result<()> {
        let list = format!("{base}/changes.csv");
        let text = self.list(&list).await?;
        let rows = text.lines().filter_map(|line| {
            let (name, time) = line.split_once(',')?;
            Some((time.trim().trim_matches('"'), name.trim().trim_matches('"')))
        });
        if let Some(changes) = changed(rows, self.downloads.seen(&list)) {
            return self.changed(source, list, base, "", changes).await;
        }
        let name = self.list(&format!("{base}/archive_latest.txt")).await?;
        let name = name.trim();
        // The archive is made once in a while: what changed since is fetched next time.
        let day = name.strip_prefix("csaf_vex_").and_then(|rest| rest.get(..10));
        let day = day.with_context(|| format!("{base}/archive_latest.txt names no archive"))?;
        self.whole(source, list, format!("{day}T00:00:00+00:00"), format!("{base}/{name}")).await
    }

    async fn whole(
        &mut self,
        source: &'static str,
        list: String,
        seen: String,
        url: String,
    ) -> anyhow::Result<()> {
        match self.downloads.fetch(&url, None).await? {
            Fetched::Missing => bail!("there is no {url}"),
            Fetched::Unchanged => self.downloads.set_seen(&list, seen),
            Fetched::File(path) => {
                let remembered = Remembered::Seen { list, seen, whole: Some(url) };
                self.ready.push(Ready { source, path, remembered });
                Ok(())
            }
        }
    }

    async fn changed(
        &mut self,
        source: &'static str,
        list: String,
        prefix: &str,
        suffix: &str,
        changes: Changes,
    ) -> anyhow::Result<()> {
        if changes.names.is_empty() {
            return Ok(());
        }
        let folder = self.downloads.folder(&list)?;
        let mut count = 0;
        for name in &changes.names {
            let url = format!("{prefix}/{name}{suffix}");
            if !is_plain(name) {
                bail!("{list} names {name:?}, which is no document");
            }
            // What is gone since is in the list of its removal.
            if let Some(document) = self.downloads.read(&url, DOCUMENT_BYTES_MAX).await? {
                let name = name.trim_end_matches(".json").replace('/', "-");
                fs::write(folder.join(format!("{name}.json")), document)?;
                count += 1;
            }
        }
        let remembered = Remembered::Seen { list, seen: changes.newest, whole: None };
        match remembered {
            Remembered::Seen { list, seen, .. } if count == 0 => {
                self.downloads.set_seen(&list, seen)
            }
            remembered => {
                self.ready.push(Ready { source, path: folder, remembered });
                Ok(())
            }
        }
    }
}

/// What is newer than `seen` in rows of times and names, the newest first. `None` if all of it is to be
/// fetched: nothing was seen yet, or too much has changed.
fn changed<'a>(
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    seen: Option<&str>,
) -> Option<Changes> {
    let seen = seen?;
    let (mut names, mut newest) = (Vec::new(), seen.to_owned());
    for (time, name) in rows.take_while(|(time, _)| *time > seen) {
        if names.len() == CHANGED_MAX {
            return None;
        }
        if time > newest.as_str() {
            newest = time.to_owned();
        }
        names.push(name.to_owned());
    }
    Some(Changes { names, newest })
}

/// Whether a name is one of a document, and not of something elsewhere.
fn is_plain(name: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
    !name.is_empty() && name.len() < 200 && name.chars().all(is_safe) && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_what_is_newer() {
        let rows = [("2024-03", "c"), ("2024-02", "b"), ("2024-01", "a")];
        let of = |seen| changed(rows.into_iter(), seen).map(|it| (it.names.join(""), it.newest));
        assert_eq!(of(None), None);
        assert_eq!(of(Some("2024-01")), Some(("cb".into(), "2024-03".into())));
        assert_eq!(of(Some("2024-03")), Some((String::new(), "2024-03".into())));
        let many = (0..=CHANGED_MAX).map(|_| ("2024-03", "c"));
        assert!(changed(many, Some("2024-01")).is_none());
        assert!(is_plain("2024/cve-2024-1.json") && is_plain("RLSA-2021:4647"));
        assert!(!is_plain("../../etc/passwd") && !is_plain("a b") && !is_plain(""));
    }
}
