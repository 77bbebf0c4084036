//! The scrub: everything that is stored is read once in a while, so that damage is found before somebody
//! needs the bytes.
//!
//! What it has done is in the rows of the blobs alone: a run that is broken off costs what it had not
//! noted. Manifests are not scrubbed, for each read of one verifies it, and a check reads them all.

mod pace;

use std::time::Duration;

use wharfinger_core::Timestamp;
use wharfinger_core::limits::{
    SCRUB_INTERVAL_SECONDS_MAX, SCRUB_NOTE_BYTES, SCRUB_PAUSE_SECONDS, SCRUB_RUN_SECONDS_MAX,
};
use wharfinger_metadata::check::CheckedBlob;
use wharfinger_metadata::{blob, scrub};

use crate::job::JobOutcome;
use crate::verification::{Damage, Depth, Verdict};
use crate::{Error, Registry};

pub(crate) use pace::Pace;

/// Rows read in one step.
const STEP: u32 = 100;

/// What a run came to.
#[derive(Default)]
struct Run {
    blobs: u64,
    bytes: u64,
    damaged: u64,
    /// Key domains whose keys are not to be had.
    skipped: u64,
    /// Read and found to be right, and not noted yet.
    sound: Vec<CheckedBlob>,
    sound_bytes: u64,
}

impl Run {
    fn report(&self) -> String {
        let Self { blobs, bytes, damaged, skipped, .. } = self;
        serde_json::json!({
            "blobs": blobs, "bytes": bytes, "damaged": damaged, "keysUnavailable": skipped,
        })
        .to_string()
    }
}

/// How a key domain was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Done,
    /// There is more, and the run has taken its time.
    Unfinished,
    KeyUnavailable,
}

impl Registry {
    /// Reads what has not been verified for [`Upkeep::scrub_period`], those first whose turn is longest
    /// over. Damaged blobs are marked, so that the next push of them is asked for.
    ///
    /// [`Upkeep::scrub_period`]: wharfinger_core::Upkeep::scrub_period
    pub(crate) async fn scrub(&self) -> Result<JobOutcome, Error> {
        let period = self.upkeep.scrub_period;
        if period.is_zero() {
            return Ok(JobOutcome::default());
        }
        let (begun, mut run, mut domain) = (self.now(), Run::default(), String::new());
        let pace = Pace::new(self.stored_bytes().await?, period, self.downloads.clone());
        let end = begun.plus(Duration::from_secs(SCRUB_RUN_SECONDS_MAX));
        let mut next = begun.plus(Duration::from_secs(SCRUB_INTERVAL_SECONDS_MAX));
        while let Some(found) = self.domain_after(domain).await? {
            domain = found;
            let left = self.scrub_domain(&domain, begun.minus(period), end, &pace, &mut run).await;
            self.note_sound(&mut run).await?;
            match left? {
                Left::Done => {
                    let due = self.longest_ago(&domain).await?.map(|at| at.plus(period));
                    next = due.map_or(next, |due| due.min(next));
                }
                Left::KeyUnavailable => run.skipped += 1,
                Left::Unfinished => {
                    next = begun;
                    break;
                }
            }
        }
        let soonest = self.now().plus(Duration::from_secs(SCRUB_PAUSE_SECONDS));
        Ok(JobOutcome { next: Some(next.max(soonest)), report: Some(run.report()) })
    }

    async fn scrub_domain(
        &self,
        domain: &str,
        before: Timestamp,
        end: Timestamp,
        pace: &Pace,
        run: &mut Run,
    ) -> Result<Left, Error> {
        let mut after = (Timestamp::from_millis(i64::MIN), String::new());
        loop {
            let (domain, (at, digest)) = (domain.to_owned(), after);
            let page = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        let after = (at, digest.as_str());
                        let page = scrub::unverified(tx, &domain, before, after, STEP).await?;
                        Ok::<_, Error>(page)
                    })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(Left::Done) };
            after = (last.verified_at, last.row.digest.to_string());
            for blob in page {
                if self.now() >= end {
                    return Ok(Left::Unfinished);
                }
                if !self.scrub_blob(blob, pace, run).await? {
                    return Ok(Left::KeyUnavailable);
                }
            }
        }
    }

    /// Answers whether its key was to be had.
    async fn scrub_blob(
        &self,
        blob: CheckedBlob,
        pace: &Pace,
        run: &mut Run,
    ) -> Result<bool, Error> {
        let bytes = blob.row.size_bytes;
        match self.verify(blob.clone(), Depth::Paced(pace)).await? {
            Verdict::Sound => {
                self.counters.bytes_scrubbed.add(bytes);
                run.sound.push(blob);
                run.sound_bytes = run.sound_bytes.saturating_add(bytes);
                if run.sound_bytes >= SCRUB_NOTE_BYTES || run.sound.len() >= STEP as usize {
                    self.note_sound(run).await?;
                }
            }
            Verdict::Gone => return Ok(true),
            Verdict::Damaged(blob, damage) => {
                run.damaged += 1;
                self.note_damage(&blob, &damage).await?;
            }
            // If the key is there, the object names one that never was.
            Verdict::KeyUnavailable(error) => match self.manifest_keys(&blob.key_domain).await {
                Err(_) => return Ok(false),
                Ok(_) => {
                    run.damaged += 1;
                    self.note_damage(&blob, &Damage::Corrupt(error.to_string())).await?;
                }
            },
        }
        run.blobs += 1;
        run.bytes = run.bytes.saturating_add(bytes);
        Ok(true)
    }

    async fn note_sound(&self, run: &mut Run) -> Result<(), Error> {
        let sound = std::mem::take(&mut run.sound);
        run.sound_bytes = 0;
        if sound.is_empty() {
            return Ok(());
        }
        let now = self.now();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    for CheckedBlob { key_domain, row, .. } in &sound {
                        let (id, digest) = (&row.object_id, &row.digest);
                        scrub::mark_verified(tx, id, key_domain, digest, now).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    async fn note_damage(&self, blob: &CheckedBlob, damage: &Damage) -> Result<(), Error> {
        let (digest, object_id) = (blob.row.digest, blob.row.object_id);
        tracing::error!(
            %digest, %object_id, %damage,
            "a stored blob is damaged; `wharfinger fsck` says which images that hurts"
        );
        self.counters.blobs_damaged.add(1);
        let (domain, now) = (blob.key_domain.clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    blob::mark_damaged(tx, &object_id, &domain, &digest, now).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    async fn domain_after(&self, after: String) -> Result<Option<String>, Error> {
        self.metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(scrub::next_domain(tx, &after).await?) })
            })
            .await
    }

    async fn longest_ago(&self, domain: &str) -> Result<Option<Timestamp>, Error> {
        let domain = domain.to_owned();
        self.metadata
            .read(move |tx| {
                Box::pin(
                    async move { Ok::<_, Error>(scrub::verified_longest_ago(tx, &domain).await?) },
                )
            })
            .await
    }

    /// The bytes of all blobs.
    async fn stored_bytes(&self) -> Result<u64, Error> {
        let (mut sum, mut after) = (0_u64, Some((String::new(), String::new())));
        while let Some((domain, digest)) = after {
            let (_, bytes, last) = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        let step = STEP.saturating_mul(10);
                        Ok::<_, Error>(scrub::measure_blobs(tx, &domain, &digest, step).await?)
                    })
                })
                .await?;
            sum = sum.saturating_add(bytes);
            after = last;
        }
        Ok(sum)
    }
}
