//! Images of an installation.

use anyhow::{anyhow, bail};
use futures_util::TryStreamExt;
use tokio::runtime::Handle;
use wharfinger_auth::actions::{DescribeImageScanFindings, GetDownloadUrlForLayer};
use wharfinger_core::limits::MANIFEST_BYTES_MAX;
use wharfinger_core::{Digest, RepositoryName};
use wharfinger_inventory::Inventory;
use wharfinger_oci::manifest::Manifest;
use wharfinger_registry::{RequestedImage, StoredImage};

use super::image::{FoundImage, Source, resolve};
use crate::reference::{OpenRegistry, Part, Reference};

/// An image of a repository, or an index.
pub(super) struct Stored {
    registry: OpenRegistry,
    repository: RepositoryName,
    wanted: RequestedImage,
    runtime: Handle,
}

impl Stored {
    /// Of the runtime that this is called on.
    pub(super) fn new(registry: OpenRegistry, reference: Reference) -> Self {
        let (digest, tag) = match reference.part {
            Part::Whole => (None, Some("latest".to_owned())),
            Part::Tag(tag) => (None, Some(tag.to_string())),
            Part::Image(digest) => (Some(digest.to_string()), None),
        };
        let (repository, wanted) = (reference.repository, RequestedImage { digest, tag });
        Self { registry, repository, wanted, runtime: Handle::current() }
    }

    fn image(&self, wanted: RequestedImage) -> anyhow::Result<StoredImage> {
        self.runtime.block_on(self.registry.image(&self.repository, wanted))
    }

    /// A configuration.
    fn small_blob(&self, digest: Digest) -> anyhow::Result<Vec<u8>> {
        let permit = self.registry.permit::<GetDownloadUrlForLayer>(&self.repository);
        let read = async {
            let content = self.registry.registry.open_blob(&permit, digest).await?;
            let mut parts = Box::pin(content.read_all());
            let mut bytes = Vec::new();
            while let Some(part) = parts.try_next().await? {
                bytes.extend_from_slice(&part);
                if bytes.len() > MANIFEST_BYTES_MAX {
                    bail!("{digest} is larger than {MANIFEST_BYTES_MAX} bytes");
                }
            }
            Ok(bytes)
        };
        self.runtime.block_on(read)
    }
}

impl Source for Stored {
    fn find(&self, platform: &str) -> anyhow::Result<FoundImage> {
        let StoredImage { id, manifest, media_type, .. } = self.image(self.wanted.clone())?;
        let manifest = Manifest::parse(&manifest, Some(&media_type))?;
        // A manifest is an image of the repository, a config one of its blobs.
        resolve(id.digest, manifest, platform, &|digest| match self.image(by_digest(digest)) {
            Ok(image) => Ok(image.manifest.to_vec()),
            Err(_) => self.small_blob(*digest),
        })
    }

    /// As it is kept; read out of the layers, and kept, if nobody has yet.
    fn inventory(&self, image: &FoundImage) -> anyhow::Result<Inventory> {
        let digest = image.digest.ok_or_else(|| anyhow!("there is no such image"))?;
        let permit = self.registry.permit::<DescribeImageScanFindings>(&self.repository);
        let kept = self.registry.registry.inventory(&permit, by_digest(&digest));
        Ok(self.runtime.block_on(kept)?.1.inventory)
    }
}

fn by_digest(digest: &Digest) -> RequestedImage {
    RequestedImage { digest: Some(digest.to_string()), tag: None }
}
