//! A registry with one repository, whose images are rows.

use wharfinger_auth::RepositoryResource;
use wharfinger_blobs::{LocalBlobStore, LocalKeyRing, MasterKey};
use wharfinger_core::{Clock, ManualClock, RegistryId, SeededEntropy, Tag};
use wharfinger_metadata::image::ImageRow;
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{
    BoxFuture, Metadata, OpenMode, job, lifecycle_preview, service_event, tag,
};

use super::*;
use crate::KmsKeys;

const DAY: i64 = 24 * 60 * 60;

pub(super) struct World {
    _folder: tempfile::TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) registry: Registry,
    pub(super) id: RepositoryId,
}

pub(super) fn digest(number: u32) -> Digest {
    let mut hash = [0; 32];
    // In another order than that of pushes.
    hash[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_le_bytes());
    Digest::Sha256(hash)
}

/// Keeps the newest `kept`, whatever their tags.
pub(super) fn keep(kept: u32, action: Value) -> String {
    json!({ "rules": [{
        "rulePriority": 1, "action": action,
        "selection": {
            "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept,
        },
    }] })
    .to_string()
}

pub(super) fn expire_untagged(priority: u32, days: u32) -> Value {
    json!({
        "rulePriority": priority, "action": { "type": "expire" },
        "selection": {
            "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
            "countNumber": days,
        },
    })
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let keys = LocalKeyRing::new(&MasterKey::from_bytes([7; 32]), Arc::clone(&entropy));
        let keys = Arc::new(keys);
        let file = folder.path().join("metadata.db");
        let metadata = Metadata::open(&file, OpenMode::CreateOrMigrate).unwrap();
        let time = clock.clone() as Arc<dyn Clock>;
        let kms = KmsKeys::new(metadata.clone(), keys.clone(), time.clone(), entropy.clone());
        let blobs = LocalBlobStore::open(folder.path(), Arc::new(kms), entropy.clone()).unwrap();
        let registry = Registry::new(metadata, Arc::new(blobs), keys, time, entropy.clone());
        let account = "111122223333".parse().unwrap();
        let row = RepositoryRow {
            id: RepositoryId::new(clock.now(), &*entropy),
            registry: RegistryId::new(account, "eu-west-1".parse().unwrap()),
            name: "app".parse().unwrap(),
            created_at: clock.now(),
            tag_mutability: "MUTABLE".into(),
            exclusion_filters: "[]".into(),
            scan_on_push: false,
            encryption_type: "AES256".into(),
            kms_key: None,
            key_domain: "domain".into(),
            image_count: 0,
        };
        let world = Self { _folder: folder, clock, registry, id: row.id };
        world
            .write(move |tx, _| Box::pin(async move { Ok(repository::insert(tx, &row).await?) }))
            .await;
        world
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        body: impl for<'t> FnOnce(&'t mut Tx, RepositoryId) -> BoxFuture<'t, Result<T, Error>>
        + Send
        + 'static,
    ) -> T {
        let id = self.id;
        self.registry.metadata.write(move |tx| body(tx, id)).await.unwrap()
    }

    pub(super) async fn put_policy(&self, text: &str) {
        LifecyclePolicy::parse(text).unwrap();
        let (text, now) = (text.to_owned(), self.now());
        self.write(move |tx, id| {
            Box::pin(async move { Ok(lifecycle_policy::put(tx, id, &text, now).await?) })
        })
        .await;
    }

    /// An image of this age with these tags.
    pub(super) async fn image(&self, number: u32, tags: &str, age_days: i64) {
        self.insert(number, tags, age_days, &[]).await;
    }

    pub(super) async fn index(&self, number: u32, age_days: i64, children: &[Digest]) {
        self.insert(number, "", age_days, children).await;
    }

    async fn insert(&self, number: u32, tags: &str, age_days: i64, children: &[Digest]) {
        let pushed_at = Timestamp::from_seconds(self.now().seconds() - age_days * DAY - 1);
        let (row, children) = (row(number, pushed_at), children.to_vec());
        let tags: Vec<Tag> = tags.split_whitespace().map(|tag| tag.parse().unwrap()).collect();
        self.write(move |tx, id| {
            Box::pin(async move {
                image::insert(tx, id, &row, b"sealed", &[], &children).await?;
                for tag in tags {
                    tag::put(tx, id, &tag, &row.digest, pushed_at).await?;
                }
                Ok(())
            })
        })
        .await;
    }

    /// So many images, a second apart; every third has two tags.
    pub(super) async fn images_of(&self, count: u32) {
        let now = self.now();
        self.write(move |tx, id| {
            Box::pin(async move {
                for number in 0..count {
                    let age = Duration::from_secs(u64::from(count - number));
                    let row = row(number, now.minus(age));
                    image::insert(tx, id, &row, b"sealed", &[], &[]).await?;
                    let tags = if number % 3 == 0 { ["v", "build-"].as_slice() } else { &[] };
                    for prefix in tags {
                        let tag = format!("{prefix}{number}").parse().unwrap();
                        tag::put(tx, id, &tag, &row.digest, now).await?;
                    }
                }
                Ok(())
            })
        })
        .await;
    }

    pub(super) async fn evaluate(&self) -> JobOutcome {
        self.registry.evaluate_lifecycle_policy(&self.id.to_string()).await.unwrap()
    }

    pub(super) async fn decide(&self) -> (Run, Decided) {
        self.registry.decide_on(self.id).await.unwrap().unwrap()
    }

    /// The images there are.
    pub(super) async fn images(&self) -> BTreeSet<Digest> {
        self.write(|tx, id| {
            Box::pin(async move {
                let rows = lifecycle_preview::image_facts(tx, id, "", u32::MAX).await?;
                Ok(rows.iter().map(|row| row.digest).collect())
            })
        })
        .await
    }

    pub(super) async fn status(&self, number: u32) -> Option<ImageStatus> {
        self.write(move |tx, id| {
            Box::pin(async move {
                let row = image::find(tx, id, &digest(number)).await?;
                Ok(row.map(|row| row.status))
            })
        })
        .await
    }

    pub(super) async fn last_evaluated_at(&self) -> Timestamp {
        self.write(|tx, id| {
            Box::pin(
                async move { Ok(lifecycle_policy::find(tx, id).await?.unwrap().last_evaluated_at) },
            )
        })
        .await
    }

    /// When the evaluation is due, if it was asked for.
    pub(super) async fn due_at(&self) -> Option<Timestamp> {
        self.write(|tx, id| {
            Box::pin(async move {
                let kind = JobKind::EvaluateLifecyclePolicy.as_str();
                let found = job::find_by_subject(tx, kind, &id.to_string()).await?;
                Ok(found.map(|job| job.due_at))
            })
        })
        .await
    }

    /// What the audit log is to be told, in order.
    pub(super) async fn details(&self) -> Vec<Value> {
        let events = self
            .write(|tx, _| Box::pin(async move { Ok(service_event::oldest(tx, u32::MAX).await?) }))
            .await;
        assert!(events.iter().all(|event| event.event_name == "PolicyExecutionEvent"));
        events.iter().map(|event| serde_json::from_str(&event.detail).unwrap()).collect()
    }

    /// The images that were acted on as the audit log is told, with their rules.
    pub(super) async fn told(&self) -> Vec<(String, u64)> {
        let mut told = Vec::new();
        for detail in self.details().await {
            let actions = detail["lifecycleEventImageActions"].as_array().unwrap();
            assert!(actions.len() <= 9);
            for action in actions {
                let digest = action["lifecycleEventImage"]["digest"].as_str().unwrap();
                told.push((digest.to_owned(), action["rulePriority"].as_u64().unwrap()));
            }
        }
        told
    }

    pub(super) fn resource(&self) -> RepositoryResource {
        let account = "111122223333".parse().unwrap();
        RepositoryResource {
            registry: RegistryId::new(account, "eu-west-1".parse().unwrap()),
            name: "app".parse().unwrap(),
        }
    }
}

fn row(number: u32, pushed_at: Timestamp) -> ImageRow {
    ImageRow {
        digest: digest(number),
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        artifact_media_type: None,
        artifact_type: None,
        subject: None,
        size_bytes: 1,
        manifest_size_bytes: 1,
        pushed_at,
        tag_count: 0,
        status: ImageStatus::Active,
        archived_at: None,
        activated_at: None,
        last_pulled_at: None,
    }
}
