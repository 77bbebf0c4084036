//! rpm repositories: `repodata/repomd.xml` says where `updateinfo.xml` is.

use anyhow::{Context as _, bail};

use super::Update;

impl Update<'_> {
    /// The first of a list of mirrors.
    pub(super) async fn mirror(&self, url: &str) -> anyhow::Result<String> {
        let list = self.list(url).await?;
        let first = list.lines().map(str::trim).find(|line| line.starts_with("http"));
        let first = first.with_context(|| format!("{url} names no mirror"))?;
        Ok(first.trim_end_matches('/').to_owned())
    }

    /// The advisories of a repository.
    pub(super) async fn repository(
        &mut self,
        source: &'static str,
        place: &str,
    ) -> anyhow::Result<()> {
        let index = format!("{place}/repodata/repomd.xml");
        let text = self.list(&index).await?;
        let path = updateinfo(&text).with_context(|| format!("{index} names no updateinfo"))?;
        if !self.file(source, format!("{place}/{path}")).await? {
            bail!("there is no {place}/{path}");
        }
        Ok(())
    }
}

/// The path of the `updateinfo.xml` in a `repomd.xml`.
fn updateinfo(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("type=\"updateinfo\"")?;
    let (entry, _) = rest.split_once("</data>")?;
    let (_, rest) = entry.split_once("<location")?;
    let (_, rest) = rest.split_once("href=\"")?;
    let (path, _) = rest.split_once('"')?;
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    (path.chars().all(is_safe) && !path.contains("..")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_says_where_the_advisories_are() {
        let text = "<repomd><data type=\"primary\"><location href=\"repodata/p.xml.gz\"/></data>\
            <data type=\"updateinfo\"><checksum>x</checksum>\n<location href=\"repodata/u.xml.gz\"/></data></repomd>";
        assert_eq!(updateinfo(text), Some("repodata/u.xml.gz"));
        assert_eq!(updateinfo(&text.replace("repodata/u", "../u")), None);
        assert_eq!(updateinfo("<repomd/>"), None);
    }
}
