//! The account a data directory is made for, and its first root key.

use wharfinger_core::{AccountId, EntropyExt};
use wharfinger_metadata::access_key::{self, AccessKeyRow};
use wharfinger_metadata::{account, installation};

use crate::{AccessKey, AccountError, Auth, organization};

/// Where the installation keeps the id of its first account.
const ACCOUNT_KEY: &str = "account_id";

/// The root of the first account: its id, and its key if it has just been made.
#[derive(Debug)]
pub struct RootKey {
    /// The first account.
    pub account: AccountId,
    /// The root key, on the first start only.
    pub new_key: Option<AccessKey>,
}

impl Auth {
    /// Makes sure that there is an account with a root key. On the first start the account gets
    /// the id `wanted`, or a random one, and its root key is made; later starts find both.
    pub async fn ensure_account(&self, wanted: Option<AccountId>) -> Result<RootKey, AccountError> {
        if let Some(account) = self.first_account().await? {
            self.ensure_organization(account).await?;
            return Ok(RootKey { account, new_key: None });
        }
        let seed = u64::from_le_bytes(self.entropy().bytes());
        let account = wanted.unwrap_or_else(|| AccountId::from_seed(seed));
        let key = AccessKey::random("AKIA", self.entropy());
        let row = AccessKeyRow {
            access_key_id: key.access_key_id.clone(),
            account,
            user_id: None,
            active: true,
            secret_sealed: self.seal_secret(&key).ok_or(AccountError::Sealing)?,
            created_at: self.now(),
        };
        // The account and its key commit together, so that no start can find one without the other.
        let made = self
            .metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if !installation::insert(tx, ACCOUNT_KEY, account.as_str()).await? {
                        return Ok::<_, AccountError>(false);
                    }
                    account::insert(tx, &account, row.created_at).await?;
                    organization::ensure(tx, &account).await?;
                    access_key::insert(tx, &row).await?;
                    Ok(true)
                })
            })
            .await?;
        if made {
            return Ok(RootKey { account, new_key: Some(key) });
        }
        let account = self.first_account().await?.unwrap_or(account);
        Ok(RootKey { account, new_key: None })
    }

    /// Gives an installation that was made before there were organizations the id of its own.
    async fn ensure_organization(&self, first: AccountId) -> Result<(), AccountError> {
        let found: Option<String> = self
            .metadata()
            .read(|tx| {
                Box::pin(async move { Ok::<_, AccountError>(organization::find(tx).await?) })
            })
            .await?;
        if found.is_some() {
            return Ok(());
        }
        self.metadata()
            .write(move |tx| Box::pin(async move { Ok(organization::ensure(tx, &first).await?) }))
            .await
    }

    /// The first account of the installation, if it was started before.
    pub async fn first_account(&self) -> Result<Option<AccountId>, AccountError> {
        let found: Option<String> = self
            .metadata()
            .read(|tx| {
                Box::pin(
                    async move { Ok::<_, AccountError>(installation::get(tx, ACCOUNT_KEY).await?) },
                )
            })
            .await?;
        Ok(found.and_then(|text| text.parse().ok()))
    }
}
