//! `ListPolicies`.

use wharfinger_auth::{Permit, Resource, iam_actions};
use wharfinger_core::AccountId;
use wharfinger_iam_policy::managed;
use wharfinger_metadata::policy_attachment::{self, PolicyUsage};
use wharfinger_metadata::{MetadataError, Tx, managed_policy};

use super::{AWS, ManagedPolicy, owner};
use crate::{Error, Iam, Page, PageRequest, scope};

/// Policies that are read at once.
const ROWS_AT_ONCE: u32 = 100;

/// Whose policies are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyScope {
    /// The account's, and AWS's.
    #[default]
    All,
    /// AWS's.
    Aws,
    /// The account's.
    Own,
}

/// How a policy is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyUse {
    /// To give permissions: it is attached.
    Permissions,
    /// To bound them.
    Boundary,
}

/// Which policies are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFilter {
    /// Whose.
    pub scope: PolicyScope,
    /// Only those that are attached.
    pub only_attached: bool,
    /// What their paths begin with.
    pub path_prefix: Option<String>,
    /// Only those that are used so.
    pub usage: Option<PolicyUse>,
}

impl PolicyFilter {
    fn prefix(&self) -> &str {
        self.path_prefix.as_deref().unwrap_or_default()
    }

    fn takes(&self, usage: PolicyUsage) -> bool {
        match self.usage {
            Some(PolicyUse::Permissions) => usage.attachments > 0,
            Some(PolicyUse::Boundary) => usage.boundaries > 0,
            None => !self.only_attached || usage.attachments > 0,
        }
    }
}

impl Iam {
    /// IAM `ListPolicies`: the account's in order of name, then AWS's. Tags are left out.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn list_policies(
        &self,
        permit: &Permit<iam_actions::ListPolicies>,
        filter: PolicyFilter,
        page: PageRequest,
    ) -> Result<Page<ManagedPolicy>, Error> {
        scope::require_account_wide(permit.resource())?;
        let account = *permit.resource().account();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let wanted = usize::try_from(page.max_items).unwrap_or(usize::MAX) + 1;
                    let mut found = Vec::new();
                    // A marker is the ARN of the last policy that was shown.
                    let after = page.after.rsplit('/').next().unwrap_or_default();
                    let is_among_aws = owner(&page.after) == AWS;
                    if filter.scope != PolicyScope::Aws && !is_among_aws {
                        own(tx, &account, &filter, after, (&mut found, wanted)).await?;
                    }
                    if filter.scope != PolicyScope::Own {
                        let after = if is_among_aws { after } else { "" };
                        of_aws(tx, &account, &filter, after, (&mut found, wanted)).await?;
                    }
                    Ok(page.page(found, |policy| policy.arn.clone()))
                })
            })
            .await
    }
}

/// Adds the account's policies after a name until there are as many as wanted.
async fn own(
    tx: &mut Tx,
    account: &AccountId,
    filter: &PolicyFilter,
    after: &str,
    (found, wanted): (&mut Vec<ManagedPolicy>, usize),
) -> Result<(), MetadataError> {
    let mut after = after.to_owned();
    loop {
        let rows = managed_policy::list(tx, account, &after, filter.prefix(), ROWS_AT_ONCE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.policy_name);
        for row in rows {
            let usage = policy_attachment::usage(tx, account, &row.policy_arn).await?;
            if filter.takes(usage) {
                found.push(ManagedPolicy::own(row, usage));
            }
            if found.len() >= wanted {
                return Ok(());
            }
        }
    }
}

/// Adds AWS's policies after a name, likewise.
async fn of_aws(
    tx: &mut Tx,
    account: &AccountId,
    filter: &PolicyFilter,
    after: &str,
    (found, wanted): (&mut Vec<ManagedPolicy>, usize),
) -> Result<(), MetadataError> {
    let policies = managed::ALL
        .iter()
        .filter(|policy| policy.name > after && policy.path.starts_with(filter.prefix()));
    for policy in policies {
        if found.len() >= wanted {
            return Ok(());
        }
        let usage = policy_attachment::usage(tx, account, policy.arn).await?;
        if filter.takes(usage) {
            found.push(ManagedPolicy::of_aws(policy, usage));
        }
    }
    Ok(())
}
