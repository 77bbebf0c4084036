//! ruby-advisory-db: <https://github.com/rubysec/ruby-advisory-db>.

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Family, Severity, VersionScheme};

use super::super::date::date;
use super::super::fault::{Fault, Outlet};
use super::super::range;
use crate::{Affected, Vulnerability};

/// The name of the source.
const NAME: &str = "rubysec";

/// What is said of a gem.
#[derive(Deserialize)]
pub(in crate::source) struct Advisory {
    /// None of what is said of Ruby itself, which is no gem.
    gem: Option<String>,
    /// Without `CVE-`.
    cve: Option<String>,
    /// Without `GHSA-`.
    ghsa: Option<String>,
    osvdb: Option<String>,
    url: Option<String>,
    title: Option<String>,
    date: Option<String>,
    description: Option<String>,
    /// Scores, as text.
    cvss_v2: Option<String>,
    cvss_v3: Option<String>,
    cvss_v4: Option<String>,
    #[serde(default)]
    patched_versions: Vec<String>,
    #[serde(default)]
    unaffected_versions: Vec<String>,
    path: Option<String>,
}

impl Advisory {
    /// Hands on what it says.
    pub(in crate::source) fn give(self, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let Some(gem) = self.gem else { return Ok(()) };
        let at = self.date.as_deref().and_then(date);
        let ids = [
            self.cve.map(|id| format!("CVE-{id}")),
            self.ghsa.map(|id| format!("GHSA-{id}")),
            self.osvdb.map(|id| format!("OSVDB-{id}")),
            self.path.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned),
            Some(format!("{gem}-advisory")),
        ];
        let mut ids = ids.into_iter().flatten();
        let id = ids.next().unwrap_or_default();
        outlet.covers(NAME, &Ecosystem::rolling(Family::RubyGems))?;
        outlet.document(NAME, format!("{gem}/{id}"), at)?;
        let aliases = ids.filter(|id| id.starts_with("GHSA-") || id.starts_with("OSVDB-"));
        let scheme = VersionScheme::RubyGems;
        let mut good = Vec::new();
        for text in self.patched_versions.iter().chain(&self.unaffected_versions) {
            let wrong = |what| Fault::malformed(format!("{gem} {id}"), what);
            good.extend(range::parse(text, scheme).map_err(wrong)?);
        }
        let intervals = range::outside(good, scheme)
            .map_err(|what| Fault::malformed(format!("{gem} {id}"), what))?;
        let score = self.cvss_v3.or(self.cvss_v4).or(self.cvss_v2);
        let score = score.and_then(|score| score.parse::<f64>().ok());
        let severity = score.map(Severity::from_score);
        let affected = Affected {
            vulnerability: id.clone(),
            source: NAME.into(),
            status: super::status(&intervals),
            intervals,
            severity,
            ..Affected::default()
        };
        let vulnerability = Vulnerability {
            id,
            source: NAME.into(),
            aliases: aliases.collect(),
            title: self.title,
            description: self.description,
            severity,
            published_at: at,
            url: self.url,
            ..Vulnerability::default()
        };
        for record in super::records(Family::RubyGems, gem, affected, vulnerability) {
            outlet.give(record)?;
        }
        Ok(())
    }
}
