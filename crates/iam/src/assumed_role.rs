//! Sessions of roles: STS `AssumeRole`.

use wharfinger_auth::{
    IamResource, NewSession, Permit, Principal, PrincipalKind, SessionFacts, SessionIssuer,
    TemporaryCredentials, sts_actions,
};
use wharfinger_core::limits::{CHAINED_SESSION_SECONDS_MAX, ROLE_SESSION_SECONDS};
use wharfinger_core::{AccountId, Arn};
use wharfinger_metadata::Tx;
use wharfinger_metadata::role::{self, RoleRow};

use crate::session::store;
use crate::{Error, Iam, SessionScope, Tags};

/// A role that somebody wants to assume, whether or not it exists.
#[derive(Clone, Debug)]
pub struct RoleToAssume {
    arn: Arn,
    account: AccountId,
    row: Option<RoleRow>,
}

/// What a session of a role is asked for with.
#[derive(Clone, Debug, Default)]
pub struct RoleSessionRequest {
    /// `RoleSessionName`.
    pub session_name: String,
    /// `DurationSeconds`.
    pub seconds: Option<u32>,
    /// Session policies and tags.
    pub scope: SessionScope,
    /// `SourceIdentity`.
    pub source_identity: Option<String>,
    /// `MinimumSessionTokenSize`.
    pub token_chars_min: usize,
}

/// The right to assume a role as it is asked for.
#[derive(Debug)]
pub struct AssumeRolePermits {
    /// To assume it.
    pub assume: Permit<sts_actions::AssumeRole>,
    /// To give the session tags, its own or those of the session that assumes it.
    pub tag: Option<Permit<sts_actions::TagSession>>,
    /// To say who is behind it.
    pub source_identity: Option<Permit<sts_actions::SetSourceIdentity>>,
}

/// A session of a role that has just begun.
#[derive(Debug)]
pub struct RoleSession {
    /// Its credentials.
    pub credentials: TemporaryCredentials,
    /// `arn:aws:sts::A:assumed-role/Role/Session`.
    pub arn: Arn,
    /// `AROA…:session`.
    pub assumed_role_id: String,
    /// How much of their room policies and tags take.
    pub packed_percent: Option<i32>,
    /// Who is behind it, if that was said.
    pub source_identity: Option<String>,
}

impl RoleToAssume {
    /// What policies are asked about.
    pub fn resource(&self) -> IamResource {
        IamResource::new(self.account, &self.arn)
    }

    /// Who may assume it; `None` if there is no such role.
    pub fn trust_policy(&self) -> Option<&str> {
        self.row.as_ref().map(|row| row.trust_policy.as_str())
    }

    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    pub(crate) fn row(&self) -> Option<&RoleRow> {
        self.row.as_ref()
    }
}

impl RoleSessionRequest {
    /// The same with what goes on from the session that asks to the one it is given: its transitive
    /// tags, and who is behind it.
    ///
    /// # Errors
    /// [`Error::Validation`] if a tag that goes on should be another one;
    /// [`Error::AccessDenied`] if somebody else should be behind it.
    pub fn chained(mut self, principal: &Principal) -> Result<Self, Error> {
        let Some(session) = &principal.session else { return Ok(self) };
        if let Some(source) = &session.source_identity {
            if self.source_identity.as_ref().is_some_and(|asked| asked != source) {
                let text = "The source identity of a session cannot be changed by role chaining.";
                return Err(Error::AccessDenied(text.into()));
            }
            self.source_identity = Some(source.clone());
        }
        let goes_on = |key: &str| session.transitive_tag_keys.iter().any(|it| same_key(it, key));
        if self.scope.tags().iter().any(|(key, _)| goes_on(key)) {
            return Err(Error::Validation(
                "One of the specified transitive tag keys can't be set because it conflicts with a \
                 transitive tag key from the calling session."
                    .into(),
            ));
        }
        let inherited: Tags =
            session.tags.iter().filter(|(key, _)| goes_on(key)).cloned().collect();
        self.scope = self.scope.with_inherited(inherited)?;
        Ok(self)
    }
}

fn same_key(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

impl Iam {
    /// The role of an ARN, in whichever account.
    ///
    /// # Errors
    /// [`Error::Validation`] for what is not the ARN of a role.
    pub async fn role_to_assume(&self, arn: &str) -> Result<RoleToAssume, Error> {
        let invalid = || Error::Validation(format!("{arn} is invalid"));
        let arn: Arn = arn.parse().map_err(|_| invalid())?;
        let account: AccountId = arn.account().parse().map_err(|_| invalid())?;
        let name = match (arn.service(), arn.region(), arn.resource().strip_prefix("role/")) {
            ("iam", "", Some(rest)) => rest.rsplit('/').next().unwrap_or_default().to_owned(),
            _ => return Err(invalid()),
        };
        if name.is_empty() {
            return Err(invalid());
        }
        let found: Option<RoleRow> = self
            .metadata()
            .read(move |tx| Box::pin(async move { role::find(tx, &account, &name).await }))
            .await?;
        // A name with another path is no role.
        let row = found.filter(|row| Arn::role(&account, &row.path, &row.role_name) == arn);
        Ok(RoleToAssume { arn, account, row })
    }

    /// Begins a session of a role.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] to the root of an account, and when the role has changed since it was looked
    /// at; [`Error::Validation`] for a duration that the role or the chain does not have, and for
    /// policies that are not there.
    pub async fn assume_role(
        &self,
        permits: &AssumeRolePermits,
        role: &RoleToAssume,
        request: RoleSessionRequest,
    ) -> Result<RoleSession, Error> {
        let principal = permits.assume.principal();
        if principal.is_some_and(|it| it.kind == PrincipalKind::Root) {
            return Err(Error::AccessDenied("Roles may not be assumed by root accounts.".into()));
        }
        let tags_lack_permit = !request.scope.tags().is_empty() && permits.tag.is_none();
        if tags_lack_permit
            || request.source_identity.is_some() != permits.source_identity.is_some()
        {
            return Err(changed(role));
        }
        let chained =
            principal.is_some_and(|it| matches!(it.kind, PrincipalKind::AssumedRole { .. }));
        if chained && request.seconds.is_some_and(|asked| asked > CHAINED_SESSION_SECONDS_MAX) {
            return Err(Error::Validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed \
                 by role chaining"
                    .into(),
            ));
        }
        let facts = SessionFacts { is_chained: chained, ..SessionFacts::default() };
        let refused = || changed(role);
        self.begin_role_session(role, request, facts, refused).await
    }

    /// Stores a session of a role that somebody may assume, unless the role is another one by now.
    pub(crate) async fn begin_role_session(
        &self,
        role: &RoleToAssume,
        request: RoleSessionRequest,
        facts: SessionFacts,
        refused: impl Fn() -> Error + Send + Sync,
    ) -> Result<RoleSession, Error> {
        let row = role.row().ok_or_else(&refused)?.clone();
        let seconds = request.seconds.unwrap_or(ROLE_SESSION_SECONDS);
        if seconds > row.session_seconds_max {
            return Err(Error::Validation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                    .into(),
            ));
        }
        let RoleSessionRequest { session_name, scope, source_identity, token_chars_min, .. } =
            request;
        let packed_percent = scope.packed_percent();
        let facts = SessionFacts {
            policies: scope.policies(),
            policy_arns: scope.policy_arns().to_vec(),
            tags: scope.tags().to_vec(),
            transitive_tag_keys: scope.transitive_tag_keys().to_vec(),
            source_identity: source_identity.clone(),
            ..facts
        };
        let (account, arn) =
            (row.account, Arn::assumed_role(&row.account, &row.role_name, &session_name));
        let assumed_role_id = format!("{}:{session_name}", row.role_id);
        let issuer = SessionIssuer::Role(row.role_id.clone());
        let new = NewSession { account, issuer, session_name, seconds, facts, token_chars_min };
        let (credentials, session) = self.open_session(new)?;
        let now = self.now();
        let stored = self
            .metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if !is_still(tx, &row).await? {
                        return Ok::<bool, Error>(false);
                    }
                    scope.check_policies_exist(tx, &account).await?;
                    store(tx, &session, now).await?;
                    Ok(true)
                })
            })
            .await?;
        if !stored {
            return Err(refused());
        }
        Ok(RoleSession { credentials, arn, assumed_role_id, packed_percent, source_identity })
    }
}

/// Whether the role is there, and trusts whom it did.
async fn is_still(tx: &mut Tx, row: &RoleRow) -> Result<bool, Error> {
    let found = role::find_by_id(tx, &row.role_id).await?;
    Ok(found.is_some_and(|it| it.trust_policy == row.trust_policy))
}

fn changed(role: &RoleToAssume) -> Error {
    Error::AccessDenied(format!(
        "The caller is not authorized to perform: sts:AssumeRole on resource: {}",
        role.arn.as_str()
    ))
}
