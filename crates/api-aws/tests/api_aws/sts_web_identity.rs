//! Sessions of roles for whom an identity provider vouches.

use std::time::Duration;

use serde_json::{Value, json};

use crate::providers::{AUDIENCE, ISSUER, ProviderKey, compact};
use crate::temporary::Session;
use crate::world::{ACCOUNT, Reply, World};

fn trust(issuer: &str, actions: Value, condition: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": actions, "Condition": condition,
        "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}") },
    }] })
}

fn of_subject(issuer: &str, subject: &str) -> Value {
    let condition = json!({ "StringLike": { format!("{issuer}:sub"): subject },
                            "StringEquals": { format!("{issuer}:aud"): AUDIENCE } });
    trust(issuer, json!("sts:AssumeRoleWithWebIdentity"), condition)
}

fn everything() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
    ] })
}

fn form(role: &str, token: &str) -> String {
    format!(
        "Action=AssumeRoleWithWebIdentity&RoleArn={role}&RoleSessionName=job\
         &WebIdentityToken={token}"
    )
}

/// A world with a provider, its key, and a role for the subjects `project:app:*`.
async fn world() -> (World, ProviderKey, String) {
    let world = World::new().await;
    let key = ProviderKey::p256("one");
    world.provider(ACCOUNT, ISSUER).await;
    world.providers.publish(ISSUER, &[&key.jwk()]);
    let trust = of_subject(ISSUER, "project:app:*");
    let role = world.role(ACCOUNT, "deploy", trust, everything()).await;
    (world, key, role)
}

async fn assume(world: &World, role: &str, token: &str) -> Reply {
    world.sts_unsigned(&form(role, token)).await
}

#[tokio::test]
async fn a_job_comes_in_without_a_secret_and_pushes() {
    let (world, key, role) = world().await;
    let context = world.context();
    let token = key.token(&world.claims());
    let request = world.sts(&format!("Version=2011-06-15&{}", form(&role, &token))).unsigned();
    let reply = world.send_in(&context, request).await;
    let session = Session::of(&reply);
    let id = reply.member("AssumedRoleId").to_owned();
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}");
    let expected = format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId>\
         <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
         <Expiration>2026-03-01T13:30:00Z</Expiration></Credentials>\
         <SubjectFromWebIdentityToken>project:app:main</SubjectFromWebIdentityToken>\
         <AssumedRoleUser><AssumedRoleId>{id}</AssumedRoleId>\
         <Arn>arn:aws:sts::{ACCOUNT}:assumed-role/deploy/job</Arn></AssumedRoleUser>\
         <Provider>{provider}</Provider><Audience>{AUDIENCE}</Audience>\
         </AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>{}</RequestId>\
         </ResponseMetadata></AssumeRoleWithWebIdentityResponse>",
        session.key.access_key_id,
        session.key.secret_access_key.expose(),
        session.token,
        context.request_id
    );
    assert_eq!(reply.text(), expected);
    let body = json!({ "repositoryName": "team/app" });
    world.call_in(&session, "CreateRepository", body).await.ok();
}

#[tokio::test]
async fn keys_of_every_kind_prove_tokens() {
    let (world, first, role) = world().await;
    let (rsa, p384) = (ProviderKey::rsa("rsa"), ProviderKey::p384("p384"));
    world.providers.publish(ISSUER, &[&first.jwk(), &rsa.jwk(), &p384.jwk()]);
    let claims = world.claims();
    let algorithms =
        [("RS256", &rsa), ("RS384", &rsa), ("RS512", &rsa), ("ES256", &first), ("ES384", &p384)];
    for (algorithm, key) in algorithms {
        let header = json!({ "alg": algorithm, "kid": key.id });
        Session::of(&assume(&world, &role, &key.token_with(&header, &claims)).await);
    }
    // Without a name it must be the only key that can have made it.
    let header = json!({ "alg": "ES384" });
    Session::of(&assume(&world, &role, &p384.token_with(&header, &claims)).await);
}

#[tokio::test]
async fn keys_are_kept_and_asked_for_again_when_an_unknown_one_comes() {
    let (world, old, role) = world().await;
    let token = |key: &ProviderKey| key.token(&world.claims());
    for _ in 0..3 {
        Session::of(&assume(&world, &role, &token(&old)).await);
    }
    assert_eq!(world.providers.asked(), 2, "the configuration and the keys");
    let new = ProviderKey::p256("two");
    world.providers.publish(ISSUER, &[&new.jwk()]);
    assume(&world, &role, &token(&new)).await.refused_query(400, "InvalidIdentityToken");
    assert_eq!(world.providers.asked(), 2, "not within the same minute");
    world.clock.advance(Duration::from_secs(60));
    Session::of(&assume(&world, &role, &token(&new)).await);
    assert_eq!(world.providers.asked(), 4);
    // The key that is gone proves nothing any more, and costs one look a minute.
    for _ in 0..3 {
        assume(&world, &role, &token(&old)).await.refused_query(400, "InvalidIdentityToken");
    }
    assert_eq!(world.providers.asked(), 4);
    // They are kept for five minutes, and a provider that is away is asked once a minute.
    world.providers.vanish();
    world.clock.advance(Duration::from_secs(299));
    Session::of(&assume(&world, &role, &token(&new)).await);
    world.clock.advance(Duration::from_secs(1));
    for _ in 0..3 {
        assume(&world, &role, &token(&new)).await.refused_query(400, "IDPCommunicationError");
    }
    assert_eq!(world.providers.asked(), 5);
    world.providers.publish(ISSUER, &[&new.jwk()]);
    world.clock.advance(Duration::from_secs(60));
    Session::of(&assume(&world, &role, &token(&new)).await);
}

#[tokio::test]
async fn a_provider_that_says_nothing_right_is_not_believed() {
    let (world, key, role) = world().await;
    let known = format!("https://{ISSUER}/.well-known/openid-configuration");
    let keys = format!("https://{ISSUER}/keys");
    let configuration = |issuer: &str, place: &str| json!({ "issuer": issuer, "jwks_uri": place });
    let own = format!("https://{ISSUER}");
    for (url, document) in [
        (&known, json!("nothing")),
        (&known, configuration("https://gitlab.example", &keys)),
        (&known, configuration(&own, "http://gitlab.example/keys")),
        (&known, configuration(&own, "file:///etc/passwd")),
        (&known, configuration(&own, "https://user@gitlab.example/keys")),
        (&known, configuration(&own, "https://gitlab.example/absent")),
        (&keys, json!({ "keys": "none" })),
        (&keys, json!([])),
    ] {
        world.providers.publish(ISSUER, &[&key.jwk()]);
        world.providers.put(url, document.clone());
        world.clock.advance(Duration::from_secs(600));
        let reply = assume(&world, &role, &key.token(&world.claims())).await;
        let message = reply.refused_query(400, "IDPCommunicationError");
        assert!(message.starts_with("The identity provider could not be reached"), "{document}");
    }
}

#[tokio::test]
async fn a_trust_policy_asks_for_the_claims_of_github() {
    let world = World::new().await;
    let issuer = "token.actions.githubusercontent.com";
    let key = ProviderKey::p256("one");
    world.provider(ACCOUNT, issuer).await;
    world.providers.publish(issuer, &[&key.jwk()]);
    let condition = json!({ "StringEquals": {
        format!("{issuer}:repository"): "owner/app", format!("{issuer}:amr"): "authenticated",
        format!("{issuer}:environment"): "production",
    } });
    let trust = trust(issuer, json!("sts:AssumeRoleWithWebIdentity"), condition);
    let role = world.role(ACCOUNT, "deploy", trust, everything()).await;
    let mut claims = world.claims();
    claims["iss"] = format!("https://{issuer}").into();
    claims["repository"] = "owner/app".into();
    claims["environment"] = "production".into();
    claims["amr"] = json!(["authenticated"]);
    Session::of(&assume(&world, &role, &key.token(&claims)).await);
    for (name, value) in [
        ("repository", json!("owner/other")),
        ("repository", json!(["owner/app"])),
        ("environment", Value::Null),
        ("amr", json!("anonymous")),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        let reply = assume(&world, &role, &key.token(&claims)).await;
        assert_eq!(
            reply.refused_query(403, "AccessDenied"),
            "Not authorized to perform sts:AssumeRoleWithWebIdentity"
        );
    }
}

#[tokio::test]
async fn a_provider_gives_tags_and_says_who_is_behind() {
    let (world, key, _) = world().await;
    let actions =
        json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity",]);
    let condition = json!({ "StringEquals": {
        "aws:RequestTag/team": "blue", "sts:SourceIdentity": "alice",
    } });
    let tagged = world
        .role(
            ACCOUNT,
            "tagged",
            trust(ISSUER, actions, condition),
            json!({
                "Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Action": "ecr:*", "Resource": "*",
                    "Condition": { "StringEquals": { "aws:PrincipalTag/team": "blue" } },
                }],
            }),
        )
        .await;
    let bare = world.role(ACCOUNT, "bare", of_subject(ISSUER, "*"), everything()).await;
    let mut claims = world.claims();
    claims["https://aws.amazon.com/tags"] = json!({
        "principal_tags": { "team": ["blue"] }, "transitive_tag_keys": ["team"],
    });
    claims["https://aws.amazon.com/source_identity"] = "alice".into();
    let reply = assume(&world, &tagged, &key.token(&claims)).await;
    assert_eq!(reply.member("SourceIdentity"), "alice");
    world.call_in(&Session::of(&reply), "DescribeRepositories", json!({})).await.ok();
    assume(&world, &bare, &key.token(&claims)).await.refused_query(403, "AccessDenied");
    for tags in [
        json!([]),
        json!({ "principal_tags": { "team": ["a", "b"] } }),
        json!({ "principal_tags": { "a": 1 } }),
    ] {
        claims["https://aws.amazon.com/tags"] = tags;
        let reply = assume(&world, &tagged, &key.token(&claims)).await;
        reply.refused_query(400, "InvalidIdentityToken");
    }
}

#[tokio::test]
async fn a_session_lasts_no_longer_than_its_role_lets_and_is_bounded_by_policies() {
    let (world, key, role) = world().await;
    let token = key.token(&world.claims());
    let long = format!("{}&DurationSeconds=7201", form(&role, &token));
    world.sts_unsigned(&long).await.refused_query(400, "ValidationError");
    let policy = r#"{"Statement":{"Effect":"Allow","Action":"ecr:Describe*","Resource":"*"}}"#;
    let bounded = format!("{}&Policy={policy}&DurationSeconds=900", form(&role, &token));
    let reply = world.sts_unsigned(&bounded).await;
    assert_eq!(reply.member("Expiration"), "2026-03-01T12:45:00Z");
    let session = Session::of(&reply);
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    world
        .call_in(&session, "GetAuthorizationToken", json!({}))
        .await
        .refused("AccessDeniedException");
    let other = format!("{}&ProviderId=www.amazon.com", form(&role, &token));
    world.sts_unsigned(&other).await.refused_query(400, "ValidationError");
    // Who signs it all the same is asked for nothing more.
    let unsigned = compact(&json!({ "alg": "none" }), &world.claims(), |_| Vec::new());
    let reply = world.sts_as(&world.root, &form(&role, &unsigned)).await;
    reply.refused_query(400, "InvalidIdentityToken");
}
