//! What a plan comes to for one image: its counts, what is suppressed of its findings, and what the audit
//! log is told.

use wharfinger_metadata::advisory_matching::{self, WatchedImage};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{Tx, scan};

use super::super::counting::ask_to_count;
use super::super::event::{ChangedFinding, FindingEvents};
use super::super::finding::counts_json;
use super::super::suppressed::Suppressed;
use super::super::{ScanType, tally};
use super::effect::{Counts, Effect, recounted};
use super::judging::Judgement;
use super::telling::Telling;
use crate::Error;

/// An image of which a plan changes something.
pub(super) struct TouchedImage {
    pub(super) inventory: i64,
    pub(super) repository: RepositoryRow,
    pub(super) image: WatchedImage,
    pub(super) effects: Vec<Effect>,
}

impl Telling {
    /// Writes and notes what changes in an image. What is suppressed is known by the `judgement`, or is
    /// not changed by anything that is stated.
    pub(super) async fn tell_image<'a>(
        &'a self,
        tx: &mut Tx,
        events: &mut FindingEvents<'a>,
        touched: &TouchedImage,
        judgement: Option<&Judgement>,
    ) -> Result<(), Error> {
        let TouchedImage { inventory, repository, image, effects } = touched;
        let before = Suppressed::unpack(image.suppressed.as_deref())?;
        let mut after = before.clone();
        for (_, (vulnerability, _)) in self.named(effects) {
            after.adopt(vulnerability, judgement.map(|it| &it.suppressed));
        }
        let exact = match judgement {
            Some(judgement) => judgement.counts.clone(),
            None if self.named(effects).any(|(_, (it, _))| before.names(it)) => None,
            None => self.recounted(image, effects),
        };
        let is_unsure = exact.is_none() && (judgement.is_some() || !before.is_empty());
        let counts = match exact {
            Some(counts) => counts,
            None => tally::of_inventory(tx, *inventory, &after).await?,
        };
        let (id, updated_at) = (&self.database_id, self.database_updated_at);
        let counts = counts_json(&counts)?;
        advisory_matching::set_counts(tx, image, &counts, id, updated_at).await?;
        if after != before {
            let (mode, packed) = (ScanType::Enhanced.as_str(), after.pack()?);
            let (id, digest) = (image.repository, &image.digest);
            scan::set_suppressed(tx, id, digest, mode, packed.as_deref()).await?;
        }
        for (effect, (vulnerability, title)) in self.named(effects) {
            let Effect { before, after: now, .. } = *effect;
            let is_suppressed = now.is_some() && after.covers(vulnerability);
            let finding =
                ChangedFinding { vulnerability, title, before, after: now, is_suppressed };
            events.add(finding, repository, &image.digest);
        }
        // Who can read what is stated counts them once more.
        if is_unsure {
            let times = (&*self.entropy, self.now);
            ask_to_count(tx, repository.id, &image.digest, times).await?;
        }
        Ok(())
    }

    /// The counts of a scan after these effects; `None` if they have to be made anew.
    fn recounted(&self, image: &WatchedImage, effects: &[Effect]) -> Option<Counts> {
        let settled = image.completed_at.is_some_and(|at| at < self.recount_from);
        let known = image.counts.as_deref().filter(|_| settled)?;
        recounted(&serde_json::from_str(known).ok()?, effects)
    }

    /// Effects with their vulnerabilities and the titles of these.
    fn named<'a, 'b>(
        &'a self,
        effects: &'b [Effect],
    ) -> impl Iterator<Item = (&'b Effect, (&'a str, &'a str))> {
        effects.iter().filter_map(|effect| {
            let index = effect.vulnerability as usize;
            let name = self.all.names.get(index)?;
            Some((effect, (name.as_str(), self.titles.get(index)?.as_str())))
        })
    }
}
