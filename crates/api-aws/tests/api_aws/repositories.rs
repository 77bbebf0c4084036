//! Repositories: golden answers and refusals.

use futures_util::future::join_all;
use serde_json::{Value, json};
use wharfinger_api_aws::Endpoints;

use crate::world::{World, invalid};

fn app() -> Value {
    json!({
        "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
        "registryId": "111122223333",
        "repositoryName": "team/app",
        "repositoryUri": "localhost:4566/team/app",
        "createdAt": 1_772_368_200.0,
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": { "scanOnPush": false },
        "encryptionConfiguration": { "encryptionType": "AES256" },
    })
}

#[tokio::test]
async fn a_repository_is_created_described_and_deleted() {
    let world = World::new().await;
    let created = world.call("CreateRepository", json!({ "repositoryName": "team/app" })).await;
    assert_eq!(created.ok(), json!({ "repository": app() }));
    assert!(created.text().contains(r#""createdAt":1772368200.0"#), "{}", created.text());

    let names = json!({ "repositoryNames": ["team/app"], "registryId": "111122223333" });
    let described = world.call("DescribeRepositories", names.clone()).await.ok();
    assert_eq!(described, json!({ "repositories": [app()] }));
    assert_eq!(world.call("DescribeRepositories", json!({})).await.ok(), described);

    let deleted = world.call("DeleteRepository", json!({ "repositoryName": "team/app" })).await;
    assert_eq!(deleted.ok(), json!({ "repository": app() }));
    assert_eq!(
        world.call("DescribeRepositories", names).await.refused("RepositoryNotFoundException"),
        "The repository with name 'team/app' does not exist in the registry with id \
         '111122223333'"
    );
    let empty = world.call("DescribeRepositories", json!({})).await.ok();
    assert_eq!(empty, json!({ "repositories": [] }));
}

#[tokio::test]
async fn every_setting_of_a_new_repository_is_kept() {
    let world = World::new().await;
    let filters = json!([{ "filterType": "WILDCARD", "filter": "dev-*" }]);
    let mut expected = app();
    expected["imageTagMutability"] = "IMMUTABLE_WITH_EXCLUSION".into();
    expected["imageTagMutabilityExclusionFilters"] = filters.clone();
    expected["imageScanningConfiguration"]["scanOnPush"] = true.into();
    let created = world.call(
        "CreateRepository",
        json!({
            "repositoryName": "team/app",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": filters,
            "imageScanningConfiguration": { "scanOnPush": true },
            "encryptionConfiguration": { "encryptionType": "AES256" },
            "tags": [{ "Key": "team", "Value": "a" }],
            "aMemberOfTheFuture": [1, 2, 3],
        }),
    );
    assert_eq!(created.await.ok(), json!({ "repository": expected }));
    let arn = json!({ "resourceArn": expected["repositoryArn"] });
    let tags = world.call("ListTagsForResource", arn).await.ok();
    assert_eq!(tags, json!({ "tags": [{ "Key": "team", "Value": "a" }] }));
}

#[tokio::test]
async fn what_cannot_be_created_is_refused() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let again = world.call("CreateRepository", json!({ "repositoryName": "team/app" })).await;
    assert_eq!(
        again.refused("RepositoryAlreadyExistsException"),
        "The repository with name 'team/app' already exists in the registry with id \
         '111122223333'"
    );
    let refused =
        async |body: Value, code: &str| world.call("CreateRepository", body).await.refused(code);
    let mode = json!({ "repositoryName": "new", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION" });
    assert_eq!(
        refused(mode, "InvalidParameterException").await,
        invalid(
            "imageTagMutabilityExclusionFilters",
            "ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as \
             IMMUTABLE_WITH_EXCLUSION"
        )
    );
    let tags: Vec<Value> = (0..51).map(|n| json!({ "Key": n.to_string(), "Value": "" })).collect();
    refused(json!({ "repositoryName": "new", "tags": tags }), "TooManyTagsException").await;
    let twice = json!([{ "Key": "a", "Value": "" }, { "Key": "a", "Value": "" }]);
    let twice = json!({ "repositoryName": "new", "tags": twice });
    refused(twice, "InvalidTagParameterException").await;
    let left = world.call("DescribeRepositories", json!({})).await.ok();
    assert_eq!(left["repositories"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repository_with_images_is_deleted_by_force_only() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world.push_image("team/app", "1", Some("v1")).await;
    let delete = json!({ "repositoryName": "team/app" });
    assert_eq!(
        world.call("DeleteRepository", delete).await.refused("RepositoryNotEmptyException"),
        "The repository with name 'team/app' in registry with id '111122223333' cannot be \
         deleted because it still contains images"
    );
    let force = json!({ "repositoryName": "team/app", "force": true });
    world.call("DeleteRepository", force.clone()).await.ok();
    world.call("DeleteRepository", force).await.refused("RepositoryNotFoundException");
}

#[tokio::test]
async fn tag_mutability_is_replaced_with_its_filters() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let filters = json!([{ "filterType": "WILDCARD", "filter": "latest" }]);
    for (mode, filters) in [
        ("IMMUTABLE", None),
        ("MUTABLE_WITH_EXCLUSION", Some(filters.clone())),
        ("IMMUTABLE_WITH_EXCLUSION", Some(filters)),
        ("MUTABLE", None),
    ] {
        let mut settings = json!({ "repositoryName": "team/app", "imageTagMutability": mode });
        if let Some(filters) = filters {
            settings["imageTagMutabilityExclusionFilters"] = filters;
        }
        let answer = world.call("PutImageTagMutability", settings.clone()).await.ok();
        let mut expected = settings;
        expected["registryId"] = "111122223333".into();
        assert_eq!(answer, expected);
        let described = world.call("DescribeRepositories", json!({})).await.ok();
        let described = &described["repositories"][0];
        assert_eq!(described["imageTagMutability"], mode);
        assert_eq!(
            described["imageTagMutabilityExclusionFilters"],
            expected["imageTagMutabilityExclusionFilters"]
        );
    }
    let missing = json!({ "repositoryName": "missing", "imageTagMutability": "MUTABLE" });
    let reply = world.call("PutImageTagMutability", missing).await;
    reply.refused("RepositoryNotFoundException");
    let wrong = json!({ "repositoryName": "team/app", "imageTagMutability": "SOMETIMES" });
    assert_eq!(
        world.call("PutImageTagMutability", wrong).await.refused("InvalidParameterException"),
        invalid(
            "imageTagMutability",
            "Member must satisfy enum value set: [MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, \
             MUTABLE_WITH_EXCLUSION]"
        )
    );
}

#[tokio::test]
async fn scan_on_push_is_put() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    for (asked, scans) in [(json!({ "scanOnPush": true }), true), (json!({}), false)] {
        let put = json!({ "repositoryName": "team/app", "imageScanningConfiguration": asked });
        let answer = world.call("PutImageScanningConfiguration", put).await.ok();
        let expected = json!({
            "registryId": "111122223333", "repositoryName": "team/app",
            "imageScanningConfiguration": { "scanOnPush": scans },
        });
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_registry_describes_itself() {
    let world = World::new().await;
    let expected =
        json!({ "registryId": "111122223333", "replicationConfiguration": { "rules": [] } });
    assert_eq!(world.call("DescribeRegistry", json!({})).await.ok(), expected);
    let empty = world.send(world.ecr("DescribeRegistry", "").sign(&world.root)).await;
    assert_eq!(empty.ok(), expected);
}

#[tokio::test]
async fn the_region_of_the_signature_is_the_region_of_the_registry() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let mut draft = world.ecr("DescribeRepositories", "{}");
    draft.region = "us-east-1";
    let elsewhere = world.send(draft.sign(&world.root)).await.ok();
    assert_eq!(elsewhere, json!({ "repositories": [] }));
}

#[tokio::test]
async fn a_host_of_another_region_refuses_the_signature() {
    let world = World::new().await;
    for (host, refused) in [
        ("api.ecr.us-east-1.amazonaws.com", true),
        ("999999999999.dkr.ecr.us-east-1.example.com:8443", true),
        ("api.ecr.eu-west-1.amazonaws.com", false),
        ("ecr.us-east-1.lan", false),
    ] {
        let mut context = world.context();
        context.host = host.into();
        let describe = world.ecr("DescribeRepositories", "{}").header("host", host);
        let reply = world.send_in(&context, describe.sign(&world.root)).await;
        if refused {
            let message = reply.refused("InvalidSignatureException");
            assert_eq!(message, "Credential should be scoped to a valid region.", "{host}");
        } else {
            reply.ok();
        }
    }
}

#[tokio::test]
async fn uris_follow_the_host_or_the_template() {
    let world = World::new().await;
    let mut context = world.context();
    context.host = "api.ecr.eu-west-1.amazonaws.com".into();
    context.secure_transport = true;
    let create = world.ecr("CreateRepository", r#"{"repositoryName":"team/app"}"#);
    let create = create.header("host", context.host.clone()).sign(&world.root);
    let created = world.send_in(&context, create).await.ok();
    assert_eq!(
        created["repository"]["repositoryUri"],
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app"
    );
    let login = world.ecr("GetAuthorizationToken", "{}").header("host", context.host.clone());
    let login = world.send_in(&context, login.sign(&world.root)).await.ok();
    assert_eq!(
        login["authorizationData"][0]["proxyEndpoint"],
        "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com"
    );

    let registry_host = Some("{account}-{region}.registry.lan".to_owned());
    let world = World::with_endpoints(Endpoints { registry_host }).await;
    let created = world.call("CreateRepository", json!({ "repositoryName": "team/app" })).await;
    assert_eq!(
        created.ok()["repository"]["repositoryUri"],
        "111122223333-eu-west-1.registry.lan/team/app"
    );
}

#[tokio::test]
async fn of_many_creations_at_once_one_succeeds() {
    let world = World::new().await;
    let create = || world.call("CreateRepository", json!({ "repositoryName": "team/app" }));
    let replies = join_all((0..16).map(|_| create())).await;
    let (created, refused): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!(created.len(), 1);
    for reply in refused {
        reply.refused("RepositoryAlreadyExistsException");
    }
}
