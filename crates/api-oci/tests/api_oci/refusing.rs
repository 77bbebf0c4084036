//! The pull policy: images that have had a CRITICAL vulnerability for too long.

use std::time::Duration;

use wharfinger_auth::{Permit, RegistryResource, actions};
use wharfinger_core::{Clock, Digest, RegistryId};
use wharfinger_metadata::inventory::{self, InventoryRow};
use wharfinger_metadata::package::{self, PackageRow};
use wharfinger_metadata::package_vulnerability::{self, PackageVulnerabilityRow};
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, repository};
use wharfinger_registry::{ScanType, ScanningConfiguration};

use super::fixture::{Fixture, REGION, REPOSITORY, digest_of, fixture};

const DAY: Duration = Duration::from_secs(86_400);

/// Says of an image that it has been known for that long to have a vulnerability of that severity.
async fn scanned(fixture: &Fixture, digest: Digest, severity: &'static str, known_for: Duration) {
    let registry = RegistryId::new(fixture.account(), REGION.parse().unwrap());
    let resource = RegistryResource { registry: registry.clone() };
    let permit = Permit::<actions::PutRegistryScanningConfiguration>::system(resource);
    let set = ScanningConfiguration::new(ScanType::Enhanced, vec![]).unwrap();
    fixture.registry.put_registry_scanning_configuration(&permit, &set).await.unwrap();
    let path = fixture.folder.path().join("metadata.db");
    let metadata = Metadata::open(&path, OpenMode::CreateOrMigrate).unwrap();
    let (now, known_at) = (fixture.clock.now(), fixture.clock.now().minus(known_for));
    let written: Result<(), MetadataError> = metadata
        .write(move |tx| {
            Box::pin(async move {
                let name = REPOSITORY.parse().unwrap();
                let id = repository::find(tx, &registry, &name).await?.unwrap().id;
                let package = PackageRow {
                    package_id: 1,
                    identity: "{}".into(),
                    database_id: Some("db".into()),
                };
                package::insert(tx, &package, &[]).await?;
                let found = PackageVulnerabilityRow {
                    vulnerability: "CVE-2026-1".into(),
                    severity: severity.into(),
                    detail: "{}".into(),
                    first_seen_at: known_at,
                    updated_at: now,
                };
                package_vulnerability::put(tx, 1, &found).await?;
                inventory::add_packages(tx, 1, &[1], 0, now).await?;
                let kept = InventoryRow {
                    inventory_id: 1,
                    repository: id,
                    digest,
                    reader_version: 1,
                    package_ids: vec![1],
                    package_count: 1,
                    created_at: now,
                };
                assert!(inventory::put(tx, &kept, b"").await?);
                let mut row = ScanRow::without_findings(digest, "ENHANCED", "ACTIVE", "", now);
                row.counts = Some(format!(r#"{{"{severity}":1}}"#));
                scan::put(tx, id, &row, None).await
            })
        })
        .await;
    written.unwrap();
}

#[tokio::test]
async fn an_image_with_an_old_critical_vulnerability_is_denied() {
    let mut fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let digest = digest_of(&manifest);
    let by_digest = format!("/v2/team/app/manifests/{digest}");
    let targets = ["/v2/team/app/manifests/v1", &by_digest];
    scanned(&fixture, digest, "CRITICAL", DAY * 29).await;
    for target in targets {
        assert_eq!(fixture.get(target).await.status.as_u16(), 200);
        assert_eq!(fixture.request("HEAD", target).send().await.status.as_u16(), 200);
    }
    // What was found before is not believed for ever.
    fixture.clock.advance(DAY);
    let password = fixture.login(&fixture.root, REGION).await;
    fixture.password = password;
    for target in targets {
        fixture.get(target).await.assert_error(
            403,
            "DENIED",
            &format!(
                "The image with digest '{digest}' is not handed out: it has had the CRITICAL \
                 vulnerability CVE-2026-1 for more than 30 days, and the policy of this registry \
                 refuses pulls of such images"
            ),
        );
        assert_eq!(fixture.request("HEAD", target).send().await.status.as_u16(), 403);
    }
}

#[tokio::test]
async fn what_is_less_than_critical_is_handed_out() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let digest = digest_of(&manifest);
    scanned(&fixture, digest, "HIGH", DAY * 300).await;
    assert_eq!(fixture.get("/v2/team/app/manifests/v1").await.status.as_u16(), 200);
}
