//! ECR inputs: what decodes, and the sentences in which the rest is refused.

use serde_json::{Value, json};
use wharfinger_core::Timestamp;

use super::{decode, refusal};
use crate::constraint::Limits;
use crate::decode::{Decode as _, Node};
use crate::ecr::{Operation, Request, enums, input, types};
use crate::{DecodeError, ecr};

fn invalid(member: &str, reason: &str) -> String {
    format!("Invalid parameter at '{member}' failed to satisfy constraint: '{reason}'")
}

#[test]
fn a_whole_input_decodes() {
    let body = json!({
        "repositoryName": "team/app",
        "tags": [{"Key": "k", "Value": ""}],
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
        "imageScanningConfiguration": {"scanOnPush": true},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/x"},
    });
    let expected = input::CreateRepositoryRequest {
        repository_name: "team/app".into(),
        tags: Some(vec![types::Tag { key: "k".into(), value: String::new() }]),
        image_tag_mutability: Some(enums::ImageTagMutability::ImmutableWithExclusion),
        image_tag_mutability_exclusion_filters: Some(vec![
            types::ImageTagMutabilityExclusionFilter {
                filter_type: enums::ImageTagMutabilityExclusionFilterType::Wildcard,
                filter: "dev-*".into(),
            },
        ]),
        image_scanning_configuration: Some(types::ImageScanningConfiguration {
            scan_on_push: Some(true),
        }),
        encryption_configuration: Some(types::EncryptionConfiguration {
            encryption_type: enums::EncryptionType::Kms,
            kms_key: Some("alias/x".into()),
        }),
        registry_id: None,
    };
    let request = decode(Operation::CreateRepository, &body).unwrap();
    assert_eq!(request.operation(), Operation::CreateRepository);
    assert_eq!(request, Request::CreateRepository(expected));
}

#[test]
fn null_is_absent_and_unknown_members_are_ignored() {
    let body = json!({"maxResults": null, "repositoryNames": null, "fromTheFuture": {"a": [1]}});
    let expected = Request::DescribeRepositories(Default::default());
    assert_eq!(decode(Operation::DescribeRepositories, &body).unwrap(), expected);
    for empty in [&b""[..], b" \r\n", b"{}"] {
        let request = ecr::Request::decode(Operation::DescribeRepositories, empty);
        assert_eq!(request.unwrap(), expected);
    }
}

#[test]
fn layer_parts_are_padded_standard_base64() {
    let part = |blob: &str| {
        json!({
            "repositoryName": "app", "uploadId": "6c3a2b10-0000-4000-8000-abcdefABCDEF",
            "partFirstByte": 0, "partLastByte": 3.0, "layerPartBlob": blob,
        })
    };
    let request = decode(Operation::UploadLayerPart, &part("//4A/w==")).unwrap();
    let Request::UploadLayerPart(input) = request else { panic!("another operation") };
    assert_eq!(input.layer_part_blob, [0xff, 0xfe, 0x00, 0xff]);
    assert_eq!((input.part_first_byte, input.part_last_byte), (0, 3));
    for blob in ["__4A_w==", "//4A/w", "//4A/w== "] {
        let error = decode(Operation::UploadLayerPart, &part(blob)).unwrap_err();
        assert!(matches!(error, DecodeError::Serialization(_)), "{blob}");
    }
}

#[test]
fn timestamps_are_epoch_seconds_with_or_without_a_fraction() {
    let read = |value: Value| Timestamp::decode(&Node::json(&value), &Limits::NONE);
    assert_eq!(read(json!(1_525_113_057)).unwrap(), Timestamp::from_seconds(1_525_113_057));
    assert_eq!(read(json!(1.25)).unwrap(), Timestamp::from_millis(1250));
    assert!(read(json!("2018-04-30T18:30:57Z")).is_err());
}

#[test]
fn wrong_types_are_serialization_errors_that_name_the_place() {
    let cases = [
        (json!([]), "START_ARRAY can not be converted to a structure at the request body"),
        (
            json!({"repositoryName": 1}),
            "NUMBER_VALUE can not be converted to a String at 'repositoryName'",
        ),
        (
            json!({"repositoryName": "app", "imageScanningConfiguration": {"scanOnPush": "yes"}}),
            "STRING_VALUE can not be converted to a Boolean at \
             'imageScanningConfiguration.scanOnPush'",
        ),
        (
            json!({"repositoryName": "app", "tags": [{"Key": "a", "Value": "b"}, {"Key": []}]}),
            "START_ARRAY can not be converted to a String at 'tags.2.member.Key'",
        ),
        (
            json!({"repositoryName": "app", "tags": {}}),
            "START_OBJECT can not be converted to a List at 'tags'",
        ),
    ];
    for (body, message) in cases {
        let error = decode(Operation::CreateRepository, &body).unwrap_err();
        assert_eq!(error, DecodeError::Serialization(message.to_owned()));
    }
    let fraction =
        decode(Operation::ListImages, &json!({"repositoryName": "app", "maxResults": 1.5}));
    assert!(matches!(fraction, Err(DecodeError::Serialization(_))));
    let garbage = ecr::Request::decode(Operation::ListImages, b"{\"repositoryName\"");
    assert!(matches!(garbage, Err(DecodeError::Serialization(_))));
}

#[test]
fn each_kind_of_constraint_has_its_sentence() {
    let pattern = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";
    let cases = [
        (
            Operation::CreateRepository,
            json!({}),
            invalid("repositoryName", "Member must not be null"),
        ),
        (
            Operation::CreateRepository,
            json!({"repositoryName": "Upper/Case"}),
            invalid("repositoryName", &format!("must satisfy regular expression '{pattern}'")),
        ),
        (
            Operation::DescribeRepositories,
            json!({"maxResults": 1001}),
            invalid("maxResults", "Member must have value less than or equal to 1000"),
        ),
        (
            Operation::DescribeRepositories,
            json!({"maxResults": 99_999_999_999_999_999_999.0}),
            invalid("maxResults", "Member must have value less than or equal to 1000"),
        ),
        (
            Operation::BatchDeleteImage,
            json!({"repositoryName": "app", "imageIds": []}),
            invalid("imageIds", "Member must have length greater than or equal to 1"),
        ),
        (
            Operation::BatchGetImage,
            json!({"repositoryName": "app", "imageIds": vec![json!({}); 101]}),
            invalid("imageIds", "Member must have length less than or equal to 100"),
        ),
        (
            Operation::BatchGetImage,
            json!({"repositoryName": "app", "imageIds": [{}, {"imageTag": ""}]}),
            invalid(
                "imageIds.2.member.imageTag",
                "Member must have length greater than or equal to 1",
            ),
        ),
        (
            Operation::BatchGetImage,
            json!({"repositoryName": "app", "imageIds": [null]}),
            invalid("imageIds.1.member", "Member must not be null"),
        ),
        (
            Operation::PutImageTagMutability,
            json!({"repositoryName": "app", "imageTagMutability": "mutable"}),
            invalid(
                "imageTagMutability",
                "Member must satisfy enum value set: [MUTABLE, IMMUTABLE, \
                 IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]",
            ),
        ),
    ];
    for (operation, body, sentence) in cases {
        assert_eq!(refusal(operation, &body), sentence, "{operation} {body}");
    }
}

/// What ECR answered a client that had lost the leading zero of an account id
/// (aws-actions/amazon-ecr-login issue 225).
#[test]
fn a_list_of_plain_values_recites_the_rules_of_its_elements() {
    assert_eq!(
        refusal(Operation::GetAuthorizationToken, &json!({"registryIds": ["12345678901"]})),
        invalid(
            "registryIds",
            "Member must satisfy constraint: \
             [Member must satisfy regular expression pattern: [0-9]{12}]"
        )
    );
    assert_eq!(
        refusal(Operation::GetAuthorizationToken, &json!({"registryIds": [null]})),
        invalid("registryIds", "Member must satisfy constraint: [Member must not be null]")
    );
}

/// The field constraints of every operation's common members, at both ends.
#[test]
fn the_bounds_are_those_of_the_service() {
    use Operation as Op;
    let length = |op, body: fn(String) -> Value, good: [usize; 2], bad: &[usize]| {
        for length in good {
            let error = decode(op, &body("a".repeat(length))).err();
            assert!(error.is_none(), "{op} {length}: {error:?}");
        }
        for &length in bad {
            let error = decode(op, &body("a".repeat(length))).unwrap_err();
            assert!(error.to_string().contains("must have length"), "{op} {length}: {error}");
        }
    };
    length(Op::CreateRepository, |it| json!({"repositoryName": it}), [2, 256], &[0, 1, 257]);
    let tag = |it| json!({"repositoryName": "app", "imageManifest": "{}", "imageTag": it});
    length(Op::PutImage, tag, [1, 300], &[0, 301]);
    let manifest = |it| json!({"repositoryName": "app", "imageManifest": it});
    length(Op::PutImage, manifest, [1, 4_194_304], &[0, 4_194_305]);
    let policy = |it| json!({"repositoryName": "app", "policyText": it});
    length(Op::SetRepositoryPolicy, policy, [0, 10_240], &[10_241]);
    length(Op::PutRegistryPolicy, |it| json!({"policyText": it}), [0, 10_240], &[10_241]);
    let policy = |it| json!({"repositoryName": "app", "lifecyclePolicyText": it});
    length(Op::PutLifecyclePolicy, policy, [100, 30_720], &[99, 30_721]);
    let policy =
        |it| json!({"prefix": "ROOT", "appliedFor": ["REPLICATION"], "lifecyclePolicy": it});
    length(Op::CreateRepositoryCreationTemplate, policy, [0, 30_720], &[30_721]);
    let prefix = |it| json!({"prefix": it, "appliedFor": []});
    length(Op::CreateRepositoryCreationTemplate, prefix, [1, 256], &[0, 257]);
    let prefix = |it| json!({"ecrRepositoryPrefix": it});
    length(Op::DeletePullThroughCacheRule, prefix, [2, 30], &[1, 31]);

    let range = |op, body: fn(i64) -> Value, max: i64| {
        for (value, fits) in [(0, false), (1, true), (max, true), (max + 1, false)] {
            assert_eq!(decode(op, &body(value)).is_ok(), fits, "{op} {value}");
        }
    };
    range(Op::ListImages, |n| json!({"repositoryName": "app", "maxResults": n}), 1000);
    range(
        Op::GetLifecyclePolicyPreview,
        |n| json!({"repositoryName": "app", "maxResults": n}),
        100,
    );
    range(Op::ListReplicationBackfills, |n| json!({"maxResults": n}), 50);
    let names = |n: i64| json!({"repositoryNames": vec!["app"; n as usize]});
    range(Op::DescribeRepositories, names, 100);
    range(Op::BatchGetRepositoryScanningConfiguration, names, 25);
    let digests =
        |n: i64| json!({"repositoryName": "app", "layerDigests": vec!["sha256:a"; n as usize]});
    range(Op::BatchCheckLayerAvailability, digests, 100);
}

#[test]
fn names_follow_the_model_rather_than_the_prose() {
    let name = |name: &str| decode(Operation::CreateRepository, &json!({"repositoryName": name}));
    for good in ["9lives", "a__b", "a---b", "a.b/c_d/e-f", "a/b/c/d"] {
        assert!(name(good).is_ok(), "{good}");
    }
    for bad in ["a/", "/a", "a//b", "a..b", "a___b", "-a", "a b", "a\n", "é1"] {
        assert!(name(bad).is_err(), "{bad:?}");
    }
    let prefix = |it: &str| {
        decode(Operation::DeletePullThroughCacheRule, &json!({"ecrRepositoryPrefix": it}))
    };
    assert!(prefix("ROOT").is_ok() && prefix("docker-hub/").is_ok() && prefix("root/x").is_ok());
    assert!(prefix("Root").is_err());
    let registry = |id: &str| decode(Operation::DescribeRepositories, &json!({"registryId": id}));
    assert!(registry("012345678901").is_ok());
    for id in ["12345678901", "1234567890123", "01234567890a", "٠١٢٣٤٥٦٧٨٩٠١"] {
        assert!(registry(id).is_err(), "{id}");
    }
}
