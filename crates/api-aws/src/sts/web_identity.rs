//! Sessions of roles for whom an identity provider vouches: `AssumeRoleWithWebIdentity`.

use wharfinger_aws_model::sts::input::AssumeRoleWithWebIdentityRequest;
use wharfinger_aws_model::sts::output::AssumeRoleWithWebIdentityResponse;
use wharfinger_core::RequestContext;
use wharfinger_iam::{Error, RoleSessionRequest, WebIdentityRequest};

use super::Outcome;
use super::session_input::{assumed_role_user, credentials, scope, unsigned};
use crate::ApiAws;

/// STS `AssumeRoleWithWebIdentity`, which nobody signs: the token says who it is.
pub(super) async fn assume_role_with_web_identity(
    api: &ApiAws,
    context: &RequestContext,
    input: AssumeRoleWithWebIdentityRequest,
) -> Outcome {
    // It names a provider of OAuth 2.0 access tokens, which are not of OpenID Connect.
    if input.provider_id.is_some() {
        let text = "The provider of ProviderId is not supported.";
        return Err(Error::Validation(text.into()).into());
    }
    let request = WebIdentityRequest {
        role_arn: input.role_arn,
        token: input.web_identity_token,
        session: RoleSessionRequest {
            session_name: input.role_session_name,
            seconds: unsigned(input.duration_seconds),
            scope: scope(input.policy, input.policy_arns, None, None)?,
            source_identity: None,
            token_chars_min: unsigned(input.minimum_session_token_size).unwrap_or_default(),
        },
    };
    let identity = api.iam.assume_role_with_web_identity(context, request).await?;
    let session = identity.session;
    Ok(Box::new(AssumeRoleWithWebIdentityResponse {
        subject_from_web_identity_token: Some(identity.subject),
        assumed_role_user: assumed_role_user(&session),
        packed_policy_size: session.packed_percent,
        provider: Some(identity.provider_arn),
        audience: Some(identity.audience),
        source_identity: session.source_identity,
        credentials: credentials(session.credentials),
        ..AssumeRoleWithWebIdentityResponse::default()
    }))
}
