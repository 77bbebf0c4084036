//! Repositories: created, described, deleted.

use wharfinger_auth::actions::{
    CreateRepository, DeleteRepository, DescribeRepositories, TagResource,
};
use wharfinger_auth::{Permit, RepositoriesResource, RepositoryResource, call_keys};
use wharfinger_aws_model::ecr_public::input::{
    CreateRepositoryRequest, DeleteRepositoryRequest, DescribeRepositoriesRequest,
};
use wharfinger_aws_model::ecr_public::output::{
    CreateRepositoryResponse, DeleteRepositoryResponse, DescribeRepositoriesResponse,
};
use wharfinger_aws_model::ecr_public::types::Repository as RepositoryOutput;
use wharfinger_core::Arn;
use wharfinger_registry::Repository;

use super::catalog_data::new_catalog_data;
use super::resource_tag::pairs;
use super::{Call, catalog_data};
use crate::ecr::error::CallError;
use crate::ecr::page::{page_request, refuse_page_beside};
use crate::ecr::repository_name;

/// ECR Public `CreateRepository`.
pub(super) async fn create_repository(
    call: &Call<'_>,
    input: CreateRepositoryRequest,
) -> Result<CreateRepositoryResponse, CallError> {
    let tags = pairs(input.tags.unwrap_or_default());
    let catalog = input.catalog_data.map(new_catalog_data);
    let (registry, name) = (call.registry(None)?, repository_name(&input.repository_name)?);
    let resource = RepositoryResource { registry, name };
    let keys = call_keys::request_tags(&tags);
    let permit: Permit<CreateRepository> =
        call.caller.authorize_with(resource.clone(), keys.clone()).await?;
    // Tags at creation are tagging as well, as in ECR.
    let tagging: Option<Permit<TagResource>> = match tags.is_empty() {
        true => None,
        false => Some(call.caller.authorize_with(resource, keys).await?),
    };
    let registry_uri = call.registry_uri(permit.resource().registry.account).await?;
    let (created, catalog) =
        call.service().create_public_repository(&permit, tagging.as_ref(), tags, catalog).await?;
    Ok(CreateRepositoryResponse {
        repository: Some(describe(&registry_uri, created)),
        catalog_data: catalog.map(|said| catalog_data::describe(call, said)),
    })
}

/// ECR Public `DescribeRepositories`.
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
    let account = registry.account;
    let permit: Permit<DescribeRepositories> =
        call.caller.authorize(RepositoriesResource { registry, names }).await?;
    let page = call.service().describe_repositories(&permit, &page).await?;
    let registry_uri = call.registry_uri(account).await?;
    let items = page.items.into_iter();
    Ok(DescribeRepositoriesResponse {
        repositories: Some(items.map(|found| describe(&registry_uri, found)).collect()),
        next_token: page.next_token,
    })
}

/// ECR Public `DeleteRepository`.
pub(super) async fn delete_repository(
    call: &Call<'_>,
    input: DeleteRepositoryRequest,
) -> Result<DeleteRepositoryResponse, CallError> {
    let permit: Permit<DeleteRepository> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let registry_uri = call.registry_uri(permit.resource().registry.account).await?;
    let force = input.force.unwrap_or(false);
    let deleted = call.service().delete_repository(&permit, force).await?;
    Ok(DeleteRepositoryResponse { repository: Some(describe(&registry_uri, deleted)) })
}

fn describe(registry_uri: &str, repository: Repository) -> RepositoryOutput {
    let Repository { registry, name, created_at, .. } = repository;
    RepositoryOutput {
        repository_arn: Some(Arn::repository(&registry, &name).to_string()),
        registry_id: Some(registry.account.to_string()),
        repository_uri: Some(format!("{registry_uri}/{name}")),
        repository_name: Some(name.to_string()),
        created_at: Some(created_at),
    }
}
