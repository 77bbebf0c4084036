//! Access keys: how they are made, kept and switched off.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wharfinger_core::{AccountId, Entropy, EntropyExt, Secret, Timestamp};
use wharfinger_metadata::access_key::{self, AccessKeyRow};
use wharfinger_metadata::user;

use crate::{Auth, UserError};

/// Access keys of one user, or of the root (IAM's quota).
pub const ACCESS_KEYS_PER_USER_MAX: u64 = 2;

/// A new access key, with the secret that is shown once.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: Secret<String>,
}

/// An access key as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeySummary {
    /// `AKIA…`.
    pub access_key_id: String,
    /// Whose it is.
    pub owner: KeyOwner,
    /// Whether it may be used.
    pub active: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOwner {
    /// The root of the account.
    Root,
    /// A user of the account, by name.
    User(String),
}

impl AccessKey {
    /// A fresh pair: 80 random bits in the id, 240 in the secret.
    pub(crate) fn random(prefix: &str, entropy: &dyn Entropy) -> Self {
        let secret: [u8; 30] = entropy.bytes();
        Self {
            access_key_id: unique_id(prefix, entropy),
            secret_access_key: Secret::new(STANDARD.encode(secret)),
        }
    }
}

/// A prefix and sixteen characters of base 32, the form of AWS's unique ids.
pub fn unique_id(prefix: &str, entropy: &dyn Entropy) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let random: [u8; 16] = entropy.bytes();
    let digits = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    prefix.chars().chain(digits).collect()
}

/// What the sealed secret of a key is bound to: a secret moved to another key does not open.
pub(crate) fn secret_aad(access_key_id: &str) -> Vec<u8> {
    [b"wharfinger access key 1 ".as_slice(), access_key_id.as_bytes()].concat()
}

impl Auth {
    /// Makes an access key for a user.
    ///
    /// # Errors
    /// [`UserError::NoSuchUser`], [`UserError::LimitExceeded`] beyond
    /// [`ACCESS_KEYS_PER_USER_MAX`].
    pub async fn create_access_key(
        &self,
        account: AccountId,
        owner: &KeyOwner,
    ) -> Result<AccessKey, UserError> {
        let key = AccessKey::random("AKIA", self.entropy());
        let secret_sealed = self.seal_secret(&key).ok_or(UserError::Sealing)?;
        let (access_key_id, created_at) = (key.access_key_id.clone(), self.now());
        let owner = owner.clone();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user_id = match owner {
                        KeyOwner::Root => None,
                        KeyOwner::User(name) => match user::find(tx, &account, &name).await? {
                            Some(user) => Some(user.user_id),
                            None => return Err(UserError::NoSuchUser(name)),
                        },
                    };
                    let existing = access_key::count(tx, &account, user_id.as_deref()).await?;
                    if existing >= ACCESS_KEYS_PER_USER_MAX {
                        let limit = ACCESS_KEYS_PER_USER_MAX;
                        return Err(UserError::LimitExceeded { what: "AccessKeysPerUser", limit });
                    }
                    let row = AccessKeyRow {
                        access_key_id,
                        account,
                        user_id,
                        active: true,
                        secret_sealed,
                        created_at,
                    };
                    Ok(access_key::insert(tx, &row).await?)
                })
            })
            .await?;
        Ok(key)
    }

    /// All access keys of an account, in order of id.
    pub async fn list_access_keys(
        &self,
        account: AccountId,
    ) -> Result<Vec<AccessKeySummary>, UserError> {
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let mut found: Vec<AccessKeySummary> = Vec::new();
                    loop {
                        let after = found.last().map_or("", |last| &last.access_key_id).to_owned();
                        let page = access_key::list(tx, &account, &after, 100).await?;
                        let whole = page.len() < 100;
                        for row in page {
                            let owner = match &row.user_id {
                                None => KeyOwner::Root,
                                Some(id) => match user::find_by_id(tx, id).await? {
                                    Some(user) => KeyOwner::User(user.user_name),
                                    None => continue,
                                },
                            };
                            found.push(AccessKeySummary {
                                access_key_id: row.access_key_id,
                                owner,
                                active: row.active,
                                created_at: row.created_at,
                            });
                        }
                        if whole {
                            return Ok(found);
                        }
                    }
                })
            })
            .await
    }

    /// Switches a key on or off. What was signed with it, and every token issued to it, is refused
    /// from then on.
    ///
    /// # Errors
    /// [`UserError::NoSuchKey`]; [`UserError::LastRootKey`] rather than locking everyone out.
    pub async fn set_access_key_active(
        &self,
        account: AccountId,
        access_key_id: &str,
        active: bool,
    ) -> Result<(), UserError> {
        let id = access_key_id.to_owned();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    own_key(tx, &account, &id).await?;
                    if !active {
                        refuse_last_root_key(tx, &account, &id).await?;
                    }
                    access_key::set_active(tx, &id, active).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Deletes a key for good.
    ///
    /// # Errors
    /// As [`set_access_key_active`](Self::set_access_key_active).
    pub async fn delete_access_key(
        &self,
        account: AccountId,
        access_key_id: &str,
    ) -> Result<(), UserError> {
        let id = access_key_id.to_owned();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    own_key(tx, &account, &id).await?;
                    refuse_last_root_key(tx, &account, &id).await?;
                    access_key::delete(tx, &id).await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn own_key(
    tx: &mut wharfinger_metadata::Tx,
    account: &AccountId,
    id: &str,
) -> Result<AccessKeyRow, UserError> {
    let key = access_key::find(tx, id).await?.filter(|key| key.account == *account);
    key.ok_or_else(|| UserError::NoSuchKey(id.to_owned()))
}

async fn refuse_last_root_key(
    tx: &mut wharfinger_metadata::Tx,
    account: &AccountId,
    id: &str,
) -> Result<(), UserError> {
    let active_root = |key: &AccessKeyRow| key.user_id.is_none() && key.active;
    let key = own_key(tx, account, id).await?;
    if active_root(&key) && access_key::count_active_root(tx, account).await? <= 1 {
        return Err(UserError::LastRootKey(id.to_owned()));
    }
    Ok(())
}
