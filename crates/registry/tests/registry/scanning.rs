//! Scanning: what is configured comes back and counts, and who may ask for a scan.

use std::time::Duration;

use wharfinger_auth::actions::PutImageScanningConfiguration;
use wharfinger_core::Digest;
use wharfinger_metadata::scan::{self, ScanRow};
use wharfinger_metadata::{MetadataError, repository};
use wharfinger_registry::{
    Error, ImageScan, PageRequest, RequestedImage, ScanFrequency, ScanStatus, ScanType,
    ScanningConfiguration, ScanningFilter, ScanningRule,
};

use super::fixture::{Fixture, by_digest, by_tag, index_of, permit_for};

pub fn rule(frequency: ScanFrequency, filters: &[&str]) -> ScanningRule {
    let filters = filters.iter().map(|filter| ScanningFilter::new(filter).unwrap()).collect();
    ScanningRule { frequency, filters }
}

pub async fn configure(fixture: &Fixture, scan_type: ScanType, rules: Vec<ScanningRule>) {
    let configuration = ScanningConfiguration::new(scan_type, rules).unwrap();
    fixture
        .registry
        .put_registry_scanning_configuration(&permit_for(""), &configuration)
        .await
        .unwrap();
    let stored = fixture.registry.get_registry_scanning_configuration(&permit_for("")).await;
    assert_eq!(stored.unwrap(), configuration);
}

async fn start(fixture: &Fixture, image: RequestedImage) -> Result<ImageScan, Error> {
    let started = fixture.registry.start_image_scan(&permit_for("app"), image).await;
    started.map(|(_, scan)| scan)
}

async fn described(fixture: &Fixture, image: RequestedImage) -> Result<ImageScan, Error> {
    let page = PageRequest::default();
    let permit = permit_for("app");
    let found = fixture.registry.describe_image_scan_findings(&permit, image, &page).await;
    found.map(|described| described.scan)
}

/// A scan that somebody has left behind.
async fn left_behind(fixture: &Fixture, digest: Digest, status: &'static str) {
    let started_at = wharfinger_core::Clock::now(&*fixture.clock);
    let written: Result<(), MetadataError> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let resource = permit_for::<PutImageScanningConfiguration>("app");
                let resource = resource.resource();
                let row = repository::find(tx, &resource.registry, &resource.name).await?.unwrap();
                let why = "The scan was completed successfully.";
                let scan = ScanRow::without_findings(digest, "BASIC", status, why, started_at);
                scan::put(tx, row.id, &scan, None).await
            })
        })
        .await;
    written.unwrap();
}

#[tokio::test]
async fn the_configuration_outlives_the_process() {
    let fixture = Fixture::new();
    let fresh = fixture.registry.get_registry_scanning_configuration(&permit_for("")).await;
    assert_eq!(fresh.unwrap(), ScanningConfiguration::default());
    let rules = vec![
        rule(ScanFrequency::ScanOnPush, &["*"]),
        rule(ScanFrequency::ContinuousScan, &["prod*", "team/app"]),
    ];
    configure(&fixture, ScanType::Enhanced, rules.clone()).await;
    let fixture = fixture.restarted();
    let found =
        fixture.registry.get_registry_scanning_configuration(&permit_for("")).await.unwrap();
    assert_eq!((found.scan_type(), found.rules()), (ScanType::Enhanced, &rules[..]));
    configure(&fixture, ScanType::Basic, vec![]).await;
}

#[tokio::test]
async fn rules_and_the_flag_of_the_repository_come_together() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.create("prod/api", "MUTABLE").await.unwrap();
    let effective = async || {
        let permit = permit_for("prod/api app none");
        let batch = fixture.registry.batch_get_repository_scanning_configuration(&permit).await;
        let batch = batch.unwrap();
        assert_eq!(batch.missing, ["none".parse().unwrap()]);
        let pushes = batch.found.iter().map(|(name, it)| (name.to_string(), it.scan_on_push));
        pushes.collect::<Vec<_>>()
    };
    let both = |prod, app| vec![("prod/api".to_owned(), prod), ("app".to_owned(), app)];
    assert_eq!(effective().await, both(false, false));
    let permit = permit_for("app");
    fixture.registry.put_image_scanning_configuration(&permit, true).await.unwrap();
    assert_eq!(effective().await, both(false, true));
    let prod = || vec![rule(ScanFrequency::ScanOnPush, &["prod"])];
    configure(&fixture, ScanType::Basic, prod()).await;
    assert_eq!(effective().await, both(true, true));
    configure(&fixture, ScanType::Enhanced, prod()).await;
    assert_eq!(effective().await, both(true, false));
}

#[tokio::test]
async fn an_image_is_scanned_once_in_twenty_four_hours() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for (content, status, counts) in [
        ("1", "COMPLETE", true),
        ("2", "FAILED", false),
        // Nobody has the job of it.
        ("3", "IN_PROGRESS", false),
    ] {
        let digest = fixture.image("app", content, None).await;
        left_behind(&fixture, digest, status).await;
        for hours in [0, 23] {
            fixture.clock.advance(Duration::from_secs(hours * 3600));
            let started = start(&fixture, by_digest(&digest)).await;
            match counts {
                true => assert!(matches!(started, Err(Error::ScanQuotaExceeded)), "{status}"),
                false => {
                    assert_eq!(started.unwrap().status, ScanStatus::InProgress, "{status}");
                    break;
                }
            }
        }
        let again = start(&fixture, by_digest(&digest)).await;
        assert!(matches!(again, Err(Error::ScanQuotaExceeded)), "{status}: it is under way");
        fixture.clock.advance(Duration::from_secs(24 * 3600));
        assert!(start(&fixture, by_digest(&digest)).await.is_ok());
    }
}

#[tokio::test]
async fn what_cannot_be_scanned_is_refused_in_order() {
    let fixture = Fixture::new();
    let missing = start(&fixture, by_tag("v1")).await;
    assert!(matches!(missing, Err(Error::RepositoryNotFound { .. })));
    fixture.create("app", "MUTABLE").await.unwrap();
    let child = fixture.image("app", "1", Some("v1")).await;
    fixture.put("app", &index_of(&[child]), Some("all")).await.unwrap();

    configure(&fixture, ScanType::Enhanced, vec![]).await;
    let missing = start(&fixture, by_tag("v9")).await;
    assert!(matches!(missing, Err(Error::ImageNotFound { .. })));
    for tag in ["v1", "all"] {
        let disabled = start(&fixture, by_tag(tag)).await;
        let Err(Error::Validation { reason }) = disabled else { panic!("{disabled:?}") };
        assert_eq!(reason, "This feature is disabled");
    }
    configure(&fixture, ScanType::Basic, vec![]).await;
    let index = start(&fixture, by_tag("all")).await;
    assert!(matches!(index, Err(Error::UnsupportedImageType { .. })));
    let nothing = start(&fixture, RequestedImage::default()).await;
    assert!(matches!(nothing, Err(Error::InvalidParameter { member: "imageId", .. })));
    for tag in ["v1", "all"] {
        let never = described(&fixture, by_tag(tag)).await;
        assert!(matches!(never, Err(Error::ScanNotFound { .. })), "{tag}");
    }
    let page = PageRequest { max_results: None, next_token: Some("garbage".into()) };
    let permit = permit_for("app");
    let foreign = fixture.registry.describe_image_scan_findings(&permit, by_tag("v1"), &page).await;
    assert!(matches!(foreign, Err(Error::InvalidParameter { member: "nextToken", .. })));
}
