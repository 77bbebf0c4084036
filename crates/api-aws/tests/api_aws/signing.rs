//! Signing: the configuration, and the truth about signatures.

use serde_json::{Value, json};

use crate::world::{World, invalid};

fn profile(name: &str) -> String {
    format!("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/{name}")
}

fn rule(name: &str, filters: &[&str]) -> Value {
    let wildcard = |filter: &&str| json!({ "filter": filter, "filterType": "WILDCARD_MATCH" });
    let filters: Vec<Value> = filters.iter().map(wildcard).collect();
    json!({ "signingProfileArn": profile(name), "repositoryFilters": filters })
}

fn configuration(rules: &[Value]) -> Value {
    json!({ "signingConfiguration": { "rules": rules } })
}

#[tokio::test]
async fn the_configuration_is_put_read_and_removed() {
    let world = World::new().await;
    let missing = "Signing configuration does not exist in the registry with id '111122223333'";
    for operation in ["GetSigningConfiguration", "DeleteSigningConfiguration"] {
        let refused = world.call(operation, json!({})).await;
        assert_eq!(refused.refused("SigningConfigurationNotFoundException"), missing);
    }
    let every = json!({ "signingProfileArn": profile("every") });
    let body = configuration(&[rule("some", &["team/*", "*prod*"]), every]);
    assert_eq!(world.call("PutSigningConfiguration", body.clone()).await.ok(), body);
    let mut golden = body;
    golden["registryId"] = "111122223333".into();
    assert_eq!(world.call("GetSigningConfiguration", json!({})).await.ok(), golden);
    assert_eq!(world.call("DeleteSigningConfiguration", json!({})).await.ok(), golden);
    let gone = world.call("GetSigningConfiguration", json!({})).await;
    gone.refused("SigningConfigurationNotFoundException");
    let empty = configuration(&[]);
    assert_eq!(world.call("PutSigningConfiguration", empty.clone()).await.ok(), empty);
    let found = world.call("GetSigningConfiguration", json!({})).await.ok();
    assert_eq!(found["signingConfiguration"], empty["signingConfiguration"]);
}

#[tokio::test]
async fn profiles_are_of_the_registrys_region() {
    let world = World::new().await;
    let foreign = profile("one").replace("eu-west-1", "us-east-1");
    let body = configuration(&[json!({ "signingProfileArn": foreign })]);
    assert_eq!(
        world.call("PutSigningConfiguration", body).await.refused("InvalidParameterException"),
        invalid("signingProfileArn", "The signing profile must be in region eu-west-1")
    );
    let another = profile("one").replace("111122223333", "999999999999");
    let body = configuration(&[json!({ "signingProfileArn": another })]);
    world.call("PutSigningConfiguration", body).await.ok();
    let rules: Vec<Value> = (0..11).map(|number| rule(&format!("p{number}"), &["*"])).collect();
    let many = world.call("PutSigningConfiguration", configuration(&rules)).await;
    many.refused("InvalidParameterException");
}

#[tokio::test]
async fn no_signature_is_claimed_that_was_not_made() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let digest = world.push_image("team/app", "1", Some("v1")).await;
    let body = json!({ "repositoryName": "team/app", "imageId": { "imageTag": "v1" } });
    let status = async || world.call("DescribeImageSigningStatus", body.clone()).await.ok();
    let mut golden = json!({
        "repositoryName": "team/app", "registryId": "111122223333",
        "imageId": { "imageDigest": digest, "imageTag": "v1" }, "signingStatuses": [],
    });
    assert_eq!(status().await, golden);
    let none = configuration(&[rule("one", &["other", "team/ap", "*app/x"])]);
    world.call("PutSigningConfiguration", none).await.ok();
    assert_eq!(status().await, golden);
    let every = json!({ "signingProfileArn": profile("every") });
    let rules = [rule("one", &["no", "team/*"]), every, rule("one", &["*"]), rule("two", &["no"])];
    world.call("PutSigningConfiguration", configuration(&rules)).await.ok();
    let failed = |name: &str| {
        json!({
            "signingProfileArn": profile(name), "status": "FAILED",
            "failureCode": "SigningNotAvailable",
            "failureReason": "Signing is not available in this registry. No signature was made.",
        })
    };
    golden["signingStatuses"] = json!([failed("one"), failed("every")]);
    assert_eq!(status().await, golden);
}

#[tokio::test]
async fn an_image_that_is_not_there_has_no_status() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let asked = async |id: Value| {
        let body = json!({ "repositoryName": "team/app", "imageId": id });
        world.call("DescribeImageSigningStatus", body).await
    };
    assert_eq!(
        asked(json!({ "imageTag": "v1" })).await.refused("ImageNotFoundException"),
        "The image with imageId {imageDigest:'null', imageTag:'v1'} does not exist within the \
         repository with name 'team/app' in the registry with id '111122223333'"
    );
    asked(json!({})).await.refused("InvalidParameterException");
    let elsewhere = json!({ "repositoryName": "none", "imageId": { "imageTag": "v1" } });
    let elsewhere = world.call("DescribeImageSigningStatus", elsewhere).await;
    elsewhere.refused("RepositoryNotFoundException");
}
