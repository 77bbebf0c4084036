//! Every operation of IAM and STS with its least valid input: whether it acts is what the
//! compatibility tables say, nobody does it without a signature or a policy that lets them, and its
//! errors are those of its model.

use http::StatusCode;
use serde_json::{Value, json};
use wharfinger_api_aws::compatibility::{iam_status, sts_status};
use wharfinger_auth::AccessKey;
use wharfinger_aws_model::{iam, sts};

use crate::world::{ACCOUNT, Reply, World};

/// Errors that every operation may answer, whatever its model says.
const COMMON: [&str; 4] = ["AccessDenied", "InvalidAction", "NoSuchEntity", "ValidationError"];

/// An element of an answer.
fn element<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{text}"));
    rest.split_once("</").unwrap().0
}

fn code(reply: &Reply) -> &str {
    element(reply.text(), "Code")
}

async fn call(world: &World, key: Option<&AccessKey>, form: &str) -> Reply {
    let mut draft = world.sts(form);
    (draft.service, draft.region) = ("iam", "us-east-1");
    match key {
        Some(key) => world.send(draft.sign(key)).await,
        None => {
            let mut context = world.context();
            context.host = "iam.amazonaws.com".into();
            world.send_in(&context, draft.unsigned()).await
        }
    }
}

async fn nobody(world: &World) -> AccessKey {
    let elsewhere = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    world.user("nobody", json!({ "Version": "2012-10-17", "Statement": [elsewhere] })).await
}

#[tokio::test]
async fn status_tells_the_truth_about_every_operation_of_iam() {
    let world = World::new().await;
    for operation in iam::Operation::ALL {
        let reply = call(&world, Some(&world.root), &minimal_form(operation, "absent")).await;
        assert!(!reply.status.is_server_error(), "{operation}: {}", reply.text());
        let missing = reply.text().contains("is not implemented by this version");
        // What does not act may have inputs of which no valid one is known here.
        let acts = iam_status(operation).is_implemented();
        let refused = !acts && code(&reply) == "ValidationError";
        assert!(refused || missing != acts, "{operation}: {}", reply.text());
        if reply.status != StatusCode::OK {
            let code = code(&reply);
            let known = operation.errors().contains(&code) || COMMON.contains(&code);
            assert!(known, "{operation}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn status_tells_the_truth_about_every_operation_of_sts() {
    let world = World::new().await;
    for operation in sts::Operation::ALL {
        let form = format!("Action={operation}&Version=2011-06-15");
        let reply = world.send(world.sts(&form).sign(&world.root)).await;
        let missing = reply.text().contains("is not implemented by this version");
        // What lacks its input is refused for that before anything else.
        let refused = reply.status == StatusCode::BAD_REQUEST && code(&reply) == "ValidationError";
        let implemented = sts_status(operation).is_implemented();
        assert!(refused || missing != implemented, "{operation}: {}", reply.text());
    }
}

#[tokio::test]
async fn nothing_is_done_for_those_who_do_not_sign_or_may_not() {
    let world = World::new().await;
    let nobody = nobody(&world).await;
    let acting = iam::Operation::ALL.into_iter().filter(|it| iam_status(*it).is_implemented());
    for operation in acting {
        let form = minimal_form(operation, "absent");
        let unsigned = call(&world, None, &form).await;
        assert_eq!(code(&unsigned), "MissingAuthenticationToken", "{operation}");
        let denied = call(&world, Some(&nobody), &form).await;
        assert_eq!(denied.status, StatusCode::FORBIDDEN, "{operation}: {}", denied.text());
        assert_eq!(code(&denied), "AccessDenied", "{operation}");
        let message = element(denied.text(), "Message");
        let start = format!(
            "User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: \
             iam:{operation} on resource: "
        );
        assert!(message.starts_with(&start), "{operation}: {message}");
    }
}

#[tokio::test]
async fn who_may_not_is_told_the_same_of_what_is_there_and_what_is_not() {
    let world = World::new().await;
    let nobody = nobody(&world).await;
    for operation in [
        iam::Operation::CreateUser,
        iam::Operation::CreateGroup,
        iam::Operation::CreateRole,
        iam::Operation::CreatePolicy,
        iam::Operation::CreateInstanceProfile,
        iam::Operation::CreateOpenIDConnectProvider,
    ] {
        let reply = call(&world, Some(&world.root), &minimal_form(operation, "present")).await;
        assert_eq!(reply.status, StatusCode::OK, "{operation}: {}", reply.text());
    }
    let acting = iam::Operation::ALL.into_iter().filter(|it| iam_status(*it).is_implemented());
    for operation in acting {
        let mut told = Vec::new();
        for name in ["present", "absent"] {
            let reply = call(&world, Some(&nobody), &minimal_form(operation, name)).await;
            let message = element(reply.text(), "Message").replace(name, "<name>");
            told.push((reply.status, code(&reply).to_owned(), message));
        }
        assert_eq!(told[0], told[1], "{operation}");
    }
}

/// The least valid input of an operation, about what is called `name`: what its model requires.
fn minimal_form(operation: iam::Operation, name: &str) -> String {
    let facts: Value = serde_json::from_str(include_str!("../../../../models/iam.json")).unwrap();
    let of = |list: &str, value: &str| -> Value {
        let all = facts[list].as_array().unwrap();
        all.iter().find(|it| it["name"] == value).unwrap().clone()
    };
    let input = of("operations", operation.name())["input"].clone();
    let shape = of("shapes", input.as_str().unwrap());
    let mut form = format!("Action={operation}&Version=2010-05-08");
    for member in shape["members"].as_array().into_iter().flatten() {
        if member["required"] == true {
            form += &format!("&{}", value_of(member["name"].as_str().unwrap(), name));
        }
    }
    form
}

fn value_of(member: &str, name: &str) -> String {
    let document = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A\
                    %22Allow%22%2C%22Action%22%3A%22ecr%3A*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A\
                 %22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B\
                 %22Service%22%3A%22ecs-tasks.amazonaws.com%22%7D%7D%5D%7D";
    let arn = |kind: &str| format!("arn:aws:iam::{ACCOUNT}:{kind}/{name}");
    match member {
        "AWSServiceName" => "AWSServiceName=replication.ecr.amazonaws.com".into(),
        "AccessKeyId" => "AccessKeyId=AKIAAAAAAAAAAAAAAAAA".into(),
        "ActionNames" => "ActionNames.member.1=ecr:PutImage".into(),
        "AssumeRolePolicyDocument" => format!("{member}={trust}"),
        "DeletionTaskId" => "DeletionTaskId=task/aws-service-role/replication.ecr.amazonaws.com/\
             AWSServiceRoleForECRReplication/00000000-0000-4000-8000-000000000000"
            .into(),
        "OpenIDConnectProviderArn" => format!("{member}={}.example.com", arn("oidc-provider")),
        "PermissionsBoundary" | "PolicyArn" => format!("{member}={}", arn("policy")),
        "PolicyDocument" => {
            format!("{member}={document}")
        }
        "PolicyInputList" => format!("PolicyInputList.member.1={document}"),
        "PolicySourceArn" => format!("{member}={}", arn("user")),
        "Status" => "Status=Inactive".into(),
        "TagKeys" => "TagKeys.member.1=a".into(),
        "Tags" => "Tags.member.1.Key=a&Tags.member.1.Value=b".into(),
        "ThumbprintList" => {
            "ThumbprintList.member.1=0123456789abcdef0123456789abcdef01234567".into()
        }
        "Url" => format!("Url=https%3A%2F%2F{name}.example.com"),
        "VersionId" => "VersionId=v1".into(),
        _ => format!("{member}={name}"),
    }
}
