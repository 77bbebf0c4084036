//! What a collection would free: the same looks, and nothing changed.

use std::time::Duration;

use serde_json::json;
use wharfinger_core::limits::{OBJECTS_LISTED_MAX, UPLOAD_IDLE_SECONDS_MAX};
use wharfinger_core::{Digest, Timestamp};
use wharfinger_metadata::garbage::{self, BlobClaims, UnusedLink};
use wharfinger_metadata::upload;

use super::STEP;
use crate::{Error, Registry};

/// What a collection would free now, and what it would free later if nothing else happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GarbageEstimate {
    /// Uploads that were abandoned.
    pub uploads: u64,
    /// The bytes they had received.
    pub upload_bytes: u64,
    /// Links of repositories to blobs that no image of theirs uses.
    pub links: u64,
    /// Blobs that nothing would link any more.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Objects that rows have let go of and whose files are still to be deleted.
    pub discarded_objects: u64,
    /// Objects no row knows.
    pub unknown_objects: u64,
    /// The bytes of their files.
    pub unknown_object_bytes: u64,
    /// Files among the objects that are none, and would be left alone.
    pub foreign_files: u64,
    /// Blobs that only leases keep: of pushes that were told of them, or of deletions that can be
    /// undone.
    pub leased_blobs: u64,
    /// Their bytes.
    pub leased_blob_bytes: u64,
    /// When the first of them can be freed.
    pub leased_until_first: Option<Timestamp>,
    /// When the last of them can be freed.
    pub leased_until_last: Option<Timestamp>,
}

impl GarbageEstimate {
    /// As a JSON object; times are of the form `2026-03-01T12:30:00Z`.
    pub fn to_json(&self) -> String {
        json!({
            "dryRun": true,
            "uploads": self.uploads,
            "uploadBytes": self.upload_bytes,
            "links": self.links,
            "blobs": self.blobs,
            "blobBytes": self.blob_bytes,
            "discardedObjects": self.discarded_objects,
            "unknownObjects": self.unknown_objects,
            "unknownObjectBytes": self.unknown_object_bytes,
            "foreignFiles": self.foreign_files,
            "later": {
                "blobs": self.leased_blobs,
                "blobBytes": self.leased_blob_bytes,
                "first": self.leased_until_first.map(Timestamp::iso8601),
                "last": self.leased_until_last.map(Timestamp::iso8601),
            },
        })
        .to_string()
    }

    /// Counts the blob of a link that no image uses, once for all its links.
    fn count(&mut self, link: &UnusedLink, claims: &BlobClaims, now: Timestamp) {
        if link.leased_until <= now {
            self.links += 1;
        }
        if claims.used_links > 0 || claims.first != link.repository {
            return;
        }
        if claims.leased_until <= now {
            self.blobs += 1;
            self.blob_bytes += claims.size_bytes;
            return;
        }
        self.leased_blobs += 1;
        self.leased_blob_bytes += claims.size_bytes;
        let until = claims.leased_until;
        self.leased_until_first = Some(self.leased_until_first.map_or(until, |at| at.min(until)));
        self.leased_until_last = Some(self.leased_until_last.map_or(until, |at| at.max(until)));
    }
}

impl Registry {
    /// What [`Self::collect_garbage`] would free. Reads only, in small steps, while others write.
    pub async fn estimate_garbage(&self) -> Result<GarbageEstimate, Error> {
        let now = self.now();
        let mut estimate = GarbageEstimate::default();
        let before = now.minus(Duration::from_secs(UPLOAD_IDLE_SECONDS_MAX));
        (estimate.uploads, estimate.upload_bytes) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(upload::count_idle(tx, before).await?) })
            })
            .await?;
        // In this order: what a collection unlinks meanwhile is counted once at the most.
        self.estimate_unlinked_blobs(&mut estimate).await?;
        self.estimate_links(&mut estimate, now).await?;
        self.estimate_discarded_objects(&mut estimate).await?;
        self.estimate_unknown_objects(&mut estimate).await?;
        Ok(estimate)
    }

    async fn estimate_links(
        &self,
        estimate: &mut GarbageEstimate,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut after = None;
        loop {
            let from = after.take();
            let links: Vec<(UnusedLink, Option<BlobClaims>)> = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        let mut links = Vec::new();
                        for link in garbage::list_unused_links(tx, from.as_ref(), STEP).await? {
                            let claims =
                                garbage::claims(tx, &link.key_domain, &link.digest).await?;
                            links.push((link, claims));
                        }
                        Ok::<_, Error>(links)
                    })
                })
                .await?;
            for (link, claims) in &links {
                if let Some(claims) = claims {
                    estimate.count(link, claims, now);
                }
            }
            let Some((last, _)) = links.into_iter().next_back() else { return Ok(()) };
            after = Some(last);
            tokio::task::yield_now().await;
        }
    }

    /// Blobs that have no link any more. Those that have one are looked at by their links.
    async fn estimate_unlinked_blobs(&self, estimate: &mut GarbageEstimate) -> Result<(), Error> {
        let mut after = (String::new(), String::new());
        loop {
            let from = std::mem::take(&mut after);
            let (last, blobs, bytes) = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        let from = (from.0.as_str(), from.1.as_str());
                        let found = garbage::unlinked_blobs(tx, from, STEP).await?;
                        let (mut blobs, mut bytes) = (0, 0);
                        for (key_domain, digest) in &found {
                            if garbage::is_linked(tx, key_domain, digest).await? {
                                continue;
                            }
                            if let Some(size) = garbage::blob_bytes(tx, key_domain, digest).await? {
                                blobs += 1;
                                bytes += size;
                            }
                        }
                        Ok::<(Option<(String, Digest)>, u64, u64), Error>((
                            found.into_iter().next_back(),
                            blobs,
                            bytes,
                        ))
                    })
                })
                .await?;
            estimate.blobs += blobs;
            estimate.blob_bytes += bytes;
            let Some((key_domain, digest)) = last else { return Ok(()) };
            after = (key_domain, digest.to_string());
            tokio::task::yield_now().await;
        }
    }

    async fn estimate_discarded_objects(
        &self,
        estimate: &mut GarbageEstimate,
    ) -> Result<(), Error> {
        let (deletion, mut after) = (self.object_deletion(), String::new());
        loop {
            let page = deletion.page(after).await?;
            estimate.discarded_objects += page.objects.len() as u64;
            match page.last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    async fn estimate_unknown_objects(&self, estimate: &mut GarbageEstimate) -> Result<(), Error> {
        let deletion = self.object_deletion();
        for (_, store) in deletion.stores() {
            let mut after = None;
            loop {
                let page = store.list(after, OBJECTS_LISTED_MAX).await?;
                estimate.foreign_files += page.foreign_file_count;
                for objects in page.objects.chunks(STEP as usize) {
                    let unknown = self.without_rows(objects).await?;
                    estimate.unknown_objects += unknown.len() as u64;
                    estimate.unknown_object_bytes +=
                        unknown.iter().map(|(_, size_bytes)| size_bytes).sum::<u64>();
                    tokio::task::yield_now().await;
                }
                match page.next_after {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    }
}
