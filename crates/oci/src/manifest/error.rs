//! Why bytes are not a manifest.

use std::fmt::{self, Write};

use thiserror::Error;
use wharfinger_core::limits::MANIFEST_BYTES_MAX;

/// Characters of client text, or of a parser's message that quotes it, that an error keeps.
const QUOTE_CHARS_MAX: usize = 256;

/// Why bytes are not a manifest.
///
/// `Display` is the reason that ECR puts into `Invalid parameter at 'ImageManifest' failed to
/// satisfy constraint: '<reason>'`, which clients match on; [`ManifestError::detail`] says more.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ManifestError {
    /// More bytes than ECR's quota for a manifest.
    #[error("Manifest must not be larger than {} bytes", MANIFEST_BYTES_MAX)]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Not JSON, beyond the limits of nesting or references, or not of the shape its media type
    /// demands.
    #[error("Invalid JSON syntax")]
    Malformed {
        /// What exactly is wrong.
        detail: String,
    },
    /// A media type neither beside the manifest nor in it.
    #[error("Invalid JSON syntax")]
    MediaTypeMissing,
    /// A media type that no manifest has. SOCI and ORAS clients wait for just this reason to
    /// fall back from OCI's withdrawn artifact manifest.
    #[error("Invalid JSON syntax")]
    MediaTypeUnknown {
        /// The media type, cut to a sensible length.
        media_type: String,
    },
    /// The media type beside the manifest is not the one in it.
    #[error("Media type of the manifest must be the one it was declared to have")]
    MediaTypeConflict {
        /// The media type beside the manifest, cut to a sensible length.
        declared: String,
        /// The media type in it, cut to a sensible length.
        in_body: String,
    },
    /// An image of Docker schema 1 without layers.
    #[error("Image has to have at least 1 layer")]
    NoLayers,
}

impl ManifestError {
    /// The precise cause, for the `detail` of `/v2` answers and for logs. At most a few hundred
    /// characters, and it may quote what the client sent.
    pub fn detail(&self) -> String {
        match self {
            Self::TooLarge { bytes } => format!("the manifest has {bytes} bytes"),
            Self::Malformed { detail } => detail.clone(),
            Self::MediaTypeMissing => {
                "neither the request nor the manifest names a media type".to_owned()
            }
            Self::MediaTypeUnknown { media_type } => {
                format!("{media_type:?} is not the media type of a manifest")
            }
            Self::MediaTypeConflict { declared, in_body } => {
                format!("the request says {declared:?}, the manifest says {in_body:?}")
            }
            Self::NoLayers => "an image of schema 1 has at least one layer".to_owned(),
        }
    }

    pub(super) fn malformed(detail: impl fmt::Display) -> Self {
        Self::Malformed { detail: clip(detail) }
    }

    pub(super) fn media_type_unknown(media_type: &str) -> Self {
        Self::MediaTypeUnknown { media_type: clip(media_type) }
    }

    pub(super) fn media_type_conflict(declared: &str, in_body: &str) -> Self {
        Self::MediaTypeConflict { declared: clip(declared), in_body: clip(in_body) }
    }
}

/// The first [`QUOTE_CHARS_MAX`] characters of `text`: parsers quote what they choke on, and
/// that may be a whole manifest.
fn clip(text: impl fmt::Display) -> String {
    let mut clipped = Clipped { text: String::new(), room: QUOTE_CHARS_MAX };
    if write!(clipped, "{text}").is_err() {
        clipped.text.push('…');
    }
    clipped.text
}

struct Clipped {
    text: String,
    room: usize,
}

impl Write for Clipped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_clipped() {
        assert_eq!(clip("short"), "short");
        assert_eq!(clip("ä".repeat(256)), "ä".repeat(256));
        assert_eq!(clip("ä".repeat(257)), format!("{}…", "ä".repeat(256)));
    }
}
