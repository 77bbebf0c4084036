//! Of the check: images. Each manifest is opened, and what it says held against the rows.

use std::collections::HashSet;

use wharfinger_core::Digest;
use wharfinger_metadata::check::{
    self, CheckedChild, CheckedImage, CheckedRepository, CheckedUse, recount,
};
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
            self.recounted(finding.about(digest), move |tx| {
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
            let what = format!("index {digest} of {title} lists {}, which is gone", child.digest);
            let remedy =
                format!("push image {} to repository {} again", child.digest, repository.name);
            self.found(Finding::new(FindingCode::ChildMissing, what, remedy).about(digest));
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
        let (digest, name, title) = (facts.image.digest, &repository.name, title(repository));
        let remedy = format!("push the image to repository {name} again");
        let Some(sealed) = &facts.image.sealed else {
            let what = format!("image {digest} of {title} has no manifest");
            self.found(Finding::new(FindingCode::ManifestMissing, what, remedy).about(digest));
            return Ok(());
        };
        let Some(keys) = keys else { return Ok(()) };
        let Ok(bytes) = keys.open(&digest, sealed) else {
            let what = format!("the manifest of image {digest} of {title} is not what was pushed");
            self.found(Finding::new(FindingCode::ManifestDamaged, what, remedy).about(digest));
            return Ok(());
        };
        // What an older release accepted and this one does not is served all the same.
        let Ok(manifest) = Manifest::parse(&bytes, Some(&facts.image.media_type)) else {
            return Ok(());
        };
        self.references_of(repository, facts, &manifest).await
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
        self.recounted(finding, move |tx| {
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
        let (digest, name) = (used.digest, &repository.name);
        let title = title(repository);
        let what = format!(
            "image {image} of {title} uses blob {digest}, which the repository does not link"
        );
        // Who may have bytes is decided by pushing them: a link that nobody asked for might give
        // away what was taken back.
        let remedy = format!("push the image to repository {name} again: a link is not made up");
        self.found(Finding::new(FindingCode::LinkMissing, what, remedy).about(digest));
        Ok(())
    }

    /// The images of a repository that were deleted and can be brought back: what they use must be
    /// linked until then.
    pub(super) async fn deleted_images(
        &mut self,
        _repository: &CheckedRepository,
    ) -> Result<(), Error> {
        Ok(())
    }
}
