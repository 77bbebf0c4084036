//! Replication: its configuration, its status, its backfills.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DescribeImageReplicationStatus, DescribeReplicationBackfillResults, ListReplicationBackfills,
    PutReplicationConfiguration, StartReplicationBackfill, StopReplicationBackfill,
};
use wharfinger_aws_model::ecr::enums::{
    ReplicationBackfillStatus as BackfillStatusOutput, RepositoryFilterType,
};
use wharfinger_aws_model::ecr::input::{
    DescribeImageReplicationStatusRequest, DescribeReplicationBackfillResultsRequest,
    ListReplicationBackfillsRequest, PutReplicationConfigurationRequest,
    StartReplicationBackfillRequest, StopReplicationBackfillRequest,
};
use wharfinger_aws_model::ecr::output::{
    DescribeImageReplicationStatusResponse, DescribeReplicationBackfillResultsResponse,
    ListReplicationBackfillsResponse, PutReplicationConfigurationResponse,
    StartReplicationBackfillResponse, StopReplicationBackfillResponse,
};
use wharfinger_aws_model::ecr::types::{
    DeleteReplication, ReplicationBackfillSummary, ReplicationConfiguration,
    ReplicationDestination, ReplicationRule as ReplicationRuleOutput, RepositoryFilter,
};
use wharfinger_core::{ParseError, RegistryId, ReplicationBackfillId};
use wharfinger_registry::{ReplicationBackfill, ReplicationBackfillStatus, ReplicationRule};

use super::Call;
use super::error::CallError;
use super::image::{identifier, requested_image};
use super::page::page_request;

/// ECR `PutReplicationConfiguration`.
pub(super) async fn put_replication_configuration(
    call: &Call<'_>,
    input: PutReplicationConfigurationRequest,
) -> Result<PutReplicationConfigurationResponse, CallError> {
    let rules = input.replication_configuration.rules.into_iter().map(requested_rule);
    let rules: Vec<ReplicationRule> = rules.collect::<Result<_, _>>()?;
    let permit: Permit<PutReplicationConfiguration> = call.registry_permit(None).await?;
    call.service().put_replication_configuration(&permit, &rules).await?;
    Ok(PutReplicationConfigurationResponse {
        replication_configuration: Some(configuration(rules)),
    })
}

/// ECR `DescribeImageReplicationStatus`. No image was copied anywhere yet: there is no status.
pub(super) async fn describe_image_replication_status(
    call: &Call<'_>,
    input: DescribeImageReplicationStatusRequest,
) -> Result<DescribeImageReplicationStatusResponse, CallError> {
    let permit: Permit<DescribeImageReplicationStatus> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let image = requested_image(input.image_id);
    let id = call.service().describe_image_replication_status(&permit, image).await?;
    Ok(DescribeImageReplicationStatusResponse {
        repository_name: Some(permit.resource().name.to_string()),
        image_id: Some(identifier(id)),
        replication_statuses: Some(Vec::new()),
    })
}

/// ECR `StartReplicationBackfill`.
pub(super) async fn start_replication_backfill(
    call: &Call<'_>,
    input: StartReplicationBackfillRequest,
) -> Result<StartReplicationBackfillResponse, CallError> {
    let destination = requested_destination(input.destination)?;
    let permit: Permit<StartReplicationBackfill> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let backfill = call.service().start_replication_backfill(&permit, destination).await?;
    Ok(StartReplicationBackfillResponse {
        replication_backfill_id: Some(backfill.id.to_string()),
        registry_id: Some(permit.resource().registry.account.to_string()),
        destination: Some(destination_output(&backfill.destination)),
        status: Some(status_output(backfill.status)),
        started_at: Some(backfill.started_at),
    })
}

/// ECR `StopReplicationBackfill`.
pub(super) async fn stop_replication_backfill(
    call: &Call<'_>,
    input: StopReplicationBackfillRequest,
) -> Result<StopReplicationBackfillResponse, CallError> {
    let id = backfill_id(&input.replication_backfill_id)?;
    let permit: Permit<StopReplicationBackfill> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let backfill = call.service().stop_replication_backfill(&permit, id).await?;
    Ok(StopReplicationBackfillResponse {
        replication_backfill_id: Some(backfill.id.to_string()),
        registry_id: Some(permit.resource().registry.account.to_string()),
        destination: Some(destination_output(&backfill.destination)),
        status: Some(status_output(backfill.status)),
        started_at: Some(backfill.started_at),
    })
}

/// ECR `DescribeReplicationBackfillResults`. What `resultStatusFilter` would choose from is empty.
pub(super) async fn describe_replication_backfill_results(
    call: &Call<'_>,
    input: DescribeReplicationBackfillResultsRequest,
) -> Result<DescribeReplicationBackfillResultsResponse, CallError> {
    let id = backfill_id(&input.replication_backfill_id)?;
    let permit: Permit<DescribeReplicationBackfillResults> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let page = page_request(input.next_token, input.max_results);
    let backfill = call.service().describe_replication_backfill_results(&permit, id, &page).await?;
    Ok(DescribeReplicationBackfillResultsResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        replication_backfill_id: Some(backfill.id.to_string()),
        destination: Some(destination_output(&backfill.destination)),
        status: Some(status_output(backfill.status)),
        failure_code: backfill.failure_code,
        // Null for a backfill that prepared no set of images.
        progress: None,
        // Results are there once the backfill has ended.
        results: backfill.ended_at.map(|_| Vec::new()),
        started_at: Some(backfill.started_at),
        ended_at: backfill.ended_at,
        next_token: None,
    })
}

/// ECR `ListReplicationBackfills`: newest first.
pub(super) async fn list_replication_backfills(
    call: &Call<'_>,
    input: ListReplicationBackfillsRequest,
) -> Result<ListReplicationBackfillsResponse, CallError> {
    let permit: Permit<ListReplicationBackfills> =
        call.registry_permit(input.registry_id.as_deref()).await?;
    let page = page_request(input.next_token, input.max_results);
    let page = call.service().list_replication_backfills(&permit, &page).await?;
    Ok(ListReplicationBackfillsResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        backfills: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next_token,
    })
}

/// The rules as ECR answers them. A rule without filters has no such member.
pub(super) fn configuration(rules: Vec<ReplicationRule>) -> ReplicationConfiguration {
    let prefix =
        |filter| RepositoryFilter { filter, filter_type: RepositoryFilterType::PrefixMatch };
    let rule = |rule: ReplicationRule| ReplicationRuleOutput {
        destinations: rule.destinations.iter().map(destination_output).collect(),
        repository_filters: Some(rule.filters.into_iter().map(prefix).collect::<Vec<_>>())
            .filter(|filters| !filters.is_empty()),
        delete_replication: rule.delete_replication.map(|enabled| DeleteReplication { enabled }),
    };
    ReplicationConfiguration { rules: rules.into_iter().map(rule).collect() }
}

fn requested_rule(rule: ReplicationRuleOutput) -> Result<ReplicationRule, CallError> {
    let filters = rule.repository_filters.unwrap_or_default();
    let destinations = rule.destinations.into_iter().map(requested_destination);
    Ok(ReplicationRule {
        destinations: destinations.collect::<Result<_, _>>()?,
        // There is one type of filter, `PREFIX_MATCH`.
        filters: filters.into_iter().map(|filter| filter.filter).collect(),
        delete_replication: rule.delete_replication.map(|it| it.enabled),
    })
}

fn requested_destination(destination: ReplicationDestination) -> Result<RegistryId, CallError> {
    let refused = |member| move |error: ParseError| CallError::invalid(member, error.to_string());
    let account = destination.registry_id.parse().map_err(refused("registryId"))?;
    Ok(RegistryId::new(account, destination.region.parse().map_err(refused("region"))?))
}

fn destination_output(registry: &RegistryId) -> ReplicationDestination {
    ReplicationDestination {
        region: registry.region.to_string(),
        registry_id: registry.account.to_string(),
    }
}

fn backfill_id(text: &str) -> Result<ReplicationBackfillId, CallError> {
    text.parse()
        .map_err(|error: ParseError| CallError::invalid("replicationBackfillId", error.to_string()))
}

fn summary(backfill: ReplicationBackfill) -> ReplicationBackfillSummary {
    ReplicationBackfillSummary {
        replication_backfill_id: backfill.id.to_string(),
        destination: destination_output(&backfill.destination),
        status: status_output(backfill.status),
        failure_code: backfill.failure_code,
        progress: None,
        started_at: backfill.started_at,
        ended_at: backfill.ended_at,
    }
}

fn status_output(status: ReplicationBackfillStatus) -> BackfillStatusOutput {
    match status {
        ReplicationBackfillStatus::Preparing => BackfillStatusOutput::Preparing,
        ReplicationBackfillStatus::InProgress => BackfillStatusOutput::InProgress,
        ReplicationBackfillStatus::Complete => BackfillStatusOutput::Complete,
        ReplicationBackfillStatus::Failed => BackfillStatusOutput::Failed,
        ReplicationBackfillStatus::Stopping => BackfillStatusOutput::Stopping,
        ReplicationBackfillStatus::Stopped => BackfillStatusOutput::Stopped,
    }
}
