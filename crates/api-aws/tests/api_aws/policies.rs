//! Policies of repositories and of the registry: golden answers, refusals, and what they do to
//! callers of the same account.

use serde_json::{Value, json};

use crate::world::{World, invalid};

const ARN: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";

fn policy(effect: &str, principal: Value, action: Value) -> String {
    let statement =
        json!({ "Sid": "who may", "Effect": effect, "Principal": principal, "Action": action });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn of_registry(effect: &str, principal: Value, action: &str, resource: &str) -> String {
    let statement = json!({
        "Effect": effect, "Principal": principal, "Action": action, "Resource": resource,
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn identity(effect: &str, action: &str) -> Value {
    let statement = json!({ "Effect": effect, "Action": action, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

impl World {
    async fn set(&self, text: &str) -> crate::world::Reply {
        let body = json!({ "repositoryName": "team/app", "policyText": text });
        self.call("SetRepositoryPolicy", body).await
    }

    async fn put(&self, text: &str) -> crate::world::Reply {
        self.call("PutRegistryPolicy", json!({ "policyText": text })).await
    }
}

#[tokio::test]
async fn a_repository_policy_is_set_read_and_removed() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let named = json!({ "repositoryName": "team/app" });
    let missing = "Repository policy does not exist for the repository with name 'team/app' in \
                   the registry with id '111122223333'";
    for operation in ["GetRepositoryPolicy", "DeleteRepositoryPolicy"] {
        let refused = world.call(operation, named.clone()).await;
        assert_eq!(refused.refused("RepositoryPolicyNotFoundException"), missing);
    }
    // Kept to the letter, blanks and all.
    let text = format!("\n{}  ", policy("Allow", json!("*"), json!(["ecr:Get*", "ecr:BatchGet*"])));
    let golden = json!({
        "registryId": "111122223333", "repositoryName": "team/app", "policyText": text,
    });
    assert_eq!(world.set(&text).await.ok(), golden);
    assert_eq!(world.call("GetRepositoryPolicy", named.clone()).await.ok(), golden);
    let other = policy("Deny", json!({ "AWS": "999999999999" }), json!("*"));
    let replaced = world.set(&other).await.ok();
    assert_eq!(replaced["policyText"], other);
    let removed = world.call("DeleteRepositoryPolicy", named.clone()).await.ok();
    assert_eq!(removed, replaced);
    world.call("GetRepositoryPolicy", named).await.refused("RepositoryPolicyNotFoundException");
}

#[tokio::test]
async fn a_repository_that_is_made_again_has_no_policy() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world.set(&policy("Allow", json!("*"), json!("ecr:*"))).await.ok();
    let named = json!({ "repositoryName": "team/app" });
    world.call("DeleteRepository", named.clone()).await.ok();
    world.create_repository("team/app").await;
    world.call("GetRepositoryPolicy", named).await.refused("RepositoryPolicyNotFoundException");
}

#[tokio::test]
async fn what_is_no_repository_policy_is_refused() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world.user("ann", identity("Allow", "ecr:*")).await;
    let user = |name: &str| json!({ "AWS": format!("arn:aws:iam::111122223333:user/{name}") });
    let pull = || json!("ecr:BatchGetImage");
    for bad in [
        String::new(),
        "{}".into(),
        "not JSON".into(),
        identity("Allow", "ecr:*").to_string(),
        policy("Maybe", json!("*"), pull()),
        policy("Allow", json!("*"), json!("s3:GetObject")),
        policy("Allow", json!("*"), json!(["ecr:BatchGetImage", "ecr-public:*"])),
        policy("Allow", json!("someone"), pull()),
        policy("Allow", json!({ "AWS": "12345" }), pull()),
        policy("Allow", json!({ "Service": "lambda" }), pull()),
        policy("Allow", user("bob"), pull()),
        policy("Allow", user("path/ann"), pull()),
        policy("Allow", json!({ "AWS": ["*", user("bob")["AWS"]] }), pull()),
        policy("Allow", json!("*"), pull()).replace("2012-10-17", "2020-01-01"),
    ] {
        let refused = world.set(&bad).await.refused("InvalidParameterException");
        assert_eq!(refused, invalid("PolicyText", "Invalid repository policy provided"), "{bad}");
    }
    for good in [
        policy("Allow", user("ann"), json!("*")),
        policy("Allow", json!({ "AWS": "arn:aws:iam::111122223333:role/not-here-yet" }), pull()),
        policy("Allow", json!({ "AWS": "arn:aws:iam::999999999999:user/unknown" }), pull()),
        policy("Allow", json!({ "AWS": ["999999999999"] }), json!("ECR:batchgetimage")),
        policy("Allow", json!({ "Service": "lambda.amazonaws.com" }), pull()),
        policy("Allow", json!("*"), pull()).replace("2012-10-17", "2008-10-17"),
    ] {
        world.set(&good).await.ok();
    }
    let long = policy("Allow", json!("*"), pull()) + &" ".repeat(10_240);
    let refused = world.set(&long).await.refused("InvalidParameterException");
    let reason = "Member must have length less than or equal to 10240";
    assert_eq!(refused, invalid("policyText", reason));
}

#[tokio::test]
async fn who_sets_a_policy_is_not_locked_out_unawares() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let dev = world.user("dev", identity("Allow", "ecr:*")).await;
    let text = policy("Deny", json!("*"), json!("ecr:*"));
    let body = json!({ "repositoryName": "team/app", "policyText": text });
    let locks = invalid(
        "PolicyText",
        "The policy would keep the caller from setting another one; it needs the force flag",
    );
    for key in [&dev, &world.root] {
        let refused = world.call_as(key, "SetRepositoryPolicy", body.clone()).await;
        assert_eq!(refused.refused("InvalidParameterException"), locks);
    }
    let named = json!({ "repositoryName": "team/app" });
    world
        .call("GetRepositoryPolicy", named.clone())
        .await
        .refused("RepositoryPolicyNotFoundException");
    let mut forced = body;
    forced["force"] = true.into();
    world.call_as(&dev, "SetRepositoryPolicy", forced.clone()).await.ok();
    let denied = world.call_as(&dev, "SetRepositoryPolicy", forced).await;
    assert_eq!(
        denied.refused("AccessDeniedException"),
        format!(
            "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: \
             ecr:SetRepositoryPolicy on resource: {ARN} with an explicit deny in a resource-based \
             policy"
        )
    );
    // The root is bound by it as well, but for the policy itself.
    world.call("ListImages", named.clone()).await.refused("AccessDeniedException");
    world.call("DeleteRepositoryPolicy", named.clone()).await.ok();
    world.call_as(&dev, "ListImages", named).await.ok();
}

#[tokio::test]
async fn a_repository_policy_lets_users_of_the_account_in() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let ann = world.user("ann", identity("Allow", "s3:*")).await;
    let listed =
        async || world.call_as(&ann, "ListImages", json!({ "repositoryName": "team/app" })).await;
    listed().await.refused("AccessDeniedException");
    let arn = "arn:aws:iam::111122223333:user/ann";
    world.set(&policy("Allow", json!({ "AWS": arn }), json!("ecr:ListImages"))).await.ok();
    listed().await.ok();
    // What the account gets, its identity policies have to pass on.
    world.set(&policy("Allow", json!({ "AWS": "111122223333" }), json!("ecr:*"))).await.ok();
    let silent = listed().await.refused("AccessDeniedException");
    assert!(silent.ends_with("because no identity-based policy allows the ecr:ListImages action"));
    world.set(&policy("Allow", json!("*"), json!("ecr:*"))).await.ok();
    listed().await.ok();
    let denies = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "ecr:ListImages", "Resource": ARN },
    ] });
    let (account, denies) = ("111122223333".parse().unwrap(), denies.to_string());
    world.people.put_user_policy(account, "ann", "test", &denies).await.unwrap();
    let denied = listed().await.refused("AccessDeniedException");
    assert!(denied.ends_with("with an explicit deny in an identity-based policy"));
}

#[tokio::test]
async fn the_registry_policy_is_put_read_and_removed() {
    let world = World::new().await;
    let missing = "Registry policy does not exist in the registry with id '111122223333'";
    for operation in ["GetRegistryPolicy", "DeleteRegistryPolicy"] {
        let refused = world.call(operation, json!({})).await;
        assert_eq!(refused.refused("RegistryPolicyNotFoundException"), missing);
    }
    let text = of_registry("Allow", json!({ "AWS": "999999999999" }), "ecr:ReplicateImage", "*");
    let golden = json!({ "registryId": "111122223333", "policyText": text });
    assert_eq!(world.put(&text).await.ok(), golden);
    assert_eq!(world.call("GetRegistryPolicy", json!({})).await.ok(), golden);
    // Each region has a registry of its own.
    let mut elsewhere = world.ecr("GetRegistryPolicy", "{}");
    elsewhere.region = "us-east-1";
    let elsewhere = world.send(elsewhere.sign(&world.root)).await;
    elsewhere.refused("RegistryPolicyNotFoundException");
    assert_eq!(world.call("DeleteRegistryPolicy", json!({})).await.ok(), golden);
    world.call("GetRegistryPolicy", json!({})).await.refused("RegistryPolicyNotFoundException");
}

#[tokio::test]
async fn what_is_no_registry_policy_is_refused() {
    let world = World::new().await;
    let of = |resource: &str| of_registry("Allow", json!("*"), "ecr:*", resource);
    for bad in [
        "{}".to_owned(),
        policy("Allow", json!("*"), json!("ecr:*")),
        of_registry("Allow", json!("*"), "kms:*", "*"),
        of_registry("Allow", json!({ "AWS": "arn:aws:iam::111122223333:user/bob" }), "ecr:*", "*"),
        of("arn:aws:ecr:us-east-1:111122223333:repository/*"),
        of("arn:aws:ecr:eu-west-1:999999999999:repository/*"),
        of("arn:aws:ecr:eu-west-1:111122223333:registry/*"),
        of("arn:aws:s3:::bucket"),
    ] {
        let refused = world.put(&bad).await.refused("InvalidParameterException");
        assert_eq!(refused, invalid("PolicyText", "Invalid registry policy provided"), "{bad}");
    }
    for good in [
        "*",
        "arn:aws:ecr:eu-west-1:111122223333:repository/*",
        "arn:aws:ecr:*:111122223333:repository/team-*",
        "arn:aws:ecr:*:*:*",
        ARN,
    ] {
        world.put(&of(good)).await.ok();
    }
}

#[tokio::test]
async fn the_registry_policy_acts_within_its_scope() {
    let world = World::new().await;
    let ann = world.user("ann", identity("Allow", "s3:*")).await;
    let create = async |name: &str| {
        world.call_as(&ann, "CreateRepository", json!({ "repositoryName": name })).await
    };
    create("team/app").await.refused("AccessDeniedException");
    let team = "arn:aws:ecr:eu-west-1:111122223333:repository/team/*";
    let principal = json!({ "AWS": "arn:aws:iam::111122223333:user/ann" });
    world.put(&of_registry("Allow", principal, "ecr:*", team)).await.ok();
    create("team/app").await.ok();
    create("other").await.refused("AccessDeniedException");
    let listed =
        async || world.call_as(&ann, "ListImages", json!({ "repositoryName": "team/app" })).await;
    listed().await.ok();
    let scope = json!({ "name": "REGISTRY_POLICY_SCOPE", "value": "V1" });
    world.call("PutAccountSetting", scope).await.ok();
    listed().await.refused("AccessDeniedException");
    create("team/more").await.ok();
}
