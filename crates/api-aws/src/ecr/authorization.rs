//! Logins: `GetAuthorizationToken`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wharfinger_auth::Permit;
use wharfinger_auth::actions::GetAuthorizationToken;
use wharfinger_aws_model::ecr::input::GetAuthorizationTokenRequest;
use wharfinger_aws_model::ecr::output::GetAuthorizationTokenResponse;
use wharfinger_aws_model::ecr::types::AuthorizationData;
use wharfinger_core::{RegistryId, Secret};

use super::Call;
use super::error::CallError;

/// ECR `GetAuthorizationToken`: one token for each id of the deprecated `registryIds`, in their
/// order; one for the caller's own registry when there are none.
///
/// Identity policies alone decide, whichever registry is named: a token says who its bearer is,
/// and what they may do there is decided when they use it.
pub(super) async fn get_authorization_token(
    call: &Call<'_>,
    input: GetAuthorizationTokenRequest,
) -> Result<GetAuthorizationTokenResponse, CallError> {
    let own = call.registry(None)?;
    let permit: Permit<GetAuthorizationToken> = call.registry_permit(None).await?;
    let registries = match input.registry_ids {
        Some(ids) if !ids.is_empty() => {
            ids.iter().map(|id| call.registry(Some(id))).collect::<Result<_, _>>()?
        }
        _ => vec![own],
    };
    let data = registries.into_iter().map(|registry| token(call, &permit, registry));
    Ok(GetAuthorizationTokenResponse { authorization_data: Some(data.collect::<Result<_, _>>()?) })
}

fn token(
    call: &Call<'_>,
    permit: &Permit<GetAuthorizationToken>,
    registry: RegistryId,
) -> Result<AuthorizationData, CallError> {
    let token = call.api.auth.issue_token(permit, &registry);
    let token = token.ok_or_else(|| CallError::internal("a token could not be sealed"))?;
    // One secret from here on: nothing in between is left behind in memory.
    let login = Secret::new(format!("AWS:{}", token.password.expose()));
    Ok(AuthorizationData {
        authorization_token: Some(Secret::new(STANDARD.encode(login.expose()))),
        expires_at: Some(token.expires_at),
        proxy_endpoint: Some(call.api.endpoints.proxy_endpoint(call.context, &registry)),
    })
}
