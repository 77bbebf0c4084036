//! The registry, its repositories and their tags.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageFailureCode, ImageIdentifier,
    ImageScanningConfiguration, ImageTagMutability, ImageTagMutabilityExclusionFilter,
    ImageTagMutabilityExclusionFilterType, Tag,
};

use crate::Told;
use crate::driver::{assert_recent, refused};

pub async fn registry(ecr: &Client) -> Told {
    let described = ecr.describe_registry().send().await?;
    let account = described.registry_id().expect("an account");
    let replication = described.replication_configuration().expect("a configuration");
    assert!(account.len() == 12 && replication.rules().is_empty(), "{described:?}");
    let token = ecr.get_authorization_token().send().await?;
    let [token] = token.authorization_data() else { panic!("one token: {token:?}") };
    assert_recent(token.expires_at());
    assert!(token.authorization_token().is_some_and(|token| !token.is_empty()));
    assert!(token.proxy_endpoint().is_some_and(|address| address.starts_with("http")));
    for (name, value) in [
        ("REGISTRY_POLICY_SCOPE", "V2"),
        ("BLOB_MOUNTING", "ENABLED"),
        ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"),
    ] {
        let stored = ecr.put_account_setting().name(name).value(value).send().await?;
        assert_eq!((stored.name(), stored.value()), (Some(name), Some(value)));
        let stored = ecr.get_account_setting().name(name).send().await?;
        assert_eq!((stored.name(), stored.value()), (Some(name), Some(value)));
    }
    refused!(InvalidParameterException, ecr.get_account_setting().name("NO_SUCH_SETTING"));
    exclusions(ecr, &format!("arn:aws:iam::{account}:role/scanner")).await
}

async fn exclusions(ecr: &Client, role: &str) -> Told {
    let register = || ecr.register_pull_time_update_exclusion().principal_arn(role);
    let deregister = || ecr.deregister_pull_time_update_exclusion().principal_arn(role);
    refused!(ExclusionNotFoundException, deregister());
    assert_recent(register().send().await?.created_at());
    refused!(ExclusionAlreadyExistsException, register());
    let listed = ecr.list_pull_time_update_exclusions().send().await?;
    assert_eq!(listed.pull_time_update_exclusions(), [role]);
    deregister().send().await?;
    let listed = ecr.list_pull_time_update_exclusions().send().await?;
    assert!(listed.pull_time_update_exclusions().is_empty());
    Ok(())
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().expect("a key and a value")
}

fn scan_on_push(value: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(value).build()
}

pub async fn repositories(ecr: &Client) -> Told {
    let made = ecr
        .create_repository()
        .repository_name("app")
        .tags(tag("team", "a"))
        .image_scanning_configuration(scan_on_push(true))
        .send()
        .await?;
    let made = made.repository().expect("a repository");
    assert_eq!(made.image_tag_mutability(), Some(&ImageTagMutability::Mutable));
    let encryption = made.encryption_configuration().expect("a configuration");
    assert_eq!(encryption.encryption_type(), &EncryptionType::Aes256);
    assert_eq!(made.image_scanning_configuration(), Some(&scan_on_push(true)));
    assert_recent(made.created_at());
    let create = |name: &str| ecr.create_repository().repository_name(name);
    refused!(RepositoryAlreadyExistsException, create("app"));
    refused!(InvalidParameterException, create("APP"));
    refused!(
        RepositoryNotFoundException,
        ecr.describe_repositories().repository_names("app").repository_names("none")
    );
    let account = made.registry_id().expect("an account");
    sealed(ecr, account).await?;
    for name in ["pages/b", "pages/c"] {
        create(name).send().await?;
    }
    let mut pages = ecr.describe_repositories().into_paginator().page_size(1).send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        let [repository] = page.repositories() else { panic!("one a page: {page:?}") };
        names.push(repository.repository_name().expect("a name").to_owned());
    }
    assert_eq!(names, ["app", "pages/b", "pages/c"]);
    refused!(InvalidParameterException, ecr.describe_repositories().next_token("forged"));
    tags(ecr, made.repository_arn().expect("an ARN")).await?;
    settings(ecr).await
}

/// No key, no repository.
async fn sealed(ecr: &Client, account: &str) -> Told {
    let region = ecr.config().region().expect("a region");
    let key = format!("arn:aws:kms:{region}:{account}:key/00000000-0000-4000-8000-000000000000");
    let encryption =
        EncryptionConfiguration::builder().encryption_type(EncryptionType::Kms).kms_key(key);
    let fault = refused!(
        KmsException,
        ecr.create_repository()
            .repository_name("sealed")
            .encryption_configuration(encryption.build()?)
    );
    assert_eq!(fault.kms_error(), Some("NotFoundException"));
    Ok(())
}

async fn tags(ecr: &Client, arn: &str) -> Told {
    ecr.tag_resource().resource_arn(arn).tags(tag("stage", "test")).send().await?;
    ecr.untag_resource().resource_arn(arn).tag_keys("team").send().await?;
    let listed = ecr.list_tags_for_resource().resource_arn(arn).send().await?;
    assert_eq!(listed.tags(), [tag("stage", "test")]);
    refused!(
        InvalidTagParameterException,
        ecr.tag_resource().resource_arn(arn).tags(tag("aws:stage", "test"))
    );
    Ok(())
}

async fn settings(ecr: &Client) -> Told {
    let filter = ImageTagMutabilityExclusionFilter::builder()
        .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
        .filter("dev-*")
        .build()?;
    let put = |mutability: ImageTagMutability| {
        ecr.put_image_tag_mutability().repository_name("app").image_tag_mutability(mutability)
    };
    let excluding = || put(ImageTagMutability::ImmutableWithExclusion);
    let stored = excluding().image_tag_mutability_exclusion_filters(filter.clone()).send().await?;
    assert_eq!(stored.image_tag_mutability_exclusion_filters(), [filter]);
    refused!(InvalidParameterException, excluding());
    put(ImageTagMutability::Immutable).send().await?;
    let stored = ecr
        .put_image_scanning_configuration()
        .repository_name("app")
        .image_scanning_configuration(scan_on_push(false))
        .send()
        .await?;
    assert_eq!(stored.image_scanning_configuration(), Some(&scan_on_push(false)));
    Ok(())
}

pub async fn deletions(ecr: &Client) -> Told {
    let tagged = |tag: &str| ImageIdentifier::builder().image_tag(tag).build();
    let kept = ecr
        .batch_delete_image()
        .repository_name("app")
        .image_ids(tagged("v1"))
        .image_ids(tagged("none"))
        .send()
        .await?;
    let codes: Vec<_> = kept.failures().iter().filter_map(|it| it.failure_code()).collect();
    let expected =
        [&ImageFailureCode::ImageReferencedByManifestList, &ImageFailureCode::ImageNotFound];
    assert_eq!(codes, expected);
    let delete = |name: &str| ecr.delete_repository().repository_name(name);
    refused!(RepositoryNotEmptyException, delete("app"));
    delete("app").force(true).send().await?;
    refused!(RepositoryNotFoundException, delete("app"));
    refused!(RepositoryNotFoundException, ecr.list_images().repository_name("app"));
    for name in ["pages/b", "pages/c"] {
        delete(name).send().await?;
    }
    assert!(ecr.describe_repositories().send().await?.repositories().is_empty());
    Ok(())
}
