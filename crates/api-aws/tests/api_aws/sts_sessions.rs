//! Sessions that STS gives out: of roles, users and federated users.

use serde_json::{Value, json};
use wharfinger_auth::AccessKey;
use wharfinger_metadata::{account, managed_policy};

use crate::temporary::Session;
use crate::world::{ACCOUNT, World, digest_of};

pub const OTHER: &str = "999988887777";

pub fn allow(actions: Value, resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": actions, "Resource": resource },
    ] })
}

pub fn trust(principal: &str) -> Value {
    trust_if(principal, json!(["sts:AssumeRole"]), json!({}))
}

fn trust_if(principal: &str, actions: Value, condition: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions,
        "Condition": condition,
    }] })
}

pub fn arn(user: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{user}")
}

pub fn assume(role: &str) -> String {
    format!("Action=AssumeRole&RoleArn={role}&RoleSessionName=build")
}

/// A user without any policy.
pub async fn user(world: &World, name: &str) -> AccessKey {
    world.user(name, allow(json!("none:none"), "*")).await
}

#[tokio::test]
async fn a_role_is_assumed_and_does_what_it_may() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let policy = allow(json!("ecr:DescribeRepositories"), "*");
    let role = world.role(ACCOUNT, "pusher", trust(&arn("ci")), policy).await;
    let context = world.context();
    let request = world.sts(&format!("Version=2011-06-15&{}", assume(&role))).sign(&key);
    let reply = world.send_in(&context, request).await;
    let id = reply.member("AssumedRoleId").to_owned();
    assert!(id.starts_with("AROA") && id.ends_with(":build"), "{id}");
    let session = Session::of(&reply);
    let expected = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>2026-03-01T13:30:00Z</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>{id}</AssumedRoleId>\
         <Arn>arn:aws:sts::{ACCOUNT}:assumed-role/pusher/build</Arn></AssumedRoleUser>\
         </AssumeRoleResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </AssumeRoleResponse>",
        session.key.access_key_id,
        session.key.secret_access_key.expose(),
        session.token,
        context.request_id
    );
    assert_eq!(reply.text(), expected);
    assert!(session.key.access_key_id.starts_with("ASIA"));
    assert!((300..1_000).contains(&session.token.len()), "{}", session.token.len());

    let identity = world.sts_in(&session, "Action=GetCallerIdentity").await;
    assert_eq!(identity.member("UserId"), id);
    assert_eq!(identity.member("Arn"), format!("arn:aws:sts::{ACCOUNT}:assumed-role/pusher/build"));
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    let denied =
        world.call_in(&session, "CreateRepository", json!({ "repositoryName": "a/b" })).await;
    let message = denied.refused("AccessDeniedException");
    assert!(message.starts_with(&format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/pusher/build is not authorized to perform: \
         ecr:CreateRepository"
    )));
}

#[tokio::test]
async fn a_download_url_of_a_session_is_good_while_the_session_is() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let role = world.role(ACCOUNT, "r", trust(&arn("ci")), allow(json!("*"), "*")).await;
    let session = world.assume(&key, &role).await;
    world.create_repository("team/app").await;
    world.push_image("team/app", "a", None).await;
    let digest = digest_of(b"layer");
    let body = json!({ "repositoryName": "team/app", "layerDigest": digest });
    let url = world.call_in(&session, "GetDownloadUrlForLayer", body).await.ok();
    let query = url["downloadUrl"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let token = query.split("X-Amz-Security-Token=").nth(1).unwrap();
    assert!(token.len() > 300 && !token.starts_with(&session.token));
}

#[tokio::test]
async fn who_may_assume_a_role_is_for_both_sides_to_say() {
    let world = World::new().await;
    let may = json!("sts:AssumeRole");
    let poor = user(&world, "poor").await;
    let rich = world.user("rich", allow(may.clone(), "*")).await;
    world
        .write(|tx| {
            Box::pin(async move {
                account::insert(tx, &OTHER.parse().unwrap(), Default::default()).await.map(|_| ())
            })
        })
        .await;
    let far = world.user_of(OTHER, "far", allow(may.clone(), "*")).await;
    let far_poor = world.user_of(OTHER, "poor", allow(json!("none:none"), "*")).await;
    let everything = || allow(json!("*"), "*");
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let of_user = world.role(ACCOUNT, "of-user", trust(&arn("poor")), everything()).await;
    let of_account = world.role(ACCOUNT, "of-account", trust(&root), everything()).await;
    let of_other = world.role(ACCOUNT, "of-the-other", trust(OTHER), everything()).await;
    let absent = format!("arn:aws:iam::{ACCOUNT}:role/absent");
    let other_path = of_user.replace("/ci/", "/");
    for (who, key, role, may) in [
        ("poor", &poor, &of_user, true),
        ("poor", &poor, &of_account, false),
        ("rich", &rich, &of_account, true),
        ("rich", &rich, &of_user, false),
        ("far", &far, &of_other, true),
        ("far poor", &far_poor, &of_other, false),
        ("rich", &rich, &of_other, false),
        ("rich", &rich, &absent, false),
        ("poor", &poor, &absent, false),
        ("poor", &poor, &other_path, false),
        ("far", &far, &absent, false),
    ] {
        let reply = world.sts_as(key, &assume(role)).await;
        if may {
            assert_eq!(reply.status, 200, "{who} {role}");
            continue;
        }
        let message = reply.refused_query(403, "AccessDenied");
        assert!(message.starts_with("User: arn:aws:iam::"), "{message}");
        let end = format!("is not authorized to perform: sts:AssumeRole on resource: {role}");
        assert!(message.ends_with(&end), "{message}");
    }
    let reply = world.sts_as(&world.root, &assume(&of_account)).await;
    let message = reply.refused_query(403, "AccessDenied");
    assert_eq!(message, "Roles may not be assumed by root accounts.");
    for bad in
        ["arn:aws:iam::111122223333:user/x", "arn:aws:iam::x:role/abcdef", "not an arn of a role"]
    {
        let reply = world.sts_as(&poor, &assume(bad)).await;
        assert_eq!(reply.refused_query(400, "ValidationError"), format!("{bad} is invalid"));
    }
}

#[tokio::test]
async fn a_trust_policy_asks_for_what_comes_with_the_request() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let actions = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    let conditions = json!({ "StringEquals": {
        "sts:ExternalId": "secret", "sts:RoleSessionName": "build", "sts:SourceIdentity": "alice",
        "aws:RequestTag/team": "blue",
    }, "ForAllValues:StringEquals": { "sts:TransitiveTagKeys": ["team"] } });
    let trust = trust_if(&arn("ci"), actions, conditions);
    let role = world.role(ACCOUNT, "r", trust, allow(json!("*"), "*")).await;
    let whole = format!(
        "{}&ExternalId=secret&SourceIdentity=alice&Tags.member.1.Key=team&Tags.member.1.Value=blue\
         &TransitiveTagKeys.member.1=team",
        assume(&role)
    );
    let reply = world.sts_as(&key, &whole).await;
    assert_eq!((reply.member("SourceIdentity"), reply.member("PackedPolicySize")), ("alice", "1"));
    for (from, to) in [
        ("=secret", "=guess"),
        ("&ExternalId=secret", ""),
        ("=build", "=other"),
        ("=alice", "=mallory"),
        ("&SourceIdentity=alice", ""),
        ("Value=blue", "Value=red"),
    ] {
        let reply = world.sts_as(&key, &whole.replace(from, to)).await;
        reply.refused_query(403, "AccessDenied");
    }
}

#[tokio::test]
async fn tags_and_who_is_behind_need_permissions_of_their_own() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let role = world.role(ACCOUNT, "r", trust(&arn("ci")), allow(json!("*"), "*")).await;
    for (more, action) in [
        ("&Tags.member.1.Key=a&Tags.member.1.Value=b", "sts:TagSession"),
        ("&SourceIdentity=alice", "sts:SetSourceIdentity"),
    ] {
        let reply = world.sts_as(&key, &format!("{}{more}", assume(&role))).await;
        let message = reply.refused_query(403, "AccessDenied");
        assert!(
            message.contains(&format!("is not authorized to perform: {action} on")),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_session_is_bounded_by_what_it_was_asked_for_with() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let role = world.role(ACCOUNT, "r", trust(&arn("ci")), allow(json!("ecr:*"), "*")).await;
    let policy = allow(json!("ecr:DescribeRepositories"), "*").to_string();
    let reply = world.sts_as(&key, &format!("{}&Policy={policy}", assume(&role))).await;
    assert_eq!(reply.member("PackedPolicySize"), "2");
    let session = Session::of(&reply);
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    let denied = world.call_in(&session, "DescribeRegistry", json!({})).await;
    let message = denied.refused("AccessDeniedException");
    assert!(message.contains("no session policy allows"), "{message}");

    let read_only = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
    let form = format!("{}&PolicyArns.member.1.arn={read_only}", assume(&role));
    let session = Session::of(&world.sts_as(&key, &form).await);
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    let denied =
        world.call_in(&session, "CreateRepository", json!({ "repositoryName": "a/b" })).await;
    denied.refused("AccessDeniedException");

    let absent = format!("arn:aws:iam::{ACCOUNT}:policy/absent");
    for (more, status, code) in [
        ("&Policy={}".to_owned(), 400, "MalformedPolicyDocument"),
        (format!("&Policy={}", "%20".repeat(2_049)), 400, "ValidationError"),
        (format!("&PolicyArns.member.1.arn={absent}"), 400, "ValidationError"),
    ] {
        let reply = world.sts_as(&key, &format!("{}{more}", assume(&role))).await;
        reply.refused_query(status, code);
    }
    let mut tags = assume(&role);
    for number in 1..=50 {
        tags += &format!("&Tags.member.{number}.Key=key{number}");
        tags += &format!("&Tags.member.{number}.Value={}", "x".repeat(250));
    }
    let message = world.sts_as(&key, &tags).await.refused_query(400, "PackedPolicyTooLarge");
    assert!(
        message.starts_with("Packed size of session policies and tags consumes 2"),
        "{message}"
    );
}

#[tokio::test]
async fn a_session_lasts_as_long_as_its_role_and_its_chain_let() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let any = json!("sts:AssumeRole");
    let first = world.role(ACCOUNT, "first", trust(&arn("ci")), allow(any.clone(), "*")).await;
    let session_arn = format!("arn:aws:iam::{ACCOUNT}:role/ci/first");
    let second = world.role(ACCOUNT, "second", trust(&session_arn), allow(any, "*")).await;
    let longest = world.sts_as(&key, &format!("{}&DurationSeconds=7200", assume(&first))).await;
    assert_eq!(longest.member("Expiration"), "2026-03-01T14:30:00Z");
    let too_long = world.sts_as(&key, &format!("{}&DurationSeconds=7201", assume(&first))).await;
    assert_eq!(
        too_long.refused_query(400, "ValidationError"),
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    );
    let session = Session::of(&longest);
    let chained = world.sts_in(&session, &assume(&second)).await;
    assert_eq!(chained.member("Expiration"), "2026-03-01T13:30:00Z");
    let too_long =
        world.sts_in(&session, &format!("{}&DurationSeconds=3601", assume(&second))).await;
    assert_eq!(
        too_long.refused_query(400, "ValidationError"),
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
         chaining"
    );
}

#[tokio::test]
async fn transitive_tags_and_who_is_behind_go_on_through_a_chain() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let all = json!("sts:*");
    let first_trust = trust_if(&arn("ci"), all.clone(), json!({}));
    let first = world.role(ACCOUNT, "first", first_trust, allow(all.clone(), "*")).await;
    let conditions = json!({ "StringEquals": {
        "aws:RequestTag/team": "blue", "sts:SourceIdentity": "alice",
    } });
    let second_trust = trust_if(&first, all.clone(), conditions);
    let second = world.role(ACCOUNT, "second", second_trust, allow(all, "*")).await;
    let form = format!(
        "{}&SourceIdentity=alice&Tags.member.1.Key=Team&Tags.member.1.Value=blue\
         &Tags.member.2.Key=other&Tags.member.2.Value=x&TransitiveTagKeys.member.1=Team",
        assume(&first)
    );
    let session = Session::of(&world.sts_as(&key, &form).await);
    let chained = world.sts_in(&session, &assume(&second)).await;
    assert_eq!(chained.member("SourceIdentity"), "alice");
    let tagged = "&Tags.member.1.Key=team&Tags.member.1.Value=red";
    let reply = world.sts_in(&session, &format!("{}{tagged}", assume(&second))).await;
    reply.refused_query(400, "ValidationError");
    let form = format!("{}&SourceIdentity=mallory", assume(&second));
    world.sts_in(&session, &form).await.refused_query(403, "AccessDenied");
}

#[tokio::test]
async fn a_managed_session_policy_is_of_the_account_of_the_session() {
    let world = World::new().await;
    let key = user(&world, "ci").await;
    let role = world.role(ACCOUNT, "r", trust(&arn("ci")), allow(json!("ecr:*"), "*")).await;
    let row = |account: &str| managed_policy::ManagedPolicyRow {
        policy_id: format!("ANPA{account}"),
        policy_arn: format!("arn:aws:iam::{account}:policy/own"),
        account: account.parse().unwrap(),
        policy_name: "own".into(),
        path: "/".into(),
        description: String::new(),
        default_version: 1,
        last_version: 1,
        created_at: Default::default(),
        updated_at: Default::default(),
    };
    for row in [row(ACCOUNT), row(OTHER)] {
        world
            .write(move |tx| {
                Box::pin(async move {
                    managed_policy::insert(tx, &row).await?;
                    let text =
                        r#"{"Statement":{"Effect":"Allow","Action":"ecr:Des*","Resource":"*"}}"#;
                    managed_policy::insert_version(tx, &row.policy_id, 1, text, row.created_at)
                        .await
                })
            })
            .await;
    }
    let form = |account: &str| {
        format!("{}&PolicyArns.member.1.arn=arn:aws:iam::{account}:policy/own", assume(&role))
    };
    let session = Session::of(&world.sts_as(&key, &form(ACCOUNT)).await);
    world.call_in(&session, "DescribeRepositories", json!({})).await.ok();
    world.sts_as(&key, &form(OTHER)).await.refused_query(400, "ValidationError");
}
