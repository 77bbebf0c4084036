//! Sessions of roles: STS `AssumeRole`.

use wharfinger_auth::trust::{self, AssumedRole};
use wharfinger_auth::{
    AuthorizeError, Caller, NewSession, Principal, PrincipalKind, SessionFacts, SessionIssuer,
    TemporaryCredentials, call_keys,
};
use wharfinger_core::limits::{CHAINED_SESSION_SECONDS_MAX, ROLE_SESSION_SECONDS};
use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{Tx, iam_tag};

use crate::session::store;
use crate::{Error, Iam, SessionScope, Tags};

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// A role that somebody wants to assume, whether or not it exists.
pub(crate) struct RoleToAssume {
    arn: Arn,
    account: AccountId,
    found: Option<FoundRole>,
}

/// A role with what decides who may assume it.
struct FoundRole {
    row: RoleRow,
    trust: PolicyDocument,
    tags: Tags,
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
    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    /// As policies are asked about it. One that is not there trusts nobody.
    pub(crate) fn asked(&self) -> AssumedRole<'_> {
        AssumedRole {
            account: &self.account,
            arn: &self.arn,
            trust: self.found.as_ref().map(|found| &found.trust),
            tags: self.found.as_ref().map_or(&[], |found| &found.tags),
        }
    }
}

impl RoleSessionRequest {
    /// What has to be allowed for it: assuming the role by `action`, giving tags (also those that go on
    /// from the session before), saying who is behind it.
    pub(crate) fn actions<'a>(&self, action: &'a str) -> Vec<&'a str> {
        let mut actions = vec![action];
        if !self.scope.tags().is_empty() {
            actions.push("sts:TagSession");
        }
        if self.source_identity.is_some() {
            actions.push("sts:SetSourceIdentity");
        }
        actions
    }

    /// The same with what goes on from the session that asks to the one it is given: its transitive
    /// tags, and who is behind it.
    ///
    /// # Errors
    /// [`Error::Validation`] if a tag that goes on should be another one;
    /// [`Error::AccessDenied`] if somebody else should be behind it.
    fn chained(mut self, principal: &Principal) -> Result<Self, Error> {
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
    /// STS `AssumeRole`: begins a session of a role, if its trust policy and the caller's own policies
    /// allow that together.
    ///
    /// # Errors
    /// [`Error::RoleRefused`], for a role that is not there as well, and [`Error::AccessDenied`] to
    /// the root of an account; [`Error::Validation`] for a duration that the role or the chain does
    /// not have, for policies that are not there, and for what is not the ARN of a role.
    pub async fn assume_role(
        &self,
        caller: &Caller,
        role_arn: &str,
        external_id: Option<&str>,
        request: RoleSessionRequest,
    ) -> Result<RoleSession, Error> {
        let principal = caller.principal();
        let role = self.role_to_assume(role_arn).await?;
        if principal.kind == PrincipalKind::Root {
            return Err(Error::AccessDenied("Roles may not be assumed by root accounts.".into()));
        }
        let request = request.chained(principal)?;
        authorize(caller, &role, external_id, &request)?;
        let is_chained = matches!(principal.kind, PrincipalKind::AssumedRole { .. });
        if is_chained && request.seconds.is_some_and(|asked| asked > CHAINED_SESSION_SECONDS_MAX) {
            return Err(Error::Validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed \
                 by role chaining"
                    .into(),
            ));
        }
        let facts = SessionFacts { is_chained, ..SessionFacts::default() };
        let message = refusal(principal, &role, ASSUME_ROLE);
        let refused = || Error::AccessDenied(message.clone());
        self.begin_role_session(role, request, facts, refused).await
    }

    /// The role of an ARN, in whichever account.
    ///
    /// # Errors
    /// [`Error::Validation`] for what is not the ARN of a role.
    pub(crate) async fn role_to_assume(&self, arn: &str) -> Result<RoleToAssume, Error> {
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
        let wanted = arn.clone();
        let found: Option<(RoleRow, Tags)> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = role::find(tx, &account, &name).await?;
                    // A name with another path is no role.
                    let is_wanted =
                        |row: &RoleRow| Arn::role(&account, &row.path, &row.role_name) == wanted;
                    let Some(row) = row.filter(is_wanted) else { return Ok::<_, Error>(None) };
                    let tags = iam_tag::list(tx, &row.role_id).await?;
                    Ok(Some((row, tags)))
                })
            })
            .await?;
        let found = match found {
            None => None,
            Some((row, tags)) => {
                let trust = PolicyDocument::parse_as(PolicyKind::Trust, &row.trust_policy)
                    .map_err(|error| Error::Internal(format!("a trust policy: {error}")))?;
                Some(FoundRole { row, trust, tags })
            }
        };
        Ok(RoleToAssume { arn, account, found })
    }

    /// Stores a session of a role that somebody may assume, unless the role is another one by now.
    pub(crate) async fn begin_role_session(
        &self,
        role: RoleToAssume,
        request: RoleSessionRequest,
        facts: SessionFacts,
        refused: impl Fn() -> Error + Send + Sync,
    ) -> Result<RoleSession, Error> {
        let Some(FoundRole { row, .. }) = role.found else { return Err(refused()) };
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
        let facts = SessionFacts { source_identity: source_identity.clone(), ..scope.facts(facts) };
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

/// Whether trust policy and caller allow all that is asked for.
fn authorize(
    caller: &Caller,
    role: &RoleToAssume,
    external_id: Option<&str>,
    request: &RoleSessionRequest,
) -> Result<(), Error> {
    let keys = call_keys::assume_role(
        &request.session_name,
        external_id,
        request.source_identity.as_deref(),
        request.scope.tags(),
        request.scope.transitive_tag_keys(),
    );
    for action in request.actions(ASSUME_ROLE) {
        match trust::may_assume(caller, &role.asked(), action, &keys) {
            Ok(()) => {}
            Err(AuthorizeError::Denied(denied)) => {
                let message = refusal(caller.principal(), role, action);
                return Err(Error::RoleRefused { message, denied });
            }
            Err(error) => return Err(Error::Internal(error.to_string())),
        }
    }
    Ok(())
}

/// The sentence for a role that may not be assumed, and for one that is not there.
fn refusal(principal: &Principal, role: &RoleToAssume, action: &str) -> String {
    let (who, arn) = (principal.arn(), &role.arn);
    format!("User: {who} is not authorized to perform: {action} on resource: {arn}")
}

/// Whether the role is there, and trusts whom it did.
async fn is_still(tx: &mut Tx, row: &RoleRow) -> Result<bool, Error> {
    let found = role::find_by_id(tx, &row.role_id).await?;
    Ok(found.is_some_and(|it| it.trust_policy == row.trust_policy))
}
