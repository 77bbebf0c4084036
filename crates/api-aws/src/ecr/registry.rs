//! The registry as a whole: `DescribeRegistry`.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::DescribeRegistry;
use wharfinger_aws_model::ecr::output::DescribeRegistryResponse;
use wharfinger_aws_model::ecr::types::ReplicationConfiguration;

use super::Call;
use super::error::CallError;

/// ECR `DescribeRegistry`. A registry without replication has no rules, which is no error.
pub(super) async fn describe_registry(
    call: &Call<'_>,
) -> Result<DescribeRegistryResponse, CallError> {
    let permit: Permit<DescribeRegistry> = call.registry_permit(None).await?;
    Ok(DescribeRegistryResponse {
        registry_id: Some(call.service().describe_registry(&permit).to_string()),
        replication_configuration: Some(ReplicationConfiguration { rules: Vec::new() }),
    })
}
