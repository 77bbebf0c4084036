//! Scanning: its configuration, scans and their findings.

use wharfinger_auth::actions::{
    BatchGetRepositoryScanningConfiguration, DescribeImageScanFindings,
    GetRegistryScanningConfiguration, PutRegistryScanningConfiguration, StartImageScan,
};
use wharfinger_auth::{Permit, RepositoriesResource};
use wharfinger_aws_model::ecr::enums::{
    ScanFrequency as ScanFrequencyOutput, ScanStatus as ScanStatusOutput,
    ScanType as ScanTypeOutput, ScanningConfigurationFailureCode, ScanningRepositoryFilterType,
};
use wharfinger_aws_model::ecr::input::{
    BatchGetRepositoryScanningConfigurationRequest, DescribeImageScanFindingsRequest,
    GetRegistryScanningConfigurationRequest, PutRegistryScanningConfigurationRequest,
    StartImageScanRequest,
};
use wharfinger_aws_model::ecr::output::{
    BatchGetRepositoryScanningConfigurationResponse, DescribeImageScanFindingsResponse,
    GetRegistryScanningConfigurationResponse, PutRegistryScanningConfigurationResponse,
    StartImageScanResponse,
};
use wharfinger_aws_model::ecr::types::{
    ImageScanStatus, RegistryScanningConfiguration, RegistryScanningRule,
    RepositoryScanningConfiguration, RepositoryScanningConfigurationFailure,
    ScanningRepositoryFilter,
};
use wharfinger_core::{Arn, RegistryId, RepositoryName};
use wharfinger_registry::{
    DescribedScan, EffectiveScanning, Error as RegistryError, ImageScan, ScanFrequency, ScanStatus,
    ScanType, ScanningConfiguration, ScanningFilter, ScanningRule,
};

use super::error::CallError;
use super::image::{identifier, requested_image};
use super::page::page_request;
use super::scan_finding::findings_output;
use super::{Call, repository_name};

/// ECR `PutRegistryScanningConfiguration`. Its answer calls the configuration by another name than
/// that of `GetRegistryScanningConfiguration`.
pub(super) async fn put_registry_scanning_configuration(
    call: &Call<'_>,
    input: PutRegistryScanningConfigurationRequest,
) -> Result<PutRegistryScanningConfigurationResponse, CallError> {
    let scan_type = match input.scan_type {
        None | Some(ScanTypeOutput::Basic) => ScanType::Basic,
        Some(ScanTypeOutput::Enhanced) => ScanType::Enhanced,
    };
    let rules = input.rules.unwrap_or_default().into_iter().map(requested_rule);
    let configuration = ScanningConfiguration::new(scan_type, rules.collect::<Result<_, _>>()?)?;
    let permit: Permit<PutRegistryScanningConfiguration> = call.registry_permit(None).await?;
    call.service().put_registry_scanning_configuration(&permit, &configuration).await?;
    Ok(PutRegistryScanningConfigurationResponse {
        registry_scanning_configuration: Some(configuration_output(&configuration)),
    })
}

/// ECR `GetRegistryScanningConfiguration`.
pub(super) async fn get_registry_scanning_configuration(
    call: &Call<'_>,
    GetRegistryScanningConfigurationRequest {}: GetRegistryScanningConfigurationRequest,
) -> Result<GetRegistryScanningConfigurationResponse, CallError> {
    let permit: Permit<GetRegistryScanningConfiguration> = call.registry_permit(None).await?;
    let configuration = call.service().get_registry_scanning_configuration(&permit).await?;
    Ok(GetRegistryScanningConfigurationResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        scanning_configuration: Some(configuration_output(&configuration)),
    })
}

/// ECR `BatchGetRepositoryScanningConfiguration`.
pub(super) async fn batch_get_repository_scanning_configuration(
    call: &Call<'_>,
    input: BatchGetRepositoryScanningConfigurationRequest,
) -> Result<BatchGetRepositoryScanningConfigurationResponse, CallError> {
    let names = input.repository_names.iter().map(|name| repository_name(name));
    let (names, registry) = (names.collect::<Result<_, _>>()?, call.registry(None)?);
    let permit: Permit<BatchGetRepositoryScanningConfiguration> =
        call.caller.authorize(RepositoriesResource { registry, names }).await?;
    let batch = call.service().batch_get_repository_scanning_configuration(&permit).await?;
    let registry = &permit.resource().registry;
    let found = batch.found.into_iter().map(|(name, it)| effective(registry, &name, &it));
    let failures = batch.missing.into_iter().map(|name| missing(registry, name));
    Ok(BatchGetRepositoryScanningConfigurationResponse {
        scanning_configurations: Some(found.collect()),
        failures: Some(failures.collect()),
    })
}

/// ECR `StartImageScan`.
pub(super) async fn start_image_scan(
    call: &Call<'_>,
    input: StartImageScanRequest,
) -> Result<StartImageScanResponse, CallError> {
    let permit: Permit<StartImageScan> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let image = requested_image(input.image_id);
    let (id, scan) = call.service().start_image_scan(&permit, image).await?;
    let resource = permit.resource();
    Ok(StartImageScanResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        image_id: Some(identifier(id)),
        image_scan_status: Some(scan_status(&scan)),
    })
}

/// ECR `DescribeImageScanFindings`. Without a result, the member for it is absent.
pub(super) async fn describe_image_scan_findings(
    call: &Call<'_>,
    input: DescribeImageScanFindingsRequest,
) -> Result<DescribeImageScanFindingsResponse, CallError> {
    let permit: Permit<DescribeImageScanFindings> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let (image, page) =
        (requested_image(input.image_id), page_request(input.next_token, input.max_results));
    let described = call.service().describe_image_scan_findings(&permit, image, &page).await?;
    let resource = permit.resource();
    let DescribedScan { id, scan, findings, next_token } = described;
    let found = scan.summary.as_ref().zip(findings);
    Ok(DescribeImageScanFindingsResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        image_id: Some(identifier(id)),
        image_scan_findings: found.map(|(summary, found)| findings_output(summary, found)),
        image_scan_status: Some(scan_status(&scan)),
        next_token,
    })
}

/// A scan's status as ECR answers it.
pub(super) fn scan_status(scan: &ImageScan) -> ImageScanStatus {
    let status = match scan.status {
        ScanStatus::InProgress => ScanStatusOutput::InProgress,
        ScanStatus::Complete => ScanStatusOutput::Complete,
        ScanStatus::Failed => ScanStatusOutput::Failed,
        ScanStatus::Active => ScanStatusOutput::Active,
        ScanStatus::Pending => ScanStatusOutput::Pending,
        ScanStatus::UnsupportedImage => ScanStatusOutput::UnsupportedImage,
        ScanStatus::LimitExceeded => ScanStatusOutput::LimitExceeded,
        ScanStatus::ImageArchived => ScanStatusOutput::ImageArchived,
        ScanStatus::ImageSizeExceeded => ScanStatusOutput::ImageSizeExceeded,
    };
    ImageScanStatus { status: Some(status), description: Some(scan.description.clone()) }
}

fn requested_rule(rule: RegistryScanningRule) -> Result<ScanningRule, CallError> {
    let frequency = match rule.scan_frequency {
        ScanFrequencyOutput::ScanOnPush => ScanFrequency::ScanOnPush,
        ScanFrequencyOutput::ContinuousScan => ScanFrequency::ContinuousScan,
        ScanFrequencyOutput::Manual => ScanFrequency::Manual,
    };
    // There is one type of filter, `WILDCARD`.
    let filters = rule.repository_filters.iter().map(|it| ScanningFilter::new(&it.filter));
    Ok(ScanningRule { frequency, filters: filters.collect::<Result<_, _>>()? })
}

fn configuration_output(configuration: &ScanningConfiguration) -> RegistryScanningConfiguration {
    let rule = |rule: &ScanningRule| RegistryScanningRule {
        scan_frequency: frequency_output(rule.frequency),
        repository_filters: filters_output(&rule.filters),
    };
    let scan_type = match configuration.scan_type() {
        ScanType::Basic => ScanTypeOutput::Basic,
        ScanType::Enhanced => ScanTypeOutput::Enhanced,
    };
    RegistryScanningConfiguration {
        scan_type: Some(scan_type),
        rules: Some(configuration.rules().iter().map(rule).collect()),
    }
}

fn frequency_output(frequency: ScanFrequency) -> ScanFrequencyOutput {
    match frequency {
        ScanFrequency::ScanOnPush => ScanFrequencyOutput::ScanOnPush,
        ScanFrequency::ContinuousScan => ScanFrequencyOutput::ContinuousScan,
        ScanFrequency::Manual => ScanFrequencyOutput::Manual,
    }
}

fn filters_output(filters: &[ScanningFilter]) -> Vec<ScanningRepositoryFilter> {
    let wildcard = |filter: &ScanningFilter| ScanningRepositoryFilter {
        filter: filter.as_str().to_owned(),
        filter_type: ScanningRepositoryFilterType::Wildcard,
    };
    filters.iter().map(wildcard).collect()
}

fn effective(
    registry: &RegistryId,
    name: &RepositoryName,
    scanning: &EffectiveScanning,
) -> RepositoryScanningConfiguration {
    RepositoryScanningConfiguration {
        repository_arn: Some(Arn::repository(registry, name).to_string()),
        repository_name: Some(name.to_string()),
        scan_on_push: Some(scanning.scan_on_push),
        scan_frequency: Some(frequency_output(scanning.frequency)),
        applied_scan_filters: Some(filters_output(&scanning.filters)),
    }
}

/// A repository that is not there, in the words of the exception.
fn missing(registry: &RegistryId, name: RepositoryName) -> RepositoryScanningConfigurationFailure {
    let repository_name = Some(name.to_string());
    let reason = RegistryError::RepositoryNotFound { name, registry: registry.account };
    RepositoryScanningConfigurationFailure {
        repository_name,
        failure_code: Some(ScanningConfigurationFailureCode::RepositoryNotFound),
        failure_reason: Some(reason.to_string()),
    }
}
