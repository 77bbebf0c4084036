//! CISA's catalog of known exploited vulnerabilities:
//! <https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json>.

use serde::Deserialize;

use super::date::date;
use super::fault::{Fault, Outlet};
use super::input::Input;
use super::json;
use crate::{KnownExploited, Record};

/// An entry; there is more in it that nobody asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    id: String,
    date_added: String,
}

/// Reads the catalog.
pub(super) fn read(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    json::elements(input, "vulnerabilities", &mut |entry| give(entry, outlet))
}

/// Reads its entries, one in a line.
pub(super) fn read_lines(input: Input<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    json::documents(input, &mut |entry| give(entry, outlet))
}

fn give(entry: Entry, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let day = &entry.date_added;
    let added_at = date(day)
        .ok_or_else(|| Fault::malformed(entry.id.clone(), format!("`{day}` is no date")))?;
    outlet.document("kev", entry.id.clone(), Some(added_at))?;
    outlet.give(Record::KnownExploited(KnownExploited { vulnerability: entry.id, added_at }))
}
