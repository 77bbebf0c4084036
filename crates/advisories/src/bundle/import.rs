//! Importing bundles.

use std::io::Read;

use wharfinger_core::Timestamp;

use super::{BundleError, BundleReader};
use crate::{Import, ImportMode, ImportOptions, SourceChange};

/// Takes the documents of a bundle: they replace those of its sources. When the sources were published,
/// and their licences, are as the bundle says.
///
/// # Errors
/// [`BundleError`]; then nothing was taken.
pub fn import<R: Read>(
    import: &mut Import,
    mut bundle: BundleReader<R>,
    imported_at: Timestamp,
) -> Result<Vec<SourceChange>, BundleError> {
    let mut documents = import.documents();
    for document in bundle.by_ref() {
        documents.push(&document?)?;
    }
    let mode = ImportMode::Replace;
    let options = ImportOptions { mode, updated_at: None, imported_at, license: None };
    let changes = import.take(&options, documents)?;
    bundle.information().sources.iter().for_each(|told| import.describe(told));
    Ok(changes)
}
