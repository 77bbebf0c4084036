//! ECR Public: the policies of repositories.

use serde_json::{Value, json};

use crate::world::{Reply, World, invalid};

fn policy(effect: &str, principal: &str, action: &str) -> String {
    let statement = json!({ "Effect": effect, "Principal": principal, "Action": action });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

async fn world_with_repository() -> World {
    let world = World::public().await;
    world.call_public("CreateRepository", json!({ "repositoryName": "team/app" })).await.ok();
    world
}

async fn set(world: &World, text: &str) -> Reply {
    let input = json!({ "repositoryName": "team/app", "policyText": text });
    world.call_public("SetRepositoryPolicy", input).await
}

#[tokio::test]
async fn a_policy_is_set_read_and_removed() {
    let world = world_with_repository().await;
    let named = json!({ "repositoryName": "team/app", "registryId": "111122223333" });
    for operation in ["GetRepositoryPolicy", "DeleteRepositoryPolicy"] {
        assert_eq!(
            world
                .call_public(operation, named.clone())
                .await
                .refused("RepositoryPolicyNotFoundException"),
            "Repository policy does not exist for the repository with name 'team/app' in the \
             registry with id '111122223333'"
        );
    }
    let text = policy("Allow", "*", "ecr-public:PutImage");
    let answer = json!({
        "registryId": "111122223333", "repositoryName": "team/app", "policyText": text,
    });
    assert_eq!(set(&world, &text).await.ok(), answer);
    for operation in ["GetRepositoryPolicy", "DeleteRepositoryPolicy"] {
        assert_eq!(world.call_public(operation, named.clone()).await.ok(), answer);
    }
    let gone = world.call_public("GetRepositoryPolicy", named).await;
    gone.refused("RepositoryPolicyNotFoundException");
}

#[tokio::test]
async fn a_policy_is_about_actions_of_ecr_public() {
    let world = world_with_repository().await;
    for bad in ["{}", "not JSON", &policy("Allow", "*", "ecr:PutImage")] {
        assert_eq!(
            set(&world, bad).await.refused("InvalidParameterException"),
            invalid("PolicyText", "Invalid repository policy provided")
        );
    }
    // And a private repository's about those of ECR.
    world.create_repository("team/app").await;
    let text = policy("Allow", "*", "ecr-public:PutImage");
    let input = json!({ "repositoryName": "team/app", "policyText": text });
    let refused = world.call("SetRepositoryPolicy", input).await;
    refused.refused("InvalidParameterException");
}

#[tokio::test]
async fn who_sets_a_policy_is_not_locked_out_unawares() {
    let world = world_with_repository().await;
    let allow = json!({ "Effect": "Allow", "Action": "ecr-public:*", "Resource": "*" });
    let ann = world.user("ann", json!({ "Version": "2012-10-17", "Statement": [allow] })).await;
    let text = policy("Deny", "*", "ecr-public:SetRepositoryPolicy");
    let mut input = json!({ "repositoryName": "team/app", "policyText": text });
    let refused = world.call_public_as(&ann, "SetRepositoryPolicy", input.clone()).await;
    let message = refused.refused("InvalidParameterException");
    assert!(message.contains("it needs the force flag"), "{message}");
    input["force"] = json!(true);
    world.call_public_as(&ann, "SetRepositoryPolicy", input.clone()).await.ok();
    let denied = world.call_public_as(&ann, "SetRepositoryPolicy", input).await;
    denied.refused("AccessDeniedException");
}

#[tokio::test]
async fn a_policy_lets_users_and_keeps_them_out() {
    let world = world_with_repository().await;
    let none: Value = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let ann = world.user("ann", json!({ "Version": "2012-10-17", "Statement": [none] })).await;
    let named = json!({ "repositoryName": "team/app" });
    let describe = async || {
        world.call_public_as(&ann, "DescribeImages", json!({ "repositoryName": "team/app" })).await
    };
    describe().await.refused("AccessDeniedException");
    set(&world, &policy("Allow", "*", "ecr-public:DescribeImages")).await.ok();
    assert_eq!(describe().await.ok(), json!({ "imageDetails": [] }));
    set(&world, &policy("Deny", "*", "ecr-public:DescribeImages")).await.ok();
    let denied = world.call_public("DescribeImages", named).await;
    assert!(denied.refused("AccessDeniedException").contains("explicit deny in a resource-based"));
}
