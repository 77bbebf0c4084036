//! IAM's simulator over the Query protocol.

use serde_json::{Value, json};
use wharfinger_auth::AccessKey;

use crate::world::{Reply, World};

const REPOSITORY: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/app";
const DEV: &str = "arn:aws:iam::111122223333:user/dev";

fn policy(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn simulator() -> Value {
    policy(json!([
        { "Effect": "Allow", "Action": "iam:Simulate*", "Resource": [DEV, "*"] },
        { "Effect": "Allow", "Action": "iam:GetContextKeys*", "Resource": "*" },
        { "Effect": "Deny", "Action": "ecr:DeleteRepository", "Resource": "*" },
    ]))
}

fn encoded(text: &str) -> String {
    let escaped = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

async fn ask(world: &World, key: &AccessKey, action: &str, members: &[(&str, &str)]) -> Reply {
    let mut form = format!("Action={action}");
    for (name, value) in members {
        form.push_str(&format!("&{name}={}", encoded(value)));
    }
    world.send(world.iam(&form).sign(key)).await
}

/// What stands between the first `<name>` and its end.
fn member<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.split_once(&format!("<{name}>")).map(|(_, rest)| rest).unwrap();
    start.split_once(&format!("</{name}>")).unwrap().0
}

#[tokio::test]
async fn the_policies_of_a_user_are_simulated() {
    let world = World::new().await;
    let dev = world.user("dev", simulator()).await;
    let reply = ask(
        &world,
        &dev,
        "SimulatePrincipalPolicy",
        &[
            ("PolicySourceArn", DEV),
            ("ActionNames.member.1", "ecr:DeleteRepository"),
            ("ActionNames.member.2", "ecr:PutImage"),
            ("ResourceArns.member.1", REPOSITORY),
        ],
    )
    .await;
    let text = reply.text();
    assert_eq!(reply.status, 200, "{text}");
    let results: Vec<&str> = text.split("<EvalActionName>").skip(1).collect();
    assert_eq!(results.len(), 2);
    assert!(results[0].starts_with("ecr:DeleteRepository</EvalActionName>"), "{text}");
    assert_eq!(member(results[0], "EvalResourceName"), REPOSITORY);
    assert_eq!(member(results[0], "EvalDecision"), "explicitDeny");
    assert_eq!(member(results[0], "SourcePolicyId"), "user_dev_test");
    assert_eq!(member(results[0], "SourcePolicyType"), "user");
    assert_eq!(member(member(results[0], "StartPosition"), "Line"), "1");
    assert_eq!(member(results[0], "EvalResourceDecision"), "explicitDeny");
    assert_eq!(member(results[1], "EvalDecision"), "implicitDeny");
    assert_eq!(member(text, "IsTruncated"), "false");
}

#[tokio::test]
async fn given_policies_are_simulated() {
    let world = World::new().await;
    let allow = policy(json!([{ "Effect": "Allow", "Action": "ecr:*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:RequestTag/a": "b" } } }]))
    .to_string();
    let boundary =
        policy(json!([{ "Effect": "Allow", "Action": "ecr:Get*", "Resource": "*" }])).to_string();
    let base = [
        ("PolicyInputList.member.1", allow.as_str()),
        ("ActionNames.member.1", "ecr:PutImage"),
        ("ActionNames.member.2", "ecr:ListImages"),
        ("MaxItems", "1"),
    ];
    let reply = ask(&world, &world.root, "SimulateCustomPolicy", &base).await;
    let text = reply.text();
    assert_eq!(reply.status, 200, "{text}");
    assert_eq!(member(text, "EvalActionName"), "ecr:PutImage");
    assert_eq!(member(text, "EvalResourceName"), "*");
    assert_eq!(member(text, "EvalDecision"), "implicitDeny");
    assert_eq!(member(text, "MissingContextValues"), "<member>aws:RequestTag/a</member>");
    assert_eq!(member(text, "IsTruncated"), "true");
    let marker = member(text, "Marker").to_owned();
    let mut more = base.to_vec();
    more.extend([
        ("Marker", marker.as_str()),
        ("ContextEntries.member.1.ContextKeyName", "aws:RequestTag/a"),
        ("ContextEntries.member.1.ContextKeyType", "string"),
        ("ContextEntries.member.1.ContextKeyValues.member.1", "b"),
    ]);
    let reply = ask(&world, &world.root, "SimulateCustomPolicy", &more).await;
    let text = reply.text();
    assert_eq!(member(text, "EvalActionName"), "ecr:ListImages", "{text}");
    assert_eq!(member(text, "EvalDecision"), "allowed");
    assert_eq!(member(text, "SourcePolicyId"), "PolicyInputList.1");
    assert_eq!(member(text, "IsTruncated"), "false");
    more.push(("PermissionsBoundaryPolicyInputList.member.1", boundary.as_str()));
    let reply = ask(&world, &world.root, "SimulateCustomPolicy", &more).await;
    let text = reply.text();
    assert_eq!(member(text, "EvalDecision"), "implicitDeny");
    assert_eq!(member(text, "AllowedByPermissionsBoundary"), "false");
}

#[tokio::test]
async fn the_keys_of_policies_are_listed() {
    let world = World::new().await;
    let dev = world.user("dev", simulator()).await;
    let named = policy(json!([{ "Effect": "Allow", "Action": "ecr:*",
        "Resource": "arn:aws:ecr:*:*:repository/${aws:username}" }]))
    .to_string();
    let keys = "<member>aws:username</member>";
    let members = [("PolicyInputList.member.1", named.as_str())];
    let reply = ask(&world, &dev, "GetContextKeysForCustomPolicy", &members).await;
    assert_eq!(member(reply.text(), "ContextKeyNames"), keys);
    let members = [("PolicySourceArn", DEV), members[0]];
    let reply = ask(&world, &dev, "GetContextKeysForPrincipalPolicy", &members).await;
    assert_eq!(member(reply.text(), "ContextKeyNames"), keys);
}

#[tokio::test]
async fn errors_are_iams_own() {
    let world = World::new().await;
    let dev = world.user("dev", simulator()).await;
    world.user("bob", simulator()).await;
    let nobody = policy(json!([{ "Effect": "Deny", "Action": "*", "Resource": "*" }]));
    let nobody = world.user("nobody", nobody).await;
    let simulate = |source: &'static str, action: &'static str| {
        [("PolicySourceArn", source), ("ActionNames.member.1", action)]
    };
    let code = |reply: &Reply| member(reply.text(), "Code").to_owned();
    for operation in ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"] {
        let reply = ask(&world, &nobody, operation, &simulate(DEV, "ecr:PutImage")).await;
        assert_eq!((reply.status.as_u16(), code(&reply).as_str()), (403, "AccessDenied"));
        let absent = "arn:aws:iam::111122223333:user/absent";
        let reply = ask(&world, &nobody, operation, &simulate(absent, "ecr:PutImage")).await;
        assert_eq!(code(&reply), "AccessDenied", "absent and forbidden look alike");
        for absent in [absent, "arn:aws:iam::444455556666:user/dev"] {
            let reply =
                ask(&world, &world.root, operation, &simulate(absent, "ecr:PutImage")).await;
            assert_eq!((reply.status.as_u16(), code(&reply).as_str()), (404, "NoSuchEntity"));
        }
        let reply =
            ask(&world, &world.root, operation, &simulate("not an ARN at all, is it", "ecr:X"))
                .await;
        assert_eq!((reply.status.as_u16(), code(&reply).as_str()), (400, "InvalidInput"));
    }
    let reply = ask(&world, &dev, "SimulatePrincipalPolicy", &simulate(DEV, "PutImage")).await;
    assert_eq!((reply.status.as_u16(), code(&reply).as_str()), (400, "InvalidInput"));
    for operation in ["SimulateCustomPolicy", "GetContextKeysForCustomPolicy"] {
        let members =
            [("PolicyInputList.member.1", "{}"), ("ActionNames.member.1", "ecr:PutImage")];
        let reply = ask(&world, &world.root, operation, &members).await;
        assert_eq!(code(&reply), "InvalidInput", "{operation}");
        let reply = ask(&world, &nobody, operation, &members).await;
        assert_eq!(code(&reply), "AccessDenied", "{operation}");
    }
}
