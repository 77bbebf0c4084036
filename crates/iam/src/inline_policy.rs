//! Inline policies: parts of a user, a group or a role, which go with it.

use wharfinger_auth::Permit;
use wharfinger_iam_policy::{PolicyDocument, PolicyKind};
use wharfinger_metadata::{Tx, inline_policy};

use crate::policy_holder::{
    DeleteInlinePolicy, GetInlinePolicy, HolderKind, ListInlinePolicies, PolicyHolder,
    PutInlinePolicy, must_find,
};
use crate::{Error, Iam, Page, PageRequest};

impl Iam {
    /// IAM `PutUserPolicy`, `PutGroupPolicy`, `PutRolePolicy`: writes a policy, over an older one of
    /// the same name.
    ///
    /// # Errors
    /// [`Error::MalformedPolicyDocument`]; [`Error::NoSuchEntity`] for the holder;
    /// [`Error::LimitExceeded`] or [`Error::LimitReached`] if its policies are too long then;
    /// [`Error::UnmodifiableEntity`] for a role that belongs to a service.
    pub async fn put_inline_policy<A: PutInlinePolicy>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        policy_name: &str,
        document: &str,
    ) -> Result<(), Error> {
        let (resource, holder) = (permit.resource().clone(), holder.to_owned());
        if counted(document) > A::HOLDER.inline_chars_max() {
            return Err(too_long(A::HOLDER, &holder));
        }
        PolicyDocument::parse_as(PolicyKind::Identity, document)?;
        let (policy_name, document) = (policy_name.to_owned(), document.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    holder.require_modifiable()?;
                    require_room(tx, &holder, &policy_name, &document).await?;
                    Ok(inline_policy::put(tx, &holder.id, &policy_name, &document).await?)
                })
            })
            .await
    }

    /// IAM `GetUserPolicy`, `GetGroupPolicy`, `GetRolePolicy`: the policy as it was given.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder, or the policy.
    pub async fn get_inline_policy<A: GetInlinePolicy>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        policy_name: &str,
    ) -> Result<String, Error> {
        let resource = permit.resource().clone();
        let (holder, policy_name) = (holder.to_owned(), policy_name.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    let found = inline_policy::find(tx, &holder.id, &policy_name).await?;
                    found.ok_or_else(|| no_policy(A::HOLDER, &policy_name))
                })
            })
            .await
    }

    /// IAM `ListUserPolicies`, `ListGroupPolicies`, `ListRolePolicies`: the names, in order.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder.
    pub async fn list_inline_policies<A: ListInlinePolicies>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        page: PageRequest,
    ) -> Result<Page<String>, Error> {
        let (resource, holder) = (permit.resource().clone(), holder.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    let limit = page.max_items + 1;
                    let names = inline_policy::names(tx, &holder.id, &page.after, limit).await?;
                    Ok(page.page(names, String::clone))
                })
            })
            .await
    }

    /// IAM `DeleteUserPolicy`, `DeleteGroupPolicy`, `DeleteRolePolicy`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder, or the policy; [`Error::UnmodifiableEntity`] for a role
    /// that belongs to a service.
    pub async fn delete_inline_policy<A: DeleteInlinePolicy>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        policy_name: &str,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let (holder, policy_name) = (holder.to_owned(), policy_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    holder.require_modifiable()?;
                    match inline_policy::delete(tx, &holder.id, &policy_name).await? {
                        true => Ok(()),
                        false => Err(no_policy(A::HOLDER, &policy_name)),
                    }
                })
            })
            .await
    }
}

/// Refuses a policy with which all of a holder would be too long together.
async fn require_room(
    tx: &mut Tx,
    holder: &PolicyHolder,
    policy_name: &str,
    document: &str,
) -> Result<(), Error> {
    let others = inline_policy::list(tx, &holder.id).await?;
    let others = others.iter().filter(|(name, _)| name != policy_name);
    let together: usize = others.map(|(_, text)| counted(text)).sum();
    match together + counted(document) <= holder.kind.inline_chars_max() {
        true => Ok(()),
        false => Err(too_long(holder.kind, &holder.name)),
    }
}

fn counted(document: &str) -> usize {
    PolicyKind::Identity.chars(document)
}

fn too_long(kind: HolderKind, holder: &str) -> Error {
    let (chars_max, noun) = (kind.inline_chars_max(), kind.noun());
    Error::LimitReached(format!(
        "Maximum policy size of {chars_max} bytes exceeded for {noun} {holder}"
    ))
}

fn no_policy(kind: HolderKind, policy_name: &str) -> Error {
    Error::not_found(&format!("{} policy", kind.noun()), policy_name)
}
