//! Whether an inventory can be scanned at all: nothing found must mean that somebody looked.

mod life;

use std::collections::BTreeSet;

use wharfinger_advisories::Database;
use wharfinger_inventory::Inventory;
use wharfinger_package::Ecosystem;

use crate::authority::authorities;
pub use life::{end_of_life, end_of_life_note};

/// What a scan looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanMode {
    /// The packages of the operating system.
    Basic,
    /// Those and the packages of languages.
    Enhanced,
}

/// Why an inventory cannot be scanned. `Display` is the description of the scan: it says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The image has no distribution, or one that nobody here knows.
    #[error("UnsupportedImageError: {0}")]
    Image(String),
    /// No advisories for it were imported.
    #[error("{0}")]
    NoAdvisories(String),
}

/// Why `inventory` cannot be scanned with `database`, if it cannot. Enhanced scanning needs advisories
/// for each ecosystem that the image has packages of.
pub fn unsupported(
    inventory: &Inventory,
    mode: ScanMode,
    database: Option<&Database>,
) -> Option<Unsupported> {
    let covered = |ecosystem: &Ecosystem| {
        authorities(ecosystem).iter().any(|it| database.is_some_and(|database| database.covers(it)))
    };
    unsupported_by(inventory, mode, database.is_some(), covered)
}

fn unsupported_by(
    inventory: &Inventory,
    mode: ScanMode,
    imported: bool,
    covered: impl Fn(&Ecosystem) -> bool,
) -> Option<Unsupported> {
    let looked_at = match ecosystems(inventory, mode) {
        Ok(ecosystems) => ecosystems,
        Err(reason) => return Some(Unsupported::Image(reason)),
    };
    if !imported {
        return Some(Unsupported::NoAdvisories(
            "there is no advisory database; import one with `wharfinger advisories update`, or without \
             a network with `wharfinger advisories import FILE`"
                .to_owned(),
        ));
    }
    let missing: Vec<_> =
        looked_at.iter().filter(|it| !covered(it)).map(ToString::to_string).collect();
    (!missing.is_empty()).then(|| {
        Unsupported::NoAdvisories(format!(
            "no advisories for {} are in the advisory database; import them with `wharfinger advisories \
             update`, or without a network with `wharfinger advisories import FILE`",
            missing.join(", ")
        ))
    })
}

/// What a scan needs advisories for, or why the image cannot be scanned.
fn ecosystems(inventory: &Inventory, mode: ScanMode) -> Result<BTreeSet<Ecosystem>, String> {
    let of_packages = |distribution: bool| {
        let all = inventory.packages.iter().map(|package| &package.identity.ecosystem);
        all.filter(move |it| it.family.is_distribution() == distribution).cloned()
    };
    let mut ecosystems: BTreeSet<_> = of_packages(true).collect();
    if mode == ScanMode::Enhanced {
        ecosystems.extend(of_packages(false));
    }
    let known = inventory.distribution.as_ref().and_then(|it| it.ecosystem.as_ref());
    match (&inventory.distribution, mode) {
        (None, ScanMode::Basic) => {
            return Err("the image has no operating system that can be told".to_owned());
        }
        (Some(distribution), _) if known.is_none() => {
            return Err(format!(
                "the operating system '{}' version '{}' is not supported",
                distribution.id, distribution.version
            ));
        }
        _ => {}
    }
    // A distribution without a database of packages has packages nevertheless: nobody could look.
    if ecosystems.is_empty() {
        return Err("the image has no packages that can be told".to_owned());
    }
    Ok(ecosystems)
}

#[cfg(test)]
mod tests;
