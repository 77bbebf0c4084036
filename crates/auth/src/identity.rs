//! Who a caller is, and what holds for it: as it was read at one moment, for as many requests as it
//! stays true.

use std::sync::{Arc, OnceLock};

use wharfinger_audit::{RenderedIdentity, UserIdentity};
use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::{PolicyType, PrincipalFacts, managed};
use wharfinger_metadata::group::GroupRow;
use wharfinger_metadata::{
    MetadataError, Tx, account_guardrail, group, iam_tag, inline_policy, managed_policy,
    policy_attachment, role, user,
};

use crate::held_policy::{HeldPolicies, HeldPolicy, PolicySource};
use crate::{Principal, PrincipalKind, SessionFacts, organization};

/// What session policies that were given as texts are called.
const INLINE_SESSION_POLICY: &str = "inline session policy";

/// Bytes of a principal as the audit log shows it, its ARNs apart.
const RENDERED_BYTES: usize = 300;

/// A principal with all that holds for it.
pub(crate) struct Identity {
    pub(crate) principal: Arc<Principal>,
    /// The principal as policies see it.
    pub(crate) facts: PrincipalFacts,
    pub(crate) policies: HeldPolicies,
    /// Tags, (key, value): those of the session, and those of the user or role that it has not.
    pub(crate) tags: Vec<(String, String)>,
    /// The organization that its account is in.
    pub(crate) organization_id: Option<String>,
    /// What the audit log says of it: of calls, and of those that came over `/v2`.
    pub(crate) rendered: [OnceLock<RenderedIdentity>; 2],
}

impl Identity {
    /// Nobody in particular, for whom nothing holds.
    pub(crate) fn anonymous() -> Self {
        Self::new(Principal::anonymous(), HeldPolicies::default())
    }

    pub(crate) fn new(principal: Principal, policies: HeldPolicies) -> Self {
        let facts = PrincipalFacts {
            account: principal.account,
            arn: principal.arn().to_string(),
            role_arn: principal.role_arn().map(|arn| arn.to_string()),
            service: None,
            federated: None,
        };
        Self {
            principal: Arc::new(principal),
            facts,
            policies,
            tags: Vec::new(),
            organization_id: None,
            rendered: [const { OnceLock::new() }; 2],
        }
    }

    /// What the audit log says of it, made when it is asked for first; of calls that `invoked_by`
    /// passed on, if there is one, which is always the same.
    pub(crate) fn rendered(&self, invoked_by: Option<&'static str>) -> &RenderedIdentity {
        let rendered = &self.rendered[usize::from(invoked_by.is_some())];
        rendered.get_or_init(|| {
            UserIdentity { invoked_by, ..self.principal.user_identity() }.rendered()
        })
    }

    /// Bytes of all texts that hold.
    pub(crate) fn text_bytes(&self) -> usize {
        let tags = self.tags.iter().map(|(key, value)| key.len() + value.len());
        // Rendered, it is twice there with its ARN, and some names.
        let rendered = self.rendered.len() * (RENDERED_BYTES + 2 * self.facts.arn.len());
        self.policies.text_bytes + self.facts.arn.len() + rendered + tags.sum::<usize>()
    }
}

/// Reads all that holds for a principal in one transaction: its policies and those of its groups,
/// its boundary, those of its session, the guardrails of its account, and its tags. `None` when its
/// user or role is gone.
///
/// Of a user and of a role the unique id counts; the name and path are those that the principal has.
pub(crate) async fn read(
    tx: &mut Tx,
    principal: Principal,
) -> Result<Option<Identity>, MetadataError> {
    read_into(tx, principal, HeldPolicies::default()).await
}

/// The same, with the texts of policies.
pub(crate) async fn read_with_texts(
    tx: &mut Tx,
    principal: Principal,
) -> Result<Option<Identity>, MetadataError> {
    read_into(tx, principal, HeldPolicies { keeps_texts: true, ..HeldPolicies::default() }).await
}

/// The same of a group, which is no principal and is bounded by nothing: for questions about it only.
pub(crate) async fn read_group(tx: &mut Tx, group: &GroupRow) -> Result<Identity, MetadataError> {
    let mut policies = HeldPolicies { keeps_texts: true, ..HeldPolicies::default() };
    let arn = Arn::group(&group.account, &group.path, &group.group_name).to_string();
    read_identity_policies(tx, &mut policies, &group.group_id, &arn).await?;
    read_guardrails(tx, &mut policies, &group.account).await?;
    let principal = Principal { account: group.account, ..Principal::anonymous() };
    let mut identity = Identity::new(principal, policies);
    identity.facts.arn = arn;
    identity.organization_id = organization::find(tx).await?;
    Ok(identity)
}

async fn read_into(
    tx: &mut Tx,
    principal: Principal,
    mut policies: HeldPolicies,
) -> Result<Option<Identity>, MetadataError> {
    let owner = match &principal.kind {
        PrincipalKind::Root | PrincipalKind::Anonymous => None,
        PrincipalKind::FederatedUser { user_id: None, .. } => None,
        PrincipalKind::User { user_id, .. }
        | PrincipalKind::FederatedUser { user_id: Some(user_id), .. } => {
            let Some(arn) = read_user(tx, &mut policies, user_id).await? else { return Ok(None) };
            Some((user_id.clone(), arn))
        }
        PrincipalKind::AssumedRole { role_id, .. } => {
            let Some(arn) = read_role(tx, &mut policies, role_id).await? else { return Ok(None) };
            Some((role_id.clone(), arn))
        }
    };
    read_session(tx, &mut policies, &principal).await?;
    read_guardrails(tx, &mut policies, &principal.account).await?;
    let mut tags = principal.session.as_ref().map_or(Vec::new(), |facts| facts.tags.clone());
    let organization_id = organization::find(tx).await?;
    let mut identity = Identity::new(principal, policies);
    if let Some((id, arn)) = owner {
        add_tags(&mut tags, iam_tag::list(tx, &id).await?);
        if matches!(identity.principal.kind, PrincipalKind::FederatedUser { .. }) {
            identity.facts.role_arn = Some(arn);
        }
    }
    Ok(Some(Identity { tags, organization_id, ..identity }))
}

/// Adds the tags of a user or role to those of its session, which come before them.
fn add_tags(tags: &mut Vec<(String, String)>, own: Vec<(String, String)>) {
    let of_session: Vec<String> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
    tags.extend(own.into_iter().filter(|(key, _)| !of_session.contains(&key.to_lowercase())));
}

/// The ARN of the user, if there is such a one.
async fn read_user(
    tx: &mut Tx,
    policies: &mut HeldPolicies,
    user_id: &str,
) -> Result<Option<String>, MetadataError> {
    let Some(row) = user::find_by_id(tx, user_id).await? else { return Ok(None) };
    let arn = Arn::user(&row.account, &row.path, &row.user_name).to_string();
    read_identity_policies(tx, policies, user_id, &arn).await?;
    for group in group::of_user(tx, user_id).await? {
        let arn = Arn::group(&group.account, &group.path, &group.group_name).to_string();
        read_identity_policies(tx, policies, &group.group_id, &arn).await?;
    }
    read_boundary(tx, policies, row.boundary_arn, &arn).await?;
    Ok(Some(arn))
}

/// The ARN of the role, if there is such a one.
async fn read_role(
    tx: &mut Tx,
    policies: &mut HeldPolicies,
    role_id: &str,
) -> Result<Option<String>, MetadataError> {
    let Some(row) = role::find_by_id(tx, role_id).await? else { return Ok(None) };
    let arn = Arn::role(&row.account, &row.path, &row.role_name).to_string();
    read_identity_policies(tx, policies, role_id, &arn).await?;
    read_boundary(tx, policies, row.boundary_arn, &arn).await?;
    Ok(Some(arn))
}

/// What is part of a user, group or role, and what is attached to it.
async fn read_identity_policies(
    tx: &mut Tx,
    policies: &mut HeldPolicies,
    id: &str,
    arn: &str,
) -> Result<(), MetadataError> {
    let source = |policy: String| PolicySource {
        kind: PolicyType::IdentityBased,
        policy,
        holder: arn.to_owned(),
    };
    for (name, text) in inline_policy::list(tx, id).await? {
        let held = policies.parse(source(name), &text);
        policies.identity.extend(held);
    }
    for policy_arn in policy_attachment::of_principal(tx, id).await? {
        let source = source(policy_arn);
        match read_managed(tx, policies, &source).await? {
            Some(held) => policies.identity.push(held),
            // It might deny, as one that is not understood.
            None => policies.unreadable = Some(source),
        }
    }
    Ok(())
}

async fn read_boundary(
    tx: &mut Tx,
    policies: &mut HeldPolicies,
    boundary_arn: Option<String>,
    arn: &str,
) -> Result<(), MetadataError> {
    let Some(policy) = boundary_arn else { return Ok(()) };
    let kind = PolicyType::PermissionsBoundary;
    let source = PolicySource { kind, policy, holder: arn.to_owned() };
    let boundary = read_managed(tx, policies, &source).await?;
    policies.boundary = Some(boundary.into_iter().collect());
    Ok(())
}

/// What a session was asked for with. That of a federated user may do nothing without.
async fn read_session(
    tx: &mut Tx,
    policies: &mut HeldPolicies,
    principal: &Principal,
) -> Result<(), MetadataError> {
    let none = SessionFacts::default();
    let facts = principal.session.as_ref().unwrap_or(&none);
    let is_bounded = !facts.policies.is_empty() || !facts.policy_arns.is_empty();
    if !is_bounded && !matches!(principal.kind, PrincipalKind::FederatedUser { .. }) {
        return Ok(());
    }
    let holder = principal.arn().to_string();
    let source = |policy: &str| PolicySource {
        kind: PolicyType::Session,
        policy: policy.to_owned(),
        holder: holder.clone(),
    };
    let mut session = Vec::new();
    for text in &facts.policies {
        session.extend(policies.parse(source(INLINE_SESSION_POLICY), text));
    }
    for policy_arn in &facts.policy_arns {
        match read_managed(tx, policies, &source(policy_arn)).await? {
            Some(held) => session.push(held),
            // What it denied is not known any more, so that the others may not allow it.
            None => {
                session.clear();
                break;
            }
        }
    }
    policies.session = Some(session);
    Ok(())
}

async fn read_guardrails(
    tx: &mut Tx,
    policies: &mut HeldPolicies,
    account: &AccountId,
) -> Result<(), MetadataError> {
    let rows = account_guardrail::list(tx, account).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut guardrails = Vec::with_capacity(rows.len());
    for (policy, text) in rows {
        let (kind, holder) = (PolicyType::ServiceControl, account.to_string());
        guardrails.extend(policies.parse(PolicySource { kind, policy, holder }, &text));
    }
    policies.guardrails.push(guardrails);
    Ok(())
}

/// A managed policy by its ARN: AWS's, or an account's in the version that holds.
async fn read_managed(
    tx: &mut Tx,
    policies: &mut HeldPolicies,
    source: &PolicySource,
) -> Result<Option<HeldPolicy>, MetadataError> {
    if let Some(policy) = managed::find(&source.policy) {
        return Ok(policies.parse(source.clone(), policy.document));
    }
    let text = managed_policy::text(tx, &source.policy).await?;
    Ok(text.and_then(|text| policies.parse(source.clone(), &text)))
}

#[cfg(test)]
mod tests;
