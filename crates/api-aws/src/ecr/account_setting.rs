//! Account settings.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{GetAccountSettingRequest, PutAccountSettingRequest};
use wharfinger_aws_model::ecr::output::{GetAccountSettingResponse, PutAccountSettingResponse};

use super::Call;
use super::error::CallError;

/// ECR `GetAccountSetting`.
pub(super) async fn get_account_setting(
    _call: &Call<'_>,
    _input: GetAccountSettingRequest,
) -> Result<GetAccountSettingResponse, CallError> {
    Err(CallError::NotImplemented(Operation::GetAccountSetting))
}

/// ECR `PutAccountSetting`.
pub(super) async fn put_account_setting(
    _call: &Call<'_>,
    _input: PutAccountSettingRequest,
) -> Result<PutAccountSettingResponse, CallError> {
    Err(CallError::NotImplemented(Operation::PutAccountSetting))
}
