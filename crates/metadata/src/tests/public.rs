//! Aliases of public registries, and what the catalog says of their repositories.

use wharfinger_core::{AccountId, Digest};

use super::{digest, now, open, with_repository, write};
use crate::catalog_data::{CatalogDataRow, SealedLogo};
use crate::{MetadataError, catalog_data, public_registry, repository};

#[tokio::test]
async fn an_account_has_one_alias_and_an_alias_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let [first, second]: [AccountId; 2] =
        ["111122223333", "444455556666"].map(|id| id.parse().unwrap());
    write(&metadata, move |tx| {
        Box::pin(async move {
            assert_eq!(public_registry::alias_of(tx, &first).await?, None);
            assert_eq!(public_registry::account_of(tx, "a1").await?, None);
            public_registry::insert(tx, &first, "a1", now()).await?;
            assert_eq!(public_registry::alias_of(tx, &first).await?.as_deref(), Some("a1"));
            assert_eq!(public_registry::account_of(tx, "a1").await?, Some(first));
            for (account, alias) in [(second, "a1"), (first, "b2")] {
                let taken = public_registry::insert(tx, &account, alias, now()).await;
                assert!(matches!(taken, Err(MetadataError::Duplicate(_))));
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_logo_goes_with_its_repository() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let row = |document: &str, logo_digest: Option<Digest>| CatalogDataRow {
                document: document.to_owned(),
                logo_digest,
            };
            assert_eq!(catalog_data::find(tx, id).await?, None);
            catalog_data::put(tx, id, "{}", now()).await?;
            assert_eq!(catalog_data::find(tx, id).await?, Some(row("{}", None)));
            catalog_data::put_logo(tx, id, Some((&digest(1), b"sealed"))).await?;
            catalog_data::put(tx, id, "[]", now()).await?;
            assert_eq!(catalog_data::find(tx, id).await?, Some(row("[]", Some(digest(1)))));
            let logo = SealedLogo { key_domain: "domain".into(), sealed: b"sealed".to_vec() };
            assert_eq!(catalog_data::logo(tx, &digest(1)).await?, Some(logo));
            assert_eq!(catalog_data::logo(tx, &digest(2)).await?, None);
            repository::delete(tx, id, now()).await?;
            assert_eq!(catalog_data::logo(tx, &digest(1)).await?, None);
            while repository::purge(tx, 10).await? {}
            assert_eq!(catalog_data::find(tx, id).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}
