//! Bundles: the documents of sources in one file, to be carried to where there is no network, or
//! pushed to a registry as the layer of an artifact. `docs/advisory-database.md` has the bytes.

mod import;
mod read;
mod write;

use serde::{Deserialize, Serialize};
use wharfinger_core::Timestamp;

use crate::SourceInformation;
pub use import::import;
pub use read::{BundleReader, is_bundle};
pub use write::{Exported, export};

/// The media type of the layer that is a bundle.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.wharfinger.advisories.bundle.v1+zstd";
/// The type of an artifact with such a layer; its configuration is the empty one of the OCI image
/// specification (`application/vnd.oci.empty.v1+json`).
pub const BUNDLE_ARTIFACT_TYPE: &str = "application/vnd.wharfinger.advisories.v1";

/// How a bundle begins, once it is decompressed.
const MAGIC: [u8; 8] = *b"WHRFBDL\n";
/// The version of the format.
const VERSION: u32 = 1;

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BundleInformation {
    /// Of when it is: when the database was built whose documents are in it.
    pub created_at: Timestamp,
    /// The sources in it, as they were kept where it was written, by name.
    pub sources: Vec<SourceInformation>,
    /// Who is to be named with it: a line for each source with its licence.
    pub notice: String,
}

/// Why a bundle could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The bytes could not be read or written.
    #[error("the bundle could not be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// It is none, or damaged.
    #[error("the bundle is damaged: {0}")]
    Damaged(&'static str),
    /// What was asked for cannot be put into one.
    #[error("{0}")]
    Refused(String),
    /// The documents could not be read.
    #[error(transparent)]
    Store(#[from] crate::StoreError),
}
