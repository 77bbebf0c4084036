//! RustSec: <https://github.com/rustsec/advisory-db>. An advisory is Markdown that begins with TOML;
//! one in a line has the same members, flat.

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Family, Severity, VersionScheme, cvss};

use super::super::date::date;
use super::super::fault::{Fault, Outlet};
use super::super::range;
use crate::{Affected, Cvss, Vulnerability};

/// What is said of a crate.
#[derive(Deserialize)]
pub(in crate::source) struct Advisory {
    id: String,
    package: String,
    date: String,
    title: Option<String>,
    url: Option<String>,
    cvss: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    /// `unmaintained`, `notice`, `unsound`: no vulnerability, or not quite.
    informational: Option<String>,
    withdrawn: Option<String>,
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
    #[serde(skip)]
    description: Option<String>,
}

#[derive(Deserialize)]
struct Front {
    advisory: Advisory,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Versions {
    patched: Vec<String>,
    unaffected: Vec<String>,
}

impl Advisory {
    /// Reads a file of the repository.
    pub(in crate::source) fn of_markdown(text: &str) -> Result<Self, Fault> {
        let body = text.trim_start().strip_prefix("```toml");
        let parts = body.and_then(|body| body.split_once("\n```"));
        let (front, body) = parts.ok_or_else(|| Fault::malformed("", "it begins with no TOML"))?;
        let Front { advisory, versions } =
            toml::from_str(front).map_err(|error| Fault::malformed("", error.message()))?;
        let (title, description) = body.trim().split_once('\n').unwrap_or((body.trim(), ""));
        Ok(Self {
            title: Some(title.trim_start_matches('#').trim().to_owned()),
            description: Some(description.trim().to_owned()).filter(|text| !text.is_empty()),
            patched: versions.patched,
            unaffected: versions.unaffected,
            ..advisory
        })
    }

    /// Hands on what it says. Of crates that nobody maintains any more, or that may be used wrongly, it is
    /// said for information, as OSV's export has it.
    pub(in crate::source) fn give(self, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let family = Ecosystem::rolling(Family::CratesIo);
        outlet.covers("rustsec", &family)?;
        outlet.document("rustsec", self.id.clone(), date(&self.date))?;
        if self.withdrawn.is_some() {
            return Ok(());
        }
        let scheme = VersionScheme::SemVer;
        let mut good = Vec::new();
        for text in self.patched.iter().chain(&self.unaffected) {
            let at = |what| Fault::malformed(self.id.clone(), what);
            good.extend(range::parse(text, scheme).map_err(at)?);
        }
        let intervals =
            range::outside(good, scheme).map_err(|what| Fault::malformed(self.id.clone(), what))?;
        let cve = self.aliases.iter().find(|alias| alias.starts_with("CVE-"));
        let id = cve.unwrap_or(&self.id).clone();
        let rating = self.cvss.as_ref().and_then(|vector| {
            let score = cvss::base_score(vector)?;
            let version = vector.strip_prefix("CVSS:")?.split('/').next()?.to_owned();
            Some(Cvss { version, vector: vector.clone(), score, source: "RUSTSEC".into() })
        });
        let word = self.informational;
        let severity = match &word {
            Some(_) => Some(Severity::Informational),
            None => rating.as_ref().map(|rating| Severity::from_score(rating.score)),
        };
        let affected = Affected {
            vulnerability: id.clone(),
            advisory: Some(self.id.clone()),
            source: "rustsec".into(),
            status: super::status(&intervals),
            intervals,
            severity,
            vendor_severity: word,
            ..Affected::default()
        };
        let others = self.aliases.into_iter().chain([self.id.clone()]);
        let vulnerability = Vulnerability {
            aliases: others.filter(|alias| *alias != id).collect(),
            id,
            source: "rustsec".into(),
            title: self.title,
            description: self.description,
            severity,
            cvss: rating.into_iter().collect(),
            published_at: date(&self.date),
            url: Some(format!("https://rustsec.org/advisories/{}.html", self.id)),
            references: self.references.into_iter().chain(self.url).collect(),
            ..Vulnerability::default()
        };
        for record in super::records(Family::CratesIo, self.package, affected, vulnerability) {
            outlet.give(record)?;
        }
        Ok(())
    }
}
