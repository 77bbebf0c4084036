//! Whether a statement is about this build of a package at all: architecture, module, flavour.

use wharfinger_advisories::{DatabaseError, FixStatus, Statement, VersionEndView};
use wharfinger_package::{Family, PackageIdentity};

pub(super) fn applies(
    statement: &Statement<'_>,
    package: &PackageIdentity,
) -> Result<bool, DatabaseError> {
    Ok(module_fits(statement, package)?
        && architecture_fits(statement, package)?
        && flavour_fits(statement, package)?)
}

/// Whether a statement about the source package of `package` is about what was built of it: one as of
/// the architecture `src` that something is affected. That a source has no vulnerability says nothing of
/// what else went into a build.
pub(super) fn applies_to_builds(
    statement: &Statement<'_>,
    package: &PackageIdentity,
) -> Result<bool, DatabaseError> {
    if statement.status == FixStatus::NotAffected || !module_fits(statement, package)? {
        return Ok(false);
    }
    for listed in statement.architectures() {
        if listed? == "src" {
            return flavour_fits(statement, package);
        }
    }
    Ok(false)
}

fn architecture_fits(
    statement: &Statement<'_>,
    package: &PackageIdentity,
) -> Result<bool, DatabaseError> {
    let Some(architecture) = package.architecture.as_deref() else { return Ok(true) };
    let mut all = true;
    for listed in statement.architectures() {
        all = false;
        let listed = listed?;
        if listed == architecture || matches!(listed, "noarch" | "all") {
            return Ok(true);
        }
    }
    Ok(all || matches!(architecture, "noarch" | "all"))
}

/// A package of a module is another one than that of the same name outside of it. Where a source does
/// not name modules (OSV), the releases that modules are built with tell them.
fn module_fits(
    statement: &Statement<'_>,
    package: &PackageIdentity,
) -> Result<bool, DatabaseError> {
    if package.ecosystem.family.scheme() != wharfinger_package::VersionScheme::Rpm {
        return Ok(true);
    }
    if statement.module.is_some() {
        return Ok(statement.module == package.module.as_deref());
    }
    let installed = package.module.is_some() || is_of_module(&package.version);
    Ok(match fixed_versions(statement)? {
        Some(of_module) => of_module == installed,
        // Nothing is said of a version: what has a label of its own is not meant.
        None => !installed,
    })
}

fn is_of_module(version: &str) -> bool {
    version.contains(".module_") || version.contains(".module+")
}

/// Whether the versions that a statement names are of a module; none if it names none.
fn fixed_versions(statement: &Statement<'_>) -> Result<Option<bool>, DatabaseError> {
    for interval in statement.intervals() {
        match interval?.end {
            VersionEndView::Fixed(version) | VersionEndView::LastAffected(version) => {
                return Ok(Some(is_of_module(version)));
            }
            VersionEndView::Open => {}
        }
    }
    match statement.versions().next() {
        Some(version) => Ok(Some(is_of_module(version?))),
        None => Ok(None),
    }
}

/// Oracle builds some packages thrice: as they are, for Ksplice, and validated (FIPS). Their versions
/// say nothing about each other.
fn flavour_fits(
    statement: &Statement<'_>,
    package: &PackageIdentity,
) -> Result<bool, DatabaseError> {
    if package.ecosystem.family != Family::Oracle {
        return Ok(true);
    }
    for interval in statement.intervals() {
        if let VersionEndView::Fixed(version) = interval?.end {
            return Ok(flavour(version) == flavour(&package.version));
        }
    }
    Ok(true)
}

fn flavour(version: &str) -> Option<&'static str> {
    [".ksplice", "_fips"].into_iter().find(|it| version.contains(it))
}
