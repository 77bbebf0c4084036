//! Sessions that users ask for themselves: `GetSessionToken`, `GetFederationToken`.

use wharfinger_auth::{Caller, IamResource, sts_actions};
use wharfinger_aws_model::sts::input::{GetFederationTokenRequest, GetSessionTokenRequest};
use wharfinger_aws_model::sts::output::{GetFederationTokenResponse, GetSessionTokenResponse};
use wharfinger_aws_model::sts::types::FederatedUser;
use wharfinger_core::Arn;
use wharfinger_iam::FederationRequest;

use super::Outcome;
use super::session_input::{credentials, refuse_mfa, scope, unsigned};
use crate::ApiAws;

/// STS `GetSessionToken`, which needs no permission.
pub(super) async fn get_session_token(
    api: &ApiAws,
    caller: &Caller,
    input: GetSessionTokenRequest,
) -> Outcome {
    refuse_mfa(input.serial_number, input.token_code)?;
    let seconds = unsigned(input.duration_seconds);
    let token_chars_min = unsigned(input.minimum_session_token_size).unwrap_or_default();
    let session = api.iam.get_session_token(caller.principal(), seconds, token_chars_min).await?;
    Ok(Box::new(GetSessionTokenResponse {
        credentials: credentials(session),
        ..GetSessionTokenResponse::default()
    }))
}

/// STS `GetFederationToken`.
pub(super) async fn get_federation_token(
    api: &ApiAws,
    caller: &Caller,
    input: GetFederationTokenRequest,
) -> Outcome {
    let account = caller.principal().account;
    let scope = scope(input.policy, input.policy_arns, input.tags, None)?;
    let keys = wharfinger_auth::call_keys::request_tags(scope.tags());
    let resource = IamResource::new(account, &Arn::federated_user(&account, &input.name));
    let permit = caller
        .authorize_with::<sts_actions::GetFederationToken>(resource.clone(), keys.clone())
        .await?;
    let tag = match scope.tags().is_empty() {
        true => None,
        false => Some(caller.authorize_with::<sts_actions::TagSession>(resource, keys).await?),
    };
    let request = FederationRequest {
        name: input.name,
        seconds: unsigned(input.duration_seconds),
        scope,
        token_chars_min: unsigned(input.minimum_session_token_size).unwrap_or_default(),
    };
    let session = api.iam.get_federation_token(&permit, tag.as_ref(), request).await?;
    let (federated_user_id, arn) = (session.federated_user_id, session.arn.to_string());
    Ok(Box::new(GetFederationTokenResponse {
        credentials: credentials(session.credentials),
        federated_user: Some(FederatedUser { federated_user_id, arn }),
        packed_policy_size: session.packed_percent,
        ..GetFederationTokenResponse::default()
    }))
}
