//! Logins: `GetAuthorizationToken`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wharfinger_auth::actions::{GetAuthorizationToken, GetServiceBearerToken};
use wharfinger_auth::{Permit, RegistryResource};
use wharfinger_aws_model::ecr_public::output::GetAuthorizationTokenResponse;
use wharfinger_aws_model::ecr_public::types::AuthorizationData;
use wharfinger_core::Secret;

use super::Call;
use crate::ecr::error::CallError;

/// ECR Public `GetAuthorizationToken`: one token, for all public registries that the caller may
/// use. It takes `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`.
pub(super) async fn get_authorization_token(
    call: &Call<'_>,
) -> Result<GetAuthorizationTokenResponse, CallError> {
    let resource = RegistryResource { registry: call.registry(None)? };
    let permit: Permit<GetAuthorizationToken> = call.caller.authorize(resource.clone()).await?;
    let _bearer: Permit<GetServiceBearerToken> = call.caller.authorize(resource).await?;
    let token = call.api.auth.issue_public_token(&permit);
    let token = token.ok_or_else(|| CallError::internal("a token could not be sealed"))?;
    let login = Secret::new(format!("AWS:{}", token.password.expose()));
    Ok(GetAuthorizationTokenResponse {
        authorization_data: Some(AuthorizationData {
            authorization_token: Some(Secret::new(STANDARD.encode(login.expose()))),
            expires_at: Some(token.expires_at),
        }),
    })
}
