//! Lifecycle policies in action: what is pushed goes as the policy says, and is told.

use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_core::{Digest, Timestamp, Upkeep};
use wharfinger_metadata::job::{self, JobRow, JobStatus};
use wharfinger_metadata::service_event::{self, ServiceEventRow};
use wharfinger_registry::{Error, JobKind, JobOutcome, PreviewFilter, PreviewStatus};

use super::fixture::{Fixture, by_digest, by_tag, index_of, permit_for};

/// The tutorial's: ten (here two) releases, and what lost its tag goes after a day.
fn tutorial() -> String {
    json!({ "rules": [
        {
            "rulePriority": 1, "description": "keep two releases", "action": { "type": "expire" },
            "selection": {
                "tagStatus": "tagged", "tagPatternList": ["v*"],
                "countType": "imageCountMoreThan", "countNumber": 2,
            },
        },
        {
            "rulePriority": 2, "action": { "type": "expire" },
            "selection": {
                "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
                "countNumber": 1,
            },
        },
    ] })
    .to_string()
}

async fn put(fixture: &Fixture, text: String) {
    fixture.registry.put_lifecycle_policy(&permit_for("app"), text).await.unwrap();
}

/// The job of the policy, if there is one.
async fn find_job(fixture: &Fixture) -> Option<JobRow> {
    let jobs = fixture.metadata().read(|tx| Box::pin(job::list(tx, ("", ""), 100))).await;
    let kind = JobKind::EvaluateLifecyclePolicy.as_str();
    jobs.unwrap().into_iter().find(|job| job.kind == kind)
}

/// Leases the job as a worker does, if it is due.
async fn lease(fixture: &Fixture) -> Option<JobRow> {
    let (job, now) = (find_job(fixture).await?, fixture.now());
    let until = now.plus(Duration::from_secs(60));
    let leased: Result<Option<JobRow>, Error> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move { Ok(job::lease(tx, job.job_id, 1, now, until).await?) })
        })
        .await;
    leased.unwrap()
}

/// Does the job and says so.
async fn run(fixture: &Fixture, job: JobRow) -> Option<Value> {
    let outcome = fixture.registry.run_job(&job).await.unwrap();
    end(fixture, job, outcome).await
}

async fn end(fixture: &Fixture, job: JobRow, outcome: JobOutcome) -> Option<Value> {
    let (now, report) = (fixture.now(), outcome.report.clone());
    let ended: Result<bool, Error> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let report = outcome.report.as_deref();
                Ok(job::finish(tx, job.job_id, 1, report, outcome.next, now).await?)
            })
        })
        .await;
    assert!(ended.unwrap());
    report.map(|text| serde_json::from_str(&text).unwrap())
}

/// What a worker does with the job, if it is due.
async fn work(fixture: &Fixture) -> Option<Value> {
    run(fixture, lease(fixture).await?).await
}

async fn told(fixture: &Fixture) -> Vec<ServiceEventRow> {
    let events = fixture.metadata().read(|tx| Box::pin(service_event::oldest(tx, 1_000))).await;
    events.unwrap()
}

/// Those of these images that are still there.
async fn left(fixture: &Fixture, digests: &[Digest]) -> Vec<Digest> {
    let ids = digests.iter().map(by_digest).collect();
    let (found, _) = fixture.registry.batch_get_image(&permit_for("app"), ids).await.unwrap();
    found.iter().map(|image| image.id.digest).collect()
}

#[tokio::test]
async fn a_policy_is_carried_out_once_it_is_put() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut digests = Vec::new();
    for number in 0..4 {
        let tag = format!("v{number}");
        digests.push(fixture.image("app", &tag, Some(&tag)).await);
        fixture.clock.advance(Duration::from_secs(1));
    }
    digests.push(fixture.image("app", "untagged", None).await);
    assert_eq!(find_job(&fixture).await, None, "nobody asked");
    put(&fixture, tutorial()).await;
    let evaluated_at = fixture.now();
    let report = work(&fixture).await.unwrap();
    assert_eq!(report["rules"], json!({ "1": { "expired": 2 } }));
    assert_eq!(left(&fixture, &digests).await, digests[2..]);
    for gone in ["v0", "v1"] {
        let ids = vec![by_tag(gone)];
        let found = fixture.registry.batch_get_image(&permit_for("app"), ids).await.unwrap();
        assert!(found.0.is_empty());
    }
    let policy = fixture.registry.get_lifecycle_policy(&permit_for("app")).await.unwrap();
    assert_eq!(policy.last_evaluated_at, evaluated_at);
    let events = told(&fixture).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_name, "PolicyExecutionEvent");
    assert_eq!(events[0].registry.account.to_string(), "111122223333");
    let detail: Value = serde_json::from_str(&events[0].detail).unwrap();
    assert_eq!(detail["repositoryName"], "app");
    let rules = &detail["lifecycleEventPolicy"]["lifecycleEventRules"];
    assert_eq!(rules[0]["description"], "keep two releases");
    let first = &detail["lifecycleEventImageActions"][0];
    assert_eq!(first["lifecycleEventImage"]["tagList"], json!(["v0"]));
    // By itself, a day later: the image without a tag is due by then.
    let day = Upkeep::default().lifecycle_interval;
    assert_eq!(find_job(&fixture).await.unwrap().due_at, evaluated_at.plus(day));
    fixture.clock.advance(day - Duration::from_secs(1));
    assert_eq!(work(&fixture).await, None, "not due");
    fixture.clock.advance(Duration::from_secs(2));
    assert_eq!(work(&fixture).await.unwrap()["rules"], json!({ "2": { "expired": 1 } }));
    assert_eq!(left(&fixture, &digests).await, digests[2..4]);
}

#[tokio::test]
async fn pushes_and_deletions_have_the_policy_evaluated_a_minute_later() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    put(&fixture, tutorial()).await;
    work(&fixture).await.unwrap();
    for number in 0..3 {
        let tag = format!("v{number}");
        fixture.image("app", &tag, Some(&tag)).await;
        fixture.clock.advance(Duration::from_secs(10));
    }
    let job = find_job(&fixture).await.unwrap();
    assert_eq!(job.status, JobStatus::Waiting);
    // A minute after the first of them.
    assert_eq!(job.due_at, fixture.now().plus(Duration::from_secs(30)));
    assert_eq!(work(&fixture).await, None);
    fixture.clock.advance(Duration::from_secs(30));
    assert_eq!(work(&fixture).await.unwrap()["expired"], 1);
    let ids = vec![by_tag("v2")];
    fixture.registry.batch_delete_image(&permit_for("app"), ids).await.unwrap();
    let due_at = fixture.now().plus(Upkeep::default().lifecycle_debounce);
    assert_eq!(find_job(&fixture).await.unwrap().due_at, due_at);
}

/// A push while it runs: the run is followed by another.
#[tokio::test]
async fn a_push_during_an_evaluation_is_seen_by_the_next() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    put(&fixture, tutorial()).await;
    let now = fixture.now();
    let job = lease(&fixture).await.unwrap();
    let outcome = fixture.registry.run_job(&job).await.unwrap();
    fixture.image("app", "late", Some("v1")).await;
    end(&fixture, job, outcome).await;
    let due_at = now.plus(Upkeep::default().lifecycle_debounce);
    assert_eq!(find_job(&fixture).await.unwrap().due_at, due_at);
}

#[tokio::test]
async fn signatures_and_children_are_held() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let child = fixture.image("app", "child", None).await;
    let index = fixture.put("app", &index_of(&[child]), Some("v1")).await.unwrap().id.digest;
    let manifest = fixture.manifest("app", "signature").await;
    let subject = format!(
        r#","subject":{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{index}","size":10}}}}"#
    );
    let manifest = manifest.strip_suffix('}').unwrap().to_owned() + &subject;
    let signature = fixture.put("app", &manifest, None).await.unwrap().id.digest;
    put(&fixture, tutorial()).await;
    fixture.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    let report = work(&fixture).await.unwrap();
    assert_eq!(report["rules"], json!({ "2": { "failed": 1 } }));
    assert_eq!(left(&fixture, &[child, index, signature]).await, [child, index, signature]);
    let detail: Value = serde_json::from_str(&told(&fixture).await[0].detail).unwrap();
    let failure = &detail["lifecycleEventFailureDetails"][0];
    assert_eq!(failure["lifecycleEventImage"]["digest"], child.to_string());
    assert_eq!(failure["rulePriority"], 2);
}

#[tokio::test]
async fn the_job_goes_with_the_policy_and_with_the_repository() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    put(&fixture, tutorial()).await;
    fixture.registry.delete_lifecycle_policy(&permit_for("app")).await.unwrap();
    assert_eq!(work(&fixture).await, None);
    assert_eq!(find_job(&fixture).await, None);
    put(&fixture, tutorial()).await;
    fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
    assert_eq!(work(&fixture).await, None);
    assert_eq!(find_job(&fixture).await, None);
}

/// What a preview finds is told as well, as a dry run, and nothing is done.
#[tokio::test]
async fn a_preview_is_told_as_a_dry_run() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut digests = Vec::new();
    for number in 0..13 {
        digests.push(fixture.image("app", &number.to_string(), Some(&format!("v{number}"))).await);
        fixture.clock.advance(Duration::from_secs(1));
    }
    let permit = permit_for("app");
    fixture.registry.start_lifecycle_policy_preview(&permit, Some(tutorial())).await.unwrap();
    let waited = async {
        loop {
            let (permit, filter) = (permit_for("app"), PreviewFilter::default());
            let page = Default::default();
            let preview = fixture.registry.get_lifecycle_policy_preview(&permit, filter, page);
            if preview.await.unwrap().status == PreviewStatus::Complete {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.unwrap();
    assert_eq!(left(&fixture, &digests).await, digests);
    let events = told(&fixture).await;
    let names: Vec<&str> = events.iter().map(|event| event.event_name.as_str()).collect();
    assert_eq!(names, ["DryRunEvent"; 2]);
    let counts = events.iter().map(|event| {
        let detail: Value = serde_json::from_str(&event.detail).unwrap();
        assert_eq!(detail["lifecycleEventPolicy"]["lastEvaluatedAt"], 0);
        detail["lifecycleEventImageActions"].as_array().unwrap().len()
    });
    assert_eq!(counts.collect::<Vec<_>>(), [9, 2], "ten or more are several");
    let none = fixture.registry.get_lifecycle_policy(&permit_for("app")).await;
    assert!(none.is_err());
    assert_eq!(find_job(&fixture).await, None);
    assert_eq!(events[0].occurred_at.max(Timestamp::default()), fixture.now());
}
