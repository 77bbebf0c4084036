//! KMS keys and aliases: kept apart by account and region, found by id and by name.

use wharfinger_core::RegistryId;

use super::{now, open, write};
use crate::MetadataError;
use crate::kms_key::{self, KmsKeyRow};

pub(super) fn key(key_id: &str) -> KmsKeyRow {
    KmsKeyRow {
        key_id: key_id.into(),
        description: "for tests".into(),
        enabled: true,
        aws_managed: false,
        material_sealed: vec![1, 2, 3],
        created_at: now(),
    }
}

fn registry(region: &str) -> RegistryId {
    RegistryId::new("111122223333".parse().unwrap(), region.parse().unwrap())
}

#[tokio::test]
async fn keys_belong_to_their_region() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let outcome = write(&metadata, |tx| {
        Box::pin(async move {
            let (here, there) = (registry("eu-west-1"), registry("eu-west-2"));
            for key_id in ["b", "a"] {
                kms_key::insert(tx, &here, &key(key_id)).await?;
            }
            let again = kms_key::insert(tx, &here, &key("a")).await;
            assert!(matches!(again, Err(MetadataError::Duplicate(_))));
            kms_key::insert(tx, &there, &KmsKeyRow { aws_managed: true, ..key("a") }).await?;

            assert_eq!(kms_key::find(tx, &here, "a").await?, Some(key("a")));
            assert!(kms_key::find(tx, &there, "a").await?.unwrap().aws_managed);
            assert_eq!(kms_key::find(tx, &there, "b").await?, None);
            assert_eq!(kms_key::list(tx, &here, "", 10).await?, [key("a"), key("b")]);
            assert_eq!(kms_key::list(tx, &here, "a", 10).await?, [key("b")]);
            assert_eq!(kms_key::list(tx, &here, "", 1).await?, [key("a")]);
            assert_eq!(kms_key::count(tx, &here).await?, 2);

            assert!(kms_key::set_enabled(tx, &here, "a", false).await?);
            assert!(!kms_key::set_enabled(tx, &here, "c", false).await?);
            assert!(!kms_key::find(tx, &here, "a").await?.unwrap().enabled);
            assert!(kms_key::find(tx, &there, "a").await?.unwrap().enabled);
            Ok(())
        })
    });
    outcome.await.unwrap();
}

#[tokio::test]
async fn an_alias_stands_for_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let outcome = write(&metadata, |tx| {
        Box::pin(async move {
            let (here, there) = (registry("eu-west-1"), registry("eu-west-2"));
            kms_key::insert(tx, &here, &key("a")).await?;
            for alias in ["alias/y", "alias/x"] {
                kms_key::insert_alias(tx, &here, alias, "a", now()).await?;
            }
            let again = kms_key::insert_alias(tx, &here, "alias/x", "b", now()).await;
            assert!(matches!(again, Err(MetadataError::Duplicate(_))));
            assert_eq!(kms_key::find_alias(tx, &here, "alias/x").await?.as_deref(), Some("a"));
            assert_eq!(kms_key::find_alias(tx, &there, "alias/x").await?, None);
            assert_eq!(kms_key::aliases(tx, &here, "a", 10).await?, ["alias/x", "alias/y"]);
            assert_eq!(kms_key::aliases(tx, &here, "a", 1).await?, ["alias/x"]);
            assert!(kms_key::delete_alias(tx, &here, "alias/x").await?);
            assert!(!kms_key::delete_alias(tx, &here, "alias/x").await?);
            assert_eq!(kms_key::aliases(tx, &here, "a", 10).await?, ["alias/y"]);
            Ok(())
        })
    });
    outcome.await.unwrap();
}
