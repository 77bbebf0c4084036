//! The scrub: everything is read once in its period, and what is damaged is known before it is pulled.

use std::fs;
use std::time::Duration;

use wharfinger_core::{Timestamp, Upkeep};
use wharfinger_metadata::MetadataError;
use wharfinger_metadata::job::{self, JobRow, JobStatus};
use wharfinger_registry::{JobKind, JobOutcome, LayerAvailability, Soundness};

use super::checking::{large, pull, push};
use super::fixture::{Fixture, digest_of, permit_for};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn scrub(fixture: &Fixture) -> JobOutcome {
    let row = JobRow {
        job_id: job::new_id(&wharfinger_core::SeededEntropy::new(1)),
        kind: JobKind::Scrub.as_str().to_owned(),
        subject: String::new(),
        status: JobStatus::Running,
        due_at: fixture.now(),
        lease_id: Some(1),
        attempt_count: 1,
        asked_at: fixture.now(),
        started_at: None,
        finished_at: None,
        report: None,
        error: None,
    };
    fixture.registry.run_job(&row).await.unwrap()
}

fn report(outcome: &JobOutcome) -> serde_json::Value {
    serde_json::from_str(outcome.report.as_ref().unwrap()).unwrap()
}

#[tokio::test]
async fn what_is_not_due_is_not_read() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    let pushed = fixture.now();
    fixture.clock.advance(29 * DAY);
    let outcome = scrub(&fixture).await;
    assert_eq!(report(&outcome)["blobs"], 0);
    // The small blob and the large one were pushed at one time, and are due at one.
    assert_eq!(outcome.next, Some(pushed.plus(30 * DAY)));
    fixture.clock.advance(2 * DAY);
    let outcome = scrub(&fixture).await;
    assert_eq!((&report(&outcome)["blobs"], &report(&outcome)["damaged"]), (&2.into(), &0.into()));
    assert_eq!(report(&outcome)["bytes"], 300_010);
    assert_eq!(fixture.registry.counters().bytes_scrubbed.get(), 300_010);
    assert_eq!(outcome.next, Some(fixture.now().plus(DAY)), "it looks in every day");
    assert_eq!(report(&scrub(&fixture).await)["blobs"], 0);
}

#[tokio::test]
async fn damage_is_noted_and_a_push_heals_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    push(&fixture, "app", 2, "v2").await;
    for file in fixture.objects() {
        let mut bytes = fs::read(&file).unwrap();
        bytes[100_000] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    fs::remove_file(&fixture.objects()[0]).unwrap();
    fixture.clock.advance(31 * DAY);
    let outcome = scrub(&fixture).await;
    assert_eq!((&report(&outcome)["blobs"], &report(&outcome)["damaged"]), (&4.into(), &2.into()));
    assert_eq!(fixture.registry.counters().blobs_damaged.get(), 2);
    let sound = Soundness { damaged_blobs: 2, ..Soundness::default() };
    assert_eq!(fixture.registry.soundness().await.unwrap(), sound);
    let digest = digest_of(&large(1));
    let asked = vec![digest.to_string()];
    let there =
        fixture.registry.batch_check_layer_availability(&permit_for("app"), asked).await.unwrap();
    assert_eq!(there, [LayerAvailability::Unavailable { digest }]);
    // Known ones are not read again, and nothing is moved: that is for a repair.
    assert_eq!(report(&scrub(&fixture).await)["blobs"], 0);
    assert_eq!(fixture.objects().len(), 1);
    for (seed, tag) in [(1, "v1"), (2, "v2")] {
        push(&fixture, "app", seed, tag).await;
        assert!(pull(&fixture, "app", seed).await.unwrap() == large(seed));
    }
    fixture.clock.advance(31 * DAY);
    assert_eq!(report(&scrub(&fixture).await)["damaged"], 0);
}

#[tokio::test]
async fn a_disabled_key_is_in_nobodys_way() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let key = fixture.key(None).await;
    fixture.create_encrypted("vault", "KMS", Some(&key.arn)).await.unwrap();
    push(&fixture, "vault", 1, "v1").await;
    push(&fixture, "app", 2, "v1").await;
    fixture.switch(&key, false).await;
    fixture.clock.advance(31 * DAY);
    let outcome = scrub(&fixture).await;
    assert_eq!(report(&outcome)["blobs"], 2);
    assert_eq!(report(&outcome)["keysUnavailable"], 1);
    fixture.switch(&key, true).await;
    let outcome = scrub(&fixture).await;
    assert_eq!((&report(&outcome)["blobs"], &report(&outcome)["damaged"]), (&2.into(), &0.into()));
}

/// The time comes to nothing that is written down but the rows of the blobs.
#[tokio::test]
async fn it_goes_on_where_it_was_after_a_restart() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    fixture.clock.advance(31 * DAY);
    let now = fixture.now();
    let verified = digest_of(&large(1));
    let noted: Result<(), MetadataError> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let blob = wharfinger_metadata::check::blobs(tx, "", "", 10).await?;
                let blob = blob.into_iter().find(|it| it.row.digest == verified).unwrap();
                let (id, domain) = (blob.row.object_id, blob.key_domain);
                wharfinger_metadata::scrub::mark_verified(tx, &id, &domain, &verified, now).await
            })
        })
        .await;
    noted.unwrap();
    let fixture = fixture.restarted();
    fixture.clock.set(now);
    assert_eq!(report(&scrub(&fixture).await)["blobs"], 1);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "app", 1, "v1").await;
    let upkeep = Upkeep { scrub_period: Duration::ZERO, ..Upkeep::default() };
    let fixture = fixture.with_upkeep(upkeep);
    fixture.clock.set(Timestamp::from_seconds(4_000_000_000));
    assert_eq!(scrub(&fixture).await, JobOutcome::default());
}
