//! Every operation of ECR Public with its least valid input: whether it is implemented is what the
//! compatibility table says, its errors are those of its model, and nothing is done for those who
//! may not, or where no public registries are served.

use serde_json::{Value, json};
use wharfinger_api_aws::compatibility::{Status, public_status};
use wharfinger_aws_model::ecr_public::Operation;

use crate::world::{Reply, World, digest_of, manifest};

/// Errors that every operation may answer, whatever its model says.
const COMMON: [&str; 3] =
    ["AccessDeniedException", "InvalidParameterException", "SerializationException"];

fn check_code(operation: Operation, reply: &Reply) {
    if reply.status != 200 {
        let body = reply.json();
        let code = body["__type"].as_str().unwrap();
        let known = operation.errors().contains(&code) || COMMON.contains(&code);
        assert!(known, "{operation} answers {body}");
        assert_eq!(reply.status, 400, "{operation} answers {body}");
    }
}

#[tokio::test]
async fn status_tells_the_truth_about_every_operation() {
    let world = World::public().await;
    for operation in Operation::ALL {
        let reply = world.call_public(operation.name(), minimal_input(operation)).await;
        check_code(operation, &reply);
        let missing = reply.text().contains(" is not implemented by this version of Wharfinger");
        assert_eq!(public_status(operation), Status::Acts);
        assert!(!missing, "{operation} is not implemented");
    }
}

#[tokio::test]
async fn every_operation_with_a_repository_misses_one_that_is_not_there() {
    let world = World::public().await;
    // A private repository of the name is not the one that is asked for.
    world.create_repository("team/app").await;
    for operation in Operation::ALL {
        let input = minimal_input(operation);
        let named = input.get("repositoryName").is_some() || input.get("resourceArn").is_some();
        if !named || operation == Operation::CreateRepository {
            continue;
        }
        let reply = world.call_public(operation.name(), input).await;
        assert_eq!(
            reply.refused("RepositoryNotFoundException"),
            "The repository with name 'team/app' does not exist in the registry with id \
             '111122223333'",
            "{operation}"
        );
    }
}

#[tokio::test]
async fn every_operation_validates_before_anything_else() {
    let world = World::public().await;
    for operation in Operation::ALL {
        for (member, _) in minimal_input(operation).as_object().unwrap() {
            let mut input = minimal_input(operation);
            input[member] = Value::Null;
            let reply = world.call_public(operation.name(), input).await;
            let message = reply.refused("InvalidParameterException");
            let expected = format!("at '{member}' failed to satisfy constraint: ");
            assert!(message.contains(&expected), "{operation} {message}");
        }
        let reply = world.send(world.ecr_public(operation.name(), "[]").sign(&world.root)).await;
        reply.refused("SerializationException");
    }
}

#[tokio::test]
async fn nothing_is_done_for_those_who_do_not_sign_or_may_not() {
    let world = World::public().await;
    // All of private ECR is nothing of ECR Public.
    let everything = json!({ "Effect": "Allow", "Action": ["ecr:*", "sts:*"], "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [everything] });
    let nobody = world.user("nobody", policy).await;
    for operation in Operation::ALL {
        let draft = world.ecr_public(operation.name(), minimal_input(operation).to_string());
        world.send(draft.unsigned()).await.refused("MissingAuthenticationTokenException");
        let denied = world.send(draft.sign(&nobody)).await.refused("AccessDeniedException");
        let action = format!("not authorized to perform: ecr-public:{operation} on resource: ");
        assert!(denied.contains(&action), "{denied}");
    }
}

#[tokio::test]
async fn nothing_is_served_unless_it_is_configured() {
    let world = World::new().await;
    for operation in Operation::ALL {
        let reply = world.call_public(operation.name(), minimal_input(operation)).await;
        check_code(operation, &reply);
        assert_eq!(
            reply.refused("UnsupportedCommandException"),
            "Public registries are not served by this installation. Set [public] host \
             (--public-host) or [public] path_prefix (--public-path-prefix) to serve them"
        );
        let draft = world.ecr_public(operation.name(), minimal_input(operation).to_string());
        world.send(draft.unsigned()).await.refused("MissingAuthenticationTokenException");
    }
}

#[tokio::test]
async fn every_operation_is_in_one_region() {
    let world = World::public().await;
    for operation in Operation::ALL {
        let mut draft = world.ecr_public(operation.name(), minimal_input(operation).to_string());
        draft.region = "eu-west-1";
        let reply = world.send(draft.sign(&world.root)).await;
        assert_eq!(
            reply.refused("UnsupportedCommandException"),
            "ECR Public is not in eu-west-1: sign its calls for us-east-1"
        );
        draft.service = "ecr";
        world.send(draft.sign(&world.root)).await.refused("InvalidSignatureException");
    }
    let unknown = world.call_public("BatchGetImage", json!({})).await;
    assert_eq!(
        unknown.refused("UnknownOperationException"),
        "The operation 'BatchGetImage' is unknown."
    );
}

fn minimal_input(operation: Operation) -> Value {
    use wharfinger_aws_model::ecr_public::Operation as Op;
    let (name, digest) = ("team/app", digest_of(b"layer"));
    let id = "00000000-0000-4000-8000-000000000000";
    let arn = "arn:aws:ecr-public::111122223333:repository/team/app";
    match operation {
        Op::BatchCheckLayerAvailability => {
            json!({ "repositoryName": name, "layerDigests": [digest] })
        }
        Op::BatchDeleteImage => {
            json!({ "repositoryName": name, "imageIds": [{ "imageTag": "v1" }] })
        }
        Op::CompleteLayerUpload => {
            json!({ "repositoryName": name, "uploadId": id, "layerDigests": [digest] })
        }
        Op::ListTagsForResource => json!({ "resourceArn": arn }),
        Op::TagResource => json!({ "resourceArn": arn, "tags": [{ "Key": "a", "Value": "b" }] }),
        Op::UntagResource => json!({ "resourceArn": arn, "tagKeys": ["a"] }),
        Op::PutImage => json!({
            "repositoryName": name, "imageManifest": manifest(&digest, &digest, ""),
        }),
        Op::PutRepositoryCatalogData => json!({ "repositoryName": name, "catalogData": {} }),
        Op::SetRepositoryPolicy => {
            let statement =
                json!({ "Effect": "Allow", "Principal": "*", "Action": "ecr-public:PutImage" });
            let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
            json!({ "repositoryName": name, "policyText": policy.to_string() })
        }
        Op::UploadLayerPart => json!({
            "repositoryName": name, "uploadId": id, "partFirstByte": 0, "partLastByte": 0,
            "layerPartBlob": "YQ==",
        }),
        Op::CreateRepository
        | Op::DeleteRepository
        | Op::DeleteRepositoryPolicy
        | Op::DescribeImageTags
        | Op::DescribeImages
        | Op::GetRepositoryCatalogData
        | Op::GetRepositoryPolicy
        | Op::InitiateLayerUpload => json!({ "repositoryName": name }),
        Op::DescribeRegistries
        | Op::DescribeRepositories
        | Op::GetAuthorizationToken
        | Op::GetRegistryCatalogData
        | Op::PutRegistryCatalogData => json!({}),
    }
}
