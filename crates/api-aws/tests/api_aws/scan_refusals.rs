//! The pull policy and what is stated: a CRITICAL vulnerability that is suppressed does not make an image
//! old, whatever else it has.

use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_advisories::Record;
use wharfinger_auth::actions::PutRegistryScanningConfiguration;
use wharfinger_auth::{Permit, RegistryResource};
use wharfinger_package::{Ecosystem, Family, Severity};
use wharfinger_registry::JobKind;

use crate::scan_findings::{affected, configuration, import, scanned};
use crate::world::{World, registry_id};

const DAY: Duration = Duration::from_secs(86_400);

fn permit() -> Permit<PutRegistryScanningConfiguration> {
    Permit::system(RegistryResource { registry: registry_id() })
}

/// States that the vulnerability of openssl does not matter.
async fn state(world: &World) {
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x", "author": "ann",
        "timestamp": "2026-11-21T00:00:00Z", "version": 1,
        "statements": [{
            "vulnerability": { "name": "CVE-2024-0001" }, "status": "fixed",
            "products": [{ "@id": "pkg:deb/debian/openssl" }],
        }],
    });
    let document = document.to_string().into_bytes();
    world.registry.add_vex_document(&permit(), document).await.unwrap();
    world.run_jobs().await;
}

/// Another critical vulnerability is found.
async fn find_another(world: &World) {
    let debian = vec![
        Record::Covers(Ecosystem::released(Family::Debian, "12")),
        affected("openssl", "CVE-2024-0001", Severity::Critical, None),
        affected("zlib", "CVE-2024-0003", Severity::Critical, None),
    ];
    import(&world.advisories, "debian", debian);
    world.registry.ask_for_job(JobKind::MatchAdvisories, "").await.unwrap();
    world.run_jobs().await;
}

/// For which vulnerability the image is refused, if it is.
async fn refused_for(world: &World) -> Option<&'static str> {
    let wanted = json!({ "repositoryName": "team/app", "imageIds": [{ "imageTag": "v1" }] });
    let reply = world.call("BatchGetImage", wanted).await;
    if reply.status == 200 {
        return None;
    }
    let text = reply.refused("AccessDeniedException");
    let known = ["CVE-2024-0001", "CVE-2024-0003"];
    Some(known.into_iter().find(|id| text.contains(id)).unwrap())
}

#[tokio::test]
async fn of_a_watched_image_only_what_is_not_suppressed_grows_old() {
    let (world, _) = scanned(configuration("ENHANCED", "CONTINUOUS_SCAN")).await;
    world.clock.advance(DAY * 20);
    find_another(&world).await;
    assert_eq!(refused_for(&world).await, None);
    world.clock.advance(DAY * 10);
    assert_eq!(refused_for(&world).await, Some("CVE-2024-0001"));
    state(&world).await;
    assert_eq!(refused_for(&world).await, None, "the other one is ten days old");
    world.clock.advance(DAY * 20);
    assert_eq!(refused_for(&world).await, Some("CVE-2024-0003"));
    world.registry.remove_vex_document(&permit(), "urn:x".into()).await.unwrap();
    world.run_jobs().await;
    assert_eq!(refused_for(&world).await, Some("CVE-2024-0001"), "the older one");
}

#[tokio::test]
async fn what_a_scan_has_kept_is_refused_for_what_is_not_suppressed() {
    let (world, _) = scanned(configuration("BASIC", "SCAN_ON_PUSH")).await;
    world.clock.advance(DAY);
    find_another(&world).await;
    let wanted = json!({ "repositoryName": "team/app", "imageId": { "imageTag": "v1" } });
    world.call("StartImageScan", wanted).await.ok();
    world.run_jobs().await;
    world.clock.advance(DAY * 30);
    assert_eq!(refused_for(&world).await, Some("CVE-2024-0001"));
    state(&world).await;
    assert_eq!(refused_for(&world).await, Some("CVE-2024-0003"));
}

#[tokio::test]
async fn an_image_all_of_whose_critical_findings_are_suppressed_is_handed_out() {
    let (world, _) = scanned(configuration("BASIC", "SCAN_ON_PUSH")).await;
    world.clock.advance(DAY * 300);
    assert_eq!(refused_for(&world).await, Some("CVE-2024-0001"));
    state(&world).await;
    assert_eq!(refused_for(&world).await, None);
    let found: Value = {
        let body = json!({ "repositoryName": "team/app" });
        world.call("DescribeImages", body).await.ok()["imageDetails"][0].clone()
    };
    let counts = &found["imageScanFindingsSummary"]["findingSeverityCounts"];
    assert_eq!(counts, &json!({ "UNDEFINED": 1 }));
}
