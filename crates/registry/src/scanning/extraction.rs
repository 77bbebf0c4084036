//! Reading an image: its manifest, its configuration, and its layers, each of which is read once for
//! all images that have it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use serde::Deserialize;
use wharfinger_auth::RepositoryResource;
use wharfinger_core::Digest;
use wharfinger_core::limits::{
    LAYER_FACTS_BYTES_MAX, SCAN_SECONDS_MAX, SCANNED_CONFIG_BYTES_MAX, SCANNED_LAYERS_MAX,
    SCANNED_PACKAGES_MAX,
};
use wharfinger_inventory::{LayerError, LayerFacts, Limits, READER_VERSION, compose, read_layer};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{RepositoryId, image, layer_facts};
use wharfinger_oci::{Descriptor, Manifest};

use super::compressed;
use super::failure::ScanFailure;
use super::inventory::{ImageInventory, blocking};
use super::layer_read::layer_pipe;
use crate::{Error, Registry};

/// What the media types of layers of files begin with.
const LAYER_TYPES: [&str; 2] =
    ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/// The part of an image's configuration that is shown with its findings.
#[derive(Default, Deserialize)]
struct Configuration {
    architecture: Option<String>,
    os: Option<String>,
    author: Option<String>,
}

impl Registry {
    /// Reads an image, one of a few at once.
    pub(super) async fn extract(
        &self,
        repository: &RepositoryRow,
        digest: Digest,
    ) -> Result<ImageInventory, ScanFailure> {
        let _turn = self.scans.acquire().await.map_err(|error| Error::Server(Box::new(error)))?;
        let manifest = self.scanned_manifest(repository, digest).await?;
        check_layers(&manifest)?;
        let resource = RepositoryResource {
            registry: repository.registry.clone(),
            name: repository.name.clone(),
        };
        let configuration = self.configuration(&resource, manifest.config.as_ref()).await?;
        let begun = self.now();
        let mut layers: Vec<(Digest, LayerFacts)> = Vec::with_capacity(manifest.layers.len());
        for layer in &manifest.layers {
            let known = layers.iter().find(|(digest, _)| *digest == layer.digest);
            let facts = match known {
                Some((_, facts)) => facts.clone(),
                None => self.layer_facts(repository, &resource, layer, begun).await?,
            };
            layers.push((layer.digest, facts));
        }
        let inventory = blocking(move || Ok(compose(&layers))).await?;
        if inventory.packages.len() > SCANNED_PACKAGES_MAX {
            let why = format!("The image has more than {SCANNED_PACKAGES_MAX} packages.");
            return Err(ScanFailure::Failed(why));
        }
        let Configuration { architecture, os, author } = configuration;
        Ok(ImageInventory { inventory, architecture, operating_system: os, author })
    }

    pub(super) async fn scanned_manifest(
        &self,
        repository: &RepositoryRow,
        digest: Digest,
    ) -> Result<Manifest, ScanFailure> {
        let id: RepositoryId = repository.id;
        let keys = self.manifest_keys(&repository.key_domain).await?;
        let found = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let row = image::find(tx, id, &digest).await?;
                    let sealed = image::sealed_manifest(tx, id, &digest).await?;
                    Ok::<_, Error>(row.zip(sealed))
                })
            })
            .await?;
        let Some((row, sealed)) = found else {
            let why = "The manifest of the image is damaged; push the image again.";
            return Err(ScanFailure::Failed(why.into()));
        };
        let damaged = |why: String| ScanFailure::Failed(why);
        let bytes = keys.open(&digest, &sealed).map_err(|error| damaged(error.to_string()))?;
        Manifest::parse(&bytes, Some(&row.media_type)).map_err(|error| damaged(error.to_string()))
    }

    /// What a configuration says; nothing if it is not what it ought to be, for no scan fails of that.
    async fn configuration(
        &self,
        resource: &RepositoryResource,
        config: Option<&Descriptor>,
    ) -> Result<Configuration, ScanFailure> {
        let Some(config) = config else { return Ok(Configuration::default()) };
        let content = self.open_blob_of(resource, config.digest).await?;
        if content.size_bytes > SCANNED_CONFIG_BYTES_MAX {
            return Ok(Configuration::default());
        }
        let parts: Vec<Bytes> = content.read_all().try_collect().await.map_err(Error::from)?;
        Ok(serde_json::from_slice(&parts.concat()).unwrap_or_default())
    }

    /// What a layer says: as it is kept, or read now.
    async fn layer_facts(
        &self,
        repository: &RepositoryRow,
        resource: &RepositoryResource,
        layer: &Descriptor,
        begun: wharfinger_core::Timestamp,
    ) -> Result<LayerFacts, ScanFailure> {
        let (domain, digest) = (repository.key_domain.clone(), layer.digest);
        let kept = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let version = READER_VERSION;
                    Ok::<_, Error>(layer_facts::find(tx, &domain, &digest, version).await?)
                })
            })
            .await?;
        if let Some(kept) = kept {
            return Ok(blocking(move || compressed::unpack(&kept)).await?);
        }
        let facts = self.read_facts(resource, layer, begun).await?;
        let (packed, facts) = blocking(move || Ok((compressed::pack(&facts)?, facts))).await?;
        if packed.len() <= LAYER_FACTS_BYTES_MAX {
            let domain = repository.key_domain.clone();
            self.metadata
                .write(move |tx| {
                    Box::pin(async move {
                        let version = READER_VERSION;
                        layer_facts::put(tx, &domain, &digest, version, &packed).await?;
                        Ok::<_, Error>(())
                    })
                })
                .await?;
        }
        Ok(facts)
    }

    /// Reads a layer to its end, so that each byte of it was verified.
    async fn read_facts(
        &self,
        resource: &RepositoryResource,
        layer: &Descriptor,
        begun: wharfinger_core::Timestamp,
    ) -> Result<LayerFacts, ScanFailure> {
        let content = match self.open_blob_of(resource, layer.digest).await {
            Err(Error::LayerNotFound { .. }) if layer.is_foreign() => {
                let why = format!(
                    "The layer {} is not kept here but at the places that its manifest names: \
                     what it holds is not known.",
                    layer.digest
                );
                return Err(ScanFailure::Failed(why));
            }
            content => content?,
        };
        let (feed, mut read) = layer_pipe();
        let (media_type, clock) = (layer.media_type.clone(), Arc::clone(&self.clock));
        let reading = tokio::task::spawn_blocking(move || {
            let elapsed = || {
                let millis = clock.now().millis().saturating_sub(begun.millis());
                Duration::from_millis(u64::try_from(millis).unwrap_or_default())
            };
            let time = Duration::from_secs(SCAN_SECONDS_MAX);
            let limits = Limits { time, ..Limits::default() };
            let facts = read_layer(&mut read, &media_type, &limits, &elapsed)?;
            read.drain()?;
            Ok::<_, LayerError>(facts)
        });
        let failed = feed.feed(content.read_all()).await;
        let facts = reading.await.map_err(|error| Error::Server(Box::new(error)))?;
        match failed {
            Some(error) if crate::layer::is_damage(&error) => {
                Err(Error::LayerDamaged { digest: layer.digest }.into())
            }
            Some(error) => Err(Error::from(error).into()),
            None => facts.map_err(|error| layer_failure(layer.digest, error)),
        }
    }
}

/// Refuses what has no layers of files (attestations of builders are images by their configuration),
/// and what has too many.
fn check_layers(manifest: &Manifest) -> Result<(), ScanFailure> {
    let is_layer =
        |layer: &&Descriptor| LAYER_TYPES.iter().any(|known| layer.media_type.starts_with(known));
    if let Some(other) = manifest.layers.iter().find(|layer| !is_layer(layer)) {
        let (digest, media_type) = (other.digest, &other.media_type);
        return Err(ScanFailure::Unsupported(format!(
            "UnsupportedImageError: the layer {digest} has the type '{media_type}', which is not \
             scanned"
        )));
    }
    if manifest.layers.len() > SCANNED_LAYERS_MAX {
        let why = format!("The image has more than {SCANNED_LAYERS_MAX} layers.");
        return Err(ScanFailure::Failed(why));
    }
    Ok(())
}

fn layer_failure(digest: Digest, error: LayerError) -> ScanFailure {
    let why = format!("The layer {digest} cannot be scanned: {error}");
    match error {
        LayerError::Io(error) => ScanFailure::Passing(Error::Server(Box::new(error))),
        LayerError::MediaType(_) => ScanFailure::Unsupported(why),
        LayerError::Ratio(_) => ScanFailure::TooLarge(why),
        LayerError::TooMuch { what, .. } if what.contains("bytes") => ScanFailure::TooLarge(why),
        _ => ScanFailure::Failed(why),
    }
}
