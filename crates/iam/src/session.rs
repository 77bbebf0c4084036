//! Sessions as such: how they are stored, and those that users (and roots) ask for themselves: STS
//! `GetSessionToken` and `GetFederationToken`.

use std::time::Duration;

use wharfinger_auth::{
    NewSession, Permit, Principal, PrincipalKind, SessionFacts, SessionIssuer,
    TemporaryCredentials, sts_actions,
};
use wharfinger_core::limits::{
    ROOT_SESSION_SECONDS_MAX, SESSION_KEPT_SECONDS, SESSIONS_DELETED_AT_ONCE_MAX,
    USER_SESSION_SECONDS,
};
use wharfinger_core::{Arn, Timestamp};
use wharfinger_metadata::session::{self, SessionRow};
use wharfinger_metadata::{Tx, user};

use crate::{Error, Iam, SessionScope};

/// What a federated user's session is asked for with.
#[derive(Clone, Debug, Default)]
pub struct FederationRequest {
    /// `Name`.
    pub name: String,
    /// `DurationSeconds`.
    pub seconds: Option<u32>,
    /// Session policies and tags.
    pub scope: SessionScope,
    /// `MinimumSessionTokenSize`.
    pub token_chars_min: usize,
}

/// A session of a federated user that has just begun.
#[derive(Debug)]
pub struct FederatedSession {
    /// Its credentials.
    pub credentials: TemporaryCredentials,
    /// `arn:aws:sts::A:federated-user/name`.
    pub arn: Arn,
    /// `A:name`.
    pub federated_user_id: String,
    /// How much of their room policies and tags take.
    pub packed_percent: Option<i32>,
}

impl Iam {
    /// STS `GetSessionToken`: temporary credentials for whoever asks with long-lived ones, which no
    /// policy can refuse.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for somebody who has temporary credentials already.
    pub async fn get_session_token(
        &self,
        principal: &Principal,
        seconds: Option<u32>,
        token_chars_min: usize,
    ) -> Result<TemporaryCredentials, Error> {
        let user_id = long_lived(principal, "GetSessionToken")?;
        let new = NewSession {
            account: principal.account,
            issuer: SessionIssuer::User(user_id.clone()),
            session_name: String::new(),
            seconds: seconds_of(user_id.as_deref(), seconds)?,
            facts: SessionFacts::default(),
            token_chars_min,
        };
        self.begin_user_session(new, user_id, SessionScope::default()).await
    }

    /// STS `GetFederationToken`: credentials for somebody else, who may do what the user may and the
    /// session policies let.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] as above, and without the permit for tags; [`Error::Validation`] for
    /// policies that are not there.
    pub async fn get_federation_token(
        &self,
        permit: &Permit<sts_actions::GetFederationToken>,
        tag: Option<&Permit<sts_actions::TagSession>>,
        request: FederationRequest,
    ) -> Result<FederatedSession, Error> {
        let denied = |action| Error::AccessDenied(format!("Cannot call {action}"));
        let principal = permit.principal().ok_or_else(|| denied("GetFederationToken"))?;
        if !request.scope.tags().is_empty() && tag.is_none() {
            return Err(denied("TagSession"));
        }
        let user_id = long_lived(principal, "GetFederationToken")?;
        let FederationRequest { name, seconds, scope, token_chars_min } = request;
        let (account, packed_percent) = (principal.account, scope.packed_percent());
        let arn = Arn::federated_user(&account, &name);
        let federated_user_id = format!("{account}:{name}");
        let new = NewSession {
            account,
            issuer: SessionIssuer::Federation(user_id.clone()),
            session_name: name,
            seconds: seconds_of(user_id.as_deref(), seconds)?,
            facts: scope.facts(SessionFacts::default()),
            token_chars_min,
        };
        let credentials = self.begin_user_session(new, user_id, scope).await?;
        Ok(FederatedSession { credentials, arn, federated_user_id, packed_percent })
    }

    async fn begin_user_session(
        &self,
        new: NewSession,
        user_id: Option<String>,
        scope: SessionScope,
    ) -> Result<TemporaryCredentials, Error> {
        let account = new.account;
        let (credentials, row) = self.open_session(new)?;
        let now = self.now();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    // Who was deleted meanwhile begins nothing.
                    if let Some(id) = user_id
                        && user::find_by_id(tx, &id).await?.is_none()
                    {
                        let text = "The security token included in the request is invalid.";
                        return Err(Error::AccessDenied(text.into()));
                    }
                    scope.check_policies_exist(tx, &account).await?;
                    store(tx, &row, now).await
                })
            })
            .await?;
        Ok(credentials)
    }

    pub(crate) fn open_session(
        &self,
        new: NewSession,
    ) -> Result<(TemporaryCredentials, SessionRow), Error> {
        let opened = self.auth().open_session(new);
        opened.ok_or_else(|| Error::Internal("a secret could not be sealed".into()))
    }
}

/// Stores a session, and deletes some that are over for long.
pub(crate) async fn store(tx: &mut Tx, row: &SessionRow, now: Timestamp) -> Result<(), Error> {
    let before = now.minus(Duration::from_secs(SESSION_KEPT_SECONDS));
    session::delete_expired(tx, before, SESSIONS_DELETED_AT_ONCE_MAX).await?;
    Ok(session::insert(tx, row).await?)
}

/// The id of the user with long-lived credentials, or none for the root.
fn long_lived(principal: &Principal, action: &str) -> Result<Option<String>, Error> {
    match &principal.kind {
        PrincipalKind::Root if principal.session.is_none() => Ok(None),
        PrincipalKind::User { user_id, .. } if principal.session.is_none() => {
            Ok(Some(user_id.clone()))
        }
        _ => Err(Error::AccessDenied(format!("Cannot call {action} with session credentials"))),
    }
}

/// What the root asks for beyond an hour is an hour (STS, "DurationSeconds").
fn seconds_of(user_id: Option<&str>, asked: Option<u32>) -> Result<u32, Error> {
    let seconds = asked.unwrap_or(USER_SESSION_SECONDS);
    Ok(if user_id.is_some() { seconds } else { seconds.min(ROOT_SESSION_SECONDS_MAX) })
}
