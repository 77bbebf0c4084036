//! ECR outputs: the exact wire names, in whole answers.

use serde_json::{json, to_value};
use wharfinger_core::{Secret, Timestamp};

use crate::ecr::{enums, error, output, types};

#[test]
fn describe_repositories() {
    let answer = output::DescribeRepositoriesResponse {
        repositories: Some(vec![types::Repository {
            repository_arn: Some("arn:aws:ecr:eu-west-1:012345678901:repository/app".into()),
            registry_id: Some("012345678901".into()),
            repository_name: Some("app".into()),
            repository_uri: Some("012345678901.dkr.ecr.eu-west-1.example.com/app".into()),
            created_at: Some(Timestamp::from_millis(1_772_368_200_250)),
            image_tag_mutability: Some(enums::ImageTagMutability::Mutable),
            image_scanning_configuration: Some(types::ImageScanningConfiguration {
                scan_on_push: Some(false),
            }),
            encryption_configuration: Some(types::EncryptionConfiguration {
                encryption_type: enums::EncryptionType::Aes256,
                kms_key: None,
            }),
            ..Default::default()
        }]),
        next_token: None,
    };
    assert_eq!(
        to_value(answer).unwrap(),
        json!({"repositories": [{
            "repositoryArn": "arn:aws:ecr:eu-west-1:012345678901:repository/app",
            "registryId": "012345678901",
            "repositoryName": "app",
            "repositoryUri": "012345678901.dkr.ecr.eu-west-1.example.com/app",
            "createdAt": 1_772_368_200.25,
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        }]})
    );
}

#[test]
fn describe_images() {
    let answer = output::DescribeImagesResponse {
        image_details: Some(vec![types::ImageDetail {
            registry_id: Some("012345678901".into()),
            repository_name: Some("app".into()),
            image_digest: Some("sha256:00".into()),
            image_tags: Some(vec!["v1".into()]),
            image_size_in_bytes: Some(5_000_000_000),
            image_pushed_at: Some(Timestamp::from_seconds(1_525_113_057)),
            image_manifest_media_type: Some("application/vnd.oci.image.manifest.v1+json".into()),
            artifact_media_type: Some("application/vnd.oci.image.config.v1+json".into()),
            image_scan_status: Some(types::ImageScanStatus {
                status: Some(enums::ScanStatus::Complete),
                description: None,
            }),
            image_scan_findings_summary: Some(types::ImageScanFindingsSummary {
                finding_severity_counts: Some([(enums::FindingSeverity::High, 2)].into()),
                ..Default::default()
            }),
            ..Default::default()
        }]),
        next_token: Some("more".into()),
    };
    assert_eq!(
        to_value(answer).unwrap(),
        json!({
            "imageDetails": [{
                "registryId": "012345678901",
                "repositoryName": "app",
                "imageDigest": "sha256:00",
                "imageTags": ["v1"],
                "imageSizeInBytes": 5_000_000_000_u64,
                "imagePushedAt": 1_525_113_057.0,
                "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactMediaType": "application/vnd.oci.image.config.v1+json",
                "imageScanStatus": {"status": "COMPLETE"},
                "imageScanFindingsSummary": {"findingSeverityCounts": {"HIGH": 2}},
            }],
            "nextToken": "more",
        })
    );
}

#[test]
fn batch_get_image() {
    let id = types::ImageIdentifier { image_tag: Some("v1".into()), image_digest: None };
    let answer = output::BatchGetImageResponse {
        images: Some(Vec::new()),
        failures: Some(vec![types::ImageFailure {
            image_id: Some(id),
            failure_code: Some(enums::ImageFailureCode::ImageNotFound),
            failure_reason: Some("Requested image not found".into()),
        }]),
    };
    assert_eq!(
        to_value(answer).unwrap(),
        json!({"images": [], "failures": [{
            "imageId": {"imageTag": "v1"},
            "failureCode": "ImageNotFound",
            "failureReason": "Requested image not found",
        }]})
    );
}

#[test]
fn names_that_are_not_camel_case_are_kept() {
    let tags = Some(vec![types::Tag { key: "team".into(), value: String::new() }]);
    let answer = output::ListTagsForResourceResponse { tags };
    assert_eq!(to_value(answer).unwrap(), json!({"tags": [{"Key": "team", "Value": ""}]}));
    let resource = types::Resource { r#type: Some("x".into()), ..Default::default() };
    assert_eq!(to_value(resource).unwrap(), json!({"type": "x"}));
}

#[test]
fn an_answer_without_content_is_an_empty_object() {
    assert_eq!(to_value(output::TagResourceResponse::default()).unwrap(), json!({}));
}

/// ECR's `ListImages` pages are longer than the list shape, which inputs share, allows.
#[test]
fn outputs_may_exceed_the_bounds_of_inputs() {
    let image_ids = Some(vec![types::ImageIdentifier::default(); 1000]);
    let answer = output::ListImagesResponse { image_ids, next_token: None };
    assert_eq!(to_value(answer).unwrap()["imageIds"].as_array().unwrap().len(), 1000);
}

#[test]
fn a_login_token_shows_in_the_answer_and_nowhere_else() {
    let data = types::AuthorizationData {
        authorization_token: Some(Secret::new("QVdTOnNlY3JldA==".into())),
        ..Default::default()
    };
    assert!(!format!("{data:?}").contains("QVdT"));
    assert_eq!(to_value(data).unwrap(), json!({"authorizationToken": "QVdTOnNlY3JldA=="}));
}

#[test]
fn errors_carry_their_members() {
    let carried = error::InvalidLayerPartException {
        last_valid_byte_received: Some(11_304_959),
        ..Default::default()
    };
    assert_eq!(to_value(carried).unwrap(), json!({"lastValidByteReceived": 11_304_959}));
    let carried = error::KmsException { kms_error: Some("NotFoundException".into()) };
    assert_eq!(to_value(carried).unwrap(), json!({"kmsError": "NotFoundException"}));
}
