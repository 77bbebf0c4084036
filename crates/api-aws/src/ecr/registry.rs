//! The registry as a whole: `DescribeRegistry`.

use wharfinger_auth::actions::DescribeRegistry;
use wharfinger_auth::{Permit, RegistryResource};
use wharfinger_aws_model::ecr::output::DescribeRegistryResponse;
use wharfinger_aws_model::ecr::types::ReplicationConfiguration;

use super::Call;
use super::error::CallError;

/// ECR `DescribeRegistry`. A registry without replication has no rules, which is no error.
pub(super) fn describe_registry(call: &Call<'_>) -> Result<DescribeRegistryResponse, CallError> {
    let resource = RegistryResource { registry: call.registry(None)? };
    let permit: Permit<DescribeRegistry> = call.caller.authorize(resource)?;
    Ok(DescribeRegistryResponse {
        registry_id: Some(call.service().describe_registry(&permit).to_string()),
        replication_configuration: Some(ReplicationConfiguration { rules: Vec::new() }),
    })
}
