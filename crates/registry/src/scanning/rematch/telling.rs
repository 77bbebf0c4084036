//! Images that are watched get their counts, and the audit log is told, in the order of inventories.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use wharfinger_core::limits::{REMATCH_IMAGES_MAX, REMATCH_RECOUNT_SECONDS};
use wharfinger_core::{Entropy, Timestamp};
use wharfinger_metadata::advisory_matching::{self, WatchedImage};
use wharfinger_metadata::package::PackageId;
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::{RepositoryId, Tx};
use wharfinger_package::Severity;

use super::super::event::{ChangedFinding, FindingEvents};
use super::super::finding::counts_json;
use super::super::{ScanFrequency, ScanType, of_registry};
use super::super::{request, tally, vex};
use super::effect::{Effect, Vulnerabilities, recounted};
use super::plan::{Change, Plan};
use super::postings::Postings;
use super::{Rematch, Report};
use crate::job::{JobKind, ask};
use crate::{Error, Registry};

/// Packages with a vulnerability that are read at once.
const PAGE: u32 = 1_000;
/// Names of packages in the title of an event.
const TITLE_NAMES_MAX: usize = 5;

/// What telling needs, the same for all steps of a part.
struct Telling {
    all: Vulnerabilities,
    /// By vulnerability: the packages that changed.
    titles: Vec<String>,
    /// Scans that ended later may know of the changes already: they are counted anew.
    recount_from: Timestamp,
    database_id: String,
    database_updated_at: Option<Timestamp>,
    entropy: Arc<dyn Entropy>,
    now: Timestamp,
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
                let told = self.tell_some(Arc::clone(&telling), inventories, last).await?;
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
        let title = |(vulnerability, names): (&String, &BTreeSet<&str>)| {
            let names: Vec<&str> = names.iter().copied().take(TITLE_NAMES_MAX).collect();
            format!("{vulnerability} - {}", names.join(", "))
        };
        let information = run.database.information();
        Ok(Telling {
            titles: names.iter().map(title).collect(),
            all: Vulnerabilities::new(changes, now.await?),
            recount_from: begun_at.minus(Duration::from_secs(REMATCH_RECOUNT_SECONDS)),
            database_id: information.id.clone(),
            database_updated_at: information.sources.iter().map(|it| it.updated_at).max(),
            entropy: Arc::clone(&self.entropy),
            now: self.now(),
        })
    }

    async fn tell_some(
        &self,
        telling: Arc<Telling>,
        inventories: Vec<(i64, Vec<PackageId>)>,
        last: i64,
    ) -> Result<Report, Error> {
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let mut report = Report::default();
                    let (mut events, mut watched) = (FindingEvents::default(), HashMap::new());
                    for (inventory, packages) in inventories {
                        let effects = telling.all.effects(packages.into_iter());
                        if effects.is_empty() {
                            continue;
                        }
                        let image = advisory_matching::watched_image(tx, inventory).await?;
                        let Some(image) = image else { continue };
                        let Some(repository) = watching(tx, &mut watched, &image).await? else {
                            continue;
                        };
                        telling.count(tx, inventory, &image, &effects).await?;
                        telling.note(&mut events, &repository, &image, &effects);
                        telling.have_counted(tx, &repository, &image).await?;
                        report.images += 1;
                    }
                    report.events = events.insert(tx, &*telling.entropy, telling.now).await?;
                    advisory_matching::note_told(tx, last).await?;
                    Ok::<_, Error>(report)
                })
            })
            .await
    }
}

impl Telling {
    async fn count(
        &self,
        tx: &mut Tx,
        inventory: i64,
        image: &WatchedImage,
        effects: &[Effect],
    ) -> Result<(), Error> {
        let known = image.counts.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let settled = image.completed_at.is_some_and(|at| at < self.recount_from);
        let counts = known.filter(|_| settled).and_then(|counts| recounted(&counts, effects));
        let counts = match counts {
            Some(counts) => counts,
            None => tally::of_inventory(tx, inventory).await?,
        };
        let counts = counts_json(&counts)?;
        let (id, updated_at) = (&self.database_id, self.database_updated_at);
        Ok(advisory_matching::set_counts(tx, image, &counts, id, updated_at).await?)
    }

    /// Where something is stated of the findings, they are counted by whoever can read it.
    async fn have_counted(
        &self,
        tx: &mut Tx,
        repository: &RepositoryRow,
        image: &WatchedImage,
    ) -> Result<(), Error> {
        if !vex::is_spoken_of(tx, &repository.registry, repository.id, &image.digest).await? {
            return Ok(());
        }
        let subject = request::subject(repository.id, &image.digest);
        let (kind, now) = (JobKind::CountFindings, self.now);
        Ok(ask(tx, &*self.entropy, kind, &subject, now, now).await?)
    }

    fn note<'a>(
        &'a self,
        events: &mut FindingEvents<'a>,
        repository: &RepositoryRow,
        image: &WatchedImage,
        effects: &[Effect],
    ) {
        for effect in effects {
            let index = effect.vulnerability as usize;
            let (Some(vulnerability), Some(title)) =
                (self.all.names.get(index), self.titles.get(index))
            else {
                continue;
            };
            let finding =
                ChangedFinding { vulnerability, title, before: effect.before, after: effect.after };
            events.add(finding, repository, &image.digest);
        }
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
        let configuration = of_registry(tx, &row.registry).await?;
        let effective = configuration.effective(&row.name, row.scan_on_push);
        let continuous = configuration.scan_type() == ScanType::Enhanced
            && effective.frequency == ScanFrequency::ContinuousScan;
        found = found.filter(|_| continuous);
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
