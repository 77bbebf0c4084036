//! The archive's side of storage classes: blobs into the archive's store and back, and images that
//! are on their way.
//!
//! A blob can be read from either store, so that nothing ever waits for a move, and each may be
//! broken off: the blob's row says which of the two objects counts.

mod moving;
mod pace;

use serde_json::json;
use wharfinger_core::Digest;
use wharfinger_metadata::blob::ObjectStore;
use wharfinger_metadata::image::{self, ImageStatus};
use wharfinger_metadata::{RepositoryId, Tx, repository};

use crate::job::JobOutcome;
use crate::removal::Cause;
use crate::storage_class::finish_activation;
use crate::{Error, Registry};

/// Blobs of an image that are looked at in one step.
const STEP: u32 = 100;

/// What a job has moved.
#[derive(Default)]
struct Moves {
    blobs: u64,
    bytes: u64,
    /// Why the first blob stayed that could not be moved.
    failure: Option<Error>,
}

impl Registry {
    /// Brings an archived image back: its blobs first, then its status. Blobs that cannot be moved
    /// keep nothing else back, for they can be read where they are; the job is tried again for them.
    pub(crate) async fn activate_image(&self, subject: &str) -> Result<JobOutcome, Error> {
        let (repository, digest) = parse_subject(subject)?;
        let mut moves = Moves::default();
        if self.archive.is_some()
            && let Some(domain) = self.domain_of(repository).await?
        {
            for image in self.tree_of(repository, digest).await? {
                self.move_blobs(repository, &domain, image, ObjectStore::Main, &mut moves).await?;
            }
        }
        let removal = self.removal(Cause::Holder);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let found = image::find(tx, repository, &digest).await?;
                    if found.is_some_and(|image| image.status == ImageStatus::Activating) {
                        finish_activation(tx, repository, &digest, &removal).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.end_moves(moves).await
    }

    /// Moves the blobs that only archived images use into the archive's store, if it has one of its
    /// own.
    pub(crate) async fn move_to_archive(&self, subject: &str) -> Result<JobOutcome, Error> {
        let (repository, digest) = parse_subject(subject)?;
        let mut moves = Moves::default();
        if self.archive.is_some()
            && let Some(domain) = self.domain_of(repository).await?
            && self.is_archived(repository, digest).await?
        {
            let to = ObjectStore::Archive;
            self.move_blobs(repository, &domain, digest, to, &mut moves).await?;
        }
        self.end_moves(moves).await
    }

    async fn end_moves(&self, moves: Moves) -> Result<JobOutcome, Error> {
        if self.archive.is_some() {
            self.discard_old_copies().await?;
        }
        if moves.blobs > 0 {
            self.delete_discarded_objects().await;
        }
        let Moves { blobs, bytes, failure } = moves;
        match failure {
            Some(failure) => Err(failure),
            None => {
                let report = json!({ "blobs": blobs, "bytes": bytes }).to_string();
                Ok(JobOutcome { next: None, report: Some(report) })
            }
        }
    }

    /// Moves the blobs of an image, as far as they may be there.
    async fn move_blobs(
        &self,
        repository: RepositoryId,
        domain: &str,
        digest: Digest,
        to: ObjectStore,
        moves: &mut Moves,
    ) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let from = std::mem::take(&mut after);
            let blobs = self
                .metadata
                .read(move |tx| {
                    Box::pin(
                        async move { image::blobs(tx, repository, &digest, &from, STEP).await },
                    )
                })
                .await?;
            for blob in &blobs {
                match self.move_blob(domain, *blob, to).await {
                    Ok(None) => {}
                    Ok(Some(bytes)) => {
                        moves.blobs += 1;
                        moves.bytes += bytes;
                    }
                    Err(error @ Error::StorageFull(_)) => {
                        moves.failure.get_or_insert(error);
                        return Ok(());
                    }
                    Err(error) => {
                        moves.failure.get_or_insert(error);
                    }
                }
            }
            match blobs.last() {
                Some(last) => after = last.to_string(),
                None => return Ok(()),
            }
        }
    }

    /// The key domain of a repository that was not deleted.
    async fn domain_of(&self, id: RepositoryId) -> Result<Option<String>, Error> {
        let found = self
            .metadata
            .read(move |tx| Box::pin(async move { repository::find_by_id(tx, id).await }))
            .await?;
        Ok(found.map(|repository| repository.key_domain))
    }

    async fn is_archived(&self, repository: RepositoryId, digest: Digest) -> Result<bool, Error> {
        let found = self
            .metadata
            .read(move |tx| Box::pin(async move { image::find(tx, repository, &digest).await }))
            .await?;
        Ok(found.is_some_and(|image| image.status == ImageStatus::Archived))
    }

    /// An image with all that it lists, and what that lists in turn.
    async fn tree_of(&self, repository: RepositoryId, root: Digest) -> Result<Vec<Digest>, Error> {
        self.metadata
            .read(move |tx| Box::pin(async move { tree(tx, repository, root).await }))
            .await
    }
}

async fn tree(tx: &mut Tx, repository: RepositoryId, root: Digest) -> Result<Vec<Digest>, Error> {
    let mut tree = vec![root];
    let mut seen = std::collections::HashSet::from([root]);
    let mut next = 0;
    while let Some(index) = tree.get(next).copied() {
        next += 1;
        let children = image::children(tx, repository, &index).await?;
        tree.extend(children.into_iter().filter(|child| seen.insert(*child)));
    }
    Ok(tree)
}

/// The repository and the image that a job is about.
pub(crate) fn parse_subject(subject: &str) -> Result<(RepositoryId, Digest), Error> {
    let parsed = subject.split_once('/').and_then(|(repository, digest)| {
        Some((repository.parse::<RepositoryId>().ok()?, digest.parse::<Digest>().ok()?))
    });
    parsed.ok_or_else(|| Error::Server(format!("{subject} is no image").into()))
}
