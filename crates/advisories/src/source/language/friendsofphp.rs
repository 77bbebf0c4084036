//! FriendsOfPHP: <https://github.com/FriendsOfPHP/security-advisories>.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Family, VersionScheme};

use super::super::date::date;
use super::super::fault::{Fault, Outlet};
use super::super::range;
use crate::{Affected, Vulnerability};

/// The name of the source.
const NAME: &str = "friendsofphp";

/// What is said of a package of composer.
#[derive(Deserialize)]
pub(in crate::source) struct Advisory {
    title: String,
    link: Option<String>,
    cve: Option<String>,
    #[serde(default)]
    branches: BTreeMap<String, Branch>,
    /// `composer://vendor/package`.
    reference: String,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Branch {
    /// When it was fixed.
    time: Option<String>,
    /// All of them hold for an affected version.
    #[serde(default)]
    versions: Vec<String>,
}

impl Advisory {
    /// Hands on what it says.
    pub(in crate::source) fn give(self, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let name = self.reference.strip_prefix("composer://").unwrap_or(&self.reference);
        let name = Family::Packagist.package_name(name);
        let scheme = VersionScheme::Composer;
        let (mut intervals, mut newest) = (Vec::new(), None);
        for branch in self.branches.values().filter(|branch| !branch.versions.is_empty()) {
            let wrong = |what| Fault::malformed(self.reference.clone(), what);
            let ranges = range::parse(&branch.versions.join(","), scheme).map_err(wrong)?;
            intervals.extend(ranges.iter().filter_map(|it| it.interval(scheme)));
            newest = newest.max(branch.time.as_deref().and_then(date));
        }
        let file = self.path.as_deref().map(|path| path.trim_end_matches(".yaml").to_owned());
        let cve = self.cve.filter(|cve| cve.starts_with("CVE-"));
        let id = cve.or(file).unwrap_or_else(|| self.reference.clone());
        outlet.covers(NAME, &Ecosystem::rolling(Family::Packagist))?;
        outlet.document(NAME, format!("{name}/{id}"), newest)?;
        let affected = Affected {
            vulnerability: id.clone(),
            source: NAME.into(),
            status: super::status(&intervals),
            intervals,
            ..Affected::default()
        };
        let vulnerability = Vulnerability {
            id,
            source: NAME.into(),
            title: Some(self.title),
            published_at: newest,
            url: self.link,
            ..Vulnerability::default()
        };
        for record in super::records(Family::Packagist, name, affected, vulnerability) {
            outlet.give(record)?;
        }
        Ok(())
    }
}
