//! IAM users and their inline policies.

use wharfinger_core::{AccountId, Timestamp};
use wharfinger_iam_policy::PolicyDocument;
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{MetadataError, Tx, inline_policy};

use crate::credential::unique_id;
use crate::{Auth, UserError};

/// Inline policies of one user: ours, since IAM bounds only their size together.
pub const POLICIES_PER_USER_MAX: usize = 20;

/// An IAM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `AIDA…`.
    pub user_id: String,
    /// The user's name.
    pub user_name: String,
    /// `arn:aws:iam::A:user/name`.
    pub arn: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The names of its policies.
    pub policy_names: Vec<String>,
}

impl Auth {
    /// Creates a user, who may do nothing until a policy says so.
    ///
    /// # Errors
    /// [`UserError::UserExists`], [`UserError::BadName`].
    pub async fn create_user(&self, account: AccountId, name: &str) -> Result<User, UserError> {
        check_name("userName", name, 64)?;
        let row = UserRow {
            user_id: unique_id("AIDA", self.entropy()),
            account,
            user_name: name.to_owned(),
            path: "/".into(),
            boundary_arn: None,
            created_at: self.now(),
        };
        let user = describe(&row, Vec::new());
        let result: Result<(), MetadataError> = self
            .metadata()
            .write(move |tx| Box::pin(async move { user::insert(tx, &row).await }))
            .await;
        match result {
            Ok(()) => Ok(user),
            Err(MetadataError::Duplicate(_)) => Err(UserError::UserExists(name.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    /// The users of an account, in order of name.
    pub async fn list_users(&self, account: AccountId) -> Result<Vec<User>, UserError> {
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let mut found: Vec<User> = Vec::new();
                    loop {
                        let after = found.last().map_or("", |last| &last.user_name).to_owned();
                        let page = user::list(tx, &account, &after, 100).await?;
                        let whole = page.len() < 100;
                        for row in page {
                            let policies = inline_policy::list(tx, &row.user_id).await?;
                            let names = policies.into_iter().map(|(name, _)| name).collect();
                            found.push(describe(&row, names));
                        }
                        if whole {
                            return Ok(found);
                        }
                    }
                })
            })
            .await
    }

    /// Deletes a user with its keys and policies.
    ///
    /// # Errors
    /// [`UserError::NoSuchUser`].
    pub async fn delete_user(&self, account: AccountId, name: &str) -> Result<(), UserError> {
        let name = name.to_owned();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if user::delete(tx, &account, &name).await? {
                        Ok(())
                    } else {
                        Err(UserError::NoSuchUser(name))
                    }
                })
            })
            .await
    }

    /// Gives a user an inline policy, over an older one of the same name.
    ///
    /// # Errors
    /// [`UserError::MalformedPolicy`] with the place and the reason; nothing is stored then.
    pub async fn put_user_policy(
        &self,
        account: AccountId,
        user_name: &str,
        policy_name: &str,
        document: &str,
    ) -> Result<(), UserError> {
        check_name("policyName", policy_name, 128)?;
        PolicyDocument::parse(document)?;
        let (user_name, policy_name) = (user_name.to_owned(), policy_name.to_owned());
        let document = document.to_owned();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &account, user_name).await?;
                    let policies = inline_policy::list(tx, &user.user_id).await?;
                    let known = policies.iter().any(|(name, _)| *name == policy_name);
                    if !known && policies.len() >= POLICIES_PER_USER_MAX {
                        let limit = POLICIES_PER_USER_MAX as u64;
                        return Err(UserError::LimitExceeded { what: "PoliciesPerUser", limit });
                    }
                    Ok(inline_policy::put(tx, &user.user_id, &policy_name, &document).await?)
                })
            })
            .await
    }

    /// Takes an inline policy from a user.
    ///
    /// # Errors
    /// [`UserError::NoSuchUser`], [`UserError::NoSuchPolicy`].
    pub async fn delete_user_policy(
        &self,
        account: AccountId,
        user_name: &str,
        policy_name: &str,
    ) -> Result<(), UserError> {
        let (user_name, policy_name) = (user_name.to_owned(), policy_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &account, user_name).await?;
                    if inline_policy::delete(tx, &user.user_id, &policy_name).await? {
                        Ok(())
                    } else {
                        Err(UserError::NoSuchPolicy(policy_name))
                    }
                })
            })
            .await
    }
}

async fn must_find(
    tx: &mut Tx,
    account: &AccountId,
    user_name: String,
) -> Result<UserRow, UserError> {
    let found = user::find(tx, account, &user_name).await?;
    found.ok_or(UserError::NoSuchUser(user_name))
}

fn describe(row: &UserRow, policy_names: Vec<String>) -> User {
    User {
        user_id: row.user_id.clone(),
        user_name: row.user_name.clone(),
        arn: wharfinger_core::Arn::user(&row.account, &row.path, &row.user_name).to_string(),
        created_at: row.created_at,
        policy_names,
    }
}

/// IAM's names: letters, digits and `_+=,.@-`.
fn check_name(what: &'static str, name: &str, chars_max: usize) -> Result<(), UserError> {
    let fits = (1..=chars_max).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    let length = if chars_max == 64 { "1 to 64" } else { "1 to 128" };
    if fits { Ok(()) } else { Err(UserError::BadName { what, length }) }
}
