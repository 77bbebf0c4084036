//! The limits that are others for public registries than for private ones.

use wharfinger_core::RegistryId;
use wharfinger_core::limits::{
    LAYER_BYTES_MAX, LAYER_PARTS_MAX, PUBLIC_LAYER_BYTES_MAX, PUBLIC_LAYER_PARTS_MAX,
    PUBLIC_REPOSITORIES_MAX,
};

use crate::Registry;

/// What a layer of a registry may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindLimits {
    /// Bytes of one layer.
    pub(crate) layer_bytes: u64,
    /// Parts of one layer upload through the JSON API.
    pub(crate) layer_parts: u64,
}

impl KindLimits {
    /// Those of a registry.
    pub(crate) fn of(registry: &RegistryId) -> Self {
        if registry.is_public() {
            Self { layer_bytes: PUBLIC_LAYER_BYTES_MAX, layer_parts: PUBLIC_LAYER_PARTS_MAX.into() }
        } else {
            Self { layer_bytes: LAYER_BYTES_MAX, layer_parts: LAYER_PARTS_MAX.into() }
        }
    }
}

impl Registry {
    /// Repositories that a registry may hold. Only the quota of private ones is adjusted.
    pub(crate) fn repositories_max(&self, registry: &RegistryId) -> u64 {
        if registry.is_public() { PUBLIC_REPOSITORIES_MAX } else { self.quotas.repositories_max }
    }
}
