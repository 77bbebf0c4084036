//! Pull through cache rules: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, World, invalid};

const SECRET: &str =
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf";
const ROLE: &str = "arn:aws:iam::111122223333:role/pull";

/// The time of the tests, as the wire has it.
const NOW: f64 = 1_772_368_200.0;

fn quay() -> Value {
    json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" })
}

fn hub() -> Value {
    json!({
        "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRegistry": "docker-hub", "credentialArn": SECRET, "customRoleArn": ROLE,
        "upstreamRepositoryPrefix": "library",
    })
}

/// What is answered for a rule: what was asked for and these members.
fn answer(mut rule: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

#[tokio::test]
async fn rules_are_created_described_updated_validated_and_deleted() {
    let world = World::new().await;
    let members = json!({ "registryId": ACCOUNT, "createdAt": NOW });
    let quay_is = json!({ "upstreamRegistry": "quay" });
    let quay_is = answer(answer(quay(), &members), &quay_is);
    assert_eq!(world.call("CreatePullThroughCacheRule", quay()).await.ok(), quay_is);
    let hub_is = answer(hub(), &members);
    assert_eq!(world.call("CreatePullThroughCacheRule", hub()).await.ok(), hub_is);

    let updated = json!({ "updatedAt": NOW });
    let all = world.call("DescribePullThroughCacheRules", json!({})).await.ok();
    let (hub_is, quay_is) = (answer(hub_is, &updated), answer(quay_is, &updated));
    assert_eq!(all, json!({ "pullThroughCacheRules": [hub_is, quay_is] }));
    let one = json!({ "ecrRepositoryPrefixes": ["quay/"], "registryId": ACCOUNT });
    let one = world.call("DescribePullThroughCacheRules", one).await.ok();
    assert_eq!(one, json!({ "pullThroughCacheRules": [quay_is] }));

    let change = json!({ "ecrRepositoryPrefix": "quay", "credentialArn": SECRET });
    let changed = world.call("UpdatePullThroughCacheRule", change).await.ok();
    let expected = json!({
        "ecrRepositoryPrefix": "quay", "registryId": ACCOUNT, "updatedAt": NOW,
        "credentialArn": SECRET,
    });
    assert_eq!(changed, expected);

    let prefix = json!({ "ecrRepositoryPrefix": "quay" });
    let validated = world.call("ValidatePullThroughCacheRule", prefix.clone()).await.ok();
    let expected = json!({
        "ecrRepositoryPrefix": "quay", "registryId": ACCOUNT, "upstreamRegistryUrl": "quay.io",
        "credentialArn": SECRET, "isValid": false,
        "failure": "This registry does not contact upstream registries yet: the rule is kept, but \
                    neither the upstream registry nor the secret was reached",
    });
    assert_eq!(validated, expected);

    let deleted = world.call("DeletePullThroughCacheRule", prefix.clone()).await.ok();
    let expected = json!({
        "ecrRepositoryPrefix": "quay", "registryId": ACCOUNT, "upstreamRegistryUrl": "quay.io",
        "credentialArn": SECRET, "createdAt": NOW,
    });
    assert_eq!(deleted, expected);
    let missing = "The pull through cache rule with prefix 'quay' does not exist in the registry \
                   with id '111122223333'";
    for (operation, body) in [
        ("DeletePullThroughCacheRule", prefix.clone()),
        ("UpdatePullThroughCacheRule", prefix.clone()),
        ("ValidatePullThroughCacheRule", prefix),
        ("DescribePullThroughCacheRules", json!({ "ecrRepositoryPrefixes": ["hub", "quay"] })),
    ] {
        let reply = world.call(operation, body).await;
        assert_eq!(reply.refused("PullThroughCacheRuleNotFoundException"), missing, "{operation}");
    }
}

#[tokio::test]
async fn bad_rules_are_refused() {
    let world = World::new().await;
    let with = |members: Value| answer(quay(), &members);
    let create = async |body: Value| world.call("CreatePullThroughCacheRule", body).await;
    let refused = async |body: Value| create(body).await.refused("InvalidParameterException");
    let unsupported = create(with(json!({ "upstreamRegistryUrl": "example.com" }))).await;
    assert_eq!(
        unsupported.refused("UnsupportedUpstreamRegistryException"),
        "The specified upstream registry isn't supported"
    );
    let other = with(json!({ "upstreamRegistry": "k8s" }));
    let message = invalid("upstreamRegistry", "Member must be 'quay' for this upstreamRegistryUrl");
    assert_eq!(refused(other).await, message);
    let no_secret = with(json!({ "upstreamRegistryUrl": "ghcr.io" }));
    let reason = "CredentialArn can't be null when upstreamRegistry is github-container-registry";
    assert_eq!(refused(no_secret).await, invalid("credentialArn", reason));
    let other_name = SECRET.replace("ecr-pullthroughcache/", "database/");
    let message = refused(with(json!({ "credentialArn": other_name }))).await;
    assert!(message.contains("'credentialArn'"), "{message}");
    let elsewhere = SECRET.replace("eu-west-1", "us-east-1");
    let absent = create(with(json!({ "credentialArn": elsewhere }))).await;
    assert_eq!(
        absent.refused("SecretNotFoundException"),
        format!("The secret with ARN '{elsewhere}' does not exist")
    );
    let other = with(json!({
        "upstreamRegistryUrl": "999999999999.dkr.ecr.eu-west-1.amazonaws.com",
    }));
    let reason = "CustomRoleArn can't be null when the upstream registry is of another account";
    assert_eq!(refused(other).await, invalid("customRoleArn", reason));
    let root = with(json!({ "ecrRepositoryPrefix": "ROOT", "upstreamRepositoryPrefix": "team" }));
    let reason = "UpstreamRepositoryPrefix can't be set when ecrRepositoryPrefix is set as ROOT";
    assert_eq!(refused(root).await, invalid("upstreamRepositoryPrefix", reason));
    let long = refused(with(json!({ "ecrRepositoryPrefix": "a".repeat(31) }))).await;
    assert!(long.contains("'ecrRepositoryPrefix'"), "{long}");

    create(quay()).await.ok();
    let again = create(with(json!({ "ecrRepositoryPrefix": "quay/" }))).await;
    assert_eq!(
        again.refused("PullThroughCacheRuleAlreadyExistsException"),
        "A pull through cache rule with prefix 'quay/' already exists in the registry with id \
         '111122223333'"
    );
}

#[tokio::test]
async fn rules_have_a_limit_and_come_in_pages() {
    let world = World::new().await;
    let prefixes: Vec<String> = (0..50).map(|number| format!("quay-{number:02}")).collect();
    let rule = |prefix: &str| answer(quay(), &json!({ "ecrRepositoryPrefix": prefix }));
    for prefix in &prefixes {
        world.call("CreatePullThroughCacheRule", rule(prefix)).await.ok();
    }
    let limit = world.call("CreatePullThroughCacheRule", rule("one-more")).await;
    assert_eq!(
        limit.refused("LimitExceededException"),
        "The pull through cache rules per registry limit of 50 is exceeded"
    );
    let (mut found, mut body) = (Vec::new(), json!({ "maxResults": 20 }));
    loop {
        let page = world.call("DescribePullThroughCacheRules", body.clone()).await.ok();
        let rules = page["pullThroughCacheRules"].as_array().unwrap();
        assert!((1..=20).contains(&rules.len()));
        found.extend(rules.iter().map(|it| it["ecrRepositoryPrefix"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("nextToken") else { break };
        body["nextToken"] = token.clone();
    }
    assert_eq!(found, prefixes);
    let templates = world.call("DescribeRepositoryCreationTemplates", body).await;
    let message = invalid("nextToken", "Member must be a token of this request");
    assert_eq!(templates.refused("InvalidParameterException"), message);
}

#[tokio::test]
async fn a_registry_of_another_account_is_closed() {
    let world = World::new().await;
    for (operation, body) in [
        ("CreatePullThroughCacheRule", quay()),
        ("DeletePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "quay" })),
        ("DescribePullThroughCacheRules", json!({})),
        ("UpdatePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "quay" })),
        ("ValidatePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "quay" })),
    ] {
        let body = answer(body, &json!({ "registryId": "999999999999" }));
        let denied = world.call(operation, body).await.refused("AccessDeniedException");
        let action = format!("is not authorized to perform: ecr:{operation} on resource: *");
        assert!(denied.contains(&action), "{denied}");
    }
}
