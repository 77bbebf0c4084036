//! Sessions that users ask for themselves, and what STS tells of keys and refusals.

use serde_json::json;

use crate::sts_sessions::{OTHER, allow, arn, assume, user};
use crate::temporary::Session;
use crate::world::{ACCOUNT, World};

#[tokio::test]
async fn users_and_the_root_have_sessions_of_their_own() {
    let world = World::new().await;
    let key = world.user("dev", allow(json!("ecr:DescribeRepositories"), "*")).await;
    let reply = world.sts_as(&key, "Action=GetSessionToken").await;
    assert_eq!(reply.member("Expiration"), "2026-03-02T00:30:00Z");
    let session = Session::of(&reply);
    let identity = world.sts_in(&session, "Action=GetCallerIdentity").await;
    assert_eq!(identity.member("Arn"), arn("dev"));
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    world.call_in(&session, "DescribeRegistry", json!({})).await.refused("AccessDeniedException");

    let root = world.sts_as(&world.root, "Action=GetSessionToken&DurationSeconds=129600").await;
    assert_eq!(root.member("Expiration"), "2026-03-01T13:30:00Z");
    for (action, code) in [
        ("GetSessionToken", "AccessDenied"),
        ("GetFederationToken&Name=bob", "AccessDenied"),
        ("GetAccessKeyInfo&AccessKeyId=AKIAIOSFODNN7EXAMPLE", "AccessDenied"),
        ("DecodeAuthorizationMessage&EncodedMessage=x", "AccessDenied"),
    ] {
        let reply = world.sts_in(&Session::of(&root), &format!("Action={action}")).await;
        let message = reply.refused_query(403, code);
        assert!(message.ends_with("with session credentials"), "{message}");
    }
    let form = "Action=GetSessionToken&SerialNumber=arn:aws:iam::1:mfa/x&TokenCode=123456";
    world.sts_as(&key, form).await.refused_query(403, "AccessDenied");
    let mut draft = world.sts("Action=ListSAMLProviders&Version=2010-05-08");
    (draft.service, draft.region) = ("iam", "us-east-1");
    let reply = world.send(draft.sign_with(&session.key, Some(&session.token))).await;
    reply.refused_query(403, "InvalidClientTokenId");
}

#[tokio::test]
async fn a_federated_user_may_do_what_the_user_and_the_session_both_let() {
    let world = World::new().await;
    let actions = json!(["ecr:*", "sts:GetFederationToken", "sts:TagSession"]);
    let key = world.user("broker", allow(actions, "*")).await;
    let policy = allow(json!(["ecr:DescribeRepositories", "iam:*"]), "*");
    let form = format!("Action=GetFederationToken&Name=bob&Policy={policy}");
    let reply = world.sts_as(&key, &form).await;
    assert_eq!(reply.member("FederatedUserId"), format!("{ACCOUNT}:bob"));
    assert_eq!(reply.member("Arn"), format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"));
    assert_eq!(reply.member("PackedPolicySize"), "2");
    let session = Session::of(&reply);
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    world.call_in(&session, "DescribeRegistry", json!({})).await.refused("AccessDeniedException");
    let identity = world.sts_in(&session, "Action=GetCallerIdentity").await;
    assert_eq!(identity.member("UserId"), format!("{ACCOUNT}:bob"));
    let role = format!("arn:aws:iam::{ACCOUNT}:role/x");
    world.sts_in(&session, &assume(&role)).await.refused_query(403, "AccessDenied");

    // Without session policies it may do nothing.
    let reply = world.sts_as(&key, "Action=GetFederationToken&Name=bob").await;
    let bare = Session::of(&reply);
    world.call_in(&bare, "DescribeRepositories", json!({})).await.refused("AccessDeniedException");
    assert!(!reply.text().contains("PackedPolicySize"));

    let poor = user(&world, "poor").await;
    let message = world.sts_as(&poor, &form).await.refused_query(403, "AccessDenied");
    let start = format!(
        "User: {} is not authorized to perform: sts:GetFederationToken on resource: \
         arn:aws:sts::{ACCOUNT}:federated-user/bob",
        arn("poor")
    );
    assert!(message.starts_with(&start), "{message}");
    let may = json!("sts:GetFederationToken");
    let untagging = world.user("untagging", allow(may, "*")).await;
    let tagged = format!("{form}&Tags.member.1.Key=a&Tags.member.1.Value=b");
    world.sts_as(&untagging, &tagged).await.refused_query(403, "AccessDenied");
    Session::of(&world.sts_as(&key, &tagged).await);
}

#[tokio::test]
async fn keys_and_encoded_messages_are_told_to_who_may_know() {
    let world = World::new().await;
    let session = Session::of(&world.sts_as(&world.root, "Action=GetSessionToken").await);
    for id in [&world.root.access_key_id, &session.key.access_key_id] {
        let form = format!("Action=GetAccessKeyInfo&AccessKeyId={id}");
        assert_eq!(world.sts_as(&world.root, &form).await.member("Account"), ACCOUNT);
        let poor = user(&world, &format!("poor-{id}")).await;
        world.sts_as(&poor, &form).await.refused_query(403, "AccessDenied");
    }
    let form = "Action=GetAccessKeyInfo&AccessKeyId=AKIAIOSFODNN7EXAMPLE";
    let message = world.sts_as(&world.root, form).await.refused_query(400, "ValidationError");
    assert_eq!(message, "Invalid AccessKeyId: AKIAIOSFODNN7EXAMPLE");

    let account = ACCOUNT.parse().unwrap();
    let encoded =
        world.auth.encode_authorization_message(&account, r#"{"allowed":false}"#).unwrap();
    let form =
        |message: &str| format!("Action=DecodeAuthorizationMessage&EncodedMessage={message}");
    let reply = world.sts_as(&world.root, &form(&encoded)).await;
    assert_eq!(reply.member("DecodedMessage").replace("&quot;", "\""), r#"{"allowed":false}"#);
    let poor = user(&world, "poor").await;
    world.sts_as(&poor, &form(&encoded)).await.refused_query(403, "AccessDenied");
    let foreign = world.auth.encode_authorization_message(&OTHER.parse().unwrap(), "{}").unwrap();
    for bad in [&foreign, "x", &encoded[1..], &session.token] {
        let reply = world.sts_as(&world.root, &form(bad)).await;
        reply.refused_query(400, "InvalidAuthorizationMessageException");
    }
    assert!(world.auth.encode_authorization_message(&account, &"x".repeat(10_000)).is_none());
}
