//! Whose a key is: `GetAccessKeyInfo`.

use wharfinger_auth::{Caller, IamResource, sts_actions};
use wharfinger_aws_model::sts::input::GetAccessKeyInfoRequest;
use wharfinger_aws_model::sts::output::GetAccessKeyInfoResponse;

use super::Outcome;
use crate::ApiAws;

/// STS `GetAccessKeyInfo`.
pub(super) async fn get_access_key_info(
    api: &ApiAws,
    caller: &Caller,
    input: GetAccessKeyInfoRequest,
) -> Outcome {
    let resource = IamResource::account_wide(caller.principal().account);
    let permit = caller.authorize::<sts_actions::GetAccessKeyInfo>(resource).await?;
    let account = api.iam.get_access_key_info(&permit, &input.access_key_id).await?;
    Ok(Box::new(GetAccessKeyInfoResponse { account: Some(account.to_string()) }))
}
