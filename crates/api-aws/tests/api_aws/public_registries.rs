//! ECR Public: registries as wholes, their catalog data, and logins.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{HOST, World, invalid};

async fn alias(world: &World) -> String {
    let registries = world.call_public("DescribeRegistries", json!({})).await.ok();
    registries["registries"][0]["aliases"][0]["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_account_has_one_registry_with_one_alias() {
    let world = World::public().await;
    let alias = alias(&world).await;
    assert_eq!(
        world.call_public("DescribeRegistries", json!({ "maxResults": 1 })).await.ok(),
        json!({ "registries": [{
            "registryId": "111122223333",
            "registryArn": "arn:aws:ecr-public::111122223333:registry/111122223333",
            "registryUri": format!("public.example.com:4566/{alias}"),
            "verified": false,
            "aliases": [{
                "name": alias, "status": "ACTIVE", "primaryRegistryAlias": true,
                "defaultRegistryAlias": true,
            }],
        }] })
    );
    let garbage = world.call_public("DescribeRegistries", json!({ "nextToken": "AAAA" })).await;
    assert_eq!(
        garbage.refused("InvalidParameterException"),
        invalid("nextToken", "Member must be a token of this request")
    );
}

#[tokio::test]
async fn without_a_host_of_its_own_a_registry_is_under_a_path() {
    let world = World::public_by_path().await;
    let alias = alias(&world).await;
    let created = world.call_public("CreateRepository", json!({ "repositoryName": "app" })).await;
    let uri = format!("{HOST}/public.ecr.aws/{alias}/app");
    assert_eq!(created.ok()["repository"]["repositoryUri"], json!(uri));
    // A private repository of such a name could not be reached any more.
    let private = json!({ "repositoryName": "public.ecr.aws/app" });
    assert_eq!(
        world.call("CreateRepository", private).await.refused("InvalidParameterException"),
        invalid(
            "repositoryName",
            "Names that begin with 'public.ecr.aws' are those of public repositories in this \
             installation"
        )
    );
}

#[tokio::test]
async fn a_registry_has_a_display_name() {
    let world = World::public().await;
    let get = async || world.call_public("GetRegistryCatalogData", json!({})).await.ok();
    assert_eq!(get().await, json!({ "registryCatalogData": {} }));
    let named = json!({ "registryCatalogData": { "displayName": "Team" } });
    let put = async |input: Value| world.call_public("PutRegistryCatalogData", input).await;
    assert_eq!(put(json!({ "displayName": "Team" })).await.ok(), named);
    assert_eq!(get().await, named);
    assert_eq!(put(json!({})).await.ok(), json!({ "registryCatalogData": {} }));
    assert_eq!(get().await, json!({ "registryCatalogData": {} }));
    put(json!({ "displayName": "x".repeat(101) })).await.refused("InvalidParameterException");
}

#[tokio::test]
async fn a_token_logs_its_bearer_in_to_public_registries_alone() {
    let world = World::public().await;
    let answer = world.call_public("GetAuthorizationToken", json!({})).await;
    let data = answer.ok()["authorizationData"].clone();
    assert_eq!(data["expiresAt"], json!(1_772_411_400.0));
    assert_eq!(data.as_object().unwrap().len(), 2);
    let login = STANDARD.decode(data["authorizationToken"].as_str().unwrap()).unwrap();
    let login = String::from_utf8(login).unwrap();
    let password = login.strip_prefix("AWS:").unwrap();
    let found = world.auth.authenticate_public_token(&world.context(), password).await.unwrap();
    assert_eq!(found.caller.principal().access_key_id, world.root.access_key_id);
    assert_eq!(found.expires_at.seconds(), 1_772_411_400);
    assert!(world.auth.authenticate_token(&world.context(), password).await.is_err());

    let private = world.call("GetAuthorizationToken", json!({})).await.ok();
    let token = private["authorizationData"][0]["authorizationToken"].as_str().unwrap();
    let login = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
    let password = login.strip_prefix("AWS:").unwrap();
    assert!(world.auth.authenticate_public_token(&world.context(), password).await.is_err());
    assert!(world.auth.authenticate_token(&world.context(), password).await.is_ok());
}

#[tokio::test]
async fn a_token_takes_two_permissions() {
    let world = World::public().await;
    let user = async |name: &str, actions: Value| {
        let allow = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        world.user(name, json!({ "Version": "2012-10-17", "Statement": [allow] })).await
    };
    for (name, allowed, missing) in [
        ("ann", "ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"),
        ("bob", "sts:GetServiceBearerToken", "ecr-public:GetAuthorizationToken"),
    ] {
        let key = user(name, json!(allowed)).await;
        let denied = world.call_public_as(&key, "GetAuthorizationToken", json!({})).await;
        assert_eq!(
            denied.refused("AccessDeniedException"),
            format!(
                "User: arn:aws:iam::111122223333:user/{name} is not authorized to perform: \
                 {missing} on resource: * because no identity-based policy allows the {missing} \
                 action"
            )
        );
    }
    let both = json!(["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]);
    let key = user("eve", both).await;
    world.call_public_as(&key, "GetAuthorizationToken", json!({})).await.ok();
}

#[tokio::test]
async fn policies_name_the_registry_by_its_arn() {
    let world = World::public().await;
    let user = async |name: &str, account: &str| {
        let arn = format!("arn:aws:ecr-public::{account}:registry/{account}");
        let allow = json!({ "Effect": "Allow", "Action": "ecr-public:*", "Resource": arn });
        world.user(name, json!({ "Version": "2012-10-17", "Statement": [allow] })).await
    };
    let own = user("ann", "111122223333").await;
    let other = user("bob", "999999999999").await;
    for operation in ["DescribeRegistries", "GetRegistryCatalogData", "PutRegistryCatalogData"] {
        world.call_public_as(&own, operation, json!({})).await.ok();
        let denied = world.call_public_as(&other, operation, json!({})).await;
        let message = denied.refused("AccessDeniedException");
        let resource = "on resource: arn:aws:ecr-public::111122223333:registry/111122223333";
        assert!(message.contains(resource), "{message}");
    }
}

#[tokio::test]
async fn another_account_is_never_let_in() {
    let world = World::public().await;
    for (operation, body) in [
        ("DescribeRepositories", json!({})),
        ("DescribeImages", json!({ "repositoryName": "team/app" })),
        ("DescribeImageTags", json!({ "repositoryName": "team/app" })),
        ("InitiateLayerUpload", json!({ "repositoryName": "team/app" })),
        ("DeleteRepository", json!({ "repositoryName": "team/app" })),
    ] {
        let mut body = body;
        body["registryId"] = "999999999999".into();
        let denied = world.call_public(operation, body).await.refused("AccessDeniedException");
        assert!(denied.contains(&format!("ecr-public:{operation}")), "{denied}");
    }
}
