//! What was read of images, kept in memory: the bytes of manifests, and which images were found by
//! which names.
//!
//! The bytes of a digest never change, and a repository's id is never used again; whether they may be
//! served is asked before them. What a name leads to depends on tags, images, repositories and
//! KMS keys, so it holds until the next commit, whatever that was.

use std::sync::Arc;

use bytes::Bytes;
use wharfinger_auth::RepositoryResource;
use wharfinger_core::limits::{
    CACHED_MANIFEST_BYTES_MAX, MANIFEST_CACHE_BYTES_MAX, REFERENCE_CACHE_BYTES_MAX,
};
use wharfinger_core::{Digest, RegistryId, RepositoryName, Timestamp};
use wharfinger_metadata::image::ImageRow;
use wharfinger_metadata::{ChangeKind, Changes, RepositoryId, StandingCache};

use crate::pull_policy::Refusal;
use crate::{ImageHead, ImageIdentifier, RequestedImage};

/// What an entry takes up beside its texts and bytes.
const ENTRY_BYTES: usize = 512;

/// An image as a request names it.
type Name = (RegistryId, RepositoryName, RequestedImage);

pub(crate) struct ManifestCache {
    manifests: StandingCache<(RepositoryId, Digest), Bytes>,
    found: StandingCache<Name, Arc<FoundImage>>,
}

/// An active image that was found, under a key that may be used.
pub(crate) struct FoundImage {
    pub(crate) repository: RepositoryId,
    pub(crate) id: ImageIdentifier,
    pub(crate) media_type: String,
    pub(crate) subject: Option<Digest>,
    pub(crate) manifest_size_bytes: u64,
    pub(crate) last_pulled_at: Option<Timestamp>,
    /// From when on the pull policy refuses it.
    pub(crate) refusal: Option<Refusal>,
}

impl Default for ManifestCache {
    fn default() -> Self {
        Self {
            manifests: StandingCache::new(ChangeKind::Nothing, MANIFEST_CACHE_BYTES_MAX),
            found: StandingCache::new(ChangeKind::Anything, REFERENCE_CACHE_BYTES_MAX),
        }
    }
}

impl ManifestCache {
    /// What manifests take up, and what names lead to.
    pub(crate) fn bytes_of_each(&self) -> (u64, u64) {
        (self.manifests.bytes(), self.found.bytes())
    }

    /// The bytes of a manifest, for who found the image and may read it.
    pub(crate) fn get(
        &self,
        changes: &Changes,
        repository: RepositoryId,
        digest: Digest,
    ) -> Option<Bytes> {
        self.manifests.get(changes, &(repository, digest))
    }

    /// Keeps the verified bytes of a manifest, unless they are many.
    pub(crate) fn keep(
        &self,
        changes: &Changes,
        repository: RepositoryId,
        digest: Digest,
        manifest: &Bytes,
    ) {
        if manifest.len() <= CACHED_MANIFEST_BYTES_MAX {
            let bytes = ENTRY_BYTES + manifest.len();
            self.manifests.insert(changes, (repository, digest), manifest.clone(), bytes as u64);
        }
    }

    /// What was found by a name, if nothing has changed since.
    pub(crate) fn find(
        &self,
        changes: &Changes,
        repository: &RepositoryResource,
        requested: &RequestedImage,
    ) -> Option<Arc<FoundImage>> {
        self.found.get(changes, &name(repository, requested.clone()))
    }

    /// Keeps what was found by a name after `changes` were looked at.
    pub(crate) fn remember(
        &self,
        changes: &Changes,
        repository: &RepositoryResource,
        requested: RequestedImage,
        found: FoundImage,
    ) {
        let texts = [requested.digest.as_ref(), requested.tag.as_ref(), Some(&found.media_type)];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let bytes = ENTRY_BYTES + repository.name.as_str().len() + texts;
        self.found.insert(changes, name(repository, requested), Arc::new(found), bytes as u64);
    }

    /// What all of it takes up.
    pub(crate) fn bytes(&self) -> u64 {
        self.manifests.bytes() + self.found.bytes()
    }
}

impl FoundImage {
    pub(crate) fn new(
        repository: RepositoryId,
        id: &ImageIdentifier,
        row: &ImageRow,
        refusal: Option<Refusal>,
    ) -> Self {
        Self {
            repository,
            id: id.clone(),
            media_type: row.media_type.clone(),
            subject: row.subject,
            manifest_size_bytes: row.manifest_size_bytes,
            last_pulled_at: row.last_pulled_at,
            refusal,
        }
    }

    pub(crate) fn head(&self) -> ImageHead {
        ImageHead {
            digest: self.id.digest,
            media_type: self.media_type.clone(),
            manifest_size_bytes: self.manifest_size_bytes,
        }
    }
}

fn name(repository: &RepositoryResource, requested: RequestedImage) -> Name {
    (repository.registry.clone(), repository.name.clone(), requested)
}
