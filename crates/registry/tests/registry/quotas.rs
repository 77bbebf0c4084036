//! Quotas: those that are adjusted hold at their new figure, the others at ECR's.

use bytes::Bytes;
use wharfinger_auth::actions::CreateRepository;
use wharfinger_core::limits::{LAYER_BYTES_MAX, LAYER_PARTS_MAX};
use wharfinger_core::{Quotas, UploadId};
use wharfinger_metadata::upload::UploadRow;
use wharfinger_metadata::{MetadataError, repository, upload};
use wharfinger_registry::{Error, LayerPart};

use super::fixture::{Fixture, permit_for};

fn limit(error: Error) -> (&'static str, u64) {
    match error {
        Error::LimitExceeded { what, limit } => (what, limit),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn adjusted_quotas_hold() {
    let fixture = Fixture::with_quotas(Quotas {
        repositories_max: 2,
        images_per_repository_max: 3,
        tags_per_image_max: 4,
        ..Quotas::default()
    });
    for name in ["app", "other"] {
        fixture.create(name, "MUTABLE").await.unwrap();
    }
    let refused = fixture.create("third", "MUTABLE").await.unwrap_err();
    assert_eq!(limit(refused), ("repositories per registry", 2));
    fixture.registry.delete_repository(&permit_for("other"), false).await.unwrap();
    fixture.create("third", "MUTABLE").await.unwrap();

    let mut last = String::new();
    for content in ["1", "2", "3"] {
        last = fixture.manifest("app", content).await;
        fixture.put("app", &last, None).await.unwrap();
    }
    let more = fixture.manifest("app", "4").await;
    let refused = fixture.put("app", &more, Some("v1")).await.unwrap_err();
    assert_eq!(limit(refused), ("images per repository", 3));
    for tag in ["v1", "v2", "v3", "v4"] {
        fixture.put("app", &last, Some(tag)).await.unwrap();
    }
    let refused = fixture.put("app", &last, Some("v5")).await.unwrap_err();
    assert_eq!(limit(refused), ("tags per image", 4));
}

/// An upload as it stands after as much as `change` says has arrived.
async fn arrived(fixture: &Fixture, change: fn(&mut UploadRow)) -> UploadId {
    let upload_id = fixture.begin("app").await;
    let moved: Result<bool, MetadataError> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let permit = permit_for::<CreateRepository>("app");
                let resource = permit.resource();
                let found = repository::find(tx, &resource.registry, &resource.name).await?;
                let found = upload::find(tx, found.unwrap().id, &upload_id).await?;
                let mut row = found.unwrap();
                let was_received = row.received_bytes;
                change(&mut row);
                upload::advance(tx, &row, was_received).await
            })
        })
        .await;
    assert!(moved.unwrap());
    upload_id
}

#[tokio::test]
async fn a_layer_has_so_many_parts_and_bytes() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for (change, first_byte, quota) in [
        (
            (|row| row.part_count = LAYER_PARTS_MAX.into()) as fn(&mut UploadRow),
            0,
            ("parts per layer", 4_200),
        ),
        (
            |row| row.received_bytes = LAYER_BYTES_MAX,
            LAYER_BYTES_MAX,
            ("bytes per layer", 52_000 * 1024 * 1024),
        ),
    ] {
        let upload_id = arrived(&fixture, change).await;
        let bytes = Bytes::from_static(b"x");
        let part = LayerPart { first_byte, last_byte: first_byte, bytes };
        let permit = permit_for("app");
        let refused = fixture.registry.upload_layer_part(&permit, upload_id, part).await;
        assert_eq!(limit(refused.unwrap_err()), quota);
    }
}
