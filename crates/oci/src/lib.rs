//! The vocabulary of OCI Distribution: manifests, media types, the `/v2` path grammar, error
//! codes, ranges and listings.
//!
//! Everything here is pure: bytes or text in, values out, no I/O. Nothing that a client sends
//! makes a function of this crate panic, recurse without bound, or keep more than a small
//! multiple of the input.

pub mod error;
pub mod listing;
pub mod manifest;
pub mod media_type;
pub mod path;
mod percent;
pub mod query;
pub mod range;

pub use error::{ErrorBody, ErrorCode};
pub use listing::{Catalog, Page, Referrer, ReferrersIndex, TagList};
pub use manifest::{Descriptor, Manifest, ManifestError, ManifestKind};
pub use path::{PathError, Route};
pub use query::{Query, QueryError};
pub use range::{ByteRange, ContentRangeError, Unsatisfiable};
