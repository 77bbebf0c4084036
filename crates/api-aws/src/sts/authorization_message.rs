//! Why a request was denied: `DecodeAuthorizationMessage`.

use wharfinger_auth::{Caller, IamResource, sts_actions};
use wharfinger_aws_model::sts::input::DecodeAuthorizationMessageRequest;
use wharfinger_aws_model::sts::output::DecodeAuthorizationMessageResponse;

use super::Outcome;
use crate::ApiAws;

/// STS `DecodeAuthorizationMessage`.
pub(super) async fn decode_authorization_message(
    api: &ApiAws,
    caller: &Caller,
    input: DecodeAuthorizationMessageRequest,
) -> Outcome {
    let resource = IamResource::account_wide(caller.principal().account);
    let permit = caller.authorize::<sts_actions::DecodeAuthorizationMessage>(resource).await?;
    let message = api.iam.decode_authorization_message(&permit, &input.encoded_message)?;
    Ok(Box::new(DecodeAuthorizationMessageResponse { decoded_message: Some(message) }))
}
