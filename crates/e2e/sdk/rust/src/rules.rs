//! The rules of the registry: replication, templates, pull through cache, signing.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::{
    EncryptionConfigurationForRepositoryCreationTemplate as TemplateEncryption, EncryptionType,
    ImageTagMutability, RctAppliedFor, ReplicationBackfillStatus, ReplicationConfiguration,
    ReplicationDestination, ReplicationRule, RepositoryFilter, RepositoryFilterType,
    SigningConfiguration, SigningRepositoryFilter, SigningRepositoryFilterType, SigningRule,
    SigningStatus, UpstreamRegistry,
};

use crate::Told;
use crate::driver::{assert_recent, refused};
use crate::images::tagged;
use crate::policies::lifecycle_policy;

pub async fn replication(ecr: &Client) -> Told {
    let destination = ReplicationDestination::builder()
        .region("eu-west-1")
        .registry_id("999988887777")
        .build()?;
    let filter = RepositoryFilter::builder()
        .filter("app")
        .filter_type(RepositoryFilterType::PrefixMatch)
        .build()?;
    let rule = ReplicationRule::builder()
        .destinations(destination.clone())
        .repository_filters(filter)
        .build()?;
    let start = || ecr.start_replication_backfill().destination(destination.clone());
    refused!(ValidationException, start());
    let wanted = ReplicationConfiguration::builder().rules(rule).build()?;
    let put = ecr.put_replication_configuration().replication_configuration(wanted.clone());
    assert_eq!(put.send().await?.replication_configuration(), Some(&wanted));
    let described = ecr.describe_registry().send().await?;
    assert_eq!(described.replication_configuration(), Some(&wanted));
    let told = ecr.describe_image_replication_status().repository_name("app");
    assert!(told.image_id(tagged("v1")).send().await?.replication_statuses().is_empty());
    let started = start().send().await?;
    assert_recent(started.started_at());
    backfill(ecr, started.replication_backfill_id().expect("an id"), &destination).await?;
    let none = ReplicationConfiguration::builder().set_rules(Some(Vec::new())).build()?;
    ecr.put_replication_configuration().replication_configuration(none).send().await?;
    Ok(())
}

async fn backfill(ecr: &Client, id: &str, destination: &ReplicationDestination) -> Told {
    let describe = ecr.describe_replication_backfill_results().replication_backfill_id(id);
    let mut pages = describe.into_paginator().page_size(5).send();
    let told = pages.next().await.expect("a page")?;
    assert_eq!(told.destination(), Some(destination));
    assert_eq!(told.status(), Some(&ReplicationBackfillStatus::Failed));
    let listed = ecr.list_replication_backfills().into_paginator().page_size(5).items().send();
    let listed = listed.collect::<Result<Vec<_>, _>>().await?;
    let [listed] = listed.as_slice() else { panic!("one backfill: {listed:?}") };
    assert_eq!(listed.replication_backfill_id(), id);
    // One that has ended cannot be stopped.
    let stop = |id: &str| ecr.stop_replication_backfill().replication_backfill_id(id);
    refused!(ReplicationBackfillInvalidStatusException, stop(id));
    let unknown = id.replace(|letter: char| letter != '-', "0");
    refused!(ReplicationBackfillNotFoundException, stop(&unknown));
    Ok(())
}

pub async fn templates(ecr: &Client) -> Told {
    let encryption =
        TemplateEncryption::builder().encryption_type(EncryptionType::Aes256).build()?;
    let create = || {
        ecr.create_repository_creation_template()
            .prefix("team")
            .description("for teams")
            .applied_for(RctAppliedFor::CreateOnPush)
            .applied_for(RctAppliedFor::Replication)
            .image_tag_mutability(ImageTagMutability::Immutable)
            .lifecycle_policy(lifecycle_policy())
            .encryption_configuration(encryption.clone())
    };
    create().send().await?;
    refused!(TemplateAlreadyExistsException, create());
    let found = ecr.describe_repository_creation_templates().prefixes("team");
    let found = found.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
    let [found] = found.as_slice() else { panic!("one template: {found:?}") };
    assert_eq!(found.description(), Some("for teams"));
    assert_eq!(found.applied_for(), [RctAppliedFor::CreateOnPush, RctAppliedFor::Replication]);
    assert_eq!(found.image_tag_mutability(), Some(&ImageTagMutability::Immutable));
    assert_eq!(found.lifecycle_policy(), Some(lifecycle_policy().as_str()));
    assert_eq!(found.encryption_configuration(), Some(&encryption));
    assert_recent(found.created_at());
    assert_recent(found.updated_at());
    let update = ecr.update_repository_creation_template().prefix("team");
    update.description("for all teams").send().await?;
    let delete = || ecr.delete_repository_creation_template().prefix("team");
    let gone = delete().send().await?;
    let gone = gone.repository_creation_template().expect("a template");
    assert_eq!(gone.description(), Some("for all teams"));
    refused!(TemplateNotFoundException, delete());
    Ok(())
}

pub async fn pull_through(ecr: &Client) -> Told {
    let create = |prefix: &str, upstream: &str| {
        let call = ecr.create_pull_through_cache_rule().ecr_repository_prefix(prefix);
        call.upstream_registry_url(upstream)
    };
    let made = create("public", "public.ecr.aws").send().await?;
    assert_recent(made.created_at());
    refused!(PullThroughCacheRuleAlreadyExistsException, create("public", "public.ecr.aws"));
    refused!(UnsupportedUpstreamRegistryException, create("other", "registry.example.com"));
    let describe = || ecr.describe_pull_through_cache_rules().ecr_repository_prefixes("public");
    let rules = describe().into_paginator().items().send();
    let rules = rules.collect::<Result<Vec<_>, _>>().await?;
    let [rule] = rules.as_slice() else { panic!("one rule: {rules:?}") };
    assert_eq!(rule.upstream_registry(), Some(&UpstreamRegistry::EcrPublic));
    let checked = ecr.validate_pull_through_cache_rule().ecr_repository_prefix("public");
    let checked = checked.send().await?;
    assert_eq!(checked.is_valid(), checked.failure().is_none());

    let region = ecr.config().region().expect("a region");
    let account = made.registry_id().expect("an account");
    let secret = |suffix: &str| {
        format!(
            "arn:aws:secretsmanager:{region}:{account}:secret:ecr-pullthroughcache/hub-{suffix}"
        )
    };
    create("hub", "registry-1.docker.io").credential_arn(secret("AbCdEf")).send().await?;
    let update = ecr.update_pull_through_cache_rule().ecr_repository_prefix("hub");
    let updated = update.credential_arn(secret("GhIjKl")).send().await?;
    assert_eq!(updated.credential_arn(), Some(secret("GhIjKl").as_str()));
    assert_recent(updated.updated_at());
    for prefix in ["public", "hub"] {
        ecr.delete_pull_through_cache_rule().ecr_repository_prefix(prefix).send().await?;
    }
    refused!(PullThroughCacheRuleNotFoundException, describe());
    Ok(())
}

pub async fn signing(ecr: &Client) -> Told {
    refused!(SigningConfigurationNotFoundException, ecr.get_signing_configuration());
    let filter = SigningRepositoryFilter::builder()
        .filter("app")
        .filter_type(SigningRepositoryFilterType::WildcardMatch)
        .build()?;
    let rule = SigningRule::builder()
        .signing_profile_arn("arn:aws:signer:us-east-1:111122223333:/signing-profiles/ours")
        .repository_filters(filter)
        .build()?;
    let wanted = SigningConfiguration::builder().rules(rule).build()?;
    ecr.put_signing_configuration().signing_configuration(wanted.clone()).send().await?;
    let got = ecr.get_signing_configuration().send().await?;
    assert_eq!(got.signing_configuration(), Some(&wanted));
    let told = ecr.describe_image_signing_status().repository_name("app");
    let told = told.image_id(tagged("v1")).send().await?;
    let failed = |status: Option<&SigningStatus>| status == Some(&SigningStatus::Failed);
    assert!(told.signing_statuses().iter().all(|it| failed(it.status())), "{told:?}");
    ecr.delete_signing_configuration().send().await?;
    refused!(SigningConfigurationNotFoundException, ecr.delete_signing_configuration());
    Ok(())
}
