//! `wharfinger advisories push` and `pull`: a bundle as an artifact of a registry
//! (<https://github.com/opencontainers/distribution-spec>), of this one or any other.

mod login;
mod reference;
mod registry;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wharfinger_advisories::Store;
use wharfinger_advisories::bundle::{BUNDLE_ARTIFACT_TYPE, BUNDLE_MEDIA_TYPE};
use wharfinger_core::Secret;
use wharfinger_oci::media_type::{OCI_EMPTY, OCI_MANIFEST};
use wharfinger_server::HttpClient;

use super::download::{Downloads, Fetched};
use super::import::{ChosenArguments, finish, import_one, report, write_bundle};
use crate::arguments::DirectoryArguments;
use crate::{environment, print};
use login::Login;
use reference::ImageReference;
use registry::Registry;

/// The empty configuration of the OCI image specification.
const EMPTY: &[u8] = b"{}";

/// Which registry, and as whom.
#[derive(Args, Debug)]
struct RegistryArguments {
    /// The artifact
    #[arg(value_name = "HOST[:PORT]/REPOSITORY[:TAG]")]
    image: ImageReference,
    /// The user [default: AWS]
    #[arg(long, value_name = "NAME", env = "WHARFINGER_REGISTRY_USER")]
    user: Option<String>,
    /// The password, such as the token of `aws ecr get-login-password`; better in the environment
    /// [default: as docker is logged in]
    #[arg(long, value_name = "PASSWORD", env = "WHARFINGER_REGISTRY_PASSWORD",
          hide_env_values = true, value_parser = secret)]
    password: Option<Secret<String>>,
    /// Speak HTTP without TLS [default: only with this machine, if it does not speak TLS]
    #[arg(long)]
    plain_http: bool,
    /// Certificates (PEM) that the registry is believed by, beside those of the system
    #[arg(long, value_name = "FILE", env = "WHARFINGER_ADVISORIES_CA")]
    ca: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct PushArguments {
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    chosen: ChosenArguments,
    #[command(flatten)]
    directory: DirectoryArguments,
}

#[derive(Args, Debug)]
pub(super) struct PullArguments {
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    directory: DirectoryArguments,
}

#[expect(clippy::unnecessary_wraps, reason = "the form that clap wants")]
fn secret(text: &str) -> Result<Secret<String>, String> {
    Ok(Secret::new(text.to_owned()))
}

/// A manifest, as far as it matters.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u8,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
}

impl RegistryArguments {
    fn client(&self) -> anyhow::Result<HttpClient> {
        Ok(HttpClient::new(self.ca.as_deref())?.through(&environment::proxies()))
    }

    async fn registry<'a>(&'a self, client: &'a HttpClient) -> anyhow::Result<Registry<'a>> {
        let user = self.user.as_deref().unwrap_or("AWS").to_owned();
        let login = match (self.password.clone(), environment::docker_config()) {
            (Some(password), _) => Some(Login { user, password }),
            (None, Some(folder)) => login::of_docker(&folder, &self.image.host)?,
            (None, None) => None,
        };
        Registry::find(client, &self.image, self.plain_http, login.as_ref()).await
    }
}

pub(super) async fn push(arguments: PushArguments) -> anyhow::Result<()> {
    let PushArguments { registry: to, chosen, directory } = arguments;
    let folder = super::folder(&directory)?;
    let transfer = folder.join("downloads");
    fs::create_dir_all(&transfer)
        .with_context(|| format!("{} cannot be used", transfer.display()))?;
    let path = transfer.join("pushed.bundle");
    write_bundle(&Store::new(&folder), &chosen, &path)?;
    let pushed = push_file(&to, &path).await;
    // It is of no use any more; the next push writes its own.
    let _ = fs::remove_file(&path);
    let digest = pushed?;
    Ok(print::line(&format!("{} is {digest}.", to.image))?)
}

async fn push_file(to: &RegistryArguments, path: &Path) -> anyhow::Result<String> {
    let client = to.client()?;
    let mut registry = to.registry(&client).await?;
    let layer = described(path, BUNDLE_MEDIA_TYPE)?;
    registry.push_blob(&layer.digest, layer.size, File::open(path)?).await?;
    let config = Descriptor {
        media_type: OCI_EMPTY.into(),
        digest: digest(&Sha256::digest(EMPTY)),
        size: EMPTY.len() as u64,
    };
    registry.push_blob(&config.digest, config.size, Cursor::new(EMPTY)).await?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(OCI_MANIFEST.into()),
        artifact_type: Some(BUNDLE_ARTIFACT_TYPE.into()),
        config,
        layers: vec![layer],
    };
    let manifest = serde_json::to_vec(&manifest)?;
    registry.push_manifest(&to.image.part, OCI_MANIFEST, &manifest).await?;
    Ok(digest(&Sha256::digest(&manifest)))
}

pub(super) async fn pull(arguments: PullArguments) -> anyhow::Result<()> {
    let PullArguments { registry: from, directory } = arguments;
    let folder = super::folder(&directory)?;
    let client = from.client()?;
    let mut registry = from.registry(&client).await?;
    let manifest = registry.manifest(&from.image.part, OCI_MANIFEST).await?;
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .with_context(|| format!("{} has a manifest that cannot be read", from.image))?;
    let layer = bundle_layer(manifest).with_context(|| format!("{} cannot be used", from.image))?;
    let mut downloads = Downloads::open(&client, &folder.join("downloads"))?;
    let url = registry.blob(&layer.digest);
    let store = Store::new(&folder);
    if store.current()?.is_none() {
        downloads.lost(&url);
    }
    let authorization = registry.authorization();
    let path = match downloads.fetch(&url, authorization.as_deref()).await? {
        Fetched::Unchanged => {
            return Ok(print::line(&format!("{}: nothing new", from.image))?);
        }
        Fetched::Missing => {
            bail!("{} has no blob {} any more: push it again", from.image, layer.digest)
        }
        Fetched::File(path) => path,
    };
    let found = described(&path, BUNDLE_MEDIA_TYPE)?;
    if (&found.digest, found.size) != (&layer.digest, layer.size) {
        // It is fetched anew: what is there is of no use.
        let _ = fs::remove_file(&path);
        bail!("{} is not what {} says: {} came instead", layer.digest, from.image, found.digest);
    }
    let mut running = store.begin()?;
    let done = import_one(&mut running, &path)?;
    report(&from.image.to_string(), &done)?;
    finish(running)?;
    downloads.imported(&url)?;
    // The bundles before this one: who goes back to one of them wants it, and what came of one that
    // broke off is of no use.
    let blobs = registry.blob("");
    downloads.forget(|it| it.starts_with(&blobs) && it != url)
}

/// The one layer of an artifact that is a bundle.
fn bundle_layer(manifest: Manifest) -> anyhow::Result<Descriptor> {
    let kind = manifest.artifact_type.unwrap_or(manifest.config.media_type);
    ensure!(
        kind == BUNDLE_ARTIFACT_TYPE,
        "it is {kind:?}, and no advisories ({BUNDLE_ARTIFACT_TYPE})"
    );
    let mut layers = manifest.layers.into_iter().filter(|it| it.media_type == BUNDLE_MEDIA_TYPE);
    let layer = layers.next().context("it has no bundle")?;
    let digits = layer.digest.strip_prefix("sha256:").unwrap_or_default();
    let is_digest = digits.len() == 64 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    ensure!(is_digest, "the digest of its bundle is none of SHA-256");
    Ok(layer)
}

fn described(path: &Path, media_type: &str) -> anyhow::Result<Descriptor> {
    let failed = || format!("{} cannot be read", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let count = file.read(&mut piece).with_context(failed)?;
        if count == 0 {
            break;
        }
        size += count as u64;
        hash.update(piece.get(..count).unwrap_or_default());
    }
    Ok(Descriptor { media_type: media_type.into(), digest: digest(&hash.finalize()), size })
}

fn digest(hash: &[u8]) -> String {
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}
