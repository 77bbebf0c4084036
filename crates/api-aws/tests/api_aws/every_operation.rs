//! Every operation of the model with its least valid input: whether it is implemented is what the
//! compatibility table says, and its errors are those of its model.

use serde_json::{Value, json};
use wharfinger_api_aws::compatibility::{Status, status};
use wharfinger_aws_model::ecr::Operation;

use crate::world::{Reply, World, digest_of};

/// Errors that every operation may answer, whatever its model says.
const COMMON: [&str; 4] = [
    "AccessDeniedException",
    "InvalidParameterException",
    "SerializationException",
    "ServerException",
];

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
    let world = World::new().await;
    for operation in Operation::ALL {
        let reply = world.call(operation.name(), minimal_input(operation)).await;
        check_code(operation, &reply);
        let message = format!(
            "The operation {operation} is not implemented by this version of Wharfinger; \
             docs/compatibility.md lists what is."
        );
        let missing = reply.status != 200 && reply.json()["message"] == message;
        match status(operation) {
            Status::Acts | Status::Stores { .. } => {
                assert!(!missing, "{operation} is not implemented")
            }
            Status::NotImplemented { .. } => assert!(missing, "{operation}: {}", reply.text()),
        }
    }
}

#[tokio::test]
async fn every_operation_with_a_repository_misses_one_that_is_not_there() {
    let world = World::new().await;
    for operation in Operation::ALL.into_iter().filter(|it| status(*it).is_implemented()) {
        let input = minimal_input(operation);
        let named = input.get("repositoryName").is_some() || input.get("resourceArn").is_some();
        if !named || operation == Operation::CreateRepository {
            continue;
        }
        let reply = world.call(operation.name(), input).await;
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
    let world = World::new().await;
    for operation in Operation::ALL {
        for (member, _) in minimal_input(operation).as_object().unwrap() {
            let mut input = minimal_input(operation);
            input[member] = Value::Null;
            let reply = world.call(operation.name(), input).await;
            let message = reply.refused("InvalidParameterException");
            let expected = format!("at '{member}' failed to satisfy constraint: ");
            assert!(message.contains(&expected), "{operation} {message}");
        }
        let reply = world.send(world.ecr(operation.name(), "[]").sign(&world.root)).await;
        reply.refused("SerializationException");
    }
}

#[tokio::test]
async fn nothing_is_done_for_those_who_do_not_sign_or_may_not() {
    let world = World::new().await;
    let elsewhere = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [elsewhere] });
    let nobody = world.user("nobody", policy).await;
    for operation in Operation::ALL {
        let draft = world.ecr(operation.name(), minimal_input(operation).to_string());
        let unsigned = world.send(draft.unsigned()).await;
        unsigned.refused("MissingAuthenticationTokenException");
        if status(operation).is_implemented() {
            let denied = world.send(draft.sign(&nobody)).await.refused("AccessDeniedException");
            // The one operation without an action of its own.
            let action = match operation {
                Operation::ListImageReferrers => "BatchGetImage",
                operation => operation.name(),
            };
            let action = format!("is not authorized to perform: ecr:{action} on resource: ");
            assert!(denied.contains(&action), "{denied}");
        }
    }
}

fn minimal_input(operation: Operation) -> Value {
    minimal_input_of(operation, "team/app")
}

/// The least valid input of an operation, about the repository `name` if it is about one.
pub fn minimal_input_of(operation: Operation, name: &str) -> Value {
    use wharfinger_aws_model::ecr::Operation as Op;
    let image = json!({ "imageTag": "v1" });
    let digest = digest_of(b"layer");
    let id = "00000000-0000-4000-8000-000000000000";
    let arn = format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}");
    let role = "arn:aws:iam::111122223333:role/puller";
    match operation {
        Op::BatchCheckLayerAvailability => {
            json!({ "repositoryName": name, "layerDigests": [digest] })
        }
        Op::BatchDeleteImage | Op::BatchGetImage => {
            json!({ "repositoryName": name, "imageIds": [image] })
        }
        Op::BatchGetRepositoryScanningConfiguration => json!({ "repositoryNames": [name] }),
        Op::CompleteLayerUpload => {
            json!({ "repositoryName": name, "uploadId": id, "layerDigests": [digest] })
        }
        Op::CreatePullThroughCacheRule => {
            json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io" })
        }
        Op::CreateRepositoryCreationTemplate => {
            json!({ "prefix": "team", "appliedFor": ["REPLICATION"] })
        }
        Op::DeletePullThroughCacheRule | Op::ValidatePullThroughCacheRule => {
            json!({ "ecrRepositoryPrefix": "hub" })
        }
        Op::UpdatePullThroughCacheRule => json!({ "ecrRepositoryPrefix": "hub" }),
        Op::DeleteRepositoryCreationTemplate | Op::UpdateRepositoryCreationTemplate => {
            json!({ "prefix": "team" })
        }
        Op::DeregisterPullTimeUpdateExclusion | Op::RegisterPullTimeUpdateExclusion => {
            json!({ "principalArn": role })
        }
        Op::DescribeImageReplicationStatus
        | Op::DescribeImageScanFindings
        | Op::DescribeImageSigningStatus
        | Op::StartImageScan => json!({ "repositoryName": name, "imageId": image }),
        Op::DescribeReplicationBackfillResults | Op::StopReplicationBackfill => {
            json!({ "replicationBackfillId": id })
        }
        Op::GetAccountSetting => json!({ "name": "BASIC_SCAN_TYPE_VERSION" }),
        Op::PutAccountSetting => {
            json!({ "name": "BASIC_SCAN_TYPE_VERSION", "value": "AWS_NATIVE" })
        }
        Op::GetDownloadUrlForLayer => json!({ "repositoryName": name, "layerDigest": digest }),
        Op::ListImageReferrers => {
            json!({ "repositoryName": name, "subjectId": { "imageDigest": digest } })
        }
        Op::ListTagsForResource => json!({ "resourceArn": arn }),
        Op::TagResource => json!({ "resourceArn": arn, "tags": [{ "Key": "a", "Value": "b" }] }),
        Op::UntagResource => json!({ "resourceArn": arn, "tagKeys": ["a"] }),
        Op::PutImage => json!({
            "repositoryName": name, "imageManifest": crate::world::manifest(&digest, &digest, ""),
        }),
        Op::PutImageScanningConfiguration => {
            json!({ "repositoryName": name, "imageScanningConfiguration": {} })
        }
        Op::PutImageTagMutability => {
            json!({ "repositoryName": name, "imageTagMutability": "IMMUTABLE" })
        }
        Op::PutLifecyclePolicy => {
            let rule = r#"{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}"#;
            json!({ "repositoryName": name, "lifecyclePolicyText": format!(r#"{{"rules":[{rule}]}}"#) })
        }
        Op::PutRegistryPolicy => json!({ "policyText": "{}" }),
        Op::SetRepositoryPolicy => {
            let statement =
                json!({ "Effect": "Allow", "Principal": "*", "Action": "ecr:ListImages" });
            let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
            json!({ "repositoryName": name, "policyText": policy.to_string() })
        }
        Op::PutReplicationConfiguration => {
            json!({ "replicationConfiguration": { "rules": [] } })
        }
        Op::PutSigningConfiguration => json!({ "signingConfiguration": { "rules": [] } }),
        Op::StartReplicationBackfill => {
            json!({ "destination": { "region": "us-east-1", "registryId": "111122223333" } })
        }
        Op::UpdateImageStorageClass => {
            json!({ "repositoryName": name, "imageId": image, "targetStorageClass": "ARCHIVE" })
        }
        Op::UploadLayerPart => json!({
            "repositoryName": name, "uploadId": id, "partFirstByte": 0, "partLastByte": 0,
            "layerPartBlob": "YQ==",
        }),
        Op::CreateRepository
        | Op::DeleteLifecyclePolicy
        | Op::DeleteRepository
        | Op::DeleteRepositoryPolicy
        | Op::DescribeImages
        | Op::GetLifecyclePolicy
        | Op::GetLifecyclePolicyPreview
        | Op::GetRepositoryPolicy
        | Op::InitiateLayerUpload
        | Op::ListImages
        | Op::StartLifecyclePolicyPreview => json!({ "repositoryName": name }),
        Op::DeleteRegistryPolicy
        | Op::DeleteSigningConfiguration
        | Op::DescribePullThroughCacheRules
        | Op::DescribeRegistry
        | Op::DescribeRepositories
        | Op::DescribeRepositoryCreationTemplates
        | Op::GetAuthorizationToken
        | Op::GetRegistryPolicy
        | Op::GetRegistryScanningConfiguration
        | Op::GetSigningConfiguration
        | Op::ListPullTimeUpdateExclusions
        | Op::ListReplicationBackfills
        | Op::PutRegistryScanningConfiguration => json!({}),
    }
}
