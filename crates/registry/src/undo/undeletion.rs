//! Images and tags on their way back, in one transaction.

use std::collections::HashSet;
use std::sync::Arc;

use wharfinger_core::{Digest, Entropy, Quotas, Tag, Timestamp};
use wharfinger_metadata::deleted_image::{self, DeletedImageRow};
use wharfinger_metadata::image::{self, ImageStatus};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{Tx, blob, tag, tag_history};
use wharfinger_oci::Manifest;

use super::history::change_at;
use super::{DeletedImage, UndeletedImages, UndoError, note_tag};
use crate::job::{self, JobKind};
use crate::manifest::ManifestKeys;
use crate::removal::{Cause, Removal};
use crate::repository::tag_mutability;
use crate::storage_class::activate_children;
use crate::{Error, scanning};

/// Referrers looked at in one step.
const STEP: u32 = 100;

/// What is under way in one transaction.
pub(super) struct Undeletion {
    pub(super) repository: RepositoryRow,
    pub(super) keys: ManifestKeys,
    pub(super) removal: Removal,
    pub(super) quotas: Quotas,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) move_tags: bool,
    pub(super) done: UndeletedImages,
}

impl Undeletion {
    /// Points a tag where it pointed.
    pub(super) async fn tag(
        &mut self,
        tx: &mut Tx,
        tag: Tag,
        at: Option<Timestamp>,
    ) -> Result<(), UndoError> {
        let id = self.repository.id;
        let points_to = tag::find(tx, id, &tag).await?;
        let then = match at {
            Some(at) => change_at(tx, id, &tag, at).await?,
            None => tag_history::last_other(tx, id, &tag, points_to.as_ref()).await?,
        };
        let Some(wanted) = then.and_then(|change| change.digest) else {
            return Err(UndoError::TagUnknown(tag));
        };
        match points_to {
            Some(digest) if digest == wanted => return Err(UndoError::TagThere { tag, digest }),
            Some(points_to) => {
                // First whether it may move at all, so that nobody is told to ask for what cannot be.
                tag_mutability(&self.repository)?.check_move(&tag, &self.repository.name)?;
                if !self.move_tags {
                    return Err(UndoError::TagElsewhere { tag, points_to, wanted });
                }
            }
            None => {}
        }
        if image::find(tx, id, &wanted).await?.is_none() {
            self.image(tx, wanted).await?;
        }
        self.put_tag(tx, &tag, &wanted).await
    }

    /// Brings an image back, with what it needs and had about it.
    pub(super) async fn image(&mut self, tx: &mut Tx, wanted: Digest) -> Result<(), UndoError> {
        if image::find(tx, self.repository.id, &wanted).await?.is_some() {
            return Err(UndoError::ImageThere(wanted));
        }
        let (mut waiting, mut missing) = (vec![wanted], Vec::new());
        let mut seen = HashSet::new();
        while let Some(digest) = waiting.pop() {
            let new = seen.insert(digest);
            if !new || image::find(tx, self.repository.id, &digest).await?.is_some() {
                continue;
            }
            match deleted_image::find(tx, self.repository.id, &digest).await? {
                Some(row) => waiting.extend(self.restore(tx, row).await?),
                None if digest == wanted => return Err(UndoError::ImageGone(digest)),
                None => missing.push(digest),
            }
        }
        if !missing.is_empty() {
            return Err(UndoError::ChildrenGone { digest: wanted, children: missing });
        }
        for index in 0..self.done.images.len() {
            let DeletedImage { digest, ref tags, status, .. } = self.done.images[index];
            let tags = tags.clone();
            // What an active index lists is active.
            if status == ImageStatus::Active {
                activate_children(tx, self.repository.id, &digest, &self.removal).await?;
            }
            for tag in tags {
                self.put_tag(tx, &tag, &digest).await?;
            }
        }
        Ok(())
    }

    /// Puts one image back, and answers which others it needs or had about it.
    async fn restore(
        &mut self,
        tx: &mut Tx,
        row: DeletedImageRow,
    ) -> Result<Vec<Digest>, UndoError> {
        let (id, digest) = (self.repository.id, row.image.digest);
        let limit = self.quotas.images_per_repository_max;
        if self.repository.image_count + self.done.images.len() as u64 >= limit {
            return Err(Error::LimitExceeded { what: "images per repository", limit }.into());
        }
        let sealed = deleted_image::sealed_manifest(tx, id, &digest).await?.unwrap_or_default();
        let manifest = self.keys.open(&digest, &sealed)?;
        let manifest = Manifest::parse(&manifest, Some(&row.image.media_type))
            .map_err(|error| Error::Server(Box::new(error)))?;
        let blobs = self.linked_blobs(tx, &digest, &manifest).await?;
        let children: Vec<Digest> = manifest.manifests.iter().map(|child| child.digest).collect();
        image::insert(tx, id, &row.image, &sealed, &blobs, &children).await?;
        deleted_image::remove(tx, id, &digest).await?;
        scanning::note_document(tx, id, &row.image, &self.removal).await?;
        scanning::ask_if_stale(tx, (&*self.entropy, self.removal.now)).await?;
        if row.image.status == ImageStatus::Activating {
            let (subject, now) = (format!("{id}/{digest}"), self.removal.now);
            let kind = JobKind::ActivateImage;
            job::ask(tx, &*self.entropy, kind, &subject, now, now).await?;
        }
        self.done.images.push(DeletedImage::from_row(row));
        let mut others = self.followers(tx, &digest).await?;
        others.extend(children);
        Ok(others)
    }

    /// The blobs the image used, all of which must be there but those that clients fetch elsewhere.
    /// One that is damaged is no worse than it was.
    async fn linked_blobs(
        &self,
        tx: &mut Tx,
        digest: &Digest,
        manifest: &Manifest,
    ) -> Result<Vec<Digest>, UndoError> {
        let RepositoryRow { id, key_domain, .. } = &self.repository;
        let (mut linked, mut gone) = (Vec::new(), Vec::new());
        for blob in manifest.blob_references() {
            match blob::find_linked(tx, *id, key_domain, &blob.digest).await? {
                Some(_) => linked.push(blob.digest),
                None => gone.push(blob.digest),
            }
        }
        if !gone.is_empty() {
            return Err(UndoError::LayersGone { digest: *digest, layers: gone });
        }
        for blob in manifest.foreign_references() {
            if blob::find_linked(tx, *id, key_domain, &blob.digest).await?.is_some() {
                linked.push(blob.digest);
            }
        }
        Ok(linked)
    }

    /// What went because this image did: its referrers, by `subject` and by the tags that cosign and
    /// the referrers tag schema derive from its digest.
    async fn followers(&self, tx: &mut Tx, digest: &Digest) -> Result<Vec<Digest>, UndoError> {
        let (id, holder) = (self.repository.id, Cause::Holder.to_string());
        let (mut followers, mut after) = (Vec::new(), String::new());
        loop {
            let page = deleted_image::referrers(tx, id, digest, &after, STEP).await?;
            let Some((last, _)) = page.last() else { break };
            after = last.to_string();
            followers.extend(page.into_iter().filter(|row| row.1 == holder).map(|row| row.0));
        }
        let first = digest.to_string().replace(':', "-");
        // Whatever follows a dot comes before a slash.
        let end = format!("{first}/");
        for tag in tag_history::tags_between(tx, id, &first, &end).await? {
            let Some(change) = tag_history::last_other(tx, id, &tag, None).await? else { continue };
            let Some(tagged) = change.digest else { continue };
            let deleted = deleted_image::find(tx, id, &tagged).await?;
            followers.extend(deleted.filter(|row| row.cause == holder).map(|_| tagged));
        }
        Ok(followers)
    }

    /// Points a tag at an image that is there, unless it points elsewhere and is to stay there.
    async fn put_tag(&mut self, tx: &mut Tx, tag: &Tag, digest: &Digest) -> Result<(), UndoError> {
        let id = self.repository.id;
        match tag::find(tx, id, tag).await? {
            Some(points_to) if points_to == *digest => return Ok(()),
            Some(points_to) if !self.move_tags => {
                self.done.elsewhere.push((tag.clone(), points_to));
                return Ok(());
            }
            Some(_) => tag_mutability(&self.repository)?.check_move(tag, &self.repository.name)?,
            None => {}
        }
        let limit = self.quotas.tags_per_image_max;
        let image = image::find(tx, id, digest).await?;
        if image.is_some_and(|image| image.tag_count >= limit) {
            return Err(Error::LimitExceeded { what: "tags per image", limit }.into());
        }
        scanning::note_tag(tx, id, tag, Some(digest), &self.removal).await?;
        note_tag(tx, id, tag, Some(digest), &self.removal).await?;
        tag::put(tx, id, tag, digest, self.removal.now).await?;
        self.done.tags.push((tag.clone(), *digest));
        Ok(())
    }
}
