//! Of the check: repositories, their links and their tags, and what is counted of all of them.

use wharfinger_metadata::check::{
    self, CheckedLink, CheckedRegistry, CheckedRepository, CheckedTag, recount,
};

use wharfinger_metadata::{BoxFuture, MetadataError, RepositoryId, Tx};

use super::{Check, Finding, FindingCode, STEP};
use crate::Error;

const RECOUNTED: &str = "it was counted again";
const RECOUNT: &str = "`--repair` counts again";

/// How a repository is called in findings.
pub(super) fn title(repository: &CheckedRepository) -> String {
    let CheckedRepository { account, region, name, is_live, .. } = repository;
    let deleted = if *is_live { "" } else { ", deleted" };
    format!("{name} ({account}, {region}{deleted})")
}

impl Check<'_> {
    /// Every repository: its count of images, its images, links and tags. What is left of deleted
    /// ones goes step by step, and is not looked at.
    pub(super) async fn repositories(&mut self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(
                        async move { Ok::<_, Error>(check::repositories(tx, after, STEP).await?) },
                    )
                })
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for repository in page.iter().filter(|it| it.is_live || it.is_kept) {
                self.repository(repository).await?;
            }
        }
    }

    async fn repository(&mut self, repository: &CheckedRepository) -> Result<(), Error> {
        if repository.image_count != repository.images {
            let CheckedRepository { id, image_count, images, .. } = *repository;
            let what = format!(
                "repository {} has {images} images, counted {image_count}",
                title(repository)
            );
            let finding = Finding::new(FindingCode::ImageCount, what, RECOUNT);
            self.recounted(id, finding, move |tx| Box::pin(recount::images(tx, id))).await?;
        }
        if repository.is_live && !repository.is_counted {
            let CheckedRepository { account, region, .. } = repository.clone();
            self.miscounted_registry(account, region, "is not counted at all".to_owned()).await?;
        }
        self.images(repository).await?;
        self.links(repository).await?;
        self.tags(repository).await?;
        self.deleted_images(repository).await
    }

    async fn links(&mut self, repository: &CheckedRepository) -> Result<(), Error> {
        let (id, mut after) = (repository.id, String::new());
        loop {
            let (domain, from) = (repository.key_domain.clone(), after);
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(check::links(tx, id, &domain, &from, STEP).await?)
                    })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.digest.to_string();
            for link in page {
                self.link(repository, link).await?;
            }
        }
    }

    async fn link(
        &mut self,
        repository: &CheckedRepository,
        link: CheckedLink,
    ) -> Result<(), Error> {
        let (id, digest, title) = (repository.id, link.digest, title(repository));
        let miscounts = [
            (FindingCode::UseCount, "images", link.image_count, link.images),
            (FindingCode::ActiveUseCount, "active images", link.active_count, link.active_images),
        ];
        for (code, what, counted, are) in miscounts {
            if counted != are {
                let what =
                    format!("{are} {what} of repository {title} use {digest}, counted {counted}");
                let finding = Finding::new(code, what, RECOUNT).about(digest);
                self.recounted(id, finding, move |tx| {
                    Box::pin(async move { recount::uses(tx, id, &digest).await })
                })
                .await?;
            }
        }
        if !link.exists && self.is_whole(id).await? {
            self.lost_blob(repository, &link).await?;
        }
        Ok(())
    }

    async fn tags(&mut self, repository: &CheckedRepository) -> Result<(), Error> {
        let (id, mut after) = (repository.id, String::new());
        loop {
            let from = after;
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move { Ok::<_, Error>(check::tags(tx, id, &from, STEP).await?) })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.tag.clone();
            for CheckedTag { tag, digest, status, image_status } in page {
                // One without an image was found as a row that belongs to none.
                let Some(image_status) = image_status.filter(|it| *it != status) else { continue };
                let what = format!(
                    "tag {tag} of repository {} is {status}, its image {image_status}",
                    title(repository)
                );
                let finding = Finding::new(FindingCode::TagStatus, what, "`--repair` corrects it");
                self.recounted(id, finding.about(digest), move |tx| {
                    Box::pin(async move { recount::tags(tx, id, &digest).await })
                })
                .await?;
            }
        }
    }

    /// The counts of repositories.
    pub(super) async fn registries(&mut self) -> Result<(), Error> {
        let mut after = (String::new(), String::new());
        loop {
            let (account, region) = after;
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(check::registries(tx, &account, &region, STEP).await?)
                    })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.account.clone(), last.region.clone());
            for CheckedRegistry { account, region, counted, repositories } in page {
                if counted != repositories {
                    let what = format!("has {repositories} repositories, counted {counted}");
                    self.miscounted_registry(account, region, what).await?;
                }
            }
        }
    }

    async fn miscounted_registry(
        &mut self,
        account: String,
        region: String,
        what: String,
    ) -> Result<(), Error> {
        let what = format!("the registry of {account} in {region} {what}");
        let finding = Finding::new(FindingCode::RepositoryCount, what, RECOUNT);
        self.corrected(finding, RECOUNTED, move |tx| {
            Box::pin(async move { recount::repositories(tx, &account, &region).await })
        })
        .await
    }

    /// Tells a finding about a count of a repository, after the repair of it if one is asked for.
    pub(super) async fn recounted<F>(
        &mut self,
        repository: RepositoryId,
        finding: Finding,
        recount: F,
    ) -> Result<(), Error>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), MetadataError>> + Send + 'static,
    {
        match self.is_whole(repository).await? {
            true => self.corrected(finding, RECOUNTED, recount).await,
            false => Ok(()),
        }
    }

    /// Whether a repository, about which something was found, was not about to be removed.
    pub(super) async fn is_whole(&mut self, repository: RepositoryId) -> Result<bool, Error> {
        self.registry
            .metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(check::is_whole(tx, repository).await?) })
            })
            .await
    }
}
