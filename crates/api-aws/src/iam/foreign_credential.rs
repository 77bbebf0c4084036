//! Credentials that IAM knows and nothing here takes: console passwords, SSH keys, certificates, MFA
//! devices, passwords of services. Nobody has any, and whoever looks before a user is deleted
//! (Terraform with `force_destroy`) is told so.

use wharfinger_auth::iam_actions::{
    DeleteLoginProfile, GetLoginProfile, ListMFADevices, ListSSHPublicKeys,
    ListServiceSpecificCredentials, ListSigningCertificates, ListVirtualMFADevices,
};
use wharfinger_auth::{Action, IamResource, Permit};
use wharfinger_aws_model::iam::{Operation, Request, output};
use wharfinger_core::Arn;
use wharfinger_iam::Error;

use super::{Call, Outcome, not_implemented, user};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::DeleteLoginProfile,
    Operation::GetLoginProfile,
    Operation::ListMFADevices,
    Operation::ListSSHPublicKeys,
    Operation::ListServiceSpecificCredentials,
    Operation::ListSigningCertificates,
    Operation::ListVirtualMFADevices,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    let (whole, nobody) = (Some(false), None);
    match request {
        Request::DeleteLoginProfile(input) => {
            Err(no_login_profile::<DeleteLoginProfile>(call, input.user_name).await)
        }
        Request::GetLoginProfile(input) => {
            Err(no_login_profile::<GetLoginProfile>(call, input.user_name).await)
        }
        Request::ListMFADevices(input) => {
            of_user::<ListMFADevices>(call, input.user_name).await?;
            let mfa_devices = Vec::new();
            let marker = nobody;
            Ok(Box::new(output::ListMFADevicesResponse {
                mfa_devices,
                is_truncated: whole,
                marker,
            }))
        }
        Request::ListSSHPublicKeys(input) => {
            of_user::<ListSSHPublicKeys>(call, input.user_name).await?;
            Ok(Box::new(output::ListSSHPublicKeysResponse {
                ssh_public_keys: Some(Vec::new()),
                is_truncated: whole,
                marker: nobody,
            }))
        }
        Request::ListServiceSpecificCredentials(input) => {
            of_user::<ListServiceSpecificCredentials>(call, input.user_name).await?;
            Ok(Box::new(output::ListServiceSpecificCredentialsResponse {
                service_specific_credentials: Some(Vec::new()),
                marker: nobody,
                is_truncated: whole,
            }))
        }
        Request::ListSigningCertificates(input) => {
            of_user::<ListSigningCertificates>(call, input.user_name).await?;
            Ok(Box::new(output::ListSigningCertificatesResponse {
                certificates: Vec::new(),
                is_truncated: whole,
                marker: nobody,
            }))
        }
        Request::ListVirtualMFADevices(_) => {
            let _: Permit<ListVirtualMFADevices> = call.authorize_account().await?;
            Ok(Box::new(output::ListVirtualMFADevicesResponse {
                virtual_mfa_devices: Vec::new(),
                is_truncated: whole,
                marker: nobody,
            }))
        }
        other => Err(not_implemented(other.operation())),
    }
}

/// The right to do `A` to the user that a call names, who must be there, or else to the caller; its
/// name, which the root has not.
async fn of_user<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    user_name: Option<String>,
) -> Result<Option<String>, CallError> {
    let name = match user_name {
        Some(name) => Some(name),
        None => user::caller_name(call)?,
    };
    match &name {
        Some(name) => {
            let permit: Permit<A> = user::authorize(call, name).await?;
            call.iam().require_user(&permit, name).await?;
        }
        None => drop(call.authorize::<A>(&Arn::root(&call.account())).await?),
    }
    Ok(name)
}

/// What IAM says of a user who has no password for the console.
async fn no_login_profile<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    user_name: Option<String>,
) -> CallError {
    match of_user::<A>(call, user_name).await {
        Ok(name) => {
            let name = name.unwrap_or_default();
            let text = format!("Login Profile for User {name} cannot be found.");
            Error::NoSuchEntity(text).into()
        }
        Err(error) => error,
    }
}
