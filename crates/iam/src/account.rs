//! Accounts: which there are, their aliases, and how much they have.

use wharfinger_auth::iam_actions::{
    CreateAccountAlias, DeleteAccountAlias, GetAccountSummary, GetUser, ListAccountAliases,
};
use wharfinger_auth::organizations_actions::{CreateAccount, ListAccounts};
use wharfinger_auth::{Permit, Resource};
use wharfinger_core::{AccountId, Arn, Timestamp};
use wharfinger_metadata::access_key::{self, AccessKeyRow};
use wharfinger_metadata::account::{self, AccountRow};
use wharfinger_metadata::{MetadataError, account_detail};

use crate::{Error, Iam, NewAccessKey, scope};

/// Accounts that are read at a time when all are shown.
const ACCOUNTS_AT_A_TIME: u32 = 100;

/// An account of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub account: AccountId,
    /// Its alias, unique in the installation.
    pub alias: Option<String>,
    /// When it was created; the beginning of time for one that is older than this record.
    pub created_at: Timestamp,
}

/// How much an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Roles.
    pub roles: u64,
    /// Instance profiles.
    pub instance_profiles: u64,
    /// Managed policies of its own.
    pub policies: u64,
    /// Versions of those.
    pub policy_versions: u64,
    /// Identity providers.
    pub providers: u64,
    /// Whether its root has keys.
    pub has_root_keys: bool,
}

impl Account {
    fn of(row: AccountRow) -> Self {
        let AccountRow { account, alias, created_at } = row;
        Self { account, alias, created_at }
    }
}

impl Iam {
    /// Makes an account with a key of its root: both are there, or neither is. The command line's,
    /// for whoever owns the installation; the permit is of the account that is to be.
    ///
    /// # Errors
    /// [`Error::EntityAlreadyExists`].
    pub async fn create_account(
        &self,
        permit: &Permit<CreateAccount>,
    ) -> Result<NewAccessKey, Error> {
        scope::require_account_wide(permit.resource())?;
        let (account, created_at) = (*permit.resource().account(), self.now());
        let sealing = || Error::Internal("the secret could not be sealed".into());
        let (key, secret_sealed) = self.auth().new_key("AKIA").ok_or_else(sealing)?;
        let row = AccessKeyRow {
            access_key_id: key.access_key_id.clone(),
            account,
            user_id: None,
            active: true,
            secret_sealed,
            created_at,
        };
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if !account::insert(tx, &account, created_at).await? {
                        let text = format!("Account {account} already exists.");
                        return Err(Error::EntityAlreadyExists(text));
                    }
                    Ok(access_key::insert(tx, &row).await?)
                })
            })
            .await?;
        Ok(NewAccessKey { key, created_at })
    }

    /// All accounts of the installation, in order of id. They are made one by one, by hand.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn list_accounts(
        &self,
        permit: &Permit<ListAccounts>,
    ) -> Result<Vec<Account>, Error> {
        scope::require_account_wide(permit.resource())?;
        self.metadata()
            .read(|tx| {
                Box::pin(async move {
                    let mut found: Vec<Account> = Vec::new();
                    loop {
                        let after = found.last().map(|last| last.account.to_string());
                        let after = after.unwrap_or_default();
                        let page = account::list(tx, &after, ACCOUNTS_AT_A_TIME).await?;
                        if page.is_empty() {
                            return Ok(found);
                        }
                        found.extend(page.into_iter().map(Account::of));
                    }
                })
            })
            .await
    }

    /// Whether the installation has an account of that id.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn has_account(&self, account: AccountId) -> Result<bool, Error> {
        self.metadata()
            .read(move |tx| {
                Box::pin(async move { Ok(account::find(tx, &account).await?.is_some()) })
            })
            .await
    }

    /// The account itself, which is what IAM `GetUser` shows of its root.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for an account that is not of the installation.
    pub async fn get_root(&self, permit: &Permit<GetUser>) -> Result<Account, Error> {
        let account = *permit.resource().account();
        scope::require(permit.resource(), &Arn::root(&account))?;
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let found = account::find(tx, &account).await?.map(Account::of);
                    found.ok_or_else(|| Error::not_found("user", "root"))
                })
            })
            .await
    }

    /// IAM `CreateAccountAlias`. An account has one, and a new one takes the place of the old.
    ///
    /// # Errors
    /// [`Error::EntityAlreadyExists`] if another account has it.
    pub async fn create_account_alias(
        &self,
        permit: &Permit<CreateAccountAlias>,
        alias: &str,
    ) -> Result<(), Error> {
        let (account, wanted) = (*permit.resource().account(), alias.to_owned());
        let set: Result<(), MetadataError> = self
            .metadata()
            .write(move |tx| {
                Box::pin(async move { account::set_alias(tx, &account, Some(&wanted)).await })
            })
            .await;
        match set {
            Err(MetadataError::Duplicate(_)) => Err(Error::EntityAlreadyExists(format!(
                "The account alias {alias} already exists."
            ))),
            set => Ok(set?),
        }
    }

    /// IAM `DeleteAccountAlias`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] if it is not the account's.
    pub async fn delete_account_alias(
        &self,
        permit: &Permit<DeleteAccountAlias>,
        alias: &str,
    ) -> Result<(), Error> {
        let (account, alias) = (*permit.resource().account(), alias.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = account::find(tx, &account).await?;
                    if row.and_then(|row| row.alias).as_ref() != Some(&alias) {
                        return Err(Error::not_found("account alias", &alias));
                    }
                    Ok(account::set_alias(tx, &account, None).await?)
                })
            })
            .await
    }

    /// IAM `ListAccountAliases`: the one there is, or none.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn list_account_aliases(
        &self,
        permit: &Permit<ListAccountAliases>,
    ) -> Result<Option<String>, Error> {
        let account = *permit.resource().account();
        self.metadata()
            .read(move |tx| {
                Box::pin(
                    async move { Ok(account::find(tx, &account).await?.and_then(|row| row.alias)) },
                )
            })
            .await
    }

    /// IAM `GetAccountSummary`: how much there is at this moment.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn get_account_summary(
        &self,
        permit: &Permit<GetAccountSummary>,
    ) -> Result<AccountSummary, Error> {
        let account = *permit.resource().account();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let counts = account_detail::counts(tx, &account).await?;
                    Ok(AccountSummary {
                        users: counts.users,
                        groups: counts.groups,
                        roles: counts.roles,
                        instance_profiles: counts.instance_profiles,
                        policies: counts.policies,
                        policy_versions: counts.policy_versions,
                        providers: counts.providers,
                        has_root_keys: access_key::count(tx, &account, None).await? > 0,
                    })
                })
            })
            .await
    }
}
