//! Events of images of whose findings something is stated: what is suppressed is told as SUPPRESSED, what
//! is so no more as ACTIVE, each once, whenever the process ends.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::Value;
use wharfinger_advisories::{Record, Store};
use wharfinger_core::Digest;
use wharfinger_metadata::job::JobRow;
use wharfinger_registry::{JobKind, JobOutcome, ScanFrequency, ScanType, Severity};

use super::fixture::{Fixture, by_digest, permit_for};
use super::rematching::job;
use super::scanned::{affected, debian, import, import_all, layer, push, records, with_advisories};
use super::scanning::{configure, rule};
use super::suppressing::{OPENSSL, attach, document};
use super::work::run_jobs;

/// A registry of two images that are watched.
struct World {
    fixture: Fixture,
    store: Arc<Store>,
    images: [Digest; 2],
}

impl World {
    async fn new() -> Self {
        let (fixture, store) = with_advisories(Fixture::with_repository("MUTABLE").await);
        import_all(&store);
        let rules = vec![rule(ScanFrequency::ContinuousScan, &["app"])];
        configure(&fixture, ScanType::Enhanced, rules).await;
        let one = push(&fixture, "one", &[layer()], Some("v1")).await;
        let two = push(&fixture, "two", &[layer()], Some("v2")).await;
        let world = Self { fixture, store, images: [one, two] };
        run_jobs(&world.fixture).await;
        world.rematch().await;
        assert_eq!(world.told().await, [""; 0]);
        world
    }

    async fn run(&self, kind: JobKind, subject: &str) -> JobOutcome {
        self.fixture.registry.run_job(&row(kind, subject)).await.unwrap()
    }

    /// Packages are matched with the advisories of the moment.
    async fn rematch(&self) {
        self.run(JobKind::MatchAdvisories, "").await;
    }

    /// What is known from now on beside what was.
    fn import(&self, more: &[&str]) {
        let more = more.iter().map(|id| affected(&debian(), "openssl", id, None));
        let all: Vec<Record> = records().into_iter().chain(more).collect();
        import(&self.store, "debian", all);
    }

    async fn state(&self, id: &str, status: &str) {
        let text = document("urn:x", "2026-01-01T00:00:00Z", status, OPENSSL);
        let text = text.replace("CVE-2024-0001", id);
        let permit = permit_for("");
        self.fixture.registry.add_vex_document(&permit, text.into()).await.unwrap();
    }

    /// What the audit log is to be told of findings, and no more of it.
    async fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let events = self.fixture.registry.waiting_service_events().await.unwrap();
            if events.is_empty() {
                return told;
            }
            for event in events.iter().filter(|event| event.event_name == "Inspector2 Finding") {
                let detail: Value = serde_json::from_str(&event.detail).unwrap();
                let id = &detail["packageVulnerabilityDetails"]["vulnerabilityId"];
                let mut images: Vec<usize> = Vec::new();
                for resource in detail["resources"].as_array().unwrap() {
                    let image = resource["id"].as_str().unwrap();
                    let at = self.images.iter().position(|it| image.ends_with(&it.to_string()));
                    images.push(at.unwrap() + 1);
                }
                images.sort_unstable();
                let (status, severity) = (&detail["status"], &detail["severity"]);
                told.extend(
                    images
                        .into_iter()
                        .map(|image| format!("{id} {status} {severity} {image}").replace('"', "")),
                );
            }
            told.sort();
            self.fixture.registry.forget_service_events(events).await.unwrap();
        }
    }

    /// What lists count of the first image.
    async fn counts(&self) -> BTreeMap<Severity, u64> {
        let (permit, ids) = (permit_for("app"), vec![by_digest(&self.images[0])]);
        let listed = self.fixture.registry.describe_images_by_id(&permit, ids).await.unwrap();
        listed[0].scan.as_ref().unwrap().summary.as_ref().unwrap().counts.clone()
    }

    /// A run that dies after some steps; answers whether it came to its end before.
    async fn run_dying(&self, row: &JobRow, steps: usize) -> bool {
        let (mut run, mut left) = (pin!(self.fixture.registry.run_job(row)), steps);
        let ended = std::future::poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            run.as_mut().poll(context).map(Some)
        });
        ended.await.map(Result::unwrap).is_some()
    }
}

fn row(kind: JobKind, subject: &str) -> JobRow {
    JobRow { kind: kind.as_str().into(), subject: subject.into(), ..job() }
}

const COUNT_REGISTRY: &str = "111122223333/eu-west-1";

fn counts(critical: u64, low: u64) -> BTreeMap<Severity, u64> {
    BTreeMap::from([(Severity::Critical, critical), (Severity::Low, low)])
}

#[tokio::test]
async fn what_is_stated_before_it_is_found_is_told_as_suppressed() {
    let world = World::new().await;
    assert_eq!(world.counts().await, counts(2, 1));
    world.state("CVE-2024-0005", "not_affected").await;
    run_jobs(&world.fixture).await;
    assert_eq!(world.told().await, [""; 0], "nobody has it");
    world.import(&["CVE-2024-0005", "CVE-2024-0006"]);
    world.rematch().await;
    let found = [
        "CVE-2024-0005 SUPPRESSED LOW 1",
        "CVE-2024-0005 SUPPRESSED LOW 2",
        "CVE-2024-0006 ACTIVE LOW 1",
        "CVE-2024-0006 ACTIVE LOW 2",
    ];
    assert_eq!(world.told().await, found);
    assert_eq!(world.counts().await, counts(2, 2));
    run_jobs(&world.fixture).await;
    assert_eq!(world.told().await, [""; 0]);
    // What is suppressed goes, and is not counted out although it was never counted.
    world.import(&["CVE-2024-0006"]);
    world.rematch().await;
    let gone = ["CVE-2024-0005 CLOSED LOW 1", "CVE-2024-0005 CLOSED LOW 2"];
    assert_eq!(world.told().await, gone);
    assert_eq!(world.counts().await, counts(2, 2));
    // It comes back after nobody states it any more.
    let permit = permit_for("");
    world.fixture.registry.remove_vex_document(&permit, "urn:x".into()).await.unwrap();
    run_jobs(&world.fixture).await;
    world.import(&["CVE-2024-0005", "CVE-2024-0006"]);
    world.rematch().await;
    let back = ["CVE-2024-0005 ACTIVE LOW 1", "CVE-2024-0005 ACTIVE LOW 2"];
    assert_eq!(world.told().await, back);
    assert_eq!(world.counts().await, counts(2, 3));
}

#[tokio::test]
async fn a_statement_that_comes_or_goes_is_told() {
    let world = World::new().await;
    world.state("CVE-2024-0001", "not_affected").await;
    run_jobs(&world.fixture).await;
    let suppressed = ["CVE-2024-0001 SUPPRESSED CRITICAL 1", "CVE-2024-0001 SUPPRESSED CRITICAL 2"];
    assert_eq!(world.told().await, suppressed);
    assert_eq!(world.counts().await, counts(1, 1));
    let active = ["CVE-2024-0001 ACTIVE CRITICAL 1", "CVE-2024-0001 ACTIVE CRITICAL 2"];
    for (status, told) in [("affected", active), ("fixed", suppressed)] {
        world.state("CVE-2024-0001", status).await;
        run_jobs(&world.fixture).await;
        assert_eq!(world.told().await, told, "{status}");
        // Counting it again is nothing new.
        world.run(JobKind::CountRegistry, COUNT_REGISTRY).await;
        assert_eq!(world.told().await, [""; 0]);
    }
    let permit = permit_for("");
    world.fixture.registry.remove_vex_document(&permit, "urn:x".into()).await.unwrap();
    run_jobs(&world.fixture).await;
    assert_eq!(world.told().await, active);
    assert_eq!(world.counts().await, counts(2, 1));
}

#[tokio::test]
async fn what_is_attached_to_an_image_is_told_of_it_alone() {
    let world = World::new().await;
    let text = document("urn:x", "2026-01-01T00:00:00Z", "fixed", "");
    let attached = attach(&world.fixture, &world.images[0], &text, 1).await;
    run_jobs(&world.fixture).await;
    assert_eq!(world.told().await, ["CVE-2024-0001 SUPPRESSED CRITICAL 1"]);
    // Of the other finding nothing is stated, and of this one nothing changes.
    world.import(&["CVE-2024-0006"]);
    world.rematch().await;
    let found = ["CVE-2024-0006 ACTIVE LOW 1", "CVE-2024-0006 ACTIVE LOW 2"];
    assert_eq!(world.told().await, found);
    assert_eq!(world.counts().await, counts(1, 2));
    world.fixture.delete("app", &attached).await;
    run_jobs(&world.fixture).await;
    assert_eq!(world.told().await, ["CVE-2024-0001 ACTIVE CRITICAL 1"]);
}

#[tokio::test]
async fn an_image_that_is_scanned_has_told_what_is_suppressed_by_its_scan() {
    let world = World::new().await;
    world.state("CVE-2024-0001", "not_affected").await;
    run_jobs(&world.fixture).await;
    world.told().await;
    push(&world.fixture, "three", &[layer()], None).await;
    run_jobs(&world.fixture).await;
    world.run(JobKind::CountRegistry, COUNT_REGISTRY).await;
    assert_eq!(world.told().await, [""; 0]);
}

/// The matching, the counting of the registry and that of an image, each dying after some steps, in turn.
#[tokio::test]
async fn processes_that_die_tell_of_statements_once() {
    for steps in [1, 2, 3, 5, 8, 13, 21, 34] {
        let world = World::new().await;
        world.import(&["CVE-2024-0005"]);
        world.state("CVE-2024-0005", "not_affected").await;
        let text = document("urn:y", "2026-01-01T00:00:00Z", "fixed", "");
        attach(&world.fixture, &world.images[1], &text, 1).await;
        let all = [
            row(JobKind::MatchAdvisories, ""),
            row(JobKind::CountRegistry, COUNT_REGISTRY),
            row(JobKind::CountFindings, &subject(&world, 1)),
        ];
        let mut ended = false;
        for more in 0..200 {
            let mut all_ended = true;
            for row in &all {
                all_ended &= world.run_dying(row, steps + more).await;
            }
            if all_ended {
                ended = true;
                break;
            }
        }
        assert!(ended, "they never come to their end");
        world.fixture.clock.advance(Duration::from_secs(60));
        run_jobs(&world.fixture).await;
        let expected = [
            "CVE-2024-0001 SUPPRESSED CRITICAL 2",
            "CVE-2024-0005 SUPPRESSED LOW 1",
            "CVE-2024-0005 SUPPRESSED LOW 2",
        ];
        assert_eq!(world.told().await, expected, "dying after {steps} steps");
        assert_eq!(world.counts().await, counts(2, 1), "dying after {steps} steps");
    }
}

/// The subject of jobs about an image.
fn subject(world: &World, image: usize) -> String {
    let rows = rusqlite::Connection::open(world.fixture.folder.path().join("metadata.db")).unwrap();
    let sql = "SELECT repository_id FROM repository WHERE name = 'app'";
    let id: i64 = rows.query_row(sql, [], |row| row.get(0)).unwrap();
    format!("{id}/{}", world.images[image])
}

/// What is counted while packages are matched would be told twice, or not at all.
#[tokio::test]
async fn nothing_is_told_of_statements_while_packages_are_matched() {
    let mut waited = false;
    for steps in 1..60 {
        let world = World::new().await;
        world.import(&["CVE-2024-0005"]);
        let ended = world.run_dying(&row(JobKind::MatchAdvisories, ""), steps).await;
        world.told().await;
        world.state("CVE-2024-0001", "fixed").await;
        let counted = world.run(JobKind::CountFindings, &subject(&world, 0)).await;
        if counted.next.is_some() {
            waited = true;
            assert_eq!(world.told().await, [""; 0]);
            world.rematch().await;
            world.told().await;
            world.run(JobKind::CountFindings, &subject(&world, 0)).await;
        }
        assert_eq!(world.told().await, ["CVE-2024-0001 SUPPRESSED CRITICAL 1"]);
        if ended {
            break;
        }
    }
    assert!(waited, "it was never in the middle");
}
