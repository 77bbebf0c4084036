//! Callers by their names, for questions about what they may do; nobody signs in by that.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use wharfinger_core::{AccountId, Arn, RequestContext, RequestId};
use wharfinger_metadata::{MetadataError, Tx, group, role, user};

use crate::identity::{self, Identity};
use crate::{Auth, Caller, Principal, PrincipalKind, SessionFacts};

impl Auth {
    /// Who has this ARN: the root of an account, a user, a role (a session of it, that is), or a
    /// session with that name and no policies of its own; or a group, as if it were somebody. `None`
    /// if there is nobody of that name.
    ///
    /// What it answers may be asked what it may do, and has proved nothing.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn caller_named(&self, arn: &Arn) -> Result<Option<Caller>, MetadataError> {
        let wanted = arn.clone();
        let found: Option<Identity> = self
            .metadata()
            .read(move |tx| Box::pin(async move { identity_named(tx, &wanted).await }))
            .await?;
        Ok(found.map(|identity| self.caller_of(identity)))
    }

    /// A caller who sent no request.
    pub(crate) fn caller_of(&self, identity: Identity) -> Caller {
        let context = RequestContext {
            request_id: RequestId::random(self.entropy()),
            received_at: self.now(),
            host: String::new(),
            secure_transport: false,
            source_ip: IpAddr::from(Ipv4Addr::UNSPECIFIED),
            user_agent: None,
            referer: None,
        };
        Caller::new(Arc::new(identity), context, Arc::clone(self.policies()))
    }
}

async fn identity_named(tx: &mut Tx, arn: &Arn) -> Result<Option<Identity>, MetadataError> {
    if let Some((account, name)) = group_named(arn) {
        let Some(group) = group::find(tx, &account, name).await? else { return Ok(None) };
        let is_meant = *arn == Arn::group(&account, &group.path, &group.group_name);
        return if is_meant { identity::read_group(tx, &group).await.map(Some) } else { Ok(None) };
    }
    match principal(tx, arn).await? {
        Some(principal) => identity::read_with_texts(tx, principal).await,
        None => Ok(None),
    }
}

fn group_named(arn: &Arn) -> Option<(AccountId, &str)> {
    let path = arn.resource().strip_prefix("group/").filter(|_| arn.service() == "iam")?;
    Some((arn.account().parse().ok()?, last(path)))
}

async fn principal(tx: &mut Tx, arn: &Arn) -> Result<Option<Principal>, MetadataError> {
    let Ok(account) = arn.account().parse::<AccountId>() else { return Ok(None) };
    let kind = match (arn.service(), arn.resource().split_once('/')) {
        ("iam", None) if arn.resource() == "root" => Some(PrincipalKind::Root),
        ("iam", Some(("user", path))) => user_named(tx, &account, path).await?,
        ("iam", Some(("role", path))) => {
            role_named(tx, &account, last(path), last(path), Some(arn)).await?
        }
        ("sts", Some(("assumed-role", path))) => match path.split_once('/') {
            Some((role, session)) => role_named(tx, &account, role, session, None).await?,
            None => None,
        },
        _ => None,
    };
    let Some(kind) = kind.filter(|_| arn.region().is_empty()) else { return Ok(None) };
    let session = matches!(kind, PrincipalKind::AssumedRole { .. }).then(SessionFacts::default);
    Ok(Some(Principal { account, kind, access_key_id: String::new(), session }))
}

async fn user_named(
    tx: &mut Tx,
    account: &AccountId,
    path: &str,
) -> Result<Option<PrincipalKind>, MetadataError> {
    let found = user::find(tx, account, last(path)).await?;
    let user =
        found.filter(|user| format!("/{path}") == format!("{}{}", user.path, user.user_name));
    Ok(user.map(|user| PrincipalKind::User {
        user_id: user.user_id,
        user_name: user.user_name,
        path: user.path,
    }))
}

/// A session of a role, whose ARN is `arn` if that is known.
async fn role_named(
    tx: &mut Tx,
    account: &AccountId,
    name: &str,
    session: &str,
    arn: Option<&Arn>,
) -> Result<Option<PrincipalKind>, MetadataError> {
    let found = role::find(tx, account, name).await?;
    let is_meant = |role: &role::RoleRow| {
        arn.is_none_or(|arn| *arn == Arn::role(account, &role.path, &role.role_name))
    };
    Ok(found.filter(is_meant).map(|role| PrincipalKind::AssumedRole {
        role_id: role.role_id,
        role_name: role.role_name,
        path: role.path,
        session_name: session.to_owned(),
    }))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
