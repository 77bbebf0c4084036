//! Policies of repositories and of the registry, lifecycle policies, scanning.

use std::time::Duration;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::client::Waiters as _;
use aws_sdk_ecr::types::{
    ImageActionType, LifecyclePolicyPreviewStatus, RegistryScanningRule, ScanFrequency, ScanStatus,
    ScanType, ScanningConfigurationFailureCode, ScanningRepositoryFilter,
    ScanningRepositoryFilterType,
};
use aws_smithy_runtime_api::client::waiters::error::WaiterError;
use serde_json::{Value, json};

use crate::Told;
use crate::driver::{assert_recent, refused};
use crate::images::tagged;

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A policy that keeps the newest image with a tag.
pub fn lifecycle_policy() -> String {
    json!({ "rules": [{
        "rulePriority": 1,
        "description": "Keep the newest image",
        "selection": { "tagStatus": "tagged", "tagPatternList": ["*"],
                       "countType": "imageCountMoreThan", "countNumber": 1 },
        "action": { "type": "expire" },
    }] })
    .to_string()
}

fn policy(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "other", "Effect": "Allow", "Action": [action],
        "Principal": { "AWS": "arn:aws:iam::999988887777:root" },
    }] })
}

#[track_caller]
fn assert_same(found: Option<&str>, expected: &Value) {
    let found: Value = serde_json::from_str(found.expect("a policy")).expect("JSON");
    assert_eq!(&found, expected);
}

pub async fn policies(ecr: &Client) -> Told {
    let get = || ecr.get_repository_policy().repository_name("app");
    let set = |text: &str| ecr.set_repository_policy().repository_name("app").policy_text(text);
    let delete = || ecr.delete_repository_policy().repository_name("app");
    refused!(RepositoryPolicyNotFoundException, get());
    refused!(InvalidParameterException, set("{}"));
    let read = policy("ecr:BatchGetImage");
    set(&read.to_string()).send().await?;
    assert_same(get().send().await?.policy_text(), &read);
    delete().send().await?;
    refused!(RepositoryPolicyNotFoundException, delete());

    refused!(RegistryPolicyNotFoundException, ecr.get_registry_policy());
    let registry = ecr.describe_registry().send().await?;
    let account = registry.registry_id().expect("an account");
    let region = ecr.config().region().expect("a region");
    let mut write = policy("ecr:ReplicateImage");
    write["Statement"][0]["Resource"] =
        format!("arn:aws:ecr:{region}:{account}:repository/*").into();
    ecr.put_registry_policy().policy_text(write.to_string()).send().await?;
    assert_same(ecr.get_registry_policy().send().await?.policy_text(), &write);
    ecr.delete_registry_policy().send().await?;
    refused!(RegistryPolicyNotFoundException, ecr.delete_registry_policy());
    Ok(())
}

pub async fn lifecycle(ecr: &Client) -> Told {
    let get = || ecr.get_lifecycle_policy().repository_name("app");
    let put =
        |text: &str| ecr.put_lifecycle_policy().repository_name("app").lifecycle_policy_text(text);
    let delete = || ecr.delete_lifecycle_policy().repository_name("app");
    refused!(LifecyclePolicyNotFoundException, get());
    let preview = || ecr.get_lifecycle_policy_preview().repository_name("app");
    refused!(LifecyclePolicyPreviewNotFoundException, preview());
    let invalid = refused!(InvalidParameterException, put(&"x".repeat(100)));
    let message = invalid.message().expect("a message");
    assert!(message.contains("Lifecycle policy validation failure"), "{message}");
    let start = ecr.start_lifecycle_policy_preview().repository_name("app");
    let started = start.lifecycle_policy_text(lifecycle_policy()).send().await?;
    assert_eq!(started.status(), Some(&LifecyclePolicyPreviewStatus::InProgress));
    let waiter = ecr.wait_until_lifecycle_policy_preview_complete().repository_name("app");
    waiter.wait(PATIENCE).await?;
    let mut pages = preview().into_paginator().send();
    let page = pages.next().await.expect("a page")?;
    assert_eq!(page.status(), Some(&LifecyclePolicyPreviewStatus::Complete));
    // Of the three that the rule selects, the newest stays, and what the index lists.
    let [result] = page.preview_results() else { panic!("one image: {page:?}") };
    let summary = page.summary().expect("a summary");
    assert_eq!(summary.expiring_image_total_count(), Some(1));
    assert_eq!(result.image_tags().len(), 1);
    let action = result.action().expect("an action");
    assert_eq!(action.r#type(), Some(&ImageActionType::Expire));
    assert_eq!(result.applied_rule_priority(), Some(1));
    assert_recent(result.image_pushed_at());
    // It is carried out as soon as it is put: one that finds nothing to do.
    let text = lifecycle_policy().replace(r#""countNumber":1"#, r#""countNumber":100"#);
    put(&text).send().await?;
    let got = get().send().await?;
    assert_eq!(got.lifecycle_policy_text(), Some(text.as_str()));
    assert!(got.last_evaluated_at().expect("a time").secs() >= 0);
    delete().send().await?;
    refused!(LifecyclePolicyNotFoundException, delete());
    Ok(())
}

pub async fn scanning(ecr: &Client) -> Told {
    let fresh = ecr.get_registry_scanning_configuration().send().await?;
    let fresh = fresh.scanning_configuration().expect("a configuration");
    assert_eq!((fresh.scan_type(), fresh.rules()), (Some(&ScanType::Basic), [].as_slice()));
    let filter = ScanningRepositoryFilter::builder()
        .filter("app*")
        .filter_type(ScanningRepositoryFilterType::Wildcard)
        .build()?;
    let rule = RegistryScanningRule::builder()
        .scan_frequency(ScanFrequency::ScanOnPush)
        .repository_filters(filter)
        .build()?;
    let put = || ecr.put_registry_scanning_configuration().scan_type(ScanType::Basic);
    let stored = put().rules(rule.clone()).send().await?;
    let stored = stored.registry_scanning_configuration().expect("a configuration");
    assert_eq!(stored.rules(), [rule]);
    let told = ecr.batch_get_repository_scanning_configuration();
    let told = told.repository_names("app").repository_names("none").send().await?;
    let ([found], [failure]) = (told.scanning_configurations(), told.failures()) else {
        panic!("{told:?}")
    };
    assert_eq!(found.scan_frequency(), Some(&ScanFrequency::ScanOnPush));
    let unknown = ScanningConfigurationFailureCode::RepositoryNotFound;
    assert_eq!(failure.failure_code(), Some(&unknown));
    scans(ecr).await?;
    put().set_rules(Some(Vec::new())).send().await?;
    Ok(())
}

async fn scans(ecr: &Client) -> Told {
    let start = |tag: &str| ecr.start_image_scan().repository_name("app").image_id(tagged(tag));
    let describe =
        || ecr.describe_image_scan_findings().repository_name("app").image_id(tagged("v1"));
    refused!(ScanNotFoundException, describe());
    refused!(UnsupportedImageTypeException, start("index"));
    let started = start("v1").send().await?;
    assert!(started.image_scan_status().and_then(|scan| scan.status()).is_some(), "{started:?}");
    // Nobody is told that an image is clean which was not scanned.
    let waiter = ecr.wait_until_image_scan_complete().repository_name("app").image_id(tagged("v1"));
    let status = match waiter.wait(PATIENCE).await {
        Ok(_) => ScanStatus::Complete,
        Err(WaiterError::FailureState(_)) => ScanStatus::Failed,
        Err(error) => return Err(error.into()),
    };
    let mut pages = describe().into_paginator().send();
    let page = pages.next().await.expect("a page")?;
    assert_eq!(page.image_scan_status().and_then(|scan| scan.status()), Some(&status));
    assert_eq!(page.image_scan_findings().is_some(), status == ScanStatus::Complete);
    Ok(())
}
