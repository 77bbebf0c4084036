//! What the operations that begin sessions take and answer alike.

use wharfinger_auth::TemporaryCredentials;
use wharfinger_aws_model::sts::types::{AssumedRoleUser, Credentials, PolicyDescriptorType, Tag};
use wharfinger_iam::{Error, RoleSession, SessionScope};

/// The session policies and tags of an input.
pub(super) fn scope(
    policy: Option<String>,
    policy_arns: Option<Vec<PolicyDescriptorType>>,
    tags: Option<Vec<Tag>>,
    transitive_tag_keys: Option<Vec<String>>,
) -> Result<SessionScope, Error> {
    let policy_arns = policy_arns.unwrap_or_default().into_iter().filter_map(|it| it.arn);
    let tags = tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
    let transitive = transitive_tag_keys.unwrap_or_default();
    SessionScope::new(policy, policy_arns.collect(), tags.collect(), transitive)
}

/// A number that the model holds to be none below zero.
pub(super) fn unsigned<T: TryFrom<i32>>(number: Option<i32>) -> Option<T> {
    number.and_then(|number| T::try_from(number).ok())
}

/// Nobody has a second factor here, so no code of one is right.
pub(super) fn refuse_mfa<S, T>(serial_number: Option<S>, code: Option<T>) -> Result<(), Error> {
    if serial_number.is_none() && code.is_none() {
        return Ok(());
    }
    Err(Error::AccessDenied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA \
         serial number is valid and associated with this user."
            .into(),
    ))
}

/// Credentials as they are answered.
pub(super) fn credentials(given: TemporaryCredentials) -> Option<Credentials> {
    Some(Credentials {
        access_key_id: given.access_key_id,
        secret_access_key: given.secret_access_key,
        session_token: given.session_token,
        expiration: given.expires_at,
    })
}

/// Whose session it is.
pub(super) fn assumed_role_user(session: &RoleSession) -> Option<AssumedRoleUser> {
    let (assumed_role_id, arn) = (session.assumed_role_id.clone(), session.arn.to_string());
    Some(AssumedRoleUser { assumed_role_id, arn })
}
