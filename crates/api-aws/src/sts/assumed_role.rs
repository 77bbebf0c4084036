//! Sessions of roles: `AssumeRole`.

use wharfinger_auth::Caller;
use wharfinger_aws_model::sts::input::AssumeRoleRequest;
use wharfinger_aws_model::sts::output::AssumeRoleResponse;
use wharfinger_iam::{Error, RoleSessionRequest};

use super::Outcome;
use super::session_input::{assumed_role_user, credentials, refuse_mfa, scope, unsigned};
use crate::ApiAws;

/// STS `AssumeRole`. The role's trust policy decides together with the caller's, so `iam`, which finds
/// the role, asks them.
pub(super) async fn assume_role(
    api: &ApiAws,
    caller: &Caller,
    input: AssumeRoleRequest,
) -> Outcome {
    refuse_mfa(input.serial_number, input.token_code)?;
    if input.provided_contexts.is_some() {
        let text = "ProvidedContexts are not supported.";
        return Err(Error::Validation(text.into()).into());
    }
    let request = RoleSessionRequest {
        session_name: input.role_session_name,
        seconds: unsigned(input.duration_seconds),
        scope: scope(input.policy, input.policy_arns, input.tags, input.transitive_tag_keys)?,
        source_identity: input.source_identity,
        token_chars_min: unsigned(input.minimum_session_token_size).unwrap_or_default(),
    };
    let external_id = input.external_id.as_deref();
    let session = api.iam.assume_role(caller, &input.role_arn, external_id, request).await?;
    Ok(Box::new(AssumeRoleResponse {
        assumed_role_user: assumed_role_user(&session),
        packed_policy_size: session.packed_percent,
        source_identity: session.source_identity,
        credentials: credentials(session.credentials),
        ..AssumeRoleResponse::default()
    }))
}
