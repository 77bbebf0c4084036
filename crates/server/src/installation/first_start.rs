//! The first start: the account, its root key, and the file the key is kept in.
//!
//! The key is committed to the database before its file is written, so a start that is cut off in
//! between leaves a key whose secret nobody has. Until the fact [`FINISHED`] is kept, each start
//! therefore begins again with a new key and takes the orphans away.

use wharfinger_auth::{AccessKey, IamResource, Permit, RootKey};
use wharfinger_core::AccountId;
use wharfinger_iam::{KeyOwner, PageRequest};

use super::{InstallationError, Stores, fact, keep_fact};
use crate::Credentials;

/// Kept once the credentials file holds a key that works.
const FINISHED: &str = "credentials_written";

impl Stores {
    pub(super) async fn first_start_finished(&self) -> Result<bool, InstallationError> {
        Ok(fact(&self.metadata, FINISHED).await?.is_some())
    }

    /// Makes the account and the credentials file unless an earlier start did. Answers the account,
    /// and whether its key is new.
    pub(super) async fn finish_first_start(
        &self,
        wanted: Option<AccountId>,
    ) -> Result<(AccountId, bool), InstallationError> {
        let RootKey { account, new_key } = self.auth.ensure_account(wanted).await?;
        if self.first_start_finished().await? {
            return Ok((account, false));
        }
        if self.directory.credentials()?.is_none() {
            let key = match new_key {
                Some(key) => key,
                None => self.replacement_key(account).await?,
            };
            let AccessKey { access_key_id, secret_access_key } = key;
            self.directory.write_credentials(&Credentials { access_key_id, secret_access_key })?;
        }
        if let Some(kept) = self.directory.credentials()? {
            self.delete_root_keys_but(account, &kept.access_key_id).await?;
        }
        keep_fact(&self.metadata, FINISHED, self.clock.now().to_string()).await?;
        Ok((account, true))
    }

    /// A new root key, when the secret of the earlier one is lost.
    async fn replacement_key(&self, account: AccountId) -> Result<AccessKey, InstallationError> {
        // The quota is two: of several orphans one stays until the new key is in its file.
        if let Some(orphan) = self.root_keys(account).await?.first() {
            self.delete_root_keys_but(account, orphan).await?;
        }
        let permit = Permit::system(IamResource::account_wide(account));
        Ok(self.iam.create_access_key(&permit, &KeyOwner::Root).await?.key)
    }

    async fn delete_root_keys_but(
        &self,
        account: AccountId,
        kept: &str,
    ) -> Result<(), InstallationError> {
        let permit = Permit::system(IamResource::account_wide(account));
        for id in self.root_keys(account).await? {
            if id != kept {
                self.iam.delete_access_key(&permit, Some(&KeyOwner::Root), &id).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn root_keys(
        &self,
        account: AccountId,
    ) -> Result<Vec<String>, InstallationError> {
        let permit = Permit::system(IamResource::account_wide(account));
        let page = PageRequest::new(None, None)?;
        let keys = self.iam.list_access_keys(&permit, &KeyOwner::Root, page).await?;
        Ok(keys.items.into_iter().map(|key| key.access_key_id).collect())
    }
}
