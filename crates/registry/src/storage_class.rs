//! Storage classes: images into the archive and back.
//!
//! What an active index lists is active: an image of an active index is not archived, and an index
//! that comes back brings along what it lists. Archived images keep their tags, blobs and place in
//! the count of images; they are not pulled, and their layers are not served for their sake.

use wharfinger_auth::actions::UpdateImageStorageClass;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::Digest;
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::{RepositoryId, Tx};

use crate::image::resolve;
use crate::job::{JobKind, ask};
use crate::removal::{Cause, Removal};
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, ImageName, Registry, RequestedImage, orphan, scanning};

/// ECR's `targetStorageClass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageClass {
    /// Images that can be pulled.
    Standard,
    /// Images that are kept, and cannot be pulled.
    Archive,
}

impl StorageClass {
    /// The class as requests name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Archive => "ARCHIVE",
        }
    }
}

/// An image whose storage class has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageStatusChange {
    /// The image, with the tag it was named by.
    pub id: ImageIdentifier,
    /// Its status now.
    pub status: ImageStatus,
}

impl Registry {
    /// ECR `UpdateImageStorageClass`. An image is archived when this returns, and its bytes move
    /// later; one that is to come back is `ACTIVATING` until a job has seen to it.
    ///
    /// # Errors
    /// [`Error::ImageNotFound`]; [`Error::ImageStorageClassUpdateNotSupported`] for an image that
    /// is in the class already or on its way back, or that an active index lists and is to be
    /// archived.
    pub async fn update_image_storage_class(
        &self,
        permit: &Permit<UpdateImageStorageClass>,
        requested: RequestedImage,
        target: StorageClass,
    ) -> Result<ImageStatusChange, Error> {
        let (resource, removal) = (permit.resource().clone(), self.removal(Cause::of(permit)));
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let (id, row) = match resolve(tx, repository, &requested).await? {
                        Ok(found) => found,
                        Err(code) => return Err(code.as_call_failure(requested, &resource)),
                    };
                    let outcome = update(tx, repository, &row, target, &removal).await?;
                    let status =
                        outcome.map_err(|why| not_supported(requested, &resource, &why))?;
                    Ok(ImageStatusChange { id, status })
                })
            })
            .await
    }
}

/// The status after the change, or why there is none.
async fn update(
    tx: &mut Tx,
    repository: RepositoryId,
    row: &ImageRow,
    target: StorageClass,
    removal: &Removal,
) -> Result<Result<ImageStatus, String>, Error> {
    Ok(match (target, row.status) {
        (StorageClass::Archive, ImageStatus::Active) => {
            match archive(tx, repository, &row.digest, removal).await? {
                Ok(()) => Ok(ImageStatus::Archived),
                Err(parents) => {
                    let parents: Vec<String> = parents.iter().map(ToString::to_string).collect();
                    let parents = parents.join(", ");
                    Err(format!(
                        "cannot be archived because it is referenced by manifest list: [{parents}]"
                    ))
                }
            }
        }
        (StorageClass::Standard, ImageStatus::Archived) => {
            image::begin_activation(tx, repository, &row.digest).await?;
            ask_for(tx, JobKind::ActivateImage, repository, &row.digest, removal).await?;
            Ok(ImageStatus::Activating)
        }
        (StorageClass::Archive, ImageStatus::Archived)
        | (StorageClass::Standard, ImageStatus::Active) => {
            Err(format!("is already in the storage class {}", target.as_str()))
        }
        (_, ImageStatus::Activating) => Err("is being restored".into()),
    })
}

fn not_supported(requested: RequestedImage, resource: &RepositoryResource, why: &str) -> Error {
    let RepositoryResource { registry, name } = resource;
    let (image, account) = (ImageName::from(requested), &registry.account);
    let reason = format!(
        "The image with imageId {image} in the repository with name '{name}' in the registry with \
         id '{account}' {why}"
    );
    Error::ImageStorageClassUpdateNotSupported { reason }
}

/// Archives an active image, or answers the active indexes that list it. What it leaves behind
/// follows it later; its bytes move into the archive's store, if that has one.
pub(crate) async fn archive(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<Result<(), Vec<Digest>>, Error> {
    let parents = image::active_parents(tx, repository, digest).await?;
    if !parents.is_empty() {
        return Ok(Err(parents));
    }
    if image::archive(tx, repository, digest, removal.now).await? {
        orphan::note_archival(tx, repository, digest, removal).await?;
        if let Some(row) = image::find(tx, repository, digest).await? {
            scanning::note_document(tx, repository, &row, removal).await?;
        }
        scanning::ask_if_stale(tx, (&*removal.entropy, removal.now)).await?;
        if removal.has_archive_store {
            ask_for(tx, JobKind::MoveToArchive, repository, digest, removal).await?;
        }
    }
    Ok(Ok(()))
}

/// Brings an image back from the archive, with all that it lists; one that is active stays so.
/// Answers whether it was not. It can be pulled at once: bytes that lie in the archive's store are
/// read from there, until they have moved.
pub(crate) async fn activate(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<bool, Error> {
    let changed = finish_activation(tx, repository, digest, removal).await?;
    if changed && removal.has_archive_store {
        ask_for(tx, JobKind::ActivateImage, repository, digest, removal).await?;
    }
    Ok(changed)
}

/// The same, once the bytes are where they belong.
pub(crate) async fn finish_activation(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<bool, Error> {
    if !image::activate(tx, repository, digest, removal.now).await? {
        return Ok(false);
    }
    orphan::note_activation(tx, repository, digest, removal).await?;
    scanning::scan_pushed(tx, repository, digest, removal).await?;
    activate_children(tx, repository, digest, removal).await?;
    Ok(true)
}

/// Brings back from the archive what an active index lists, and what that lists in turn.
pub(crate) async fn activate_children(
    tx: &mut Tx,
    repository: RepositoryId,
    index: &Digest,
    removal: &Removal,
) -> Result<(), Error> {
    let mut waiting = image::inactive_children(tx, repository, index).await?;
    while let Some(child) = waiting.pop() {
        if image::activate(tx, repository, &child, removal.now).await? {
            orphan::note_activation(tx, repository, &child, removal).await?;
            scanning::scan_pushed(tx, repository, &child, removal).await?;
            waiting.extend(image::inactive_children(tx, repository, &child).await?);
        }
    }
    Ok(())
}

async fn ask_for(
    tx: &mut Tx,
    kind: JobKind,
    repository: RepositoryId,
    digest: &Digest,
    removal: &Removal,
) -> Result<(), Error> {
    let (subject, now) = (format!("{repository}/{digest}"), removal.now);
    Ok(ask(tx, &*removal.entropy, kind, &subject, now, now).await?)
}
