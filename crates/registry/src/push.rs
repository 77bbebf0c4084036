//! Pushing an image: `PutImage` and `PUT /v2/<name>/manifests/<reference>`, one call for both.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use wharfinger_auth::Permit;
use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::PutImage;
use wharfinger_core::{Digest, Quotas, Tag};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{Tx, blob, deleted_image, orphaned_image, tag};
use wharfinger_oci::Manifest;

use crate::lifecycle_policy::evaluate_soon;
use crate::manifest::{digest_like, digest_of};
use crate::removal::{Cause, Removal};
use crate::repository::{must_find, tag_mutability};
use crate::storage_class::{activate, activate_children};
use crate::{Error, ImageIdentifier, Registry, StoredImage, orphan, scanning, undo};

/// An image to be pushed.
#[derive(Clone, Debug)]
pub struct NewImage {
    /// The manifest's exact bytes.
    pub manifest: Bytes,
    /// Its media type as the request declares it.
    pub media_type: Option<String>,
    /// The tag it is to have; none leaves it untagged.
    pub tag: Option<Tag>,
    /// The digest the client expects, which the image is stored under; none means SHA-256. The
    /// same manifest under digests of two algorithms is two images.
    pub digest: Option<Digest>,
}

/// A parsed push on its way into the transaction.
struct Push {
    digest: Digest,
    tag: Option<Tag>,
    manifest: Manifest,
    manifest_size_bytes: u64,
    sealed: Vec<u8>,
    quotas: Quotas,
    /// Of the tag from where it points, if it does.
    removal: Removal,
}

impl Registry {
    /// ECR `PutImage`. A tag that points elsewhere moves, and the image it leaves stays, untagged
    /// if that was its last tag. A digest that is there already gets the new tag, and comes back
    /// from the archive with all that it lists.
    ///
    /// # Errors
    /// In the order they are looked for: [`Error::InvalidManifest`],
    /// [`Error::ImageDigestDoesNotMatch`], [`Error::RepositoryNotFound`],
    /// [`Error::ImageAlreadyExists`] (this very digest under this very tag),
    /// [`Error::ImageTagAlreadyExists`], [`Error::LayersNotFound`] or
    /// [`Error::ReferencedImagesNotFound`], [`Error::LimitExceeded`].
    pub async fn put_image(
        &self,
        permit: &Permit<PutImage>,
        new: NewImage,
    ) -> Result<StoredImage, Error> {
        let manifest =
            Manifest::parse(&new.manifest, new.media_type.as_deref()).map_err(|error| {
                Error::InvalidManifest { reason: error.to_string(), detail: error.detail() }
            })?;
        let digest = match &new.digest {
            Some(provided) => digest_like(provided, &new.manifest),
            None => digest_of(&new.manifest),
        };
        if let Some(provided) = new.digest
            && provided != digest
        {
            return Err(Error::ImageDigestDoesNotMatch { provided, calculated: digest });
        }
        let resource = permit.resource().clone();
        let key_domain = self.key_domain(&resource).await?;
        let stored = StoredImage {
            id: ImageIdentifier { digest, tag: new.tag.clone() },
            media_type: manifest.media_type.clone(),
            manifest: new.manifest,
            subject: manifest.subject.as_ref().map(|subject| subject.digest),
        };
        let push = Push {
            digest,
            tag: new.tag,
            manifest_size_bytes: stored.manifest.len() as u64,
            sealed: self.manifest_keys(&key_domain).await?.seal(&digest, &stored.manifest)?,
            manifest,
            quotas: self.quotas,
            removal: self.removal(Cause::of(permit)),
        };
        let entropy = Arc::clone(&self.entropy);
        let told = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    // Deleted and made again with another key since the manifest was sealed.
                    if repository.key_domain != key_domain {
                        let RepositoryResource { registry, name } = &resource;
                        return Err(Error::repository_not_found(registry, name));
                    }
                    let Removal { now, upkeep, .. } = &push.removal;
                    evaluate_soon(tx, &*entropy, repository.id, upkeep, *now).await?;
                    put(tx, repository, push).await
                })
            })
            .await?;
        told.map_or(Ok(stored), Err)
    }

    /// The key domain of a repository.
    pub(crate) async fn key_domain(&self, resource: &RepositoryResource) -> Result<String, Error> {
        let resource = resource.clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move { must_find(tx, &resource).await.map(|row| row.key_domain) })
            })
            .await
    }
}

/// What is answered is an error that undoes nothing: that the image is there already.
async fn put(tx: &mut Tx, repository: RepositoryRow, push: Push) -> Result<Option<Error>, Error> {
    let existing = image::find(tx, repository.id, &push.digest).await?;
    if let Some(existing) = &existing {
        // Whatever held it before, it was pushed again since.
        orphaned_image::forget(tx, repository.id, &push.digest).await?;
        orphan::note_pushed_again(tx, repository.id, existing, &push.removal).await?;
    }
    let heals = existing.is_some() && !image::has_manifest(tx, repository.id, &push.digest).await?;
    let has_tag = match check_tag(tx, &repository, &push, existing.as_ref(), heals).await {
        Err(told @ Error::ImageAlreadyExists { .. }) => return Ok(Some(told)),
        has_tag => has_tag?,
    };
    let tag_count = match existing {
        Some(existing) => {
            if heals {
                heal(tx, &repository, &push).await?;
            }
            activate(tx, repository.id, &push.digest, &push.removal).await?;
            existing.tag_count
        }
        None => {
            store(tx, &repository, &push).await?;
            orphan::note_new(tx, repository.id, &push.digest, &push.removal).await?;
            scanning::scan_pushed(tx, repository.id, &push.digest, &push.removal).await?;
            activate_children(tx, repository.id, &push.digest, &push.removal).await?;
            0
        }
    };
    let Some(tag) = push.tag.as_ref().filter(|_| !has_tag) else { return Ok(None) };
    let limit = push.quotas.tags_per_image_max;
    if tag_count >= limit {
        return Err(Error::LimitExceeded { what: "tags per image", limit });
    }
    scanning::note_tag(tx, repository.id, tag, Some(&push.digest), &push.removal).await?;
    undo::note_tag(tx, repository.id, tag, Some(&push.digest), &push.removal).await?;
    tag::put(tx, repository.id, tag, &push.digest, push.removal.now).await?;
    Ok(None)
}

/// Whether the push says anything new (that an archived image is to be active again is new, and so is a
/// manifest that was lost), and whether its tag may move. Answers whether the tag points to the image already.
async fn check_tag(
    tx: &mut Tx,
    repository: &RepositoryRow,
    push: &Push,
    existing: Option<&ImageRow>,
    heals: bool,
) -> Result<bool, Error> {
    let tagged = match &push.tag {
        Some(tag) => tag::find(tx, repository.id, tag).await?,
        None => None,
    };
    let has_tag = tagged == Some(push.digest);
    let is_active = existing.is_some_and(|image| image.status == ImageStatus::Active);
    if is_active && !heals && (push.tag.is_none() || has_tag) {
        return Err(Error::ImageAlreadyExists {
            digest: push.digest,
            tag: push.tag.clone(),
            subject: push.manifest.subject.as_ref().map(|subject| Box::new(subject.digest)),
            name: repository.name.clone(),
            registry: repository.registry.account,
        });
    }
    if let (Some(tag), Some(_), false) = (&push.tag, tagged, has_tag) {
        tag_mutability(repository)?.check_move(tag, &repository.name)?;
    }
    Ok(has_tag)
}

/// Gives an image whose manifest was damaged, and put aside, its manifest again.
async fn heal(tx: &mut Tx, repository: &RepositoryRow, push: &Push) -> Result<(), Error> {
    let blobs = check_blobs(tx, repository, &push.manifest).await?;
    let (children, _) = check_children(tx, repository, &push.manifest).await?;
    let (id, digest, sealed) = (repository.id, &push.digest, &push.sealed);
    Ok(image::restore_manifest(tx, id, digest, sealed, &blobs, &children).await?)
}

/// Stores a digest that the repository does not have, once everything it refers to is there.
async fn store(tx: &mut Tx, repository: &RepositoryRow, push: &Push) -> Result<(), Error> {
    let blobs = check_blobs(tx, repository, &push.manifest).await?;
    let (children, largest_child) = check_children(tx, repository, &push.manifest).await?;
    let limit = push.quotas.images_per_repository_max;
    if repository.image_count >= limit {
        return Err(Error::LimitExceeded { what: "images per repository", limit });
    }
    let manifest = &push.manifest;
    let row = ImageRow {
        digest: push.digest,
        media_type: manifest.media_type.clone(),
        artifact_media_type: manifest.config.as_ref().map(|config| config.media_type.clone()),
        artifact_type: manifest.artifact_type.clone(),
        subject: manifest.subject.as_ref().map(|subject| subject.digest),
        size_bytes: if manifest.is_index() { largest_child } else { manifest.size_bytes() },
        manifest_size_bytes: push.manifest_size_bytes,
        pushed_at: push.removal.now,
        tag_count: 0,
        status: ImageStatus::Active,
        archived_at: None,
        activated_at: None,
        last_pulled_at: None,
    };
    // What was deleted of this digest is here again.
    deleted_image::remove(tx, repository.id, &push.digest).await?;
    Ok(image::insert(tx, repository.id, &row, &push.sealed, &blobs, &children).await?)
}

/// The blobs the manifest keeps: all that it needs, and of the foreign layers those that are here.
async fn check_blobs(
    tx: &mut Tx,
    repository: &RepositoryRow,
    manifest: &Manifest,
) -> Result<Vec<Digest>, Error> {
    let (mut kept, mut missing) = (Vec::new(), Vec::new());
    for descriptor in manifest.blob_references() {
        match present(tx, repository, &descriptor.digest).await? {
            true => kept.push(descriptor.digest),
            false => missing.push(descriptor.digest),
        }
    }
    if !missing.is_empty() {
        return Err(Error::LayersNotFound {
            digests: missing,
            name: repository.name.clone(),
            registry: repository.registry.account,
        });
    }
    for descriptor in manifest.foreign_references() {
        if present(tx, repository, &descriptor.digest).await? {
            kept.push(descriptor.digest);
        }
    }
    Ok(kept)
}

/// A blob counts if the repository links it and its bytes are sound: a damaged one is asked for
/// again, which heals it.
async fn present(tx: &mut Tx, repository: &RepositoryRow, digest: &Digest) -> Result<bool, Error> {
    let found = blob::find_linked(tx, repository.id, &repository.key_domain, digest).await?;
    Ok(found.is_some_and(|blob| blob.damaged_at.is_none()))
}

/// The children of an index, all of which must be images of this repository, and the size of the
/// largest.
async fn check_children(
    tx: &mut Tx,
    repository: &RepositoryRow,
    manifest: &Manifest,
) -> Result<(Vec<Digest>, u64), Error> {
    let (mut children, mut missing, mut largest) = (Vec::new(), Vec::new(), 0);
    let mut seen = HashSet::new();
    for child in manifest.manifests.iter().filter(|child| seen.insert(child.digest)) {
        match image::find(tx, repository.id, &child.digest).await? {
            Some(row) => {
                largest = largest.max(row.size_bytes);
                children.push(child.digest);
            }
            None => missing.push(child.digest),
        }
    }
    if missing.is_empty() {
        return Ok((children, largest));
    }
    Err(Error::ReferencedImagesNotFound {
        digests: missing,
        name: repository.name.clone(),
        registry: repository.registry.account,
    })
}
