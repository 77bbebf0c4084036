//! secdb, of Alpine, Wolfi and Chainguard: which version of a package fixed what.
//! <https://secdb.alpinelinux.org/>, <https://packages.wolfi.dev/os/security.json>.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharfinger_package::{Ecosystem, Family};

use super::fault::{Fault, Outlet};
use crate::{Affected, FixStatus, Interval, Record, VersionEnd};

/// A fixed version that says the package never had it.
const NEVER: &str = "0";

/// A file: a repository of a release.
#[derive(Deserialize)]
pub(super) struct Secdb {
    /// `v3.18`, `edge`; the rolling distributions have none.
    distroversion: Option<String>,
    /// `main`, `community`, `os`.
    reponame: Option<String>,
    urlprefix: Option<String>,
    #[serde(default, deserialize_with = "nothing_is_empty")]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    /// By the version that fixed them.
    #[serde(default, deserialize_with = "nothing_is_empty")]
    secfixes: BTreeMap<String, Option<Vec<String>>>,
}

/// An empty list is written as `null` by some branches.
fn nothing_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Secdb {
    /// Which distribution it speaks of.
    fn ecosystem(&self) -> Result<Ecosystem, Fault> {
        let prefix = self.urlprefix.as_deref().unwrap_or_default();
        let repository = self.reponame.as_deref().unwrap_or("main");
        if let Some(release) = self.distroversion.as_deref().filter(|text| !text.is_empty()) {
            let release = release.trim_start_matches('v');
            let release = release.strip_suffix(&format!("-{repository}")).unwrap_or(release);
            return Ok(Ecosystem::released(Family::Alpine, release));
        }
        let family = match prefix {
            _ if prefix.contains("wolfi.dev") => Family::Wolfi,
            _ if prefix.contains("cgr.dev") || prefix.contains("chainguard") => Family::Chainguard,
            _ => return Err(Fault::malformed("", "it does not say of which distribution it is")),
        };
        Ok(Ecosystem::rolling(family))
    }

    /// Hands on what it says.
    pub(super) fn give(self, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let ecosystem = self.ecosystem()?;
        let source = ecosystem.family.as_str();
        outlet.covers(source, &ecosystem)?;
        let release = ecosystem.release.as_deref().unwrap_or("rolling");
        let repository = self.reponame.as_deref().unwrap_or("main");
        for Entry { pkg } in self.packages {
            outlet.document(source, format!("{release}/{repository}/{}", pkg.name), None)?;
            for (version, entries) in pkg.secfixes {
                for id in entries.iter().flatten().flat_map(|entry| ids(entry)) {
                    let affected = affected(source, id, &version);
                    let name = pkg.name.clone();
                    outlet.give(Record::Affected {
                        ecosystem: ecosystem.clone(),
                        name,
                        affected,
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// The ids of an entry, which may have notes: `CVE-2017-2616 (+ regression fix)`, `CVE-2019-1 XSA-307`.
fn ids(entry: &str) -> impl Iterator<Item = &str> {
    entry.split_whitespace().filter(|word| {
        let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.contains(|c: char| c.is_ascii_digit())
            && word.chars().all(is_id)
    })
}

fn affected(source: &str, id: &str, version: &str) -> Affected {
    let (intervals, status) = match version {
        NEVER => (Vec::new(), FixStatus::NotAffected),
        _ => {
            let end = VersionEnd::Fixed(version.to_owned());
            (vec![Interval { introduced: None, end }], FixStatus::Fixed)
        }
    };
    Affected {
        vulnerability: id.into(),
        source: source.into(),
        intervals,
        status,
        ..Affected::default()
    }
}
