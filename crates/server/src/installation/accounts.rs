//! Further accounts, and new root keys: what the command line does for whoever owns the data directory.
//!
//! A key is committed before its file is written. If that is cut off in between, its secret is lost
//! and another one can be made.

use std::path::PathBuf;

use wharfinger_auth::{AccessKey, IamResource, Permit};
use wharfinger_core::AccountId;
use wharfinger_iam::{KeyOwner, NewAccessKey};

use super::{Installation, InstallationError};
use crate::{Credentials, DataDir, DataDirError};

/// A root key that was just made, and the file that keeps it.
#[derive(Debug)]
pub struct RootKeyFile {
    /// The key.
    pub credentials: Credentials,
    /// Its file, for the owner of the data directory alone.
    pub path: PathBuf,
}

impl Installation {
    /// Makes an account with a root key and the file of that key.
    ///
    /// # Errors
    /// [`InstallationError::RootKey`] if the account exists.
    pub async fn create_account(
        &self,
        account: AccountId,
    ) -> Result<RootKeyFile, InstallationError> {
        let permit = Permit::system(IamResource::account_wide(account));
        let made = self.iam().create_account(&permit).await?;
        self.keep(account, made)
    }

    /// Makes a new root key for an account and writes its file over the one of an older key, which
    /// stays good.
    ///
    /// # Errors
    /// [`InstallationError::NoSuchAccount`]; [`InstallationError::RootKey`] if the root has two keys.
    pub async fn create_root_key(
        &self,
        account: AccountId,
    ) -> Result<RootKeyFile, InstallationError> {
        let account = self.account_or_first(Some(account)).await?;
        let permit = Permit::system(IamResource::account_wide(account));
        let made = self.iam().create_access_key(&permit, &KeyOwner::Root).await?;
        self.keep(account, made)
    }

    /// The root key that the file of an account keeps, if there is one.
    ///
    /// # Errors
    /// Of the file.
    pub fn root_credentials(
        &self,
        account: AccountId,
    ) -> Result<Option<Credentials>, DataDirError> {
        match account == self.account() {
            true => self.directory().credentials(),
            false => self.directory().account_credentials(&account),
        }
    }

    fn keep(
        &self,
        account: AccountId,
        made: NewAccessKey,
    ) -> Result<RootKeyFile, InstallationError> {
        let directory = self.directory();
        let path = match account == self.account() {
            true => directory.credentials_file(),
            false => directory.account_credentials_file(&account),
        };
        let AccessKey { access_key_id, secret_access_key } = made.key;
        let credentials = Credentials { access_key_id, secret_access_key };
        DataDir::replace_credentials(&path, &credentials)?;
        Ok(RootKeyFile { credentials, path })
    }
}
