//! Repository creation templates: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, World, invalid};

const REPOSITORY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
const LIFECYCLE_POLICY: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",
    "countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}"#;

const ROLE: &str = "arn:aws:iam::111122223333:role/ecr";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/abc";

/// The time of the tests, as the wire has it.
const NOW: f64 = 1_772_368_200.0;

/// The answer for a template of defaults.
fn plain(prefix: &str) -> Value {
    json!({
        "prefix": prefix, "appliedFor": ["REPLICATION"],
        "encryptionConfiguration": { "encryptionType": "AES256" },
        "resourceTags": [], "imageTagMutability": "MUTABLE",
        "createdAt": NOW, "updatedAt": NOW,
    })
}

fn minimal(prefix: &str) -> Value {
    json!({ "prefix": prefix, "appliedFor": ["REPLICATION"] })
}

#[tokio::test]
async fn templates_are_created_described_and_deleted() {
    let world = World::new().await;
    let created = world.call("CreateRepositoryCreationTemplate", minimal("team")).await.ok();
    let answer =
        |prefix| json!({ "registryId": ACCOUNT, "repositoryCreationTemplate": plain(prefix) });
    assert_eq!(created, answer("team"));
    let again = world.call("CreateRepositoryCreationTemplate", minimal("team/")).await;
    assert_eq!(
        again.refused("TemplateAlreadyExistsException"),
        "A repository creation template with prefix 'team/' already exists in the registry with \
         id '111122223333'"
    );
    world.call("CreateRepositoryCreationTemplate", minimal("ROOT")).await.ok();
    let all = world.call("DescribeRepositoryCreationTemplates", json!({})).await.ok();
    let expected = [plain("ROOT"), plain("team")];
    assert_eq!(all, json!({ "registryId": ACCOUNT, "repositoryCreationTemplates": expected }));
    let some = json!({ "prefixes": ["team/", "unknown"] });
    let some = world.call("DescribeRepositoryCreationTemplates", some).await.ok();
    let expected = [plain("team")];
    assert_eq!(some, json!({ "registryId": ACCOUNT, "repositoryCreationTemplates": expected }));
    let prefix = json!({ "prefix": "team" });
    let deleted = world.call("DeleteRepositoryCreationTemplate", prefix.clone()).await.ok();
    assert_eq!(deleted, answer("team"));
    let missing = "The repository creation template with prefix 'team' does not exist in the \
                   registry with id '111122223333'";
    for operation in ["DeleteRepositoryCreationTemplate", "UpdateRepositoryCreationTemplate"] {
        let gone = world.call(operation, prefix.clone()).await;
        assert_eq!(gone.refused("TemplateNotFoundException"), missing);
    }
}

#[tokio::test]
async fn every_member_is_answered_and_can_be_changed() {
    let world = World::new().await;
    let mut full = json!({
        "prefix": "team", "description": "words",
        "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": KEY },
        "resourceTags": [{ "Key": "owner", "Value": "team" }],
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "dev-*" }],
        "repositoryPolicy": REPOSITORY_POLICY, "lifecyclePolicy": LIFECYCLE_POLICY,
        "appliedFor": ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE"], "customRoleArn": ROLE,
    });
    let created = world.call("CreateRepositoryCreationTemplate", full.clone()).await.ok();
    full["createdAt"] = NOW.into();
    full["updatedAt"] = NOW.into();
    assert_eq!(created["repositoryCreationTemplate"], full);
    let changes = json!({
        "prefix": "team", "description": "others", "repositoryPolicy": "",
        "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "" }, "resourceTags": [],
        "imageTagMutability": "IMMUTABLE", "lifecyclePolicy": "", "appliedFor": ["REPLICATION"],
        "customRoleArn": "",
    });
    let changed = world.call("UpdateRepositoryCreationTemplate", changes).await.ok();
    let mut expected = plain("team");
    expected["description"] = "others".into();
    expected["encryptionConfiguration"] = json!({ "encryptionType": "KMS" });
    expected["imageTagMutability"] = "IMMUTABLE".into();
    assert_eq!(changed, json!({ "registryId": ACCOUNT, "repositoryCreationTemplate": expected }));
    let described = world.call("DescribeRepositoryCreationTemplates", json!({})).await.ok();
    assert_eq!(described["repositoryCreationTemplates"], json!([expected]));
}

#[tokio::test]
async fn bad_templates_are_refused() {
    let world = World::new().await;
    let refused = async |member: &str, value: Value| {
        let mut body = minimal("team");
        body[member] = value;
        let reply = world.call("CreateRepositoryCreationTemplate", body).await;
        reply.refused("InvalidParameterException")
    };
    let too_few = "Member must have length greater than or equal to 1";
    assert_eq!(refused("appliedFor", json!([])).await, invalid("appliedFor", too_few));
    let aes = json!({ "encryptionType": "AES256", "kmsKey": KEY });
    let reason = "KMS key can't be set when encryptionType is set as AES256";
    let message = invalid("encryptionConfiguration.kmsKey", reason);
    assert_eq!(refused("encryptionConfiguration", aes).await, message);
    let alias = json!({ "encryptionType": "KMS", "kmsKey": "alias/aws/ecr" });
    assert!(refused("encryptionConfiguration", alias).await.contains("kmsKey"));
    let tags = json!([{ "Key": "aws:x", "Value": "" }]);
    let message = invalid("resourceTags", "Tag keys that begin with 'aws:' are reserved");
    assert_eq!(refused("resourceTags", tags).await, message);
    let message = invalid("repositoryPolicy", "Invalid repository policy provided");
    assert_eq!(refused("repositoryPolicy", json!("[]")).await, message);
    let reason = "Lifecycle policy validation failure: Could not map policyString into \
                  LifecyclePolicy.";
    let message = invalid("LifecyclePolicyText", reason);
    assert_eq!(refused("lifecyclePolicy", json!("none")).await, message);
    let reason = "Member must be the ARN of an IAM role of the registry's account";
    assert_eq!(refused("customRoleArn", json!("x")).await, invalid("customRoleArn", reason));
    let filters = json!([{ "filterType": "WILDCARD", "filter": "a*" }]);
    let reason = "ImageTagMutabilityExclusionFilters can't be set when imageTagMutability is set \
                  as MUTABLE";
    let message = invalid("imageTagMutabilityExclusionFilters", reason);
    assert_eq!(refused("imageTagMutabilityExclusionFilters", filters).await, message);
    assert!(refused("prefix", json!("Team")).await.contains("'prefix'"));
    assert!(refused("description", json!("x".repeat(257))).await.contains("'description'"));
    let none = world.call("DescribeRepositoryCreationTemplates", json!({})).await.ok();
    assert_eq!(none["repositoryCreationTemplates"], json!([]));
}

#[tokio::test]
async fn templates_have_a_limit_and_come_in_pages() {
    let world = World::new().await;
    let prefixes: Vec<String> = (0..50).map(|number| format!("team-{number:02}")).collect();
    for prefix in &prefixes {
        world.call("CreateRepositoryCreationTemplate", minimal(prefix)).await.ok();
    }
    let limit = world.call("CreateRepositoryCreationTemplate", minimal("one-more")).await;
    assert_eq!(
        limit.refused("LimitExceededException"),
        "The repository creation templates per registry limit of 50 is exceeded"
    );
    let (mut found, mut body) = (Vec::new(), json!({ "maxResults": 20 }));
    loop {
        let page = world.call("DescribeRepositoryCreationTemplates", body.clone()).await.ok();
        let templates = page["repositoryCreationTemplates"].as_array().unwrap();
        assert!((1..=20).contains(&templates.len()));
        found.extend(templates.iter().map(|it| it["prefix"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("nextToken") else { break };
        body["nextToken"] = token.clone();
    }
    assert_eq!(found, prefixes);
    body["prefixes"] = json!(["team-00"]);
    let foreign = world.call("DescribeRepositoryCreationTemplates", body).await;
    let message = invalid("nextToken", "Member must be a token of this request");
    assert_eq!(foreign.refused("InvalidParameterException"), message);
}

/// What creates on push is `/v2`, not this API.
#[tokio::test]
async fn an_upload_through_the_api_creates_no_repository() {
    let world = World::new().await;
    let template = json!({ "prefix": "ROOT", "appliedFor": ["CREATE_ON_PUSH"] });
    world.call("CreateRepositoryCreationTemplate", template).await.ok();
    let upload = world.call("InitiateLayerUpload", json!({ "repositoryName": "app" })).await;
    upload.refused("RepositoryNotFoundException");
}
