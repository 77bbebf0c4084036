//! Images that are watched get their counts, and the audit log is told, in the order of inventories.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use wharfinger_core::limits::{REMATCH_IMAGES_MAX, REMATCH_RECOUNT_SECONDS};
use wharfinger_core::{Digest, Entropy, RegistryId, Timestamp};
use wharfinger_metadata::advisory_matching::{self, WatchedImage};
use wharfinger_metadata::package::PackageId;
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::{RepositoryId, Tx};
use wharfinger_package::Severity;

use super::super::event::{self, FindingEvents};
use super::super::index_scan::ask_if_stale;
use super::super::{is_watched, vex};
use super::effect::Vulnerabilities;
use super::image::TouchedImage;
use super::judging::Judged;
use super::plan::{Change, Plan};
use super::postings::Postings;
use super::{Rematch, Report};
use crate::{Error, Registry};

/// Packages with a vulnerability that are read at once.
const PAGE: u32 = 1_000;

/// What telling needs, the same for all steps of a part.
pub(super) struct Telling {
    pub(super) all: Vulnerabilities,
    /// By vulnerability: the packages that changed.
    pub(super) titles: Vec<String>,
    /// Scans that ended later may know of the changes already: they are counted anew.
    pub(super) recount_from: Timestamp,
    pub(super) database_id: String,
    pub(super) database_updated_at: Option<Timestamp>,
    /// Registries of whose images somebody states something that concerns the vulnerabilities.
    spoken_of: BTreeSet<RegistryId>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) now: Timestamp,
}

/// What a step came to.
enum Step {
    Told(Report),
    /// Nothing was written: of these it has to be known first what is suppressed.
    Unjudged(Vec<(RepositoryRow, Digest)>),
}

impl Registry {
    /// Tells the images of a plan, and ends it.
    pub(super) async fn tell(&self, run: &mut Rematch, plan: Plan) -> Result<(), Error> {
        let telling = Arc::new(self.telling(run, &plan.changes, plan.begun_at).await?);
        drop(plan);
        let packages = telling.all.packages.keys().copied();
        let mut postings = Postings::after(packages, run.row.told_inventory_id);
        loop {
            let found = postings.next(self).await?;
            if found.is_empty() {
                break;
            }
            for (inventories, last) in steps(found) {
                let told = self.tell_step(&telling, inventories, last).await?;
                run.report.images += told.images;
                run.report.events += told.events;
                run.row.told_inventory_id = last;
            }
        }
        (run.row.plan, run.row.told_inventory_id) = (None, 0);
        self.put_matching(run.row.clone()).await
    }

    async fn telling(
        &self,
        run: &Rematch,
        changes: &[Change],
        begun_at: Timestamp,
    ) -> Result<Telling, Error> {
        let mut names: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for change in changes {
            names.entry(change.vulnerability.clone()).or_default().insert(&change.name);
        }
        let vulnerabilities: Vec<String> = names.keys().cloned().collect();
        let spoken_of = self.registries_spoken_of(&run.database, &vulnerabilities).await?;
        let now = self.metadata.read(move |tx| {
            Box::pin(async move {
                let mut now = BTreeMap::new();
                for vulnerability in vulnerabilities {
                    let packages = packages_with(tx, &vulnerability).await?;
                    now.insert(vulnerability, packages);
                }
                Ok::<_, Error>(now)
            })
        });
        let information = run.database.information();
        Ok(Telling {
            titles: names.iter().map(|(id, names)| event::title(id, names)).collect(),
            all: Vulnerabilities::new(changes, now.await?),
            recount_from: begun_at.minus(Duration::from_secs(REMATCH_RECOUNT_SECONDS)),
            database_id: information.id.clone(),
            database_updated_at: information.sources.iter().map(|it| it.updated_at).max(),
            spoken_of,
            entropy: Arc::clone(&self.entropy),
            now: self.now(),
        })
    }

    async fn tell_step(
        &self,
        telling: &Arc<Telling>,
        inventories: Touched,
        last: i64,
    ) -> Result<Report, Error> {
        let inventories = Arc::new(inventories);
        let mut judged = Arc::new(Judged::new());
        loop {
            let (telling, inventories) = (Arc::clone(telling), Arc::clone(&inventories));
            let known = Arc::clone(&judged);
            let step = self.metadata.write(move |tx| {
                Box::pin(async move { telling.tell_some(tx, &inventories, &known, last).await })
            });
            let unjudged = match step.await? {
                Step::Told(report) => return Ok(report),
                Step::Unjudged(images) => images,
            };
            for (repository, digest) in unjudged {
                let judgement = self.judge(&repository, digest).await?;
                Arc::make_mut(&mut judged).insert((repository.id, digest), judgement);
            }
        }
    }
}

impl Telling {
    async fn tell_some(
        &self,
        tx: &mut Tx,
        inventories: &Touched,
        judged: &Judged,
        last: i64,
    ) -> Result<Step, Error> {
        let touched = self.touched(tx, inventories).await?;
        let mut unjudged = Vec::new();
        for TouchedImage { repository, image, .. } in &touched {
            if !judged.contains_key(&(repository.id, image.digest))
                && (self.spoken_of.contains(&repository.registry)
                    || vex::has_documents(tx, repository.id, &image.digest).await?)
            {
                unjudged.push((repository.clone(), image.digest));
            }
        }
        if !unjudged.is_empty() {
            return Ok(Step::Unjudged(unjudged));
        }
        let (mut events, mut report) = (FindingEvents::default(), Report::default());
        for image in &touched {
            let judgement = judged.get(&(image.repository.id, image.image.digest));
            self.tell_image(tx, &mut events, image, judgement).await?;
            report.images += 1;
        }
        report.events = events.insert(tx, &*self.entropy, self.now).await?;
        advisory_matching::note_told(tx, last).await?;
        ask_if_stale(tx, (&*self.entropy, self.now)).await?;
        Ok(Step::Told(report))
    }

    /// The images of inventories, of those in which something changes and that are watched.
    async fn touched(
        &self,
        tx: &mut Tx,
        inventories: &Touched,
    ) -> Result<Vec<TouchedImage>, Error> {
        let (mut touched, mut watched) = (Vec::new(), HashMap::new());
        for (inventory, packages) in inventories {
            let effects = self.all.effects(packages.iter().copied());
            if effects.is_empty() {
                continue;
            }
            let image = advisory_matching::watched_image(tx, *inventory).await?;
            let Some(image) = image else { continue };
            let Some(repository) = watching(tx, &mut watched, &image).await? else { continue };
            touched.push(TouchedImage { inventory: *inventory, repository, image, effects });
        }
        Ok(touched)
    }
}

/// Inventories, each with those of its packages that matter.
type Touched = Vec<(i64, Vec<PackageId>)>;

/// What was found in steps, each with its last inventory.
fn steps(found: Vec<(i64, PackageId)>) -> Vec<(Touched, i64)> {
    let mut steps = Vec::new();
    let mut step = Touched::new();
    for group in found.chunk_by(|a, b| a.0 == b.0) {
        let Some((inventory, _)) = group.first() else { continue };
        step.push((*inventory, group.iter().map(|it| it.1).collect()));
        if step.len() >= REMATCH_IMAGES_MAX {
            steps.push((std::mem::take(&mut step), *inventory));
        }
    }
    if let Some(last) = step.last().map(|it| it.0) {
        steps.push((step, last));
    }
    steps
}

/// The repository of an image, if its images are watched at all.
async fn watching(
    tx: &mut Tx,
    known: &mut HashMap<RepositoryId, Option<RepositoryRow>>,
    image: &WatchedImage,
) -> Result<Option<RepositoryRow>, Error> {
    if let Some(found) = known.get(&image.repository) {
        return Ok(found.clone());
    }
    let mut found = repository::find_by_id(tx, image.repository).await?;
    if let Some(row) = &found {
        let watched = is_watched(tx, row).await?;
        found = found.filter(|_| watched);
    }
    known.insert(image.repository, found.clone());
    Ok(found)
}

async fn packages_with(
    tx: &mut Tx,
    vulnerability: &str,
) -> Result<BTreeMap<PackageId, Severity>, Error> {
    let (mut all, mut after) = (BTreeMap::new(), 0);
    loop {
        let page = advisory_matching::severities(tx, vulnerability, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        after = *last;
        let page = page.into_iter();
        all.extend(page.map(|(id, it)| (id, it.parse().unwrap_or(Severity::Undefined))));
    }
}
