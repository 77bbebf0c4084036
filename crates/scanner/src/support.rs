//! Whether an inventory can be scanned at all: nothing found must mean that somebody looked.

use wharfinger_advisories::Database;
use wharfinger_inventory::Inventory;

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

/// Why `inventory` cannot be scanned with `database`, if it cannot.
pub fn unsupported(
    inventory: &Inventory,
    mode: ScanMode,
    database: Option<&Database>,
) -> Option<Unsupported> {
    let _ = (inventory, mode, database);
    Some(Unsupported::Image("nothing can be scanned yet".into()))
}
