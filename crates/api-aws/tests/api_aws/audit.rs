//! What the audit log says of calls: every operation of every service, with who called, what was asked
//! and what became of it.

use serde_json::{Value, json};
use wharfinger_audit::{Effect, effect_of};
use wharfinger_aws_model::{ecr, ecr_public, iam, sts};

use crate::world::{ACCOUNT, HOST, REGION, World};

const ARN: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/app";

/// The verbs of operations that change nothing, and what begins with one of them and is none.
const READING: [&str; 8] =
    ["BatchCheck", "BatchGet", "Decode", "Describe", "Get", "List", "Simulate", "Validate"];

#[test]
fn every_operation_of_the_models_is_known_to_read_or_to_write() {
    let names: [(&str, Vec<&str>); 4] = [
        ("ecr.amazonaws.com", ecr::Operation::ALL.iter().map(|it| it.name()).collect()),
        (
            "ecr-public.amazonaws.com",
            ecr_public::Operation::ALL.iter().map(|it| it.name()).collect(),
        ),
        ("iam.amazonaws.com", iam::Operation::ALL.iter().map(|it| it.name()).collect()),
        ("sts.amazonaws.com", sts::Operation::ALL.iter().map(|it| it.name()).collect()),
    ];
    for (source, operations) in names {
        for operation in operations {
            let reads = READING.iter().any(|verb| operation.starts_with(verb));
            let effect = effect_of(source, operation);
            if effect != Effect::Issues {
                assert_eq!(effect == Effect::Reads, reads, "{source} {operation}");
            }
        }
    }
}

#[tokio::test]
async fn every_operation_is_recorded_under_its_name() {
    let world = World::public().await;
    for operation in ecr::Operation::ALL {
        world.call(operation.name(), json!({})).await;
        check(&world, "ecr.amazonaws.com", operation.name(), REGION).await;
    }
    for operation in ecr_public::Operation::ALL {
        world.call_public(operation.name(), json!({})).await;
        check(&world, "ecr-public.amazonaws.com", operation.name(), "us-east-1").await;
    }
    for operation in sts::Operation::ALL {
        let form =
            format!("Action={}&Version=2011-06-15&RoleArn=x&Tags.member.1.Key=k", operation.name());
        world.send(world.sts(&form).sign(&world.root)).await;
        let record = world.log.last().await;
        assert_eq!(record["eventName"], operation.name());
        assert_eq!(record["eventSource"], "sts.amazonaws.com");
        assert_eq!(
            record["requestParameters"],
            json!({ "roleArn": "x", "tags": [{ "key": "k" }] })
        );
    }
    for operation in iam::Operation::ALL {
        let form = format!("Action={}&Version=2010-05-08", operation.name());
        let draft = world.sts(&form);
        let draft = crate::world::Draft { service: "iam", region: "us-east-1", ..draft };
        world.send(draft.sign(&world.root)).await;
        check(&world, "iam.amazonaws.com", operation.name(), "us-east-1").await;
    }
}

async fn check(world: &World, source: &str, name: &str, region: &str) {
    let record = world.log.last().await;
    assert_eq!(record["eventName"], name);
    assert_eq!(record["eventSource"], source);
    assert_eq!(record["awsRegion"], region, "{name}");
    assert_eq!(record["readOnly"], effect_of(source, name).is_read_only(), "{name}");
    assert_eq!(record["userIdentity"]["type"], "Root", "{name}");
    assert_eq!(record["recipientAccountId"], ACCOUNT, "{name}");
    assert!(record["requestParameters"].is_object(), "{name}: {record}");
}

#[tokio::test]
async fn a_write_has_what_was_asked_and_answered() {
    let world = World::new().await;
    let reply = world.call("CreateRepository", json!({ "repositoryName": "app" })).await;
    let record = world.log.last().await;
    let repository = json!({
        "repositoryArn": ARN, "registryId": ACCOUNT, "repositoryName": "app",
        "repositoryUri": format!("{HOST}/app"), "createdAt": "Mar 1, 2026 12:30:00 PM",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": { "scanOnPush": false },
        "encryptionConfiguration": { "encryptionType": "AES256" },
    });
    assert_eq!(
        record,
        json!({
            "eventVersion": "1.08",
            "userIdentity": { "type": "Root", "principalId": ACCOUNT,
                "arn": "arn:aws:iam::111122223333:root", "accountId": ACCOUNT,
                "accessKeyId": world.root.access_key_id },
            "eventTime": "2026-03-01T12:30:00Z", "eventSource": "ecr.amazonaws.com",
            "eventName": "CreateRepository", "awsRegion": REGION,
            "sourceIPAddress": "127.0.0.1", "userAgent": "",
            "requestParameters": { "repositoryName": "app" },
            "responseElements": { "repository": repository },
            "requestID": reply.headers["x-amzn-requestid"].to_str().unwrap(),
            "eventID": record["eventID"], "readOnly": false,
            "resources": [{ "ARN": ARN, "accountId": ACCOUNT, "type": "AWS::ECR::Repository" }],
            "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        })
    );
    world.call("DescribeRepositories", json!({ "repositoryNames": ["app"] })).await;
    let record = world.log.last().await;
    assert_eq!((&record["responseElements"], &record["readOnly"]), (&Value::Null, &json!(true)));
    assert_eq!(record["resources"][0]["ARN"], ARN);
}

#[tokio::test]
async fn layers_and_tokens_stay_out() {
    let world = World::new().await;
    world.create_repository("app").await;
    world.push_layer("app", b"some bytes of a layer").await;
    world.log.keep_out("c29tZSBieXRlcyBvZiBhIGxheWVy");
    world.call("GetAuthorizationToken", json!({})).await.ok();
    let records = world.log.records().await;
    let part = records.iter().find(|it| it["eventName"] == "UploadLayerPart").unwrap();
    assert_eq!(part["requestParameters"]["partLastByte"], 20);
    assert_eq!(part["requestParameters"].get("layerPartBlob"), None);
    let secret = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:x&\
                  RoleSessionName=ci&WebIdentityToken=eyJhbGciOiJSUzI1NiJ9.secret.sig";
    world.log.keep_out("eyJhbGciOiJSUzI1NiJ9");
    world.send(world.sts(secret).unsigned()).await;
    let record = world.log.last().await;
    assert_eq!(record["eventName"], "AssumeRoleWithWebIdentity");
    assert_eq!(record["userIdentity"], json!({ "type": "WebIdentityUser" }));
    assert_eq!(record["requestParameters"]["webIdentityToken"], "HIDDEN_DUE_TO_SECURITY_REASONS");
}

#[tokio::test]
async fn denials_and_failed_logins_say_why() {
    let world = World::new().await;
    let elsewhere = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [elsewhere] });
    let ann = world.user("ann", policy).await;
    world.call_as(&ann, "DeleteRepository", json!({ "repositoryName": "app" })).await;
    let record = world.log.last().await;
    assert_eq!(record["errorCode"], "AccessDeniedException");
    assert_eq!(record["userIdentity"]["userName"], "ann");
    let decided = record["additionalEventData"]["decidedBy"].as_str().unwrap();
    assert!(decided.contains("identity-based policy"), "{decided}");
    // A key that nobody has.
    let mut unknown = ann.clone();
    unknown.access_key_id = "AKIAIOSFODNN7EXAMPLE".into();
    world.call_as(&unknown, "PutImage", json!({})).await;
    let record = world.log.last().await;
    assert_eq!(record["errorCode"], "UnrecognizedClientException");
    assert_eq!(
        (&record["eventName"], &record["requestParameters"]),
        (&json!("PutImage"), &Value::Null)
    );
    assert_eq!(record["userIdentity"]["type"], "Unknown");
    let before = world.log.records().await.len();
    world.send(world.ecr("PutImage", "{}").unsigned()).await;
    assert_eq!(world.log.records().await.len(), before);
    world.call("Nonsense", json!({ "password": "p" })).await;
    let record = world.log.last().await;
    assert_eq!(record["eventName"], "UnknownOperation");
    assert_eq!(record["errorCode"], "UnknownOperationException");
}

#[tokio::test]
async fn a_flood_of_failed_logins_is_counted() {
    let world = World::new().await;
    let mut unknown = world.root.clone();
    unknown.access_key_id = "AKIAIOSFODNN7EXAMPLE".into();
    let now = world.clock.clone();
    // The budget of this minute is used up by others.
    while world.log.audit.admit_failed_login(wharfinger_core::Clock::now(&*now)).is_some() {}
    let context = world.context();
    let request = world.ecr("PutImage", "{}").sign(&unknown);
    let _ = world.api.handle(&context, request).await;
    assert_eq!(world.log.count(&context.request_id.to_string()).await, 0);
    now.advance(std::time::Duration::from_secs(60));
    world.call_as(&unknown, "PutImage", json!({})).await;
    let record = world.log.last().await;
    assert_eq!(record["additionalEventData"]["failedLoginsLeftOut"], 2);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done() {
    let world = World::new().await;
    world.log.set_full(true);
    let input = |name: &str| json!({ "repositoryName": name });
    let first = world.call("CreateRepository", input("first")).await;
    let insufficient = http::StatusCode::INSUFFICIENT_STORAGE;
    let message = first.refused_with("ServerException", insufficient);
    assert_eq!(
        message,
        "The audit log could not be written; the request may have been carried out"
    );
    let second = world.call("CreateRepository", input("second")).await;
    let message = second.refused_with("ServerException", insufficient);
    assert_eq!(message, "The audit log cannot be written, and the request was not carried out");
    let form = "Action=CreateUser&Version=2010-05-08&UserName=ann";
    let draft = crate::world::Draft { service: "iam", region: "us-east-1", ..world.sts(form) };
    let refused = world.send(draft.sign(&world.root)).await;
    assert_eq!(refused.status, insufficient);
    assert!(refused.text().contains("was not carried out"), "{}", refused.text());
    let found = world.call("DescribeRepositories", json!({})).await.ok();
    let found = found["repositories"].as_array().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["repositoryName"], "first");
}
