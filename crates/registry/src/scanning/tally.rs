//! How many vulnerabilities an image has by severity, from the rows of its packages.

use std::collections::{BTreeMap, HashMap};

use wharfinger_metadata::{Tx, inventory, package_vulnerability};
use wharfinger_package::Severity;

use super::suppressed::Suppressed;
use crate::Error;

/// The counts of enhanced scanning: each vulnerability once, as bad as in the worst of the packages. Those
/// that are suppressed in all of their packages do not count.
pub(super) async fn of_inventory(
    tx: &mut Tx,
    inventory_id: i64,
    suppressed: &Suppressed,
) -> Result<BTreeMap<Severity, u64>, Error> {
    let mut worst: HashMap<String, Severity> = HashMap::new();
    let row = inventory::find_by_id(tx, inventory_id).await?;
    for package in row.into_iter().flat_map(|row| row.package_ids) {
        for row in package_vulnerability::of_package(tx, package).await? {
            if suppressed.covers(&row.vulnerability) {
                continue;
            }
            let severity = row.severity.parse().unwrap_or(Severity::Undefined);
            let known = worst.entry(row.vulnerability).or_insert(severity);
            *known = severity.max(*known);
        }
    }
    let mut counts = BTreeMap::new();
    for severity in worst.into_values() {
        *counts.entry(severity).or_default() += 1;
    }
    Ok(counts)
}
