//! Registries as wholes: described, and named in the catalog.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DescribeRegistries, GetRegistryCatalogData, PutRegistryCatalogData,
};
use wharfinger_aws_model::ecr_public::enums::RegistryAliasStatus;
use wharfinger_aws_model::ecr_public::input::{
    DescribeRegistriesRequest, PutRegistryCatalogDataRequest,
};
use wharfinger_aws_model::ecr_public::output::{
    DescribeRegistriesResponse, GetRegistryCatalogDataResponse, PutRegistryCatalogDataResponse,
};
use wharfinger_aws_model::ecr_public::types::{Registry, RegistryAlias, RegistryCatalogData};
use wharfinger_core::Arn;
use wharfinger_registry::PublicRegistry;

use super::Call;
use crate::ecr::error::CallError;
use crate::ecr::page::page_request;

/// ECR Public `DescribeRegistries`: the caller's registry.
pub(super) async fn describe_registries(
    call: &Call<'_>,
    input: DescribeRegistriesRequest,
) -> Result<DescribeRegistriesResponse, CallError> {
    let permit: Permit<DescribeRegistries> = call.registry_permit().await?;
    let page = page_request(input.next_token, input.max_results);
    let page = call.service().describe_registries(&permit, &page).await?;
    Ok(DescribeRegistriesResponse {
        registries: page.items.into_iter().map(|registry| describe(call, registry)).collect(),
        next_token: page.next_token,
    })
}

/// ECR Public `GetRegistryCatalogData`.
pub(super) async fn get_registry_catalog_data(
    call: &Call<'_>,
) -> Result<GetRegistryCatalogDataResponse, CallError> {
    let permit: Permit<GetRegistryCatalogData> = call.registry_permit().await?;
    let display_name = call.service().get_registry_catalog_data(&permit).await?;
    let registry_catalog_data = RegistryCatalogData { display_name };
    Ok(GetRegistryCatalogDataResponse { registry_catalog_data })
}

/// ECR Public `PutRegistryCatalogData`.
pub(super) async fn put_registry_catalog_data(
    call: &Call<'_>,
    input: PutRegistryCatalogDataRequest,
) -> Result<PutRegistryCatalogDataResponse, CallError> {
    let permit: Permit<PutRegistryCatalogData> = call.registry_permit().await?;
    let display_name = input.display_name;
    call.service().put_registry_catalog_data(&permit, display_name.clone()).await?;
    let registry_catalog_data = RegistryCatalogData { display_name };
    Ok(PutRegistryCatalogDataResponse { registry_catalog_data })
}

/// A registry with its one alias. Nobody is verified here: that takes AWS.
fn describe(call: &Call<'_>, registry: PublicRegistry) -> Registry {
    let PublicRegistry { account, alias } = registry;
    Registry {
        registry_id: account.to_string(),
        registry_arn: Arn::public_registry(&account).to_string(),
        registry_uri: call.endpoint.registry_uri(&call.context.host, &alias),
        verified: false,
        aliases: vec![RegistryAlias {
            name: alias,
            status: RegistryAliasStatus::Active,
            primary_registry_alias: true,
            default_registry_alias: true,
        }],
    }
}
