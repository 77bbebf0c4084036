//! Images of an installation.

use std::io::{self, Read};
use std::pin::Pin;

use anyhow::{anyhow, bail};
use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use tokio::runtime::Handle;
use wharfinger_auth::actions::{BatchGetImage, GetDownloadUrlForLayer};
use wharfinger_core::limits::MANIFEST_BYTES_MAX;
use wharfinger_core::{Digest, RepositoryName};
use wharfinger_oci::manifest::Manifest;
use wharfinger_registry::{RequestedImage, StoredImage};

use super::image::{FoundImage, Layer, Source, resolve};
use crate::reference::{OpenRegistry, Part};

/// A repository of an installation.
pub(super) struct Stored {
    registry: OpenRegistry,
    repository: RepositoryName,
    wanted: RequestedImage,
    runtime: Handle,
}

impl Stored {
    /// Of the runtime that this is called on.
    pub(super) fn open(registry: OpenRegistry, repository: RepositoryName) -> Self {
        let (wanted, runtime) = (RequestedImage::default(), Handle::current());
        Self { registry, repository, wanted, runtime }
    }

    /// The image that is meant.
    pub(super) fn at(self, part: Part) -> Self {
        let wanted = match part {
            Part::Whole => RequestedImage { digest: None, tag: Some("latest".to_owned()) },
            Part::Tag(tag) => RequestedImage { digest: None, tag: Some(tag.to_string()) },
            Part::Image(digest) => RequestedImage { digest: Some(digest.to_string()), tag: None },
        };
        Self { wanted, ..self }
    }

    fn image(&self, wanted: RequestedImage) -> anyhow::Result<StoredImage> {
        let permit = self.registry.permit::<BatchGetImage>(&self.repository);
        let got = self.registry.registry.batch_get_image(&permit, vec![wanted]);
        let (images, failures) = self.runtime.block_on(got)?;
        match (images.into_iter().next(), failures.into_iter().next()) {
            (Some(image), _) => Ok(image),
            (None, Some(failure)) => Err(anyhow!("{}", failure.code)),
            (None, None) => Err(anyhow!("there is no such image")),
        }
    }

    fn blob(&self, digest: Digest) -> anyhow::Result<BlobReader> {
        let permit = self.registry.permit::<GetDownloadUrlForLayer>(&self.repository);
        let content = self.runtime.block_on(self.registry.registry.open_blob(&permit, digest))?;
        let parts = content.read_all().map(|part| part.map_err(io::Error::other));
        Ok(BlobReader { parts: Box::pin(parts), rest: Bytes::new(), runtime: self.runtime.clone() })
    }
}

impl Source for Stored {
    fn find(&self, platform: &str) -> anyhow::Result<FoundImage> {
        let StoredImage { id, manifest, media_type, .. } = self.image(self.wanted.clone())?;
        let manifest = Manifest::parse(&manifest, Some(&media_type))?;
        // A manifest is an image of the repository, a config one of its blobs.
        resolve(id.digest, manifest, platform, &|digest| {
            let wanted = RequestedImage { digest: Some(digest.to_string()), tag: None };
            if let Ok(image) = self.image(wanted) {
                return Ok(image.manifest.to_vec());
            }
            let mut bytes = Vec::new();
            let read = self.blob(*digest)?.take(MANIFEST_BYTES_MAX as u64 + 1);
            { read }.read_to_end(&mut bytes)?;
            if bytes.len() > MANIFEST_BYTES_MAX {
                bail!("{digest} is larger than {MANIFEST_BYTES_MAX} bytes");
            }
            Ok(bytes)
        })
    }

    fn open(&self, layer: &Layer) -> anyhow::Result<Box<dyn Read>> {
        Ok(Box::new(self.blob(layer.digest)?))
    }
}

/// A blob as something to be read on a thread that may wait.
struct BlobReader {
    parts: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
    rest: Bytes,
    runtime: Handle,
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.runtime.block_on(self.parts.next()) {
                Some(part) => self.rest = part?,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(buffer.len());
        self.rest.split_to(count).copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}
