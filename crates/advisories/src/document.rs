//! What a source publishes as one piece, and replaces as one: an advisory, a CVE, a package's page.

pub(crate) mod bytes;

use wharfinger_core::Timestamp;

use crate::Record;

/// One piece of a source with all its statements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The source, by the name it has in [`crate::SourceInformation`]. The records of a document have
    /// this source, whatever they say themselves.
    pub source: String,
    /// What names it in its source: `GHSA-…`, `DSA-5532-1`, `v3.18/main/openssl`, `covers:npm`.
    pub id: String,
    /// When the source changed it. An older document does not replace a newer one.
    pub modified_at: Option<Timestamp>,
    /// What it states. A withdrawn document states nothing.
    pub records: Vec<Record>,
}

impl Document {
    /// A document that was withdrawn: an import removes what it said before.
    pub fn withdrawn(
        source: impl Into<String>,
        id: impl Into<String>,
        modified_at: Option<Timestamp>,
    ) -> Self {
        Self { source: source.into(), id: id.into(), modified_at, records: Vec::new() }
    }
}
