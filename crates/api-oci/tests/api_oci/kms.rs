//! Repositories under a KMS key that is switched off, and on again.

use wharfinger_auth::{Permit, RepositoryResource, actions};
use wharfinger_core::RegistryId;
use wharfinger_registry::{Encryption, NewRepository, TagMutability};

use super::fixture::{Fixture, REGION, Reply, digest_of, fixture};

fn registry(fixture: &Fixture) -> RegistryId {
    RegistryId::new(fixture.account(), REGION.parse().unwrap())
}

async fn with_repository(kind: &str) -> (Fixture, String) {
    let fixture = fixture().await;
    let registry = registry(&fixture);
    let key = fixture.kms.create_key(&registry, "", None).await.unwrap();
    let resource = RepositoryResource { registry, name: "sealed".parse().unwrap() };
    let permit = Permit::<actions::CreateRepository>::system(resource);
    let new = NewRepository {
        tag_mutability: TagMutability::Mutable,
        scan_on_push: false,
        encryption: Encryption::new(Some(kind), Some(&key.arn)).unwrap(),
        tags: Vec::new(),
    };
    fixture.registry.create_repository(&permit, None, new).await.unwrap();
    (fixture, key.arn)
}

async fn stops_and_goes_on(kind: &str) {
    let (fixture, key) = with_repository(kind).await;
    let layer = vec![9; 200_000];
    let manifest = fixture.push_image("sealed", "v1", &layer).await;
    let upload = fixture.begin_upload("sealed").await;
    let blob = format!("/v2/sealed/blobs/{}", digest_of(&layer));
    let ranged = async |fixture: &Fixture| {
        fixture.request("GET", &blob).header("range", "bytes=65530-65540").send().await
    };

    fixture.kms.set_key_enabled(&registry(&fixture), &key, false).await.unwrap();
    let told = format!(r#"{{"errors":[{{"code":"UNSUPPORTED","message":"{key} is disabled."}}]}}"#);
    let refused = |reply: Reply| {
        assert_eq!((reply.status.as_u16(), reply.text()), (400, told.as_str()), "{reply:?}");
    };
    refused(fixture.get("/v2/sealed/manifests/v1").await);
    refused(fixture.put_manifest("/v2/sealed/manifests/v2", &manifest).await);
    refused(fixture.get(&blob).await);
    refused(ranged(&fixture).await);
    refused(fixture.request("POST", "/v2/sealed/blobs/uploads/").send().await);
    refused(fixture.request("PATCH", &upload).body(b"bytes").send().await);
    let head = fixture.request("HEAD", "/v2/sealed/manifests/v1").send().await;
    assert_eq!(head.status.as_u16(), 400, "{head:?}");
    // Of what is not there, a key has nothing to say.
    let absent = fixture.get("/v2/sealed/manifests/v7").await;
    assert_eq!(absent.status.as_u16(), 404, "{absent:?}");

    fixture.kms.set_key_enabled(&registry(&fixture), &key, true).await.unwrap();
    assert_eq!(fixture.get("/v2/sealed/manifests/v1").await.body.as_ref(), manifest);
    assert_eq!(fixture.get(&blob).await.body.as_ref(), layer);
    let part = ranged(&fixture).await;
    assert_eq!((part.status.as_u16(), part.body.as_ref()), (206, &layer[..11]));
    let fed = fixture.request("PATCH", &upload).body(b"bytes").send().await;
    assert_eq!(fed.status.as_u16(), 202, "{fed:?}");
    let ended = format!("{upload}?digest={}", digest_of(b"bytes"));
    let ended = fixture.request("PUT", &ended).send().await;
    assert_eq!(ended.status.as_u16(), 201, "{ended:?}");
}

#[tokio::test]
async fn a_disabled_key_is_told_and_heals() {
    stops_and_goes_on("KMS").await;
}

#[tokio::test]
async fn a_disabled_key_of_two_ciphers_is_told_and_heals() {
    stops_and_goes_on("KMS_DSSE").await;
}
