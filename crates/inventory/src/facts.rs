//! Facts of a layer, and what the facts of all layers come to.

use std::io::Read;

use serde::{Deserialize, Serialize};
use wharfinger_core::Digest;

use crate::{Inventory, Limits};

/// What one layer says, without those above and below it. Kept by the digest of the layer and
/// [`crate::READER_VERSION`]: the layers of base images are read once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {}

/// Why a layer could not be read to its end. `Display` is a sentence for the description of a scan.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The bytes could not be had.
    #[error("the layer could not be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Reads a layer of `media_type`: a tar archive, as it is or compressed with gzip or zstd (by what
/// its first bytes say; the media type decides whether it is a layer at all).
///
/// `elapsed` says how much time has gone since the layer was begun.
///
/// # Errors
/// [`LayerError`], whatever the layer is.
pub fn read_layer(
    layer: impl Read,
    media_type: &str,
    limits: &Limits,
    elapsed: &dyn Fn() -> std::time::Duration,
) -> Result<LayerFacts, LayerError> {
    let _ = (layer, media_type, limits, elapsed);
    Ok(LayerFacts::default())
}

/// Puts the layers of an image together, the lowest first: whiteouts, links, and package databases of
/// which the topmost counts.
pub fn compose(layers: &[(Digest, LayerFacts)]) -> Inventory {
    let _ = layers;
    Inventory::default()
}
