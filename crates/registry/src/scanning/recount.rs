//! The job that counts the findings of all images of a registry anew: what is stated of them for all of it
//! has changed. It goes along the images that have scans, some at a time, and on where it was if its
//! process dies; whoever changes something meanwhile has it begin again.

use std::sync::Arc;

use wharfinger_core::limits::COUNT_STEP;
use wharfinger_core::{Digest, Entropy, RegistryId, Timestamp};
use wharfinger_metadata::findings_recount::{self, FindingsRecountRow};
use wharfinger_metadata::{RepositoryId, Tx, job, repository, scan};

use super::counting::{Counting, ask_to_count};
use super::sweep::parse_subject;
use crate::job::{JobKind, JobOutcome, ask};
use crate::{Error, Registry};

/// Some images, and how far it has come when they are counted.
struct Step {
    images: Vec<(RepositoryId, Digest)>,
    row: FindingsRecountRow,
}

/// Has the findings of a registry counted anew, from the first image on.
pub(super) async fn ask_for_recount(
    tx: &mut Tx,
    registry: &RegistryId,
    (entropy, now): (&dyn Entropy, Timestamp),
) -> Result<(), Error> {
    findings_recount::begin(tx, registry, job::new_id(entropy)).await?;
    let subject = format!("{}/{}", registry.account, registry.region);
    Ok(ask(tx, entropy, JobKind::CountRegistry, &subject, now, now).await?)
}

impl Registry {
    /// Counts the findings of all images of a registry anew.
    pub(crate) async fn count_registry(&self, subject: &str) -> Result<JobOutcome, Error> {
        let registry = parse_subject(subject)?;
        let mut images: u64 = 0;
        while let Some(step) = self.next_step(&registry).await? {
            images += step.images.len() as u64;
            self.count_step(&registry, step).await?;
        }
        let report = serde_json::json!({ "images": images }).to_string();
        Ok(JobOutcome { next: None, report: Some(report) })
    }

    /// The next images; `None` when all are counted, which is written down.
    async fn next_step(&self, registry: &RegistryId) -> Result<Option<Step>, Error> {
        let (registry, entropy) = (registry.clone(), Arc::clone(&self.entropy));
        self.metadata
            .write(move |tx| Box::pin(async move { next_step(tx, &registry, &*entropy).await }))
            .await
    }

    async fn count_step(&self, registry: &RegistryId, step: Step) -> Result<(), Error> {
        let Step { images, row } = step;
        let mut left = Vec::new();
        for (repository, digest) in images {
            match self.count_image(repository, digest).await {
                Ok(Counting::Nothing | Counting::Done) => {}
                Ok(Counting::NotYet) => left.push((repository, digest)),
                // One image that cannot be read keeps no other waiting.
                Err(error) => {
                    let (image, error) = (digest.to_string(), &error as &dyn std::error::Error);
                    tracing::warn!(image, error, "the findings of an image could not be counted");
                    left.push((repository, digest));
                }
            }
        }
        let (registry, entropy, now) = (registry.clone(), Arc::clone(&self.entropy), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    for (repository, digest) in &left {
                        ask_to_count(tx, *repository, digest, (&*entropy, now)).await?;
                    }
                    // Whoever has asked once more has it begin again.
                    findings_recount::advance(tx, &registry, &row).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }
}

async fn next_step(
    tx: &mut Tx,
    registry: &RegistryId,
    entropy: &dyn Entropy,
) -> Result<Option<Step>, Error> {
    let row = match findings_recount::find(tx, registry).await? {
        Some(row) => row,
        // Asked for by hand, or by an older version's end.
        None => {
            let (ask_id, empty) = (job::new_id(entropy), String::new());
            findings_recount::begin(tx, registry, ask_id).await?;
            FindingsRecountRow { ask_id, repository: empty.clone(), digest: empty }
        }
    };
    if let Ok(name) = row.repository.parse()
        && let Some(found) = repository::find(tx, registry, &name).await?
    {
        let digests = scan::scanned_images(tx, found.id, &row.digest, COUNT_STEP).await?;
        if let Some(last) = digests.last() {
            let row = FindingsRecountRow { digest: last.to_string(), ..row };
            let images = digests.into_iter().map(|digest| (found.id, digest)).collect();
            return Ok(Some(Step { images, row }));
        }
    }
    let next = repository::list(tx, registry, &row.repository, 1).await?;
    match next.into_iter().next() {
        Some(next) => {
            let (repository, digest) = (next.name.to_string(), String::new());
            Ok(Some(Step { images: vec![], row: FindingsRecountRow { repository, digest, ..row } }))
        }
        None => {
            findings_recount::end(tx, registry, row.ask_id).await?;
            Ok(None)
        }
    }
}
