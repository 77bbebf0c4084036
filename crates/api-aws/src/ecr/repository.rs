//! Repositories: created, described, configured, deleted.

use wharfinger_auth::actions::{
    CreateRepository, DeleteRepository, DescribeRepositories, PutImageScanningConfiguration,
    PutImageTagMutability, TagResource,
};
use wharfinger_auth::{Permit, RepositoriesResource, RepositoryResource, call_keys};
use wharfinger_aws_model::ecr::enums::{
    EncryptionType, ImageTagMutability, ImageTagMutabilityExclusionFilterType,
};
use wharfinger_aws_model::ecr::input::{
    CreateRepositoryRequest, DeleteRepositoryRequest, DescribeRepositoriesRequest,
    PutImageScanningConfigurationRequest, PutImageTagMutabilityRequest,
};
use wharfinger_aws_model::ecr::output::{
    CreateRepositoryResponse, DeleteRepositoryResponse, DescribeRepositoriesResponse,
    PutImageScanningConfigurationResponse, PutImageTagMutabilityResponse,
};
use wharfinger_aws_model::ecr::types::{
    EncryptionConfiguration, ImageScanningConfiguration, ImageTagMutabilityExclusionFilter,
    Repository as RepositoryOutput,
};
use wharfinger_core::Arn;
use wharfinger_registry::{Encryption, NewRepository, Repository, TagMutability};

use super::error::CallError;
use super::page::{page_request, refuse_page_beside};
use super::resource_tag::{no_more_than_there_may_be, pairs};
use super::{Call, repository_name};

/// ECR `CreateRepository`.
pub(super) async fn create_repository(
    call: &Call<'_>,
    input: CreateRepositoryRequest,
) -> Result<CreateRepositoryResponse, CallError> {
    let mode = input.image_tag_mutability.unwrap_or(ImageTagMutability::Mutable);
    let encryption = input.encryption_configuration.as_ref();
    let new = NewRepository {
        tag_mutability: tag_mutability(mode, input.image_tag_mutability_exclusion_filters)?,
        scan_on_push: scan_on_push(input.image_scanning_configuration),
        encryption: Encryption::new(
            encryption.map(|it| it.encryption_type.as_str()),
            encryption.and_then(|it| it.kms_key.as_deref()),
        )?,
        tags: pairs(no_more_than_there_may_be(input.tags.unwrap_or_default())?),
    };
    let registry = call.registry(input.registry_id.as_deref())?;
    let resource = RepositoryResource { registry, name: repository_name(&input.repository_name)? };
    let keys = call_keys::request_tags(&new.tags);
    let permit: Permit<CreateRepository> =
        call.caller.authorize_with(resource.clone(), keys.clone()).await?;
    // Tags at creation are tagging as well ("dependent actions" of ecr:CreateRepository).
    let tagging: Option<Permit<TagResource>> = match new.tags.is_empty() {
        true => None,
        false => Some(call.caller.authorize_with(resource, keys).await?),
    };
    let created = call.service().create_repository(&permit, tagging.as_ref(), new).await?;
    Ok(CreateRepositoryResponse { repository: Some(describe(call, created)?) })
}

/// ECR `DescribeRepositories`.
pub(super) async fn describe_repositories(
    call: &Call<'_>,
    input: DescribeRepositoriesRequest,
) -> Result<DescribeRepositoriesResponse, CallError> {
    let names = input.repository_names.unwrap_or_default();
    let page = page_request(input.next_token, input.max_results);
    if !names.is_empty() {
        refuse_page_beside(&page, "repositoryNames")?;
    }
    let names = names.iter().map(|name| repository_name(name)).collect::<Result<_, _>>()?;
    let registry = call.registry(input.registry_id.as_deref())?;
    let permit: Permit<DescribeRepositories> =
        call.caller.authorize(RepositoriesResource { registry, names }).await?;
    let page = call.service().describe_repositories(&permit, &page).await?;
    let repositories = page.items.into_iter().map(|repository| describe(call, repository));
    Ok(DescribeRepositoriesResponse {
        repositories: Some(repositories.collect::<Result<_, _>>()?),
        next_token: page.next_token,
    })
}

/// ECR `DeleteRepository`.
pub(super) async fn delete_repository(
    call: &Call<'_>,
    input: DeleteRepositoryRequest,
) -> Result<DeleteRepositoryResponse, CallError> {
    let permit: Permit<DeleteRepository> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let force = input.force.unwrap_or(false);
    let deleted = call.service().delete_repository(&permit, force).await?;
    Ok(DeleteRepositoryResponse { repository: Some(describe(call, deleted)?) })
}

/// ECR `PutImageTagMutability`.
pub(super) async fn put_image_tag_mutability(
    call: &Call<'_>,
    input: PutImageTagMutabilityRequest,
) -> Result<PutImageTagMutabilityResponse, CallError> {
    let mode = input.image_tag_mutability;
    let mutability = tag_mutability(mode, input.image_tag_mutability_exclusion_filters)?;
    let permit: Permit<PutImageTagMutability> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let filters = mutability.filters().map(exclusion_filters);
    call.service().put_image_tag_mutability(&permit, mutability).await?;
    let resource = permit.resource();
    Ok(PutImageTagMutabilityResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        image_tag_mutability: Some(mode),
        image_tag_mutability_exclusion_filters: filters,
    })
}

/// ECR `PutImageScanningConfiguration`.
pub(super) async fn put_image_scanning_configuration(
    call: &Call<'_>,
    input: PutImageScanningConfigurationRequest,
) -> Result<PutImageScanningConfigurationResponse, CallError> {
    let scan_on_push = scan_on_push(Some(input.image_scanning_configuration));
    let permit: Permit<PutImageScanningConfiguration> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    call.service().put_image_scanning_configuration(&permit, scan_on_push).await?;
    let resource = permit.resource();
    Ok(PutImageScanningConfigurationResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        image_scanning_configuration: Some(ImageScanningConfiguration {
            scan_on_push: Some(scan_on_push),
        }),
    })
}

/// A repository with all its members, as ECR always answers them; filters only if it has some.
fn describe(call: &Call<'_>, repository: Repository) -> Result<RepositoryOutput, CallError> {
    let Repository { registry, name, created_at, tag_mutability, scan_on_push, encryption } =
        repository;
    let unknown = || CallError::internal("a stored repository has a setting ECR does not know");
    let mode = ImageTagMutability::from_wire(tag_mutability.mode()).ok_or_else(unknown)?;
    let encryption_type =
        EncryptionType::from_wire(&encryption.encryption_type).ok_or_else(unknown)?;
    Ok(RepositoryOutput {
        repository_arn: Some(Arn::repository(&registry, &name).to_string()),
        registry_id: Some(registry.account.to_string()),
        repository_uri: Some(call.api.endpoints.repository_uri(call.context, &registry, &name)),
        repository_name: Some(name.to_string()),
        created_at: Some(created_at),
        image_tag_mutability: Some(mode),
        image_tag_mutability_exclusion_filters: tag_mutability.filters().map(exclusion_filters),
        image_scanning_configuration: Some(ImageScanningConfiguration {
            scan_on_push: Some(scan_on_push),
        }),
        encryption_configuration: Some(EncryptionConfiguration {
            encryption_type,
            kms_key: encryption.kms_key,
        }),
    })
}

fn tag_mutability(
    mode: ImageTagMutability,
    filters: Option<Vec<ImageTagMutabilityExclusionFilter>>,
) -> Result<TagMutability, CallError> {
    let filters = filters.map(|filters| filters.into_iter().map(|it| it.filter).collect());
    Ok(TagMutability::new(mode.as_str(), filters)?)
}

/// Filters as the model writes them.
pub(super) fn exclusion_filters(filters: &[String]) -> Vec<ImageTagMutabilityExclusionFilter> {
    let wildcard = |filter: &String| ImageTagMutabilityExclusionFilter {
        filter_type: ImageTagMutabilityExclusionFilterType::Wildcard,
        filter: filter.clone(),
    };
    filters.iter().map(wildcard).collect()
}

/// Absent means no, as for ECR.
fn scan_on_push(configuration: Option<ImageScanningConfiguration>) -> bool {
    configuration.and_then(|it| it.scan_on_push).unwrap_or(false)
}
