//! An image of an installation or an archive, with what it is made of.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use wharfinger_core::Digest;
use wharfinger_inventory::{Inventory, sbom};
use wharfinger_scanner::suppression::ImageProduct;

use super::archive::Archive;
use super::image::{FoundImage, Source};
use super::stored::Stored;
use crate::reference::{OpenRegistry, Part, Reference};
use crate::sbom::BillFormat;

/// The image of an index that is meant if none is named.
const PLATFORM: &str = "linux/amd64";

/// An image and what it is made of.
pub(crate) struct Looked {
    pub(super) image: FoundImage,
    pub(super) name: String,
    pub(super) product: ImageProduct,
    pub(super) inventory: Inventory,
}

impl Looked {
    /// At an image that was saved.
    pub(super) async fn saved(path: PathBuf, platform: Option<String>) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        look(move || Archive::open(&path), name, String::new(), Vec::new(), platform).await
    }

    /// At an image of an installation.
    pub(crate) async fn stored(
        registry: OpenRegistry,
        reference: Reference,
        platform: Option<String>,
    ) -> anyhow::Result<Self> {
        let (name, tags) = named(&reference);
        let repository = reference.repository.to_string();
        let source = Stored::new(registry, reference);
        look(move || Ok(source), name, repository, tags, platform).await
    }

    /// The digest of its manifest. An image without one is named by its last layer.
    pub(crate) fn digest(&self) -> anyhow::Result<Digest> {
        let last = || self.image.layers.last().map(|it| it.digest);
        let digest = self.image.digest.or_else(last);
        digest.ok_or_else(|| anyhow!("an image without layers has no bill of materials"))
    }

    /// Its bill of materials: the same bytes for the same image, for it is of when the image was made.
    pub(crate) fn bill(&self, format: BillFormat) -> anyhow::Result<Vec<u8>> {
        let name = match self.product.repository.as_str() {
            "" => self.name.clone(),
            repository => repository.to_owned(),
        };
        let created_at = self.image.created_at;
        let subject = sbom::Subject { name, digest: self.digest()?, created_at };
        Ok(match format {
            BillFormat::Cyclonedx => sbom::cyclonedx(&self.inventory, &subject)?,
            BillFormat::Spdx => sbom::spdx(&self.inventory, &subject)?,
        })
    }
}

/// Reads an image on a thread that may wait for its bytes.
async fn look<S: Source + 'static>(
    open: impl FnOnce() -> anyhow::Result<S> + Send + 'static,
    name: String,
    repository: String,
    tags: Vec<String>,
    platform: Option<String>,
) -> anyhow::Result<Looked> {
    let read = move || {
        let source = open()?;
        let image = source.find(platform.as_deref().unwrap_or(PLATFORM));
        let image = image.with_context(|| name.clone())?;
        let inventory = source.inventory(&image).with_context(|| name.clone())?;
        let digests = image.digest.into_iter().collect();
        let product = ImageProduct { digests, repository, tags };
        Ok(Looked { image, name, product, inventory })
    };
    tokio::task::spawn_blocking(read).await?
}

fn named(reference: &Reference) -> (String, Vec<String>) {
    let repository = &reference.repository;
    match &reference.part {
        Part::Whole => (format!("{repository}:latest"), vec!["latest".to_owned()]),
        Part::Tag(tag) => (format!("{repository}:{tag}"), vec![tag.to_string()]),
        Part::Image(digest) => (format!("{repository}@{digest}"), Vec::new()),
    }
}
