//! The media types a registry must know; every other one is opaque to it.
//!
//! Sources: OCI image-spec `media-types.md`; the Docker image manifest specifications (v2 schema
//! 1 and 2).

/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index: a list of manifests.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker image manifest, version 2, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker manifest list.
pub const DOCKER_MANIFEST_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image manifest, version 2, schema 1, unsigned.
pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// Docker image manifest, version 2, schema 1, with its signatures.
pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Configuration of an OCI container image.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Configuration of a Docker container image.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// The empty descriptor's content, `{}`.
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// A layer of a Docker image, and what the layers of a schema 1 manifest are.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// A Docker layer that may not be distributed, and so is fetched from its `urls`.
pub const DOCKER_FOREIGN_LAYER: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
/// What the types of OCI's non-distributable layers begin with.
pub const OCI_NONDISTRIBUTABLE_LAYER_PREFIX: &str =
    "application/vnd.oci.image.layer.nondistributable.v1.tar";

/// The manifest media types that can be stored, in the order they are tried.
pub const MANIFESTS: [&str; 6] = [
    OCI_MANIFEST,
    OCI_INDEX,
    DOCKER_MANIFEST,
    DOCKER_MANIFEST_LIST,
    DOCKER_SCHEMA1_SIGNED,
    DOCKER_SCHEMA1,
];

/// The media type alone: `text` without parameters (`; charset=…`) and surrounding blanks.
pub fn essence(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

/// The constant of [`MANIFESTS`] that `text` names, parameters and case aside.
pub fn recognise_manifest(text: &str) -> Option<&'static str> {
    let wanted = essence(text);
    MANIFESTS.into_iter().find(|known| known.eq_ignore_ascii_case(wanted))
}

/// Whether layers of this type are foreign: not to be distributed by registries, if they say
/// where else they can be had.
pub fn is_foreign_layer(media_type: &str) -> bool {
    media_type == DOCKER_FOREIGN_LAYER || media_type.starts_with(OCI_NONDISTRIBUTABLE_LAYER_PREFIX)
}

/// Whether this is the configuration of a container image.
pub fn is_container_config(media_type: &str) -> bool {
    media_type == OCI_CONFIG || media_type == DOCKER_CONFIG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        for text in [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.index.v1+json; charset=utf-8",
            " Application/VND.oci.image.index.v1+JSON;x",
        ] {
            assert_eq!(recognise_manifest(text), Some(OCI_INDEX), "{text:?}");
        }
    }

    #[test]
    fn other_types_are_not_manifests() {
        for text in ["", ";", "application/json", "application/vnd.oci.artifact.manifest.v1+json"] {
            assert_eq!(recognise_manifest(text), None, "{text:?}");
        }
    }

    #[test]
    fn foreign_layers_are_told_by_type() {
        assert!(is_foreign_layer("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"));
        assert!(is_foreign_layer(DOCKER_FOREIGN_LAYER));
        assert!(!is_foreign_layer(DOCKER_LAYER));
    }
}
