//! Images that were saved: OCI layouts (<https://github.com/opencontainers/image-spec/blob/main/image-layout.md>)
//! and what `docker save` writes, as folders or tar archives. Nothing is unpacked.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use wharfinger_core::Digest;
use wharfinger_core::limits::MANIFEST_BYTES_MAX;
use wharfinger_inventory::Inventory;
use wharfinger_oci::manifest::Manifest;
use wharfinger_oci::media_type::OCI_INDEX;

use super::image::{FoundImage, Layer, Source, created_at, platform_of, read_layers, resolve};

mod tar;

use tar::Tar;

/// An archive.
#[derive(Debug)]
pub(super) enum Archive {
    Folder(PathBuf),
    Tar(Tar),
}

/// An element of `manifest.json`, which `docker save` writes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// What is read of a config.
#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<Digest>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let what = || path.display().to_string();
        let file = File::open(path).with_context(what)?;
        match file.metadata().with_context(what)?.is_dir() {
            true => Ok(Self::Folder(path.to_owned())),
            false => Ok(Self::Tar(Tar::open(file).with_context(what)?)),
        }
    }

    /// The file of a name, if there is one.
    fn file(&self, name: &str) -> anyhow::Result<Option<Box<dyn Read>>> {
        match self {
            Self::Tar(tar) => Ok(tar.file(name).map(|file| Box::new(file) as Box<dyn Read>)),
            Self::Folder(folder) => {
                let inside =
                    Path::new(name).components().all(|it| matches!(it, Component::Normal(_)));
                if !inside {
                    bail!("{name:?} is no file of the archive");
                }
                match File::open(folder.join(name)) {
                    Ok(file) => Ok(Some(Box::new(file))),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error).with_context(|| name.to_owned()),
                }
            }
        }
    }

    fn small(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let file = self.file(name)?;
        file.map(|file| bounded(file, MANIFEST_BYTES_MAX).with_context(|| name.to_owned()))
            .transpose()
    }

    fn blob(&self, digest: &Digest) -> anyhow::Result<Vec<u8>> {
        let small = self.small(&path_of(digest))?;
        small.ok_or_else(|| anyhow!("the archive has no {digest}"))
    }

    /// An OCI layout: its one image, or that for the platform.
    fn layout(&self, index: &[u8], platform: &str) -> anyhow::Result<FoundImage> {
        let manifest = Manifest::parse(index, Some(OCI_INDEX)).context("index.json")?;
        let digest = manifest.manifests.first().map(|first| first.digest);
        let digest = digest.ok_or_else(|| anyhow!("the archive holds no image"))?;
        resolve(digest, manifest, platform, &|digest| self.blob(digest))
    }

    /// What older versions of docker save: there are no manifests.
    fn saved(&self, manifest: &[u8]) -> anyhow::Result<FoundImage> {
        let saved: Vec<Saved> = serde_json::from_slice(manifest).context("manifest.json")?;
        let mut saved = saved.into_iter();
        let (Some(Saved { config, layers }), None) = (saved.next(), saved.next()) else {
            bail!("the archive does not hold exactly one image");
        };
        let bytes = self.small(&config)?.ok_or_else(|| anyhow!("the archive has no {config}"))?;
        let Config { rootfs } = serde_json::from_slice(&bytes).with_context(|| config.clone())?;
        if rootfs.diff_ids.len() != layers.len() {
            bail!("{config} and manifest.json differ in the number of layers");
        }
        let layers = rootfs.diff_ids.into_iter().zip(layers).map(|(digest, path)| Layer {
            digest,
            media_type: "application/vnd.oci.image.layer.v1.tar".to_owned(),
            path: Some(path),
        });
        let config = String::from_utf8(bytes).unwrap_or_default();
        let (platform, created_at) = (platform_of(&config), created_at(&config));
        Ok(FoundImage { digest: None, platform, created_at, layers: layers.collect() })
    }
}

impl Source for Archive {
    fn find(&self, platform: &str) -> anyhow::Result<FoundImage> {
        if let Some(index) = self.small("index.json")? {
            return self.layout(&index, platform);
        }
        match self.small("manifest.json")? {
            Some(manifest) => self.saved(&manifest),
            None => bail!("it is neither an OCI layout nor an archive of docker save"),
        }
    }

    fn inventory(&self, image: &FoundImage) -> anyhow::Result<Inventory> {
        read_layers(image, |layer: &Layer| {
            let path = layer.path.clone().unwrap_or_else(|| path_of(&layer.digest));
            self.file(&path)?.ok_or_else(|| anyhow!("the archive has no {path}"))
        })
    }
}

fn path_of(digest: &Digest) -> String {
    let text = digest.to_string();
    let hash = text.split_once(':').map_or("", |(_, hash)| hash);
    format!("blobs/{}/{hash}", digest.algorithm())
}

/// A file of so many bytes at the most.
pub(crate) fn read_bounded(path: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    bounded(File::open(path)?, bytes_max)
}

fn bounded(file: impl Read, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        bail!("it is larger than {bytes_max} bytes");
    }
    Ok(bytes)
}
