//! Pull through cache rules and repository creation templates: one for each prefix of a registry,
//! listed in order, changed as a whole.

use wharfinger_core::{RegistryId, Timestamp};

use super::{now, open, write};
use crate::creation_template::{self, CreationTemplateRow};
use crate::pull_through_cache_rule::{self, PullThroughCacheRuleRow};
use crate::{MetadataError, Tx};

pub(super) fn rule(prefix: &str) -> PullThroughCacheRuleRow {
    PullThroughCacheRuleRow {
        prefix: prefix.into(),
        prefix_text: format!("{prefix}/"),
        upstream_registry: "quay".into(),
        upstream_registry_url: "quay.io".into(),
        upstream_prefix: Some("ROOT".into()),
        credential_arn: None,
        custom_role_arn: Some("role".into()),
        created_at: now(),
        updated_at: now(),
    }
}

pub(super) fn template(prefix: &str) -> CreationTemplateRow {
    CreationTemplateRow {
        prefix: prefix.into(),
        prefix_text: format!("{prefix}/"),
        applied_for: r#"["CREATE_ON_PUSH"]"#.into(),
        description: None,
        encryption_type: "AES256".into(),
        kms_key: None,
        resource_tags: "[]".into(),
        tag_mutability: "MUTABLE".into(),
        exclusion_filters: "[]".into(),
        repository_policy: Some("{}".into()),
        lifecycle_policy: None,
        custom_role_arn: None,
        created_at: now(),
        updated_at: now(),
    }
}

fn registry(region: &str) -> RegistryId {
    RegistryId::new("111122223333".parse().unwrap(), region.parse().unwrap())
}

async fn in_a_store(
    body: impl for<'t> FnOnce(&'t mut Tx) -> crate::BoxFuture<'t, Result<(), MetadataError>>
    + Send
    + 'static,
) {
    let folder = tempfile::tempdir().unwrap();
    write(&open(&folder), body).await.unwrap();
}

#[tokio::test]
async fn rules_are_kept_by_prefix() {
    use pull_through_cache_rule as store;
    in_a_store(|tx| {
        Box::pin(async move {
            let (here, there) = (registry("eu-west-1"), registry("us-east-1"));
            for prefix in ["quay", "ROOT", "k8s"] {
                store::insert(tx, &here, &rule(prefix)).await?;
            }
            store::insert(tx, &there, &rule("quay")).await?;
            let again = store::insert(tx, &here, &rule("quay")).await;
            assert!(matches!(again, Err(MetadataError::Duplicate(_))));
            assert_eq!(store::find(tx, &here, "quay").await?, Some(rule("quay")));
            assert_eq!(store::find(tx, &here, "quay/").await?, None);
            assert_eq!(store::count(tx, &here).await?, 3);
            assert_eq!(store::count(tx, &there).await?, 1);
            let listed = store::list(tx, &here, "", 2).await?;
            assert_eq!(listed, [rule("ROOT"), rule("k8s")]);
            assert_eq!(store::list(tx, &here, "k8s", 2).await?, [rule("quay")]);
            let changed = PullThroughCacheRuleRow {
                credential_arn: Some("secret".into()),
                custom_role_arn: None,
                updated_at: Timestamp::from_millis(9),
                ..rule("quay")
            };
            store::update(tx, &here, &changed).await?;
            assert_eq!(store::find(tx, &here, "quay").await?, Some(changed));
            store::delete(tx, &here, "quay").await?;
            assert_eq!(store::find(tx, &here, "quay").await?, None);
            assert_eq!(store::find(tx, &there, "quay").await?, Some(rule("quay")));
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn templates_are_kept_by_prefix() {
    use creation_template as store;
    in_a_store(|tx| {
        Box::pin(async move {
            let (here, there) = (registry("eu-west-1"), registry("us-east-1"));
            for prefix in ["team", "ROOT", "a/b"] {
                store::insert(tx, &here, &template(prefix)).await?;
            }
            store::insert(tx, &there, &template("team")).await?;
            let again = store::insert(tx, &here, &template("team")).await;
            assert!(matches!(again, Err(MetadataError::Duplicate(_))));
            assert_eq!(store::count(tx, &here).await?, 3);
            let listed = store::list(tx, &here, "", 2).await?;
            assert_eq!(listed, [template("ROOT"), template("a/b")]);
            assert_eq!(store::list(tx, &here, "a/b", 2).await?, [template("team")]);
            let scenarios = store::list_scenarios(tx, &here, 50).await?;
            let push = r#"["CREATE_ON_PUSH"]"#;
            let expected = ["ROOT", "a/b", "team"].map(|prefix| (prefix.into(), push.into()));
            assert_eq!(scenarios, expected);
            let changed = CreationTemplateRow {
                applied_for: "[]".into(),
                description: Some("words".into()),
                encryption_type: "KMS".into(),
                kms_key: Some("key".into()),
                resource_tags: r#"[["a","b"]]"#.into(),
                tag_mutability: "IMMUTABLE_WITH_EXCLUSION".into(),
                exclusion_filters: r#"["dev-*"]"#.into(),
                repository_policy: None,
                lifecycle_policy: Some("{}".into()),
                custom_role_arn: Some("role".into()),
                updated_at: Timestamp::from_millis(9),
                ..template("team")
            };
            store::update(tx, &here, &changed).await?;
            assert_eq!(store::find(tx, &here, "team").await?, Some(changed));
            store::delete(tx, &here, "team").await?;
            assert_eq!(store::find(tx, &here, "team").await?, None);
            assert_eq!(store::find(tx, &there, "team").await?, Some(template("team")));
            Ok(())
        })
    })
    .await;
}
