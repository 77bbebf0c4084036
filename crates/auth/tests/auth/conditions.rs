//! The condition keys of a request, as policies see them.

use wharfinger_auth::{AccessKey, ContextKeys, RegistryResource, actions, call_keys};
use wharfinger_core::RequestContext;
use wharfinger_metadata::{MetadataError, resource_tag};

use super::decision::REPOSITORY;
use crate::{Fixture, fixture};

fn policy(condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"ecr:*",
            "Resource":"*","Condition":{condition}}}]}}"#
    )
}

impl Fixture {
    /// Whether ann may pull from `app` and describe the registry while her policy has this condition.
    async fn holds(&self, key: &AccessKey, condition: &str, context: &RequestContext) -> bool {
        let text = policy(condition);
        self.people.put_user_policy(self.account, "ann", "inline", &text).await.unwrap();
        let (id, secret) = (&key.access_key_id, key.secret_access_key.expose());
        let caller = self.sign_in_from(context, id, secret).await.unwrap();
        caller.authorize::<actions::BatchGetImage>(self.repository("app")).await.is_ok()
    }
}

#[tokio::test]
async fn every_request_has_the_global_keys() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let key = fixture.user("ann", &policy("{}")).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    let (account, id) = (fixture.account, caller.principal().unique_id().to_owned());
    let arn = format!("arn:aws:iam::{account}:user/ann");
    let context = fixture.context();
    for (condition, right, wrong) in [
        ("IpAddress aws:SourceIp", "192.0.2.0/24", "198.51.100.0/24"),
        ("Bool aws:SecureTransport", "false", "true"),
        ("DateLessThan aws:CurrentTime", "2027-01-15T08:00:01Z", "2027-01-15T08:00:00Z"),
        ("NumericEquals aws:EpochTime", "1800000000", "1800000001"),
        ("StringEquals aws:username", "ann", "Ann"),
        ("StringEquals aws:userid", id.as_str(), "AIDAOTHER"),
        ("ArnEquals aws:PrincipalArn", arn.as_str(), "arn:aws:iam::111122223333:user/bob"),
        ("StringEquals aws:PrincipalAccount", account.as_str(), "999999999999"),
        ("StringEquals aws:PrincipalType", "User", "Account"),
        ("StringEquals aws:ResourceAccount", account.as_str(), "999999999999"),
        ("StringEquals aws:RequestedRegion", "eu-west-1", "us-east-1"),
        ("StringLike aws:UserAgent", "docker/*", "podman/*"),
        ("Bool aws:ViaAWSService", "false", "true"),
        ("Bool aws:PrincipalIsAWSService", "false", "true"),
    ] {
        let (operator, name) = condition.split_once(' ').unwrap();
        let of = |value: &str| format!(r#"{{"{operator}":{{"{name}":"{value}"}}}}"#);
        assert!(fixture.holds(&key, &of(right), &context).await, "{condition} {right}");
        assert!(!fixture.holds(&key, &of(wrong), &context).await, "{condition} {wrong}");
    }
}

/// The example of IAM's user guide, "Denies access to AWS based on the source IP".
#[tokio::test]
async fn who_comes_from_elsewhere_is_denied() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &policy("{}")).await;
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*",
        "Condition":{"NotIpAddress":{"aws:SourceIp":["198.51.100.0/24"]},
                     "Bool":{"aws:ViaAWSService":"false"}}}}"#;
    fixture.people.put_user_policy(fixture.account, "ann", "perimeter", deny).await.unwrap();
    let caller = fixture.sign_in(&key).await.unwrap();
    let pulled = caller.authorize::<actions::BatchGetImage>(fixture.repository("app")).await;
    assert!(pulled.unwrap_err().to_string().contains("with an explicit deny"));
}

#[tokio::test]
async fn facts_of_the_request_count_and_not_those_of_another() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &policy("{}")).await;
    let secure = RequestContext { secure_transport: true, ..fixture.context() };
    let condition = r#"{"Bool":{"aws:SecureTransport":"true"}}"#;
    assert!(fixture.holds(&key, condition, &secure).await);
    assert!(!fixture.holds(&key, condition, &fixture.context()).await);
    let bare = RequestContext { user_agent: None, ..fixture.context() };
    let condition = r#"{"Null":{"aws:UserAgent":"true"}}"#;
    assert!(fixture.holds(&key, condition, &bare).await);
    assert!(!fixture.holds(&key, condition, &fixture.context()).await);
}

#[tokio::test]
async fn the_tags_of_the_named_repository_are_keys() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let tagged: Result<(), MetadataError> = fixture
        .metadata
        .write(|tx| {
            Box::pin(async move { resource_tag::put(tx, *REPOSITORY, "team", "news").await })
        })
        .await;
    tagged.unwrap();
    let key = fixture.user("ann", &policy("{}")).await;
    let context = fixture.context();
    for service in ["aws", "ecr"] {
        let of = |value: &str| {
            format!(r#"{{"StringEquals":{{"{service}:ResourceTag/team":"{value}"}}}}"#)
        };
        assert!(fixture.holds(&key, &of("news"), &context).await);
        assert!(!fixture.holds(&key, &of("sport"), &context).await);
        // A repository that does not exist has no tags.
        fixture
            .people
            .put_user_policy(fixture.account, "ann", "inline", &policy(&of("news")))
            .await
            .unwrap();
        let caller = fixture.sign_in(&key).await.unwrap();
        let absent = fixture.repository("absent");
        assert!(caller.authorize::<actions::BatchGetImage>(absent).await.is_err());
    }
}

#[tokio::test]
async fn keys_of_one_call_are_seen_by_that_call() {
    let fixture = fixture().await;
    fixture.create_repository("app").await;
    let condition = r#"{"StringEquals":{"aws:RequestTag/team":"news"},
        "ForAllValues:StringEquals":{"aws:TagKeys":["team","stage"]}}"#;
    let key = fixture.user("ann", &policy(condition)).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    let tags = |tags: &[(&str, &str)]| {
        let owned: Vec<(String, String)> =
            tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        call_keys::request_tags(&owned)
    };
    let tagged = async |keys: ContextKeys| {
        caller.authorize_with::<actions::TagResource>(fixture.repository("app"), keys).await.is_ok()
    };
    assert!(tagged(tags(&[("team", "news"), ("stage", "test")])).await);
    assert!(!tagged(tags(&[("team", "news"), ("owner", "me")])).await);
    assert!(!tagged(tags(&[("team", "sport")])).await);
    assert!(!tagged(ContextKeys::default()).await);
    // A tag cannot pass for another key.
    assert!(!tagged(tags(&[("aws:RequestTag/team", "news")])).await);

    let condition = r#"{"StringEquals":{"ecr:AccountSetting":"BLOB_MOUNTING"}}"#;
    fixture
        .people
        .put_user_policy(fixture.account, "ann", "inline", &policy(condition))
        .await
        .unwrap();
    let caller = fixture.sign_in(&key).await.unwrap();
    let set = async |name: &str| {
        let resource = RegistryResource { registry: fixture.registry() };
        let keys = call_keys::account_setting(name);
        caller.authorize_with::<actions::PutAccountSetting>(resource, keys).await.is_ok()
    };
    assert!(set("BLOB_MOUNTING").await);
    assert!(!set("REGISTRY_POLICY_SCOPE").await);
}
