//! Descriptors: the references that manifests are made of.

use std::collections::BTreeMap;

use wharfinger_core::Digest;

use crate::media_type;

/// The largest size a descriptor may state, in bytes: what fits the signed 64-bit numbers of
/// stores.
pub const SIZE_MAX: u64 = i64::MAX as u64;

/// A reference to a blob or manifest (OCI image-spec, `descriptor.md`). Embedded `data` is
/// ignored: the content itself is what counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// The media type of the content, as it was pushed.
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The content's length in bytes as the manifest states it, [`SIZE_MAX`] at the most.
    pub size: u64,
    /// Where else the content can be had.
    pub urls: Vec<String>,
    /// Annotations of the reference.
    pub annotations: BTreeMap<String, String>,
    /// The artifact type of the manifest referred to.
    pub artifact_type: Option<String>,
    /// The `platform` of a child of an index: the text of its JSON value, as it was pushed.
    pub platform: Option<String>,
}

impl Descriptor {
    /// A reference without any of the optional members.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            artifact_type: None,
            platform: None,
        }
    }

    /// Whether this is a layer that clients fetch from elsewhere: of a foreign or
    /// non-distributable type, and with an URL to fetch it from.
    pub fn is_foreign(&self) -> bool {
        media_type::is_foreign_layer(&self.media_type) && !self.urls.is_empty()
    }
}
