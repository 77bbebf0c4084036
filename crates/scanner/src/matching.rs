//! Which vulnerabilities a package has.
//!
//! Statements are looked up by the name that advisories use, those that are not about this build of the
//! package are left out ([`applicability`]), versions are compared ([`reach`]), and what is left is one
//! finding for each vulnerability ([`merge`]), rated by [`severity`].

mod applicability;
mod merge;
mod reach;
mod remembered;
mod severity;

use serde::{Deserialize, Serialize};
use wharfinger_advisories::{Database, DatabaseError, FixStatus, Statements};
use wharfinger_package::{Ecosystem, PackageIdentity, Severity, SourcePackage};

use crate::authority::{authorities, speaks_for};
use applicability::Build;
use merge::Findings;
use reach::Reach;

/// A vulnerability of a package. Sources that call it by several ids are one, by the id that is a CVE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageVulnerability {
    /// A CVE where there is one.
    pub vulnerability: String,
    /// The advisory that says so, where it has an id of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// The source that decided.
    pub source: String,
    /// How bad it is: the vendor's rating, else by CVSS.
    pub severity: Severity,
    /// What the vendor does about it.
    pub status: FixStatus,
    /// The first version without it, in the line the package is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
}

/// What a package is affected by, ordered by vulnerability; each is there once.
///
/// # Errors
/// If the database cannot be read.
pub fn match_package(
    database: &Database,
    package: &PackageIdentity,
) -> Result<Vec<PackageVulnerability>, DatabaseError> {
    if !speaks_for(package) {
        return Ok(Vec::new());
    }
    let said = said(database, package)?;
    if said.iter().all(|it| it.of_package.is_none() && it.of_source.is_none()) {
        return Ok(Vec::new());
    }
    let mut findings = Findings::new(database, package);
    let scheme = package.ecosystem.family.scheme();
    let mut build = Build::of(package);
    let mut version = Reach::new(scheme, package.advisory_version());
    let source = built_from(package).map_or("", |source| source.version.as_str());
    let mut source_version = Reach::new(scheme, source);
    for Said { of_package, of_source } in &said {
        for statement in of_package.iter().map(Statements::iter) {
            for statement in statement? {
                let statement = statement?;
                if build.is_meant(&statement)?
                    && let Some(reached) = version.of(&statement)?
                {
                    findings.add(&statement, reached.fixed)?;
                }
            }
        }
        for statement in of_source.iter().map(Statements::iter) {
            for statement in statement? {
                let statement = statement?;
                if build.is_of_what_is_meant(&statement)?
                    && let Some(reached) = source_version.of(&statement)?
                {
                    findings.add(&statement, reached.fixed)?;
                }
            }
        }
        findings.end_ecosystem();
    }
    findings.finish()
}

/// What is said in one ecosystem: of the package, and of the source package it was built from where that
/// has another name.
struct Said {
    of_package: Option<Statements>,
    of_source: Option<Statements>,
}

fn said(database: &Database, package: &PackageIdentity) -> Result<Vec<Said>, DatabaseError> {
    let source = built_from(package).map(|source| source.name.as_str());
    let of_ecosystem = |ecosystem: Ecosystem| {
        let of_source = source.map(|source| database.statements(&ecosystem, source)).transpose()?;
        let of_package = database.statements(&ecosystem, package.advisory_name())?;
        Ok(Said { of_package, of_source: of_source.flatten() })
    };
    authorities(&package.ecosystem).into_iter().map(of_ecosystem).collect()
}

/// What advisories are asked for about a package: ecosystems, each with a name. Whatever is said under
/// others does not change what [`match_package`] finds.
pub fn advisory_names(package: &PackageIdentity) -> Vec<(Ecosystem, &str)> {
    let source = built_from(package).map(|source| source.name.as_str());
    let names = [Some(package.advisory_name()), source];
    let of =
        |ecosystem: Ecosystem| names.into_iter().flatten().map(move |it| (ecosystem.clone(), it));
    authorities(&package.ecosystem).into_iter().flat_map(of).collect()
}

/// The source package of another name, where advisories name binary packages: Red Hat says of source
/// packages, as of the architecture `src`, what it has not fixed yet.
fn built_from(package: &PackageIdentity) -> Option<&SourcePackage> {
    let source = package.source.as_ref()?;
    let is_other = source.name != package.name && !package.ecosystem.family.names_sources();
    is_other.then_some(source)
}
