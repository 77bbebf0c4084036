//! Scanning: what is configured comes back and counts; what is asked for is not pretended.

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

fn rule(frequency: ScanFrequency, filters: &[&str]) -> ScanningRule {
    let filters = filters.iter().map(|filter| ScanningFilter::new(filter).unwrap()).collect();
    ScanningRule { frequency, filters }
}

async fn configure(fixture: &Fixture, scan_type: ScanType, rules: Vec<ScanningRule>) {
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
    found.map(|(_, scan)| scan)
}

/// A scan that a scanner of the future has left behind.
async fn left_behind(fixture: &Fixture, digest: Digest, status: &'static str) {
    let started_at = wharfinger_core::Clock::now(&*fixture.clock);
    let written: Result<(), MetadataError> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let resource = permit_for::<PutImageScanningConfiguration>("app");
                let resource = resource.resource();
                let row = repository::find(tx, &resource.registry, &resource.name).await?.unwrap();
                let scan = ScanRow {
                    digest,
                    scan_type: "BASIC".into(),
                    status: status.into(),
                    description: "The scan was completed successfully.".into(),
                    started_at,
                };
                scan::put(tx, row.id, &scan).await
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
async fn a_scan_that_nothing_carries_out_has_failed_and_may_be_asked_for_again() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "1", Some("v1")).await;
    let never = described(&fixture, by_tag("v1")).await;
    assert!(matches!(never, Err(Error::ScanNotFound { .. })));
    let failed = ImageScan {
        status: ScanStatus::Failed,
        description:
            "This version of Wharfinger has no scanner: nothing of the image was examined.".into(),
    };
    for image in [by_tag("v1"), by_digest(&digest), by_tag("v1")] {
        assert_eq!(start(&fixture, image.clone()).await.unwrap(), failed);
        assert_eq!(described(&fixture, image).await.unwrap(), failed);
    }
    let permit = permit_for("app");
    let details = fixture.registry.describe_images_by_id(&permit, vec![by_tag("v1")]).await;
    assert_eq!(details.unwrap()[0].scan, Some(failed));

    // Enhanced scanning has seen nothing of it; going back shows it again.
    configure(&fixture, ScanType::Enhanced, vec![]).await;
    let hidden = described(&fixture, by_tag("v1")).await;
    assert!(matches!(hidden, Err(Error::ScanNotFound { .. })));
    configure(&fixture, ScanType::Basic, vec![]).await;
    assert!(described(&fixture, by_tag("v1")).await.is_ok());

    // A new image of the same tag was never scanned.
    fixture.image("app", "2", Some("v1")).await;
    let moved = described(&fixture, by_tag("v1")).await;
    assert!(matches!(moved, Err(Error::ScanNotFound { .. })));
}

#[tokio::test]
async fn an_image_is_scanned_once_in_twenty_four_hours() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for (content, status) in [("1", "COMPLETE"), ("2", "IN_PROGRESS")] {
        let digest = fixture.image("app", content, None).await;
        left_behind(&fixture, digest, status).await;
        for hours in [0, 23] {
            fixture.clock.advance(Duration::from_secs(hours * 3600));
            let refused = start(&fixture, by_digest(&digest)).await;
            assert!(matches!(refused, Err(Error::ScanQuotaExceeded)), "{status} {hours}");
            let kept = described(&fixture, by_digest(&digest)).await.unwrap();
            assert_ne!(kept.status, ScanStatus::Failed);
        }
        fixture.clock.advance(Duration::from_secs(3600));
        assert_eq!(start(&fixture, by_digest(&digest)).await.unwrap().status, ScanStatus::Failed);
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
