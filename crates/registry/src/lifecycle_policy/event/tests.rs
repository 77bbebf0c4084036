//! What events say, and how many there are.

use serde_json::{Value, json};
use wharfinger_core::SeededEntropy;

use super::*;

fn digest(byte: u8) -> Digest {
    Digest::Sha256([byte; 32])
}

fn image(byte: u8, tags: usize) -> EventImage {
    let tags = (0..tags).map(|number| format!("{number:0>128}").parse().unwrap()).collect();
    EventImage::new(digest(byte), Timestamp::from_millis(7), 1, tags)
}

fn events(rules: &Value) -> PolicyEvents {
    let registry = "111122223333".parse().unwrap();
    let registry = wharfinger_core::RegistryId::new(registry, "eu-west-1".parse().unwrap());
    PolicyEvents {
        entropy: Arc::new(SeededEntropy::new(1)),
        repository: RepositoryRow {
            id: RepositoryId::new(Timestamp::from_millis(1), &SeededEntropy::new(1)),
            registry,
            name: "team/app".parse().unwrap(),
            created_at: Timestamp::default(),
            tag_mutability: String::new(),
            exclusion_filters: String::new(),
            scan_on_push: false,
            encryption_type: String::new(),
            kms_key: None,
            key_domain: String::new(),
            image_count: 0,
        },
        event_name: EXECUTION,
        policy: LifecyclePolicy::parse(&json!({ "rules": rules }).to_string()).unwrap().into(),
        last_evaluated_at: Timestamp::from_millis(5),
        policy_id: "an id".into(),
    }
}

#[test]
fn an_event_says_what_happened_by_which_rule() {
    let events = events(&json!([
        {
            "rulePriority": 1, "description": "releases", "action": { "type": "expire" },
            "selection": {
                "tagStatus": "tagged", "tagPatternList": ["v*"],
                "countType": "imageCountMoreThan", "countNumber": 2,
            },
        },
        {
            "rulePriority": 2, "action": { "type": "expire" },
            "selection": {
                "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
                "countNumber": 3,
            },
        },
        {
            "rulePriority": 3,
            "selection": {
                "tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days",
                "countNumber": 4,
            },
            "action": { "type": "transition", "targetStorageClass": "archive" },
        },
    ]));
    let tagged = vec!["a".parse().unwrap(), "b".parse().unwrap()];
    let held = EventImage { rule_priority: 3, ..image(2, 0) };
    let parents = ImageFailureCode::ImageReferencedByManifestList(vec![digest(3)]);
    let images = [EventImage { tags: tagged, ..image(1, 0) }, held.failed(parents)];
    let subject = |digest: Digest, status: &str, tags: Value| json!({ "digest": digest.to_string(), "tagStatus": status, "tagList": tags, "pushedAt": 7 });
    let expected = json!({
        "repositoryName": "team/app",
        "lifecycleEventPolicy": {
            "lifecycleEventRules": [
                {
                    "rulePriority": 1, "description": "releases", "action": "expire",
                    "lifecycleEventSelection": {
                        "tagStatus": "Tagged", "tagPrefixList": [], "tagPatternList": ["v*"],
                        "countType": "Image count more than", "countNumber": 2,
                    },
                },
                {
                    "rulePriority": 3, "action": "transition",
                    "lifecycleEventSelection": {
                        "tagStatus": "Any", "tagPrefixList": [],
                        "countType": "Since image pulled", "countUnit": "Days", "countNumber": 4,
                    },
                },
            ],
            "lastEvaluatedAt": 5, "policyVersion": 1, "policyId": "an id",
        },
        "lifecycleEventImageActions": [{
            "lifecycleEventImage": subject(digest(1), "Tagged", json!(["a", "b"])),
            "rulePriority": 1,
        }],
        "lifecycleEventFailureDetails": [{
            "lifecycleEventImage": subject(digest(2), "Untagged", json!([])),
            "rulePriority": 3,
            "failureCode": "ImageReferencedByManifestList",
            "failureReason":
                format!("Requested image referenced by manifest list: [{}]", digest(3)),
        }],
    });
    assert_eq!(serde_json::to_value(events.detail(&images)).unwrap(), expected);
}

/// ECR: ten images are several events, and of an image's tags a hundred are told.
#[test]
fn no_event_is_large() {
    for (images, tags, expected) in
        [(0, 0, vec![]), (9, 1, vec![9]), (10, 1, vec![9, 1]), (25, 1, vec![9, 9, 7])]
    {
        let images: Vec<EventImage> = (0..images).map(|byte| image(byte, tags)).collect();
        assert_eq!(parts(&images).map(<[_]>::len).collect::<Vec<_>>(), expected);
    }
    let many: Vec<EventImage> = (0..9).map(|byte| image(byte, 1_000)).collect();
    assert!(many.iter().all(|image| image.tags.len() == 100));
    assert_eq!(parts(&many).map(<[_]>::len).collect::<Vec<_>>(), [2, 2, 2, 2, 1]);
    // Ten rules, each as long as it may be when there are others.
    let rule = |priority: u32| {
        json!({
            "rulePriority": priority, "description": "\u{1f600}".repeat(2_900),
            "selection": {
                "tagStatus": "tagged", "tagPrefixList": [format!("p{priority}")],
                "countType": "imageCountMoreThan", "countNumber": 1,
            },
            "action": { "type": "expire" },
        })
    };
    let events = events(&(1..=10).map(rule).collect());
    let images: Vec<EventImage> =
        (1..=9).map(|byte| EventImage { rule_priority: byte.into(), ..image(byte, 1) }).collect();
    let detail = events.detail(&images);
    assert_eq!(detail.lifecycle_event_policy.lifecycle_event_rules.len(), 1);
    let bytes = serde_json::to_string(&detail).unwrap().len();
    assert!(bytes < wharfinger_core::limits::AUDIT_MEMBER_BYTES_MAX, "{bytes}");
}

#[test]
fn a_policy_has_an_id_of_its_own() {
    let id = RepositoryId::new(Timestamp::from_millis(1), &SeededEntropy::new(1));
    let first = policy_id(id, 1);
    assert_eq!(first, policy_id(id, 1));
    assert_ne!(first, policy_id(id, 2));
    let lengths: Vec<usize> = first.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
}
