//! Account settings.

use wharfinger_auth::actions::{GetAccountSetting, PutAccountSetting};
use wharfinger_auth::{Action, Permit, RegistryResource, call_keys};
use wharfinger_aws_model::ecr::input::{GetAccountSettingRequest, PutAccountSettingRequest};
use wharfinger_aws_model::ecr::output::{GetAccountSettingResponse, PutAccountSettingResponse};

use super::Call;
use super::error::CallError;

/// ECR `GetAccountSetting`.
pub(super) async fn get_account_setting(
    call: &Call<'_>,
    input: GetAccountSettingRequest,
) -> Result<GetAccountSettingResponse, CallError> {
    let permit: Permit<GetAccountSetting> = permit(call, &input.name).await?;
    let setting = call.service().get_account_setting(&permit, &input.name).await?;
    Ok(GetAccountSettingResponse { name: Some(setting.name.into()), value: Some(setting.value) })
}

/// ECR `PutAccountSetting`.
pub(super) async fn put_account_setting(
    call: &Call<'_>,
    input: PutAccountSettingRequest,
) -> Result<PutAccountSettingResponse, CallError> {
    let permit: Permit<PutAccountSetting> = permit(call, &input.name).await?;
    let setting = call.service().put_account_setting(&permit, &input.name, &input.value).await?;
    Ok(PutAccountSettingResponse { name: Some(setting.name.into()), value: Some(setting.value) })
}

/// The permit, for which policies may look at the name of the setting.
async fn permit<A: Action<Resource = RegistryResource>>(
    call: &Call<'_>,
    name: &str,
) -> Result<Permit<A>, CallError> {
    let resource = RegistryResource { registry: call.registry(None)? };
    Ok(call.caller.authorize_with(resource, call_keys::account_setting(name)).await?)
}
