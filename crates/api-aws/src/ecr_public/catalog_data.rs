//! What the catalog says of repositories.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{GetRepositoryCatalogData, PutRepositoryCatalogData};
use wharfinger_aws_model::ecr_public::input::{
    GetRepositoryCatalogDataRequest, PutRepositoryCatalogDataRequest,
};
use wharfinger_aws_model::ecr_public::output::{
    GetRepositoryCatalogDataResponse, PutRepositoryCatalogDataResponse,
};
use wharfinger_aws_model::ecr_public::types::{RepositoryCatalogData, RepositoryCatalogDataInput};
use wharfinger_registry::{CatalogData, NewCatalogData};

use super::Call;
use crate::ecr::error::CallError;

/// ECR Public `GetRepositoryCatalogData`.
pub(super) async fn get_repository_catalog_data(
    call: &Call<'_>,
    input: GetRepositoryCatalogDataRequest,
) -> Result<GetRepositoryCatalogDataResponse, CallError> {
    let permit: Permit<GetRepositoryCatalogData> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let said = call.service().get_repository_catalog_data(&permit).await?;
    Ok(GetRepositoryCatalogDataResponse { catalog_data: Some(describe(call, said)) })
}

/// ECR Public `PutRepositoryCatalogData`.
pub(super) async fn put_repository_catalog_data(
    call: &Call<'_>,
    input: PutRepositoryCatalogDataRequest,
) -> Result<PutRepositoryCatalogDataResponse, CallError> {
    let permit: Permit<PutRepositoryCatalogData> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let new = new_catalog_data(input.catalog_data);
    let said = call.service().put_repository_catalog_data(&permit, new).await?;
    Ok(PutRepositoryCatalogDataResponse { catalog_data: Some(describe(call, said)) })
}

/// Catalog data as the registry takes it.
pub(super) fn new_catalog_data(input: RepositoryCatalogDataInput) -> NewCatalogData {
    NewCatalogData {
        texts: CatalogData {
            description: input.description,
            architectures: input.architectures,
            operating_systems: input.operating_systems,
            about_text: input.about_text,
            usage_text: input.usage_text,
            logo: None,
        },
        logo_image: input.logo_image_blob,
    }
}

/// Catalog data as ECR Public answers it. The logo's URL is one of this server: it names the
/// image by its SHA-256, so it never shows another one.
pub(super) fn describe(call: &Call<'_>, said: CatalogData) -> RepositoryCatalogData {
    let (scheme, host) = (call.context.scheme(), call.endpoint.host(&call.context.host));
    let logo_url = said.logo.map(|digest| {
        let digest = digest.to_string();
        let hex = digest.strip_prefix("sha256:").unwrap_or(&digest);
        format!("{scheme}://{host}/logo/{hex}.png")
    });
    RepositoryCatalogData {
        description: said.description,
        architectures: said.architectures,
        operating_systems: said.operating_systems,
        logo_url,
        about_text: said.about_text,
        usage_text: said.usage_text,
        marketplace_certified: Some(false),
    }
}
