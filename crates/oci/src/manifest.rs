//! Manifests: what a registry must know of the bytes a client pushed as one.
//!
//! Reading is lenient: unknown members are ignored, and the media types of configs and layers are
//! the client's business. The bytes themselves are what is stored, served and hashed; nothing
//! here can write a manifest.
//!
//! Sources: OCI image-spec `manifest.md`, `image-index.md`, `descriptor.md`; the Docker image
//! manifest specifications (v2 schema 1 and 2); ECR `PutImage`.

mod descriptor;
mod error;
mod json;
mod shape;

use std::collections::{BTreeMap, HashSet};

use wharfinger_core::limits::{JSON_DEPTH_MAX, MANIFEST_BYTES_MAX};

pub use descriptor::{Descriptor, SIZE_MAX};
pub use error::ManifestError;

use crate::media_type;
use json::RawManifest;

/// What a manifest is a list of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ManifestKind {
    /// A config and layers: a Docker schema 2 or OCI image manifest.
    Image,
    /// Other manifests: a Docker manifest list or OCI index.
    Index,
    /// Layers, with the config in the manifest itself: Docker schema 1.
    Schema1,
}

/// A manifest as far as a registry looks into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// Its media type, one of [`media_type::MANIFESTS`].
    pub media_type: String,
    /// Which of the other fields have a meaning.
    pub kind: ManifestKind,
    /// The config of an image; always there for [`ManifestKind::Image`], and only there.
    pub config: Option<Descriptor>,
    /// The layers of an image, in the manifest's order, duplicates included. Those of schema 1
    /// have a size of 0, since such a manifest does not tell.
    pub layers: Vec<Descriptor>,
    /// The children of an index, in its order.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one refers to; it need not exist. OCI types only.
    pub subject: Option<Descriptor>,
    /// The type of an OCI artifact, if the manifest names one.
    pub artifact_type: Option<String>,
    /// The manifest's own annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads `bytes`, whose media type is that of `content_type` (a `Content-Type` or an
    /// `imageManifestMediaType`; an empty one counts as none) or else the one they name
    /// themselves.
    ///
    /// # Errors
    /// [`ManifestError`]: too large, not a JSON object, nested or listing more than the limits
    /// of `core` allow, of no or of conflicting or of unknown media type, or not of the shape
    /// that its media type demands.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLarge { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(ManifestError::malformed)?;
        if json::is_deeper_than(text, JSON_DEPTH_MAX) {
            return Err(ManifestError::malformed(format_args!(
                "nested more than {JSON_DEPTH_MAX} levels deep"
            )));
        }
        let raw: RawManifest = json::object(text).map_err(ManifestError::malformed)?;
        let media_type = decide_media_type(content_type, raw.media_type.as_deref())?;
        shape::build(media_type, raw)
    }

    /// Whether this is a list of manifests.
    pub fn is_index(&self) -> bool {
        self.kind == ManifestKind::Index
    }

    /// ECR's `artifactMediaType`, and the `artifactType` of a referrer: the manifest's artifact
    /// type, or else the media type of its config.
    pub fn artifact_media_type(&self) -> Option<&str> {
        let config = || self.config.as_ref().map(|config| config.media_type.as_str());
        self.artifact_type.as_deref().or_else(config)
    }

    /// The blobs that must exist before the manifest may be stored: config and layers, each
    /// digest once, without the layers that clients fetch from elsewhere.
    pub fn blob_references(&self) -> Vec<&Descriptor> {
        let required = self.layers.iter().filter(|layer| !layer.is_foreign());
        unique(self.config.iter().chain(required))
    }

    /// The layers that clients fetch from elsewhere, each digest once. They need not exist; if
    /// they were pushed all the same, the manifest keeps them as it does its other blobs.
    pub fn foreign_references(&self) -> Vec<&Descriptor> {
        unique(self.layers.iter().filter(|layer| layer.is_foreign()))
    }

    /// The bytes of config and layers as their descriptors state them (compressed, each as often
    /// as it is listed), [`SIZE_MAX`] at the most. Zero for an index.
    pub fn size_bytes(&self) -> u64 {
        let blobs = self.config.iter().chain(&self.layers);
        blobs.fold(0u64, |sum, blob| sum.saturating_add(blob.size)).min(SIZE_MAX)
    }
}

fn unique<'a>(descriptors: impl Iterator<Item = &'a Descriptor>) -> Vec<&'a Descriptor> {
    let mut seen = HashSet::new();
    descriptors.filter(|descriptor| seen.insert(descriptor.digest)).collect()
}

/// ECR `PutImage`: the type declared beside the manifest or the one in it; both must agree.
fn decide_media_type(
    declared: Option<&str>,
    in_body: Option<&str>,
) -> Result<&'static str, ManifestError> {
    let named = |text: &&str| !text.is_empty();
    let declared = declared.map(media_type::essence).filter(named);
    let in_body = in_body.map(media_type::essence).filter(named);
    let media_type = match (declared, in_body) {
        (None, None) => return Err(ManifestError::MediaTypeMissing),
        (Some(declared), Some(in_body)) if !declared.eq_ignore_ascii_case(in_body) => {
            return Err(ManifestError::media_type_conflict(declared, in_body));
        }
        (Some(media_type), _) | (None, Some(media_type)) => media_type,
    };
    media_type::recognise_manifest(media_type)
        .ok_or_else(|| ManifestError::media_type_unknown(media_type))
}

#[cfg(test)]
mod tests;
