//! Of the check: images. Each manifest is opened, and what it says held against the rows.

use std::collections::HashSet;

use wharfinger_core::Digest;
use wharfinger_metadata::check::{
    self, CheckedChild, CheckedDeletedImage, CheckedImage, CheckedRepository, CheckedUse, recount,
};
use wharfinger_metadata::{RepositoryId, blob};
use wharfinger_oci::Manifest;

use super::repository::title;
use super::{Check, Finding, FindingCode, STEP};
use crate::Error;
use crate::manifest::ManifestKeys;

/// Blobs without a link that are told of one repository; further ones are as likely the same.
const LINKS_TOLD_MAX: usize = 10_000;

/// An image with the rows about it, of one moment.
struct Facts {
    image: CheckedImage,
    uses: Vec<CheckedUse>,
    children: Vec<CheckedChild>,
}

impl Check<'_> {
    /// The images of a repository.
    pub(super) async fn images(&mut self, repository: &CheckedRepository) -> Result<(), Error> {
        let keys = match self.has_key(&repository.key_domain).await? {
            true => Some(self.registry.manifest_keys(&repository.key_domain).await?),
            false => None,
        };
        let (id, mut after) = (repository.id, String::new());
        let mut unlinked = HashSet::new();
        loop {
            let from = after;
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(check::image_digests(tx, id, &from, STEP).await?)
                    })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.to_string();
            for digest in page {
                // Deleted since the page was read, if there is none.
                if let Some(facts) = self.facts(repository, digest).await? {
                    self.image(repository, keys.as_ref(), &facts, &mut unlinked).await?;
                    self.report.image_count += 1;
                    self.progress("images", self.report.image_count, None);
                }
            }
        }
    }

    async fn facts(
        &mut self,
        repository: &CheckedRepository,
        digest: Digest,
    ) -> Result<Option<Facts>, Error> {
        let (id, domain) = (repository.id, repository.key_domain.clone());
        self.registry
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let Some(image) = check::find_image(tx, id, &digest).await? else {
                        return Ok::<_, Error>(None);
                    };
                    let uses = check::uses(tx, id, &domain, &digest).await?;
                    let children = check::children(tx, id, &digest).await?;
                    Ok(Some(Facts { image, uses, children }))
                })
            })
            .await
    }

    async fn image(
        &mut self,
        repository: &CheckedRepository,
        keys: Option<&ManifestKeys>,
        facts: &Facts,
        unlinked: &mut HashSet<Digest>,
    ) -> Result<(), Error> {
        let Facts { image, uses, children } = facts;
        let (id, digest, title) = (repository.id, image.digest, title(repository));
        if image.tag_count != image.tags || image.tagged != (image.tags > 0) {
            let (tags, counted) = (image.tags, image.tag_count);
            let what = format!("image {digest} of {title} has {tags} tags, counted {counted}");
            let finding = Finding::new(FindingCode::TagCount, what, "`--repair` counts again");
            self.recounted(id, finding.about(digest), move |tx| {
                Box::pin(async move { recount::tags(tx, id, &digest).await })
            })
            .await?;
        }
        self.manifest(repository, keys, facts).await?;
        for used in uses.iter().filter(|used| !used.linked) {
            if unlinked.len() < LINKS_TOLD_MAX && unlinked.insert(used.digest) {
                self.unlinked(repository, digest, used).await?;
            }
        }
        for child in children.iter().filter(|child| !child.exists) {
            let (child, name) = (child.digest, &repository.name);
            let what = format!("index {digest} of {title} lists image {child}, which is gone");
            let remedy = format!("push image {child} to repository {name} again");
            let finding = Finding::new(FindingCode::ChildMissing, what, remedy).about(digest);
            self.found_in(id, finding).await?;
        }
        Ok(())
    }

    /// Tells what was found in the rows of a repository, unless they were going.
    async fn found_in(&mut self, repository: RepositoryId, finding: Finding) -> Result<(), Error> {
        if self.is_whole(repository).await? {
            self.found(finding);
        }
        Ok(())
    }

    /// The manifest, and whether the rows say the same.
    async fn manifest(
        &mut self,
        repository: &CheckedRepository,
        keys: Option<&ManifestKeys>,
        facts: &Facts,
    ) -> Result<(), Error> {
        let (digest, title) = (facts.image.digest, title(repository));
        let remedy = format!("push the image to repository {} again to heal it", repository.name);
        let Some(sealed) = &facts.image.sealed else {
            let what = format!("image {digest} of {title} has no manifest");
            let finding = Finding::new(FindingCode::ManifestMissing, what, remedy).about(digest);
            return self.found_in(repository.id, finding).await;
        };
        let Some(keys) = keys else { return Ok(()) };
        let Ok(bytes) = keys.open(&digest, sealed) else {
            let what = format!("the manifest of image {digest} of {title} is not what was pushed");
            let mut finding =
                Finding::new(FindingCode::ManifestDamaged, what, &remedy).about(digest);
            if self.options.repair {
                let aside = self.put_manifest_aside(repository, digest, sealed).await?;
                finding = finding.repaired(format!("it was put aside as {aside}; {remedy}"));
            }
            self.found(finding);
            return Ok(());
        };
        // What an older release accepted and this one does not is served all the same.
        match Manifest::parse(&bytes, Some(&facts.image.media_type)) {
            Ok(manifest) => self.references_of(repository, facts, &manifest).await,
            Err(_) => Ok(()),
        }
    }

    async fn references_of(
        &mut self,
        repository: &CheckedRepository,
        facts: &Facts,
        manifest: &Manifest,
    ) -> Result<(), Error> {
        let known: HashSet<Digest> = facts.uses.iter().map(|used| used.digest).collect();
        let listed: HashSet<Digest> = facts.children.iter().map(|child| child.digest).collect();
        let mut blobs: HashSet<Digest> =
            manifest.blob_references().iter().map(|blob| blob.digest).collect();
        // Of those that clients fetch elsewhere, the ones that were pushed all the same.
        let foreign = manifest.foreign_references();
        blobs.extend(foreign.iter().map(|it| it.digest).filter(|digest| known.contains(digest)));
        let children: HashSet<Digest> =
            manifest.manifests.iter().map(|child| child.digest).collect();
        if blobs == known && children == listed {
            return Ok(());
        }
        let (id, digest, title) = (repository.id, facts.image.digest, title(repository));
        let what = format!(
            "what image {digest} of {title} is known to use is not in its manifest, or not all"
        );
        let remedy = "`--repair` corrects it by the manifest";
        let finding = Finding::new(FindingCode::ImageReferences, what, remedy).about(digest);
        let (blobs, children): (Vec<_>, Vec<_>) =
            (blobs.into_iter().collect(), children.into_iter().collect());
        self.recounted(id, finding, move |tx| {
            Box::pin(async move { recount::references(tx, id, &digest, &blobs, &children).await })
        })
        .await
    }

    async fn unlinked(
        &mut self,
        repository: &CheckedRepository,
        image: Digest,
        used: &CheckedUse,
    ) -> Result<(), Error> {
        let (digest, name, title) = (used.digest, &repository.name, title(repository));
        let what =
            format!("image {image} of {title} uses blob {digest}, which the repository has not");
        // Who may have bytes is decided by who pushes them: a link that nobody asked for might give
        // away what was taken back.
        let remedy = format!(
            "push the image to repository {name} again to heal it; a repair does not make links up,              for who pushes a layer is who may have it"
        );
        let finding = Finding::new(FindingCode::LinkMissing, what, remedy).about(digest);
        self.found_in(repository.id, finding).await
    }

    /// The images of a repository that were deleted and can be brought back: what they use must be
    /// linked until then.
    pub(super) async fn deleted_images(
        &mut self,
        repository: &CheckedRepository,
    ) -> Result<(), Error> {
        if !self.has_key(&repository.key_domain).await? {
            return Ok(());
        }
        let keys = self.registry.manifest_keys(&repository.key_domain).await?;
        let (id, mut after) = (repository.id, String::new());
        loop {
            let from = after;
            let image = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(
                        async move { Ok::<_, Error>(check::next_deleted(tx, id, &from).await?) },
                    )
                })
                .await?;
            let Some(image) = image else { return Ok(()) };
            after = image.digest.to_string();
            self.deleted_image(repository, &keys, image).await?;
        }
    }

    async fn deleted_image(
        &mut self,
        repository: &CheckedRepository,
        keys: &ManifestKeys,
        image: CheckedDeletedImage,
    ) -> Result<(), Error> {
        let (id, digest, title) = (repository.id, image.digest, title(repository));
        let lacks = match keys.open(&digest, &image.sealed) {
            Err(_) => Some("its manifest, which is not what was pushed".to_owned()),
            Ok(bytes) => match Manifest::parse(&bytes, Some(&image.media_type)) {
                Err(_) => None,
                Ok(manifest) => self.lost_of(repository, &manifest).await?,
            },
        };
        let Some(lacks) = lacks else { return Ok(()) };
        let now = self.registry.now();
        let kept = self
            .registry
            .metadata
            .read(move |tx| {
                Box::pin(
                    async move { Ok::<_, Error>(check::is_deleted(tx, id, &digest, now).await?) },
                )
            })
            .await?;
        if kept {
            let what = format!(
                "deleted image {digest} of {title} cannot be brought back: it lacks {lacks}"
            );
            let remedy = format!("push it to repository {} again if it is wanted", repository.name);
            let finding = Finding::new(FindingCode::UndoIncomplete, what, remedy).about(digest);
            self.found_in(id, finding).await?;
        }
        Ok(())
    }

    /// A blob that a deleted image needs and the repository does not link, if there is one.
    async fn lost_of(
        &mut self,
        repository: &CheckedRepository,
        manifest: &Manifest,
    ) -> Result<Option<String>, Error> {
        let (id, domain) = (repository.id, repository.key_domain.clone());
        let blobs: Vec<Digest> =
            manifest.blob_references().iter().map(|blob| blob.digest).collect();
        self.registry
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    for digest in blobs {
                        if blob::find_linked(tx, id, &domain, &digest).await?.is_none() {
                            return Ok::<_, Error>(Some(format!("blob {digest}")));
                        }
                    }
                    Ok(None)
                })
            })
            .await
    }
}
