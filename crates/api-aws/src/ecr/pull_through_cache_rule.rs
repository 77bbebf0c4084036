//! Pull through cache rules.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    CreatePullThroughCacheRule, DeletePullThroughCacheRule, DescribePullThroughCacheRules,
    UpdatePullThroughCacheRule, ValidatePullThroughCacheRule,
};
use wharfinger_aws_model::ecr::enums::UpstreamRegistry;
use wharfinger_aws_model::ecr::input::{
    CreatePullThroughCacheRuleRequest, DeletePullThroughCacheRuleRequest,
    DescribePullThroughCacheRulesRequest, UpdatePullThroughCacheRuleRequest,
    ValidatePullThroughCacheRuleRequest,
};
use wharfinger_aws_model::ecr::output::{
    CreatePullThroughCacheRuleResponse, DeletePullThroughCacheRuleResponse,
    DescribePullThroughCacheRulesResponse, UpdatePullThroughCacheRuleResponse,
    ValidatePullThroughCacheRuleResponse,
};
use wharfinger_aws_model::ecr::types::PullThroughCacheRule as RuleOutput;
use wharfinger_core::RegistryId;
use wharfinger_registry::{NewPullThroughCacheRule, PullThroughCacheRule};

use super::Call;
use super::error::CallError;
use super::page::page_request;

/// ECR `CreatePullThroughCacheRule`.
pub(super) async fn create_pull_through_cache_rule(
    call: &Call<'_>,
    input: CreatePullThroughCacheRuleRequest,
) -> Result<CreatePullThroughCacheRuleResponse, CallError> {
    let permit: Permit<CreatePullThroughCacheRule> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let new = NewPullThroughCacheRule {
        prefix: input.ecr_repository_prefix,
        upstream_registry_url: input.upstream_registry_url,
        upstream_registry: input.upstream_registry.map(UpstreamRegistry::as_str),
        upstream_prefix: input.upstream_repository_prefix,
        credential_arn: input.credential_arn,
        custom_role_arn: input.custom_role_arn,
    };
    let rule = call.service().create_pull_through_cache_rule(&permit, new).await?;
    Ok(CreatePullThroughCacheRuleResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        upstream_registry: Some(upstream_registry(&rule)?),
        ecr_repository_prefix: Some(rule.prefix),
        upstream_registry_url: Some(rule.upstream_registry_url),
        created_at: Some(rule.created_at),
        credential_arn: rule.credential_arn,
        custom_role_arn: rule.custom_role_arn,
        upstream_repository_prefix: rule.upstream_prefix,
    })
}

/// ECR `DeletePullThroughCacheRule`.
pub(super) async fn delete_pull_through_cache_rule(
    call: &Call<'_>,
    input: DeletePullThroughCacheRuleRequest,
) -> Result<DeletePullThroughCacheRuleResponse, CallError> {
    let permit: Permit<DeletePullThroughCacheRule> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let prefix = input.ecr_repository_prefix;
    let rule = call.service().delete_pull_through_cache_rule(&permit, prefix).await?;
    Ok(DeletePullThroughCacheRuleResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        ecr_repository_prefix: Some(rule.prefix),
        upstream_registry_url: Some(rule.upstream_registry_url),
        created_at: Some(rule.created_at),
        credential_arn: rule.credential_arn,
        custom_role_arn: rule.custom_role_arn,
        upstream_repository_prefix: rule.upstream_prefix,
    })
}

/// ECR `DescribePullThroughCacheRules`.
pub(super) async fn describe_pull_through_cache_rules(
    call: &Call<'_>,
    input: DescribePullThroughCacheRulesRequest,
) -> Result<DescribePullThroughCacheRulesResponse, CallError> {
    let permit: Permit<DescribePullThroughCacheRules> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let prefixes = input.ecr_repository_prefixes.unwrap_or_default();
    let page = page_request(input.next_token, input.max_results);
    let page = call.service().describe_pull_through_cache_rules(&permit, prefixes, &page).await?;
    let registry = &permit.resource().registry;
    let rules = page.items.into_iter().map(|rule| describe(registry, rule));
    Ok(DescribePullThroughCacheRulesResponse {
        pull_through_cache_rules: Some(rules.collect::<Result<_, _>>()?),
        next_token: page.next_token,
    })
}

/// ECR `UpdatePullThroughCacheRule`.
pub(super) async fn update_pull_through_cache_rule(
    call: &Call<'_>,
    input: UpdatePullThroughCacheRuleRequest,
) -> Result<UpdatePullThroughCacheRuleResponse, CallError> {
    let permit: Permit<UpdatePullThroughCacheRule> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let (credential, role) = (input.credential_arn, input.custom_role_arn);
    let prefix = input.ecr_repository_prefix;
    let rule =
        call.service().update_pull_through_cache_rule(&permit, prefix, credential, role).await?;
    Ok(UpdatePullThroughCacheRuleResponse {
        ecr_repository_prefix: Some(rule.prefix),
        registry_id: Some(permit.resource().registry.account.to_string()),
        updated_at: Some(rule.updated_at),
        credential_arn: rule.credential_arn,
        custom_role_arn: rule.custom_role_arn,
        upstream_repository_prefix: rule.upstream_prefix,
    })
}

/// ECR `ValidatePullThroughCacheRule`.
pub(super) async fn validate_pull_through_cache_rule(
    call: &Call<'_>,
    input: ValidatePullThroughCacheRuleRequest,
) -> Result<ValidatePullThroughCacheRuleResponse, CallError> {
    let permit: Permit<ValidatePullThroughCacheRule> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let prefix = input.ecr_repository_prefix;
    let (rule, failure) = call.service().validate_pull_through_cache_rule(&permit, prefix).await?;
    Ok(ValidatePullThroughCacheRuleResponse {
        ecr_repository_prefix: Some(rule.prefix),
        registry_id: Some(permit.resource().registry.account.to_string()),
        upstream_registry_url: Some(rule.upstream_registry_url),
        credential_arn: rule.credential_arn,
        custom_role_arn: rule.custom_role_arn,
        upstream_repository_prefix: rule.upstream_prefix,
        is_valid: Some(false),
        failure: Some(failure.to_owned()),
    })
}

fn describe(registry: &RegistryId, rule: PullThroughCacheRule) -> Result<RuleOutput, CallError> {
    Ok(RuleOutput {
        registry_id: Some(registry.account.to_string()),
        upstream_registry: Some(upstream_registry(&rule)?),
        ecr_repository_prefix: Some(rule.prefix),
        upstream_registry_url: Some(rule.upstream_registry_url),
        created_at: Some(rule.created_at),
        credential_arn: rule.credential_arn,
        custom_role_arn: rule.custom_role_arn,
        upstream_repository_prefix: rule.upstream_prefix,
        updated_at: Some(rule.updated_at),
    })
}

fn upstream_registry(rule: &PullThroughCacheRule) -> Result<UpstreamRegistry, CallError> {
    UpstreamRegistry::from_wire(rule.upstream_registry.as_str())
        .ok_or_else(|| CallError::internal("a rule has an upstream registry ECR does not know"))
}
