//! Signing: its configuration and its status.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DeleteSigningConfiguration, DescribeImageSigningStatus, GetSigningConfiguration,
    PutSigningConfiguration,
};
use wharfinger_aws_model::ecr::enums::{SigningRepositoryFilterType, SigningStatus};
use wharfinger_aws_model::ecr::input::{
    DeleteSigningConfigurationRequest, DescribeImageSigningStatusRequest,
    GetSigningConfigurationRequest, PutSigningConfigurationRequest,
};
use wharfinger_aws_model::ecr::output::{
    DeleteSigningConfigurationResponse, DescribeImageSigningStatusResponse,
    GetSigningConfigurationResponse, PutSigningConfigurationResponse,
};
use wharfinger_aws_model::ecr::types::{
    ImageIdentifier, ImageSigningStatus, SigningConfiguration as ConfigurationOutput,
    SigningRepositoryFilter, SigningRule as RuleOutput,
};
use wharfinger_registry::{RequestedImage, SigningConfiguration, SigningRule};

use super::Call;
use super::error::CallError;

/// ECR `DeleteSigningConfiguration`.
pub(super) async fn delete_signing_configuration(
    call: &Call<'_>,
    _input: DeleteSigningConfigurationRequest,
) -> Result<DeleteSigningConfigurationResponse, CallError> {
    let permit: Permit<DeleteSigningConfiguration> = call.registry_permit(None).await?;
    let removed = call.service().delete_signing_configuration(&permit).await?;
    Ok(DeleteSigningConfigurationResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        signing_configuration: Some(shown(removed)),
    })
}

/// ECR `DescribeImageSigningStatus`.
pub(super) async fn describe_image_signing_status(
    call: &Call<'_>,
    input: DescribeImageSigningStatusRequest,
) -> Result<DescribeImageSigningStatusResponse, CallError> {
    let permit: Permit<DescribeImageSigningStatus> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let requested =
        RequestedImage { digest: input.image_id.image_digest, tag: input.image_id.image_tag };
    let (id, statuses) = call.service().describe_image_signing_status(&permit, requested).await?;
    let statuses = statuses.into_iter().map(|status| ImageSigningStatus {
        signing_profile_arn: Some(status.signing_profile_arn),
        failure_code: Some(status.failure_code.into()),
        failure_reason: Some(status.failure_reason.into()),
        status: Some(SigningStatus::Failed),
    });
    Ok(DescribeImageSigningStatusResponse {
        repository_name: Some(permit.resource().name.to_string()),
        image_id: Some(ImageIdentifier {
            image_digest: Some(id.digest.to_string()),
            image_tag: id.tag.map(|tag| tag.to_string()),
        }),
        registry_id: Some(permit.resource().registry.account.to_string()),
        signing_statuses: Some(statuses.collect()),
    })
}

/// ECR `GetSigningConfiguration`.
pub(super) async fn get_signing_configuration(
    call: &Call<'_>,
    _input: GetSigningConfigurationRequest,
) -> Result<GetSigningConfigurationResponse, CallError> {
    let permit: Permit<GetSigningConfiguration> = call.registry_permit(None).await?;
    let found = call.service().get_signing_configuration(&permit).await?;
    Ok(GetSigningConfigurationResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        signing_configuration: Some(shown(found)),
    })
}

/// ECR `PutSigningConfiguration`.
pub(super) async fn put_signing_configuration(
    call: &Call<'_>,
    input: PutSigningConfigurationRequest,
) -> Result<PutSigningConfigurationResponse, CallError> {
    let permit: Permit<PutSigningConfiguration> = call.registry_permit(None).await?;
    let configuration = decoded(input.signing_configuration);
    call.service().put_signing_configuration(&permit, &configuration).await?;
    Ok(PutSigningConfigurationResponse { signing_configuration: Some(shown(configuration)) })
}

fn decoded(configuration: ConfigurationOutput) -> SigningConfiguration {
    let rules = configuration.rules.into_iter().map(|rule| SigningRule {
        signing_profile_arn: rule.signing_profile_arn,
        repository_filters: rule
            .repository_filters
            .map(|filters| filters.into_iter().map(|it| it.filter).collect()),
    });
    SigningConfiguration { rules: rules.collect() }
}

fn shown(configuration: SigningConfiguration) -> ConfigurationOutput {
    let wildcard = |filter| SigningRepositoryFilter {
        filter,
        filter_type: SigningRepositoryFilterType::WildcardMatch,
    };
    let rules = configuration.rules.into_iter().map(|rule| RuleOutput {
        signing_profile_arn: rule.signing_profile_arn,
        repository_filters: rule
            .repository_filters
            .map(|filters| filters.into_iter().map(wildcard).collect()),
    });
    ConfigurationOutput { rules: rules.collect() }
}
