//! Layers read and composed, as the caller does it.
#![expect(clippy::unwrap_used, reason = "what tests are made of may fail them")]

mod archive;
mod hostile;
mod images;

use std::time::Duration;

use wharfinger_core::Digest;
use wharfinger_inventory::{Inventory, LayerError, LayerFacts, Limits, compose, read_layer};

/// The media type of a layer.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Reads a layer, with time standing still.
pub fn read(layer: &[u8], limits: &Limits) -> Result<LayerFacts, LayerError> {
    read_layer(layer, LAYER, limits, &|| Duration::ZERO)
}

/// The digest of the layer with that number.
pub fn digest(number: usize) -> Digest {
    Digest::Sha256([u8::try_from(number).unwrap(); 32])
}

/// The inventory of an image of these layers, the lowest first.
pub fn inventory(layers: &[Vec<u8>]) -> Inventory {
    let read = layers.iter().enumerate();
    let facts = read.map(|(index, it)| (digest(index), read_facts(it))).collect::<Vec<_>>();
    compose(&facts)
}

fn read_facts(layer: &[u8]) -> LayerFacts {
    let facts = read(layer, &Limits::default()).unwrap();
    let stored = serde_json::to_vec(&facts).unwrap();
    assert_eq!(serde_json::from_slice::<LayerFacts>(&stored).unwrap(), facts);
    facts
}
