//! Of the check: blobs, each held against its object.

use futures_util::{StreamExt, stream};
use wharfinger_core::Digest;
use wharfinger_core::limits::{CHECK_IMAGES_NAMED_MAX, CHECK_READS_AT_ONCE_MAX};
use wharfinger_metadata::check::{self, CheckedBlob, CheckedLink, CheckedRepository, recount};
use wharfinger_metadata::{blob, scrub};

use super::repository::title;
use super::{Check, Finding, FindingCode, STEP};
use crate::verification::{Damage, Depth, Verdict};
use crate::{Error, Registry};

const SERVE_AGAIN: &str = "`--read-data --repair` has it served again";

/// What was found of one blob.
struct Examined {
    blob: CheckedBlob,
    /// Whether a repository links it, or a collection of garbage is to look.
    accounted_for: bool,
    verdict: Verdict,
}

impl Check<'_> {
    /// Every blob: a few at a time, since each may be read whole.
    pub(super) async fn blobs(&mut self) -> Result<(), Error> {
        let registry = self.registry;
        let total = self.count_blobs().await?;
        let mut after = (String::new(), String::new());
        loop {
            let (domain, digest) = after;
            let page = registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(check::blobs(tx, &domain, &digest, STEP).await?)
                    })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.key_domain.clone(), last.row.digest.to_string());
            let depth = if self.options.read_data { Depth::Whole } else { Depth::End };
            let mut examined = stream::iter(page)
                .map(|blob| examine(registry, blob, depth))
                .buffer_unordered(CHECK_READS_AT_ONCE_MAX);
            while let Some(examined) = examined.next().await {
                self.examined(examined?).await?;
                self.progress("blobs", self.report.blob_count, Some(total));
            }
        }
    }

    async fn count_blobs(&mut self) -> Result<u64, Error> {
        let (mut total, mut after) = (0, Some((String::new(), String::new())));
        while let Some((domain, digest)) = after {
            let (count, _, last) = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        let step = STEP.saturating_mul(10);
                        Ok::<_, Error>(scrub::measure_blobs(tx, &domain, &digest, step).await?)
                    })
                })
                .await?;
            total += count;
            after = last;
        }
        Ok(total)
    }

    async fn examined(&mut self, examined: Examined) -> Result<(), Error> {
        let Examined { blob, accounted_for, verdict } = examined;
        self.report.blob_count += 1;
        self.report.blob_bytes = self.report.blob_bytes.saturating_add(blob.row.size_bytes);
        if !accounted_for {
            self.unnoted(&blob).await?;
        }
        match verdict {
            Verdict::Sound if blob.row.damaged_at.is_none() => Ok(()),
            Verdict::Sound => self.marked(blob).await,
            Verdict::Gone => Ok(()),
            Verdict::Damaged(blob, damage) => self.damaged(&blob, &damage).await,
            Verdict::KeyUnavailable(error) => {
                // It may have been there a moment ago, and may be gone since.
                if self.keys.get(&blob.key_domain) == Some(&true) {
                    self.keys.remove(&blob.key_domain);
                }
                if self.has_key(&blob.key_domain).await? {
                    self.damaged(&blob, &Damage::Corrupt(error.to_string())).await?;
                }
                Ok(())
            }
        }
    }

    /// One that was noted to be damaged, and does not look it.
    async fn marked(&mut self, blob: CheckedBlob) -> Result<(), Error> {
        let digest = blob.row.digest;
        let (images, remedy) = self.hurt(&blob.key_domain, digest).await?;
        let found = match blob.row.damaged_at {
            Some(at) => format!("blob {digest} is not served since it was found damaged at {at}"),
            None => return Ok(()),
        };
        let (what, remedy) = match self.options.read_data {
            true => (format!("{found}; all its bytes are right now"), SERVE_AGAIN.to_owned()),
            false => (found, format!("{remedy}, or look with `--read-data` whether it is right")),
        };
        let mut finding = Finding::new(FindingCode::BlobMarked, what, remedy).about(digest);
        finding.images = images;
        if self.options.read_data && self.options.repair {
            self.unmark(&blob).await?;
            finding = finding.repaired("it is served again");
        }
        self.found(finding);
        Ok(())
    }

    async fn damaged(&mut self, blob: &CheckedBlob, damage: &Damage) -> Result<(), Error> {
        let (digest, object_id) = (blob.row.digest, blob.row.object_id);
        let (code, aside) = match damage {
            Damage::Missing => (FindingCode::BlobMissing, ""),
            Damage::Corrupt(_) => (FindingCode::BlobDamaged, "its object was put aside; "),
            Damage::Unreadable(_) => (FindingCode::BlobUnreadable, "its object was put aside; "),
        };
        let (images, remedy) = self.hurt(&blob.key_domain, digest).await?;
        let what = format!("blob {digest} (object {object_id}): {damage}");
        let mut finding = Finding::new(code, what, &remedy).about(digest).hurting(images);
        if self.options.repair {
            match self.put_blob_aside(blob, damage).await? {
                true => finding = finding.repaired(format!("{aside}{remedy}")),
                // Healed or deleted a moment ago.
                false => return Ok(()),
            }
        }
        self.found(finding);
        Ok(())
    }

    async fn unnoted(&mut self, blob: &CheckedBlob) -> Result<(), Error> {
        let (domain, digest) = (blob.key_domain.clone(), blob.row.digest);
        let what = format!("no repository links blob {digest}, and nothing would remove it");
        let remedy = "`--repair` hands it to the collection of garbage";
        let finding = Finding::new(FindingCode::BlobUnnoted, what, remedy).about(digest);
        self.corrected(finding, "the collection of garbage will look at it", move |tx| {
            Box::pin(async move { recount::note_unlinked(tx, &domain, &digest).await })
        })
        .await
    }

    /// A link to a blob that the key domain does not have.
    pub(super) async fn lost_blob(
        &mut self,
        repository: &CheckedRepository,
        link: &CheckedLink,
    ) -> Result<(), Error> {
        let digest = link.digest;
        let (images, remedy) = self.hurt(&repository.key_domain, digest).await?;
        let title = title(repository);
        let what = format!("repository {title} links blob {digest}, which is not there");
        self.found(
            Finding::new(FindingCode::BlobRowMissing, what, remedy).about(digest).hurting(images),
        );
        Ok(())
    }

    /// The images that use a blob, a few of them, and the sentence which push heals it.
    pub(super) async fn hurt(
        &mut self,
        domain: &str,
        digest: Digest,
    ) -> Result<(Vec<String>, String), Error> {
        let domain = domain.to_owned();
        let hurt = self
            .registry
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let limit = CHECK_IMAGES_NAMED_MAX + 1;
                    Ok::<_, Error>(check::hurt_images(tx, &domain, &digest, limit).await?)
                })
            })
            .await?;
        let Some((_, _, first, ..)) = hurt.first() else {
            let remedy = "no image uses it: the collection of garbage removes it";
            return Ok((Vec::new(), remedy.to_owned()));
        };
        let remedy =
            format!("push any image with layer {digest} to repository {first} again to heal it");
        let mut names: Vec<String> = hurt
            .iter()
            .take(CHECK_IMAGES_NAMED_MAX as usize)
            .map(|(account, region, name, image, tag)| {
                let tag = tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
                format!("{name}{tag}@{image} ({account}, {region})")
            })
            .collect();
        if hurt.len() > names.len() {
            names.push("and others".to_owned());
        }
        Ok((names, remedy))
    }
}

async fn examine(
    registry: &Registry,
    blob: CheckedBlob,
    depth: Depth<'_>,
) -> Result<Examined, Error> {
    let (domain, digest) = (blob.key_domain.clone(), blob.row.digest);
    let accounted_for = registry
        .metadata
        .read(move |tx| {
            Box::pin(async move {
                // One that was deleted meanwhile is.
                let gone = blob::find(tx, &domain, &digest).await?.is_none();
                Ok::<_, Error>(gone || check::is_accounted_for(tx, &domain, &digest).await?)
            })
        })
        .await?;
    let verdict = registry.verify(blob.clone(), depth).await?;
    Ok(Examined { blob, accounted_for, verdict })
}
