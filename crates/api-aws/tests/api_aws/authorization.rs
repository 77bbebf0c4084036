//! Tokens, and who may do what.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, World, registry_id};

#[tokio::test]
async fn a_token_logs_its_bearer_in() {
    let world = World::new().await;
    let answer = world.call("GetAuthorizationToken", json!({})).await;
    let data = answer.ok()["authorizationData"].clone();
    assert_eq!(data.as_array().unwrap().len(), 1);
    assert_eq!(data[0]["proxyEndpoint"], "http://localhost:4566");
    assert_eq!(data[0]["expiresAt"], json!(1_772_411_400.0));
    assert!(answer.text().contains(r#""expiresAt":1772411400.0"#));

    let login = STANDARD.decode(data[0]["authorizationToken"].as_str().unwrap()).unwrap();
    let login = String::from_utf8(login).unwrap();
    let password = login.strip_prefix("AWS:").unwrap();
    let (caller, registry) =
        world.auth.authenticate_token(&world.context(), password).await.unwrap();
    assert_eq!(caller.principal().access_key_id, world.root.access_key_id);
    assert_eq!(registry, registry_id());
}

#[tokio::test]
async fn a_token_for_each_registry_that_is_asked_for() {
    let world = World::new().await;
    let ids = json!({ "registryIds": [ACCOUNT, ACCOUNT] });
    let data = world.call("GetAuthorizationToken", ids).await.ok()["authorizationData"].clone();
    assert_eq!(data.as_array().unwrap().len(), 2);
    let short = json!({ "registryIds": ["123"] });
    assert!(
        world
            .call("GetAuthorizationToken", short)
            .await
            .refused("InvalidParameterException")
            .contains("Member must satisfy regular expression pattern: [0-9]{12}")
    );
}

/// What the caller may do there is decided when the token is used.
#[tokio::test]
async fn a_token_for_a_registry_of_another_account() {
    let world = World::new().await;
    let foreign = json!({ "registryIds": [ACCOUNT, "999999999999"] });
    let data = world.call("GetAuthorizationToken", foreign.clone()).await.ok();
    let token = data["authorizationData"][1]["authorizationToken"].as_str().unwrap();
    let login = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
    let password = login.strip_prefix("AWS:").unwrap();
    let (caller, registry) =
        world.auth.authenticate_token(&world.context(), password).await.unwrap();
    assert_eq!(caller.principal().account.as_str(), ACCOUNT);
    assert_eq!(registry.account.as_str(), "999999999999");

    let policy = json!({ "Version": "2012-10-17", "Statement": [
        statement("Allow", json!("ecr:Describe*"), "*"),
    ]});
    let user = world.user("dev", policy).await;
    let denied = world.call_as(&user, "GetAuthorizationToken", foreign).await;
    let message = denied.refused("AccessDeniedException");
    assert!(message.ends_with(
        "ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the \
         ecr:GetAuthorizationToken action"
    ));
}

fn statement(effect: &str, action: Value, resource: &str) -> Value {
    json!({ "Effect": effect, "Action": action, "Resource": resource })
}

#[tokio::test]
async fn a_user_may_do_what_its_policy_says() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let repository = "arn:aws:ecr:*:*:repository/team/*";
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        statement("Allow", json!(["ecr:List*", "ecr:CreateRepository"]), repository),
        statement("Deny", json!("ecr:ListTagsForResource"), "*"),
    ] });
    let dev = world.user("dev", policy).await;
    let as_dev = async |operation: &str, body: Value| world.call_as(&dev, operation, body).await;
    as_dev("ListImages", json!({ "repositoryName": "team/app" })).await.ok();
    // The same words, whether or not the repository is there.
    for name in ["app", "team/app", "team/none"] {
        let body = json!({ "repositoryName": name, "force": true });
        assert_eq!(
            as_dev("DeleteRepository", body).await.refused("AccessDeniedException"),
            format!(
                "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
                 ecr:DeleteRepository on resource: \
                 arn:aws:ecr:eu-west-1:111122223333:repository/{name} because no identity-based \
                 policy allows the ecr:DeleteRepository action"
            )
        );
    }
    let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";
    assert_eq!(
        as_dev("ListTagsForResource", json!({ "resourceArn": arn }))
            .await
            .refused("AccessDeniedException"),
        format!(
            "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
             ecr:ListTagsForResource on resource: {arn} with an explicit deny in an \
             identity-based policy"
        )
    );
    assert_eq!(
        as_dev("GetAuthorizationToken", json!({})).await.refused("AccessDeniedException"),
        "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
         ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the \
         ecr:GetAuthorizationToken action"
    );
    assert!(
        as_dev("DescribeRepositories", json!({}))
            .await
            .refused("AccessDeniedException")
            .contains("on resource: arn:aws:ecr:eu-west-1:111122223333:repository/* because")
    );

    // Tags at creation take ecr:TagResource as well.
    let tags = json!([{ "Key": "a", "Value": "b" }]);
    let tagged = json!({ "repositoryName": "team/tagged", "tags": tags });
    assert!(
        as_dev("CreateRepository", tagged)
            .await
            .refused("AccessDeniedException")
            .contains("perform: ecr:TagResource on resource:")
    );
    let plain = json!({ "repositoryName": "team/plain", "tags": [] });
    as_dev("CreateRepository", plain).await.ok();
}

#[tokio::test]
async fn another_account_lets_nobody_in_unless_a_policy_of_its_own_says_so() {
    let world = World::new().await;
    for (operation, body) in [
        ("CreateRepository", json!({ "repositoryName": "team/app" })),
        ("DescribeRepositories", json!({})),
        ("ListImages", json!({ "repositoryName": "team/app" })),
        ("InitiateLayerUpload", json!({ "repositoryName": "team/app" })),
    ] {
        let mut body = body;
        body["registryId"] = "999999999999".into();
        let message = world.call(operation, body).await.refused("AccessDeniedException");
        let reason = format!("because no resource-based policy allows the ecr:{operation} action");
        assert!(message.ends_with(&reason), "{message}");
    }
}
