//! A registry over stores in a scratch folder, and short ways to push to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use sha2::Digest as _;
use tempfile::TempDir;
use wharfinger_auth::{Action, Permit, RegistryResource, RepositoriesResource, RepositoryResource};
use wharfinger_blobs::{BlobStore, LocalBlobStore, LocalKeyRing, MasterKey};
use wharfinger_core::limits::PUSH_LEASE_SECONDS;
use wharfinger_core::{
    Clock, Digest, Entropy, ManualClock, Quotas, RegistryId, SeededEntropy, Tag, Timestamp, Upkeep,
    UploadId,
};
use wharfinger_metadata::{Metadata, OpenMode};
use wharfinger_registry::{
    EmptyBlob, Encryption, Error, KmsKeys, LayerAvailability, NewImage, NewRepository, Registry,
    RequestedImage, StoredImage, TagMutability,
};

pub struct Fixture {
    pub folder: TempDir,
    pub clock: Arc<ManualClock>,
    pub kms: KmsKeys,
    pub registry: Registry,
    /// Of the randomness, which differs from one start to the next.
    pub seed: u64,
}

impl Fixture {
    pub fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), 1)
    }

    /// One whose deletions cannot be undone, with its repository `app`.
    pub async fn without_undo() -> Self {
        Self::without_undo_over(|store| store).await
    }

    /// The same over a store that stands before the real one.
    pub async fn without_undo_over(
        wrap: impl FnOnce(Arc<dyn BlobStore>) -> Arc<dyn BlobStore>,
    ) -> Self {
        let mut fixture = Self::open_over(tempfile::tempdir().unwrap(), 1, wrap);
        let upkeep = Upkeep { undo_window: Duration::ZERO, ..Upkeep::default() };
        fixture.registry = fixture.registry.with_upkeep(upkeep);
        fixture.create("app", "MUTABLE").await.unwrap();
        fixture
    }

    fn open(folder: TempDir, seed: u64) -> Self {
        Self::open_over(folder, seed, |store| store)
    }

    fn open_over(
        folder: TempDir,
        seed: u64,
        wrap: impl FnOnce(Arc<dyn BlobStore>) -> Arc<dyn BlobStore>,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let (kms, registry) = stores_over(folder.path(), &clock, seed, wrap);
        Self { folder, clock, kms, registry, seed }
    }

    /// A registry over the same folder, as another process opens it beside a running one.
    pub fn beside(&self) -> Registry {
        stores_over(self.folder.path(), &self.clock, self.seed + 1, |store| store).1
    }

    /// The same folder under a new process, as far as that can be had in one.
    pub fn restarted(self) -> Self {
        let Self { folder, kms, registry, seed, .. } = self;
        drop((kms, registry));
        Self::open(folder, seed + 1)
    }

    pub fn with_quotas(quotas: Quotas) -> Self {
        let Self { folder, clock, kms, registry, seed } = Self::new();
        Self { folder, clock, kms, registry: registry.with_quotas(quotas), seed }
    }

    pub fn with_undo_window(self, undo_window: Duration) -> Self {
        self.with_upkeep(Upkeep { undo_window, ..Upkeep::default() })
    }

    pub fn with_upkeep(self, upkeep: Upkeep) -> Self {
        let Self { folder, clock, kms, registry, seed } = self;
        Self { folder, clock, kms, registry: registry.with_upkeep(upkeep), seed }
    }

    pub async fn with_repository(mode: &str) -> Self {
        let fixture = Self::new();
        fixture.create("app", mode).await.unwrap();
        fixture
    }

    pub async fn create(&self, name: &str, mode: &str) -> Result<(), Error> {
        let new = NewRepository {
            tag_mutability: TagMutability::new(mode, None)?,
            scan_on_push: false,
            encryption: Encryption::new(None, None)?,
            tags: vec![],
        };
        self.registry.create_repository(&permit_for(name), None, new).await.map(|_| ())
    }

    /// A repository of this encryption; answers the encryption it has got.
    pub async fn create_encrypted(
        &self,
        name: &str,
        encryption_type: &str,
        kms_key: Option<&str>,
    ) -> Result<Encryption, Error> {
        let new = NewRepository {
            tag_mutability: TagMutability::new("MUTABLE", None)?,
            scan_on_push: false,
            encryption: Encryption::new(Some(encryption_type), kms_key)?,
            tags: vec![],
        };
        let created = self.registry.create_repository(&permit_for(name), None, new).await?;
        Ok(created.encryption)
    }

    /// Uploads a layer in one piece.
    pub async fn layer(&self, name: &str, bytes: &[u8]) -> Digest {
        let upload = self.begin(name).await;
        self.append(name, upload, None, bytes).await.unwrap();
        let digest = digest_of(bytes);
        match self.complete(name, upload, digest).await {
            Ok(()) | Err(Error::LayerAlreadyExists { .. }) => digest,
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn begin(&self, name: &str) -> UploadId {
        self.registry.initiate_layer_upload(&permit_for(name)).await.unwrap().upload_id
    }

    pub async fn append(
        &self,
        name: &str,
        upload: UploadId,
        first_byte: Option<u64>,
        bytes: &[u8],
    ) -> Result<u64, Error> {
        let pieces: Vec<_> =
            bytes.chunks(10_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = futures_util::stream::iter(pieces);
        let progress =
            self.registry.append_to_upload(&permit_for(name), upload, first_byte, body).await?;
        Ok(progress.received_bytes)
    }

    pub async fn complete(
        &self,
        name: &str,
        upload: UploadId,
        digest: Digest,
    ) -> Result<(), Error> {
        self.registry
            .complete_layer_upload(&permit_for(name), upload, vec![digest], EmptyBlob::Allowed)
            .await
            .map(|_| ())
    }

    pub async fn put(
        &self,
        name: &str,
        manifest: &str,
        tag: Option<&str>,
    ) -> Result<StoredImage, Error> {
        let new = NewImage {
            manifest: Bytes::copy_from_slice(manifest.as_bytes()),
            media_type: None,
            tag: tag.map(|tag| tag.parse::<Tag>().unwrap()),
            digest: None,
        };
        self.registry.put_image(&permit_for(name), new).await
    }

    /// Pushes an image whose config holds `content`, with its two blobs.
    pub async fn image(&self, name: &str, content: &str, tag: Option<&str>) -> Digest {
        let manifest = self.manifest(name, content).await;
        self.put(name, &manifest, tag).await.unwrap().id.digest
    }

    /// A manifest with its blobs uploaded.
    pub async fn manifest(&self, name: &str, content: &str) -> String {
        let config = format!("{{\"content\":\"{content}\"}}");
        let layer = format!("layer of {content}");
        self.layer(name, config.as_bytes()).await;
        self.layer(name, layer.as_bytes()).await;
        manifest_of(config.as_bytes(), layer.as_bytes())
    }

    /// A second handle of the database, for rows that no operation writes yet.
    pub fn metadata(&self) -> Metadata {
        Metadata::open(&self.folder.path().join("metadata.db"), OpenMode::CreateOrMigrate).unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets all leases of pushes end.
    pub fn leases_end(&self) {
        self.clock.advance(Duration::from_secs(PUSH_LEASE_SECONDS));
    }

    /// Deletes an image.
    pub async fn delete(&self, name: &str, image: &Digest) {
        let ids = vec![by_digest(image)];
        let outcome = self.registry.batch_delete_image(&permit_for(name), ids).await.unwrap();
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    }

    /// The bytes of a blob.
    pub async fn download(&self, name: &str, digest: Digest) -> Result<Vec<u8>, Error> {
        let content = self.registry.open_blob(&permit_for(name), digest).await?;
        let parts: Vec<_> = content.read_all().try_collect().await.unwrap();
        Ok(parts.concat())
    }

    /// Which of the digests a push is told of.
    pub async fn told_of(&self, name: &str, digests: &[Digest]) -> Vec<bool> {
        let texts = digests.iter().map(ToString::to_string).collect();
        let permit = permit_for(name);
        let layers = self.registry.batch_check_layer_availability(&permit, texts);
        let is_there = |layer: &LayerAvailability| {
            matches!(
                layer,
                LayerAvailability::Available { .. } | LayerAvailability::Archived { .. }
            )
        };
        layers.await.unwrap().iter().map(is_there).collect()
    }

    /// The files of the object store.
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.folder.path().join("objects")).unwrap() {
            let folder = entry.unwrap().path();
            for entry in std::fs::read_dir(folder).unwrap() {
                files.push(entry.unwrap().path());
            }
        }
        files
    }
}

fn stores_over(
    folder: &Path,
    clock: &Arc<ManualClock>,
    seed: u64,
    wrap: impl FnOnce(Arc<dyn BlobStore>) -> Arc<dyn BlobStore>,
) -> (KmsKeys, Registry) {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let keys = Arc::new(LocalKeyRing::new(&MasterKey::from_bytes([7; 32]), entropy.clone()));
    let metadata = Metadata::open(&folder.join("metadata.db"), OpenMode::CreateOrMigrate).unwrap();
    let kms = KmsKeys::new(metadata.clone(), keys.clone(), clock.clone(), entropy.clone());
    let blobs: Arc<dyn BlobStore> = Arc::new(
        LocalBlobStore::open(folder, Arc::new(kms.clone()), entropy.clone() as Arc<dyn Entropy>)
            .unwrap(),
    );
    let (clock, entropy) = (clock.clone() as Arc<dyn Clock>, entropy as Arc<dyn Entropy>);
    (kms, Registry::new(metadata, wrap(blobs), keys, clock, entropy))
}

/// A permit of the registry itself for any resource of the tests.
pub trait TestResource: wharfinger_auth::Resource {
    fn of(registry: RegistryId, name: &str) -> Self;
}

impl TestResource for RepositoryResource {
    fn of(registry: RegistryId, name: &str) -> Self {
        Self { registry, name: name.parse().unwrap() }
    }
}

impl TestResource for RepositoriesResource {
    fn of(registry: RegistryId, names: &str) -> Self {
        let names = names.split_whitespace().map(|name| name.parse().unwrap()).collect();
        Self { registry, names }
    }
}

impl TestResource for RegistryResource {
    fn of(registry: RegistryId, _: &str) -> Self {
        Self { registry }
    }
}

pub fn permit_for<A: Action>(name: &str) -> Permit<A>
where
    A::Resource: TestResource,
{
    let registry = RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    Permit::system(A::Resource::of(registry, name))
}

pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest::Sha256(sha2::Sha256::digest(bytes).into())
}

pub fn manifest_of(config: &[u8], layer: &[u8]) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{}","size":{}}}]}}"#,
        digest_of(config),
        config.len(),
        digest_of(layer),
        layer.len()
    )
}

pub fn index_of(children: &[Digest]) -> String {
    let children: Vec<String> = children
        .iter()
        .map(|digest| {
            format!(
                r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":10}}"#
            )
        })
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}}"#,
        children.join(",")
    )
}

pub fn by_tag(tag: &str) -> RequestedImage {
    RequestedImage { digest: None, tag: Some(tag.into()) }
}

pub fn by_digest(digest: &Digest) -> RequestedImage {
    RequestedImage { digest: Some(digest.to_string()), tag: None }
}
