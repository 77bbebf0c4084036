//! The registry as a whole: `DescribeRegistry`.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::DescribeRegistry;
use wharfinger_aws_model::ecr::output::DescribeRegistryResponse;

use super::Call;
use super::error::CallError;
use super::replication::configuration;

/// ECR `DescribeRegistry`. A registry without replication has no rules, which is no error.
pub(super) async fn describe_registry(
    call: &Call<'_>,
) -> Result<DescribeRegistryResponse, CallError> {
    let permit: Permit<DescribeRegistry> = call.registry_permit(None).await?;
    let rules = call.service().describe_registry(&permit).await?;
    Ok(DescribeRegistryResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        replication_configuration: Some(configuration(rules)),
    })
}
