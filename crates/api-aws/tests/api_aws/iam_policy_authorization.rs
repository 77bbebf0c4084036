//! Who may do what to policies: each operation by an action of its own, on the ARN and with the
//! condition keys that IAM's service reference gives it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::iam_policies::{refusal, world};

const OWN: &str = "arn:aws:iam::111122223333:policy/own";
const DEV: &str = "arn:aws:iam::111122223333:user/dev";
const DEVS: &str = "arn:aws:iam::111122223333:group/devs";
const CI: &str = "arn:aws:iam::111122223333:role/team/ci";
/// `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}`
const DOCUMENT: &str = "PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B\
                        %22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ecr%3A%2A%22%2C\
                        %22Resource%22%3A%22%2A%22%7D%7D";

/// Each operation with its form and the ARN that it is about.
fn operations() -> Vec<(String, String, &'static str)> {
    let policy = format!("PolicyArn={OWN}");
    let version = format!("{policy}&VersionId=v1");
    let mut all = vec![
        ("CreatePolicy".into(), format!("PolicyName=own&{DOCUMENT}"), OWN),
        ("CreatePolicyVersion".into(), format!("{policy}&{DOCUMENT}"), OWN),
        ("DeletePolicyVersion".into(), version.clone(), OWN),
        ("GetPolicy".into(), policy.clone(), OWN),
        ("GetPolicyVersion".into(), version.clone(), OWN),
        ("ListEntitiesForPolicy".into(), policy.clone(), OWN),
        ("ListPolicies".into(), String::new(), "*"),
        ("ListPolicyTags".into(), policy.clone(), OWN),
        ("ListPolicyVersions".into(), policy.clone(), OWN),
        ("SetDefaultPolicyVersion".into(), version, OWN),
        ("TagPolicy".into(), format!("{policy}&Tags.member.1.Key=a&Tags.member.1.Value=b"), OWN),
        ("UntagPolicy".into(), format!("{policy}&TagKeys.member.1=a"), OWN),
        ("DeletePolicy".into(), policy.clone(), OWN),
    ];
    for (kind, holder, arn) in [
        ("User", "UserName=dev", DEV),
        ("Group", "GroupName=devs", DEVS),
        ("Role", "RoleName=ci", CI),
    ] {
        let named = format!("{holder}&PolicyName=inline");
        all.extend([
            (format!("Attach{kind}Policy"), format!("{holder}&{policy}"), arn),
            (format!("Detach{kind}Policy"), format!("{holder}&{policy}"), arn),
            (format!("ListAttached{kind}Policies"), holder.into(), arn),
            (format!("Put{kind}Policy"), format!("{named}&{DOCUMENT}"), arn),
            (format!("Get{kind}Policy"), named.clone(), arn),
            (format!("List{kind}Policies"), holder.into(), arn),
            (format!("Delete{kind}Policy"), named, arn),
        ]);
        if kind != "Group" {
            let bound = format!("{holder}&PermissionsBoundary={OWN}");
            all.extend([
                (format!("Put{kind}PermissionsBoundary"), bound, arn),
                (format!("Delete{kind}PermissionsBoundary"), holder.into(), arn),
            ]);
        }
    }
    all
}

fn allow(actions: &Value, resource: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": actions, "Resource": resource },
    ] })
}

#[tokio::test]
async fn each_operation_takes_its_own_action_on_its_own_arn() {
    let world = world().await;
    let all = operations();
    assert_eq!(all.len(), 38);
    let nobody = world.user("nobody", allow(&json!("s3:*"), &json!("*"))).await;
    let everyone = world.user("admin", allow(&json!("iam:*"), &json!("*"))).await;
    for (operation, form, arn) in &all {
        let form = format!("Action={operation}&{form}");
        let (status, code, message) = refusal(&world.call_iam_as(&nobody, &form).await);
        assert_eq!((status, code.as_str()), (403, "AccessDenied"), "{operation}");
        // The path of what is there is not told.
        let arn = arn.replace("/team/", "/");
        let expected = format!("is not authorized to perform: iam:{operation} on resource: {arn}");
        assert!(message.contains(&expected), "{operation}: {message}");
        // Of what is not there the refusal is the same.
        let reply = world.call_iam_as(&everyone, &form).await;
        assert_ne!(reply.status, StatusCode::FORBIDDEN, "{operation}: {}", reply.text());
    }
}

#[tokio::test]
async fn an_action_on_one_arn_is_none_on_another() {
    let world = world().await;
    world.call_iam(&format!("Action=CreatePolicy&PolicyName=own&{DOCUMENT}")).await;
    for (name, arn) in [("users", DEV), ("groups", DEVS), ("roles", CI), ("policies", OWN)] {
        let key = world.user(name, allow(&json!("iam:*"), &json!(arn))).await;
        for (operation, form, of) in operations() {
            // What makes or deletes is tried above.
            if !operation.starts_with("Get") && !operation.starts_with("List") {
                continue;
            }
            let reply = world.call_iam_as(&key, &format!("Action={operation}&{form}")).await;
            let is_denied = reply.status == StatusCode::FORBIDDEN;
            assert_eq!(is_denied, of != arn, "{name} {operation}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn conditions_see_policies_boundaries_and_tags() {
    let world = world().await;
    let tags = "Tags.member.1.Key=Team&Tags.member.1.Value=a";
    world.call_iam(&format!("Action=CreatePolicy&PolicyName=own&{DOCUMENT}&{tags}")).await;
    let read_only = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
          "Condition": { "ArnEquals": { "iam:PolicyARN": read_only } } },
        { "Effect": "Allow", "Action": ["iam:PutUserPermissionsBoundary", "iam:PutUserPolicy"],
          "Resource": "*",
          "Condition": { "StringEquals": { "iam:PermissionsBoundary": OWN } } },
        { "Effect": "Allow", "Action": "iam:GetPolicy", "Resource": "*",
          "Condition": { "StringEquals": { "iam:ResourceTag/Team": "a" } } },
        { "Effect": "Allow", "Action": ["iam:TagPolicy", "iam:CreatePolicy"], "Resource": "*",
          "Condition": { "StringEquals": { "aws:RequestTag/Team": "b" } } },
        { "Effect": "Allow", "Action": "iam:UntagPolicy", "Resource": "*",
          "Condition": { "ForAllValues:StringEquals": { "aws:TagKeys": "Team" } } },
    ] });
    let key = world.user("delegate", policy).await;
    let other = "arn:aws:iam::aws:policy/AdministratorAccess";
    let inline = format!("Action=PutUserPolicy&UserName=dev&PolicyName=x&{DOCUMENT}");
    for (form, is_allowed) in [
        (format!("Action=AttachUserPolicy&UserName=dev&PolicyArn={other}"), false),
        (format!("Action=AttachUserPolicy&UserName=dev&PolicyArn={read_only}"), true),
        (inline.clone(), false),
        (
            format!("Action=PutUserPermissionsBoundary&UserName=dev&PermissionsBoundary={other}"),
            false,
        ),
        (format!("Action=PutUserPermissionsBoundary&UserName=dev&PermissionsBoundary={OWN}"), true),
        // The boundary that a user has holds from then on.
        (inline, true),
        (format!("Action=GetPolicy&PolicyArn={OWN}"), true),
        (format!("Action=GetPolicy&PolicyArn={read_only}"), false),
        (format!("Action=CreatePolicy&PolicyName=z&{DOCUMENT}&{tags}"), false),
        (format!("Action=TagPolicy&PolicyArn={OWN}&{tags}"), false),
        (format!("Action=TagPolicy&PolicyArn={OWN}&{}", tags.replace("=a", "=b")), true),
        (format!("Action=UntagPolicy&PolicyArn={OWN}&TagKeys.member.1=Env"), false),
        (format!("Action=UntagPolicy&PolicyArn={OWN}&TagKeys.member.1=Team"), true),
        (format!("Action=GetPolicy&PolicyArn={OWN}"), false),
    ] {
        let reply = world.call_iam_as(&key, &form).await;
        let expected = if is_allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(reply.status, expected, "{form}: {}", reply.text());
    }
}
