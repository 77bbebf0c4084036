//! Pull through cache rules.

use wharfinger_aws_model::ecr::Operation;
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

use super::Call;
use super::error::CallError;

/// ECR `CreatePullThroughCacheRule`.
pub(super) async fn create_pull_through_cache_rule(
    _call: &Call<'_>,
    _input: CreatePullThroughCacheRuleRequest,
) -> Result<CreatePullThroughCacheRuleResponse, CallError> {
    Err(CallError::NotImplemented(Operation::CreatePullThroughCacheRule))
}

/// ECR `DeletePullThroughCacheRule`.
pub(super) async fn delete_pull_through_cache_rule(
    _call: &Call<'_>,
    _input: DeletePullThroughCacheRuleRequest,
) -> Result<DeletePullThroughCacheRuleResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DeletePullThroughCacheRule))
}

/// ECR `DescribePullThroughCacheRules`.
pub(super) async fn describe_pull_through_cache_rules(
    _call: &Call<'_>,
    _input: DescribePullThroughCacheRulesRequest,
) -> Result<DescribePullThroughCacheRulesResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DescribePullThroughCacheRules))
}

/// ECR `UpdatePullThroughCacheRule`.
pub(super) async fn update_pull_through_cache_rule(
    _call: &Call<'_>,
    _input: UpdatePullThroughCacheRuleRequest,
) -> Result<UpdatePullThroughCacheRuleResponse, CallError> {
    Err(CallError::NotImplemented(Operation::UpdatePullThroughCacheRule))
}

/// ECR `ValidatePullThroughCacheRule`.
pub(super) async fn validate_pull_through_cache_rule(
    _call: &Call<'_>,
    _input: ValidatePullThroughCacheRuleRequest,
) -> Result<ValidatePullThroughCacheRuleResponse, CallError> {
    Err(CallError::NotImplemented(Operation::ValidatePullThroughCacheRule))
}
