//! Policies that are part of a user.

use wharfinger_auth::Permit;
use wharfinger_auth::iam_actions::{DeleteUserPolicy, ListUserPolicies, PutUserPolicy};
use wharfinger_core::limits::POLICIES_PER_USER_MAX;
use wharfinger_iam_policy::PolicyDocument;
use wharfinger_metadata::inline_policy;

use crate::user::must_find;
use crate::{Error, Iam, Page, PageRequest, name};

impl Iam {
    /// IAM `PutUserPolicy`: over an older policy of the same name.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::MalformedPolicyDocument`] with the place and the reason;
    /// [`Error::LimitExceeded`].
    pub async fn put_user_policy(
        &self,
        permit: &Permit<PutUserPolicy>,
        user_name: &str,
        policy_name: &str,
        text: &str,
    ) -> Result<(), Error> {
        name::check("policyName", policy_name, 128)?;
        PolicyDocument::parse(text)?;
        let (resource, text) = (permit.resource().clone(), text.to_owned());
        let (user_name, policy_name) = (user_name.to_owned(), policy_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &user_name).await?;
                    let policies = inline_policy::list(tx, &user.user_id).await?;
                    let known = policies.iter().any(|(name, _)| *name == policy_name);
                    let limit = POLICIES_PER_USER_MAX;
                    if !known && policies.len() as u64 >= limit {
                        return Err(Error::LimitExceeded { quota: "PoliciesPerUser", limit });
                    }
                    Ok(inline_policy::put(tx, &user.user_id, &policy_name, &text).await?)
                })
            })
            .await
    }

    /// IAM `DeleteUserPolicy`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn delete_user_policy(
        &self,
        permit: &Permit<DeleteUserPolicy>,
        user_name: &str,
        policy_name: &str,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let (user_name, policy_name) = (user_name.to_owned(), policy_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &user_name).await?;
                    match inline_policy::delete(tx, &user.user_id, &policy_name).await? {
                        true => Ok(()),
                        false => Err(Error::not_found("user policy", &policy_name)),
                    }
                })
            })
            .await
    }

    /// IAM `ListUserPolicies`: names, in order.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn list_user_policies(
        &self,
        permit: &Permit<ListUserPolicies>,
        user_name: &str,
        page: PageRequest,
    ) -> Result<Page<String>, Error> {
        let (resource, user_name) = (permit.resource().clone(), user_name.to_owned());
        let policies: Vec<(String, String)> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &user_name).await?;
                    inline_policy::list(tx, &user.user_id).await.map_err(Error::from)
                })
            })
            .await?;
        let names = policies.into_iter().map(|(name, _)| name);
        let rest = names.filter(|name| *name > page.after).collect();
        Ok(page.page(rest, String::clone))
    }
}
