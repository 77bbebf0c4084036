//! Pushes to repositories that are not there, with and without a creation template.

use futures_util::future::join_all;
use wharfinger_auth::{
    Permit, RegistryResource, RepositoriesResource, RepositoryResource, actions,
};
use wharfinger_core::RegistryId;
use wharfinger_registry::{
    CreationTemplateSettings, PageRequest, Repository, TemplateEncryption, TemplateScenario,
};

use super::fixture::{Fixture, REGION, digest_of, fixture, manifest};

const PUSH: [&str; 4] =
    ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"];

fn registry(fixture: &Fixture) -> RegistryId {
    RegistryId::new(fixture.account(), REGION.parse().unwrap())
}

fn on_push() -> CreationTemplateSettings {
    let applied_for = Some(vec![TemplateScenario::CreateOnPush]);
    CreationTemplateSettings { applied_for, ..CreationTemplateSettings::default() }
}

async fn template(fixture: &Fixture, prefix: &str, settings: CreationTemplateSettings) {
    let permit = Permit::system(RegistryResource { registry: registry(fixture) });
    let service = &fixture.registry;
    service.create_repository_creation_template(&permit, prefix.into(), settings).await.unwrap();
}

async fn repositories(fixture: &Fixture) -> Vec<Repository> {
    let resource = RepositoriesResource { registry: registry(fixture), names: Vec::new() };
    let permit = Permit::<actions::DescribeRepositories>::system(resource);
    let page = PageRequest::default();
    fixture.registry.describe_repositories(&permit, &page).await.unwrap().items
}

async fn tags(fixture: &Fixture, name: &str) -> Vec<(String, String)> {
    let resource = RepositoryResource { registry: registry(fixture), name: name.parse().unwrap() };
    fixture.registry.list_tags_for_resource(&Permit::system(resource)).await.unwrap()
}

fn unknown(name: &str) -> String {
    format!(
        "The repository with name '{name}' does not exist in the registry with id '111122223333'"
    )
}

#[tokio::test]
async fn a_whole_push_into_a_missing_repository_creates_it_as_the_template_says() {
    let fixture = fixture().await;
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let settings = CreationTemplateSettings {
        tag_mutability: Some("IMMUTABLE"),
        resource_tags: Some(vec![tag("owner", "new"), tag("stage", "")]),
        ..on_push()
    };
    template(&fixture, "new", settings).await;
    let pushed = fixture.push_image("new/app", "v1", b"layer").await;
    assert_eq!(fixture.get("/v2/new/app/manifests/v1").await.body, pushed);
    let records = fixture.log.records().await;
    let also = records.iter().map(|record| &record["additionalEventData"]["alsoPerformed"]);
    let creating = also.filter(|also| also[0] == "CreateRepository").count();
    assert_eq!(creating, 1, "one of the requests has created it, and says so");
    let repositories = repositories(&fixture).await;
    let created = repositories.iter().find(|it| it.name.as_str() == "new/app").unwrap();
    assert_eq!(created.tag_mutability.mode(), "IMMUTABLE");
    assert!(!created.scan_on_push);
    assert_eq!(created.encryption.encryption_type, "AES256");
    assert_eq!(tags(&fixture, "new/app").await, [tag("owner", "new"), tag("stage", "")]);
    fixture.push_blob("new/app", b"other").await;
    let moved = fixture.put_manifest("/v2/new/app/manifests/v1", &manifest(b"{}", b"other")).await;
    let message = "The image tag 'v1' already exists in the 'new/app' repository and cannot be \
                   overwritten because the tag is immutable.";
    moved.assert_error(400, "TAG_INVALID", message);
}

#[tokio::test]
async fn a_manifest_without_layers_of_its_own_creates_as_well() {
    let fixture = fixture().await;
    template(&fixture, "ROOT", on_push()).await;
    let index = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    let media_type = "application/vnd.oci.image.index.v1+json";
    let put = async |body: &[u8]| {
        let request = fixture.request("PUT", "/v2/empty/manifests/v1");
        request.header("content-type", media_type).body(body).send().await
    };
    let broken = put(b"{").await;
    assert_eq!(broken.status.as_u16(), 405, "{broken:?}");
    assert_eq!(repositories(&fixture).await.len(), 1);
    let reply = put(index).await;
    assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
    assert_eq!(fixture.get("/v2/empty/manifests/v1").await.text().as_bytes(), index);
}

#[tokio::test]
async fn without_a_template_for_it_a_push_misses_its_repository() {
    let fixture = fixture().await;
    let replication = CreationTemplateSettings {
        applied_for: Some(vec![TemplateScenario::Replication, TemplateScenario::PullThroughCache]),
        ..CreationTemplateSettings::default()
    };
    template(&fixture, "ROOT", replication).await;
    template(&fixture, "new", on_push()).await;
    for name in ["new", "newer/app", "other/new/app"] {
        let begun = fixture.request("POST", &format!("/v2/{name}/blobs/uploads/")).send().await;
        begun.assert_error(404, "NAME_UNKNOWN", &unknown(name));
        let target = format!("/v2/{name}/blobs/uploads/?digest={}", digest_of(b"x"));
        let whole = fixture.request("POST", &target).body(b"x").send().await;
        whole.assert_error(404, "NAME_UNKNOWN", &unknown(name));
        let target = format!("/v2/{name}/manifests/v1");
        let put = fixture.put_manifest(&target, &manifest(b"{}", b"x")).await;
        put.assert_error(404, "NAME_UNKNOWN", &unknown(name));
    }
    // What is read does not create.
    fixture.get("/v2/new/app/manifests/v1").await.assert_error(
        404,
        "NAME_UNKNOWN",
        &unknown("new/app"),
    );
    assert_eq!(repositories(&fixture).await.len(), 1);
}

#[tokio::test]
async fn who_pushes_must_be_allowed_to_create_and_to_tag() {
    let fixture = fixture().await;
    let tagged = CreationTemplateSettings {
        resource_tags: Some(vec![("owner".into(), "ann".into())]),
        ..on_push()
    };
    template(&fixture, "new", on_push()).await;
    template(&fixture, "new/tagged", tagged).await;
    let key = fixture.user("ann", &["ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    let push = async |name: &str, more: &[&str]| {
        fixture.allow("ann", &[&PUSH, more].concat()).await;
        let target = format!("/v2/{name}/blobs/uploads/");
        fixture.request("POST", &target).login(&password).send().await
    };
    let denied = |name: &str, action: &str| {
        format!(
            "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: {action} on \
             resource: arn:aws:ecr:eu-west-1:111122223333:repository/{name} because no \
             identity-based policy allows the {action} action"
        )
    };
    for name in ["new/app", "new/tagged/app"] {
        let message = denied(name, "ecr:CreateRepository");
        push(name, &[]).await.assert_error(403, "DENIED", &message);
    }
    // Where nothing would be created, nothing is said of creating.
    push("other", &[]).await.assert_error(404, "NAME_UNKNOWN", &unknown("other"));
    let create = ["ecr:CreateRepository"];
    let message = denied("new/tagged/app", "ecr:TagResource");
    push("new/tagged/app", &create).await.assert_error(403, "DENIED", &message);
    assert_eq!(repositories(&fixture).await.len(), 1);
    assert_eq!(push("new/app", &create).await.status.as_u16(), 202);
    let create_and_tag = ["ecr:CreateRepository", "ecr:TagResource"];
    assert_eq!(push("new/tagged/app", &create_and_tag).await.status.as_u16(), 202);
    assert_eq!(tags(&fixture, "new/tagged/app").await, [("owner".into(), "ann".into())]);
    // Once it is there, it takes no more than any push.
    assert_eq!(push("new/tagged/app", &[]).await.status.as_u16(), 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pushes_at_once_create_it_once() {
    let fixture = fixture().await;
    template(&fixture, "new", on_push()).await;
    let replies = join_all((0..8_u8).map(|number| {
        let target = format!("/v2/new/app/blobs/uploads/?digest={}", digest_of(&[number]));
        fixture.request("POST", &target).body(&[number]).send()
    }))
    .await;
    for reply in replies {
        assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
    }
    assert_eq!(repositories(&fixture).await.len(), 2);
    for number in 0..8_u8 {
        let target = format!("/v2/new/app/blobs/{}", digest_of(&[number]));
        assert_eq!(fixture.get(&target).await.body.as_ref(), [number]);
    }
}

#[tokio::test]
async fn a_template_whose_key_cannot_be_had_creates_nothing() {
    let fixture = fixture().await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000";
    let settings = CreationTemplateSettings {
        encryption: Some(TemplateEncryption {
            encryption_type: "KMS".into(),
            kms_key: Some(key.into()),
        }),
        ..on_push()
    };
    template(&fixture, "new", settings).await;
    let reply = fixture.request("POST", "/v2/new/app/blobs/uploads/").send().await;
    assert_eq!(reply.status.as_u16(), 400, "{reply:?}");
    assert!(reply.text().starts_with(r#"{"errors":[{"code":"UNSUPPORTED","#), "{reply:?}");
    assert_eq!(repositories(&fixture).await.len(), 1);
}
