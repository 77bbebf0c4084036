//! Whether a statement is about this build of a package at all: architecture, module, flavour.

use wharfinger_advisories::{DatabaseError, FixStatus, Statement, VersionEndView};
use wharfinger_package::{Family, PackageIdentity, VersionScheme};

use super::remembered::Remembered;

/// A build of a package, as far as it decides which statements are about it.
#[derive(Debug)]
pub(super) struct Build<'p, 'a> {
    package: &'p PackageIdentity,
    is_rpm: bool,
    is_of_module: bool,
    flavour: Option<&'static str>,
    /// Versions that statements name.
    of_modules: Remembered<'a, bool>,
}

impl<'p, 'a> Build<'p, 'a> {
    pub(super) fn of(package: &'p PackageIdentity) -> Self {
        Self {
            package,
            is_rpm: package.ecosystem.family.scheme() == VersionScheme::Rpm,
            is_of_module: package.module.is_some() || is_of_module(&package.version),
            flavour: flavour(&package.version),
            of_modules: Remembered::new(),
        }
    }

    /// Whether a statement of its name is about it.
    pub(super) fn is_meant(&mut self, statement: &Statement<'a>) -> Result<bool, DatabaseError> {
        Ok(self.module_fits(statement)?
            && self.architecture_fits(statement)?
            && self.flavour_fits(statement)?)
    }

    /// Whether a statement about its source package is about what was built of it: one as of the
    /// architecture `src` that something is affected. That a source has no vulnerability says nothing
    /// of what else went into a build.
    pub(super) fn is_of_what_is_meant(
        &mut self,
        statement: &Statement<'a>,
    ) -> Result<bool, DatabaseError> {
        if statement.status == FixStatus::NotAffected || !self.module_fits(statement)? {
            return Ok(false);
        }
        for listed in statement.architectures() {
            if listed? == "src" {
                return self.flavour_fits(statement);
            }
        }
        Ok(false)
    }

    fn architecture_fits(&self, statement: &Statement<'_>) -> Result<bool, DatabaseError> {
        let Some(architecture) = self.package.architecture.as_deref() else { return Ok(true) };
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

    /// A package of a module is another one than that of the same name outside of it. Where a source
    /// does not name modules (OSV), the releases that modules are built with tell them.
    fn module_fits(&mut self, statement: &Statement<'a>) -> Result<bool, DatabaseError> {
        if !self.is_rpm {
            return Ok(true);
        }
        let module = statement.module()?;
        if module.is_some() {
            return Ok(module == self.package.module.as_deref());
        }
        Ok(match named_version(statement)? {
            Some(it) => self.of_modules.get(it, || is_of_module(it)) == self.is_of_module,
            // Nothing is said of a version: what has a label of its own is not meant.
            None => !self.is_of_module,
        })
    }

    /// Oracle builds some packages thrice: as they are, for Ksplice, and validated (FIPS). Their
    /// versions say nothing about each other.
    fn flavour_fits(&self, statement: &Statement<'_>) -> Result<bool, DatabaseError> {
        if self.package.ecosystem.family != Family::Oracle {
            return Ok(true);
        }
        for interval in statement.intervals() {
            if let VersionEndView::Fixed(version) = interval?.end {
                return Ok(flavour(version) == self.flavour);
            }
        }
        Ok(true)
    }
}

/// Whether a release is one of a module: `.module_el8`, `.module+el8`.
fn is_of_module(version: &str) -> bool {
    let mut labels = version.split('.').skip(1);
    labels.any(|it| it.strip_prefix("module").is_some_and(|it| it.starts_with(['_', '+'])))
}

/// The first version that ends an interval of a statement, else the first that it lists.
fn named_version<'a>(statement: &Statement<'a>) -> Result<Option<&'a str>, DatabaseError> {
    for interval in statement.intervals() {
        match interval?.end {
            VersionEndView::Fixed(version) | VersionEndView::LastAffected(version) => {
                return Ok(Some(version));
            }
            VersionEndView::Open => {}
        }
    }
    statement.versions().next().transpose()
}

fn flavour(version: &str) -> Option<&'static str> {
    [".ksplice", "_fips"].into_iter().find(|it| version.contains(it))
}
