//! What the members of a manifest must be, by media type.

use wharfinger_core::limits::MANIFEST_REFERENCES_MAX;

use super::json::{List, Object, RawDescriptor, RawManifest};
use super::{Descriptor, Manifest, ManifestError, ManifestKind};
use crate::media_type::{
    DOCKER_LAYER, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST,
};

/// The manifest of type `media_type` with these members.
pub(super) fn build(media_type: &'static str, raw: RawManifest) -> Result<Manifest, ManifestError> {
    let references = raw.layers.0.len() + raw.manifests.0.len() + raw.fs_layers.0.len();
    if references > MANIFEST_REFERENCES_MAX {
        return Err(ManifestError::malformed(format_args!(
            "more than {MANIFEST_REFERENCES_MAX} references"
        )));
    }
    match media_type {
        OCI_MANIFEST | DOCKER_MANIFEST => image(media_type, raw),
        OCI_INDEX | DOCKER_MANIFEST_LIST => index(media_type, raw),
        _ => schema1(media_type, raw),
    }
}

fn image(media_type: &'static str, raw: RawManifest) -> Result<Manifest, ManifestError> {
    schema_version(&raw, 2)?;
    absent("manifests", raw.manifests.0.is_empty())?;
    absent("fsLayers", raw.fs_layers.0.is_empty())?;
    let (subject, artifact_type) = artifact(media_type, raw.subject, raw.artifact_type);
    let config = raw.config.ok_or_else(|| ManifestError::malformed("there is no config"))?;
    Ok(Manifest {
        media_type: media_type.to_owned(),
        kind: ManifestKind::Image,
        config: Some(Descriptor::from(config.0)),
        // There may be none: OCI Distribution [end-7], "the list of blobs MAY be empty".
        layers: descriptors(raw.layers),
        manifests: Vec::new(),
        subject,
        artifact_type,
        annotations: raw.annotations.unwrap_or_default(),
    })
}

fn index(media_type: &'static str, raw: RawManifest) -> Result<Manifest, ManifestError> {
    schema_version(&raw, 2)?;
    absent("config", raw.config.is_none())?;
    absent("layers", raw.layers.0.is_empty())?;
    absent("fsLayers", raw.fs_layers.0.is_empty())?;
    let (subject, artifact_type) = artifact(media_type, raw.subject, raw.artifact_type);
    Ok(Manifest {
        media_type: media_type.to_owned(),
        kind: ManifestKind::Index,
        config: None,
        layers: Vec::new(),
        manifests: descriptors(raw.manifests),
        subject,
        artifact_type,
        annotations: raw.annotations.unwrap_or_default(),
    })
}

fn schema1(media_type: &'static str, raw: RawManifest) -> Result<Manifest, ManifestError> {
    schema_version(&raw, 1)?;
    absent("config", raw.config.is_none())?;
    absent("layers", raw.layers.0.is_empty())?;
    absent("manifests", raw.manifests.0.is_empty())?;
    if raw.fs_layers.0.is_empty() {
        return Err(ManifestError::NoLayers);
    }
    let layers = raw.fs_layers.0.into_iter();
    Ok(Manifest {
        media_type: media_type.to_owned(),
        kind: ManifestKind::Schema1,
        config: None,
        layers: layers.map(|layer| Descriptor::new(DOCKER_LAYER, layer.blob_sum, 0)).collect(),
        manifests: Vec::new(),
        subject: None,
        artifact_type: None,
        annotations: Default::default(),
    })
}

/// `subject` and `artifactType`, which only OCI's types have; an empty artifact type is none.
fn artifact(
    media_type: &str,
    subject: Option<Object<RawDescriptor>>,
    artifact_type: Option<String>,
) -> (Option<Descriptor>, Option<String>) {
    if media_type == OCI_MANIFEST || media_type == OCI_INDEX {
        let subject = subject.map(|Object(subject)| subject.into());
        (subject, artifact_type.filter(|artifact_type| !artifact_type.is_empty()))
    } else {
        (None, None)
    }
}

fn schema_version(raw: &RawManifest, version: u64) -> Result<(), ManifestError> {
    if raw.schema_version == Some(version) {
        Ok(())
    } else {
        Err(ManifestError::malformed(format_args!("schemaVersion is not {version}")))
    }
}

/// Refuses members of another kind of manifest, by which the same bytes could be read as two
/// different things (CVE-2021-41190).
fn absent(member: &str, is_absent: bool) -> Result<(), ManifestError> {
    if is_absent {
        Ok(())
    } else {
        Err(ManifestError::malformed(format_args!("{member} has no place in this media type")))
    }
}

fn descriptors(list: List<RawDescriptor>) -> Vec<Descriptor> {
    list.0.into_iter().map(Descriptor::from).collect()
}
