//! Access keys: whose they are, whether they are on, when they were used last.

use wharfinger_auth::iam_actions::{
    CreateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed, ListAccessKeys, UpdateAccessKey,
};
use wharfinger_auth::{AccessKey, IamResource, Permit, Resource};
use wharfinger_core::limits::ACCESS_KEYS_PER_USER_MAX;
use wharfinger_core::{AccountId, Arn, Timestamp};
use wharfinger_metadata::access_key::{self, AccessKeyRow};
use wharfinger_metadata::{Tx, credential_use, user};

use crate::user::must_find;
use crate::{Error, Iam, Page, PageRequest, scope};

/// Keys that are read at a time when all of an account are shown.
const KEYS_AT_A_TIME: u32 = 100;

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOwner {
    /// The root of the account.
    Root,
    /// A user of the account, by name.
    User(String),
}

/// A key that was just made, with its secret.
#[derive(Clone, Debug)]
pub struct NewAccessKey {
    /// The key.
    pub key: AccessKey,
    /// When it was made.
    pub created_at: Timestamp,
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

/// Whose a key is and when it was used last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeyUse {
    /// Whose it is.
    pub owner: KeyOwner,
    /// When it was used, for which service, in which region; none if it never was.
    pub last: Option<(Timestamp, String, String)>,
}

impl AccessKeySummary {
    fn of(row: AccessKeyRow, owner: KeyOwner) -> Self {
        let AccessKeyRow { access_key_id, active, created_at, .. } = row;
        Self { access_key_id, owner, active, created_at }
    }
}

impl Iam {
    /// The ARN of whom a key of the account belongs to, for what is to be authorized.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn key_owner_arn(
        &self,
        account: AccountId,
        access_key_id: &str,
    ) -> Result<Option<Arn>, Error> {
        let id = access_key_id.to_owned();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    Ok(find(tx, &account, &id).await?.map(|(_, _, owner_arn)| owner_arn))
                })
            })
            .await
    }

    /// IAM `CreateAccessKey`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::LimitExceeded`] beyond two.
    pub async fn create_access_key(
        &self,
        permit: &Permit<CreateAccessKey>,
        owner: &KeyOwner,
    ) -> Result<NewAccessKey, Error> {
        let sealing = || Error::Internal("the secret could not be sealed".into());
        let (key, secret_sealed) = self.auth().new_key("AKIA").ok_or_else(sealing)?;
        let (resource, owner) = (permit.resource().clone(), owner.clone());
        let (access_key_id, created_at) = (key.access_key_id.clone(), self.now());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let account = *resource.account();
                    let user_id = user_id(tx, &resource, &owner).await?;
                    let limit = ACCESS_KEYS_PER_USER_MAX;
                    if access_key::count(tx, &account, user_id.as_deref()).await? >= limit {
                        return Err(Error::LimitExceeded { quota: "AccessKeysPerUser", limit });
                    }
                    let active = true;
                    let row = AccessKeyRow {
                        access_key_id,
                        account,
                        user_id,
                        active,
                        secret_sealed,
                        created_at,
                    };
                    Ok(access_key::insert(tx, &row).await?)
                })
            })
            .await?;
        Ok(NewAccessKey { key, created_at })
    }

    /// IAM `ListAccessKeys`: the keys of the root or of a user, in order of id.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn list_access_keys(
        &self,
        permit: &Permit<ListAccessKeys>,
        owner: &KeyOwner,
        page: PageRequest,
    ) -> Result<Page<AccessKeySummary>, Error> {
        let (resource, wanted) = (permit.resource().clone(), owner.clone());
        let mut rows: Vec<AccessKeyRow> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let user_id = user_id(tx, &resource, &wanted).await?;
                    let account = resource.account();
                    let keys = access_key::of_owner(tx, account, user_id.as_deref()).await;
                    keys.map_err(Error::from)
                })
            })
            .await?;
        rows.retain(|row| row.access_key_id > page.after);
        rows.sort_by(|one, other| one.access_key_id.cmp(&other.access_key_id));
        let keys = rows.into_iter().map(|row| AccessKeySummary::of(row, owner.clone())).collect();
        Ok(page.page(keys, |key: &AccessKeySummary| key.access_key_id.clone()))
    }

    /// All keys of an account, of its root and of its users, in order of id.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn list_account_keys(
        &self,
        permit: &Permit<ListAccessKeys>,
    ) -> Result<Vec<AccessKeySummary>, Error> {
        scope::require_account_wide(permit.resource())?;
        let account = *permit.resource().account();
        self.metadata()
            .read(move |tx| Box::pin(async move { of_account(tx, &account).await }))
            .await
    }

    /// IAM `UpdateAccessKey`: switches a key on or off. What was signed with it, and every token
    /// issued to it, is refused from then on. Without an owner it may be anybody's whom the permit
    /// reaches.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::InvalidInput`] rather than locking everyone out.
    pub async fn update_access_key(
        &self,
        permit: &Permit<UpdateAccessKey>,
        owner: Option<&KeyOwner>,
        access_key_id: &str,
        active: bool,
    ) -> Result<(), Error> {
        let (resource, owner) = (permit.resource().clone(), owner.cloned());
        let id = access_key_id.to_owned();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let key = must_find_key(tx, &resource, owner.as_ref(), &id).await?;
                    if !active && is_last_root_key(tx, &key).await? {
                        return Err(Error::InvalidInput(last_root_key(&id)));
                    }
                    access_key::set_active(tx, &id, active).await?;
                    Ok(())
                })
            })
            .await
    }

    /// IAM `DeleteAccessKey`: for good. Without an owner it may be anybody's whom the permit reaches.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::DeleteConflict`] rather than locking everyone out.
    pub async fn delete_access_key(
        &self,
        permit: &Permit<DeleteAccessKey>,
        owner: Option<&KeyOwner>,
        access_key_id: &str,
    ) -> Result<(), Error> {
        let (resource, owner) = (permit.resource().clone(), owner.cloned());
        let id = access_key_id.to_owned();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let key = must_find_key(tx, &resource, owner.as_ref(), &id).await?;
                    if is_last_root_key(tx, &key).await? {
                        return Err(Error::DeleteConflict(last_root_key(&id)));
                    }
                    access_key::delete(tx, &id).await?;
                    Ok(())
                })
            })
            .await
    }

    /// IAM `GetAccessKeyLastUsed`, as it was noted: an hour old at the most.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn get_access_key_last_used(
        &self,
        permit: &Permit<GetAccessKeyLastUsed>,
        access_key_id: &str,
    ) -> Result<AccessKeyUse, Error> {
        let (resource, id) = (permit.resource().clone(), access_key_id.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let found = find(tx, resource.account(), &id).await?;
                    let found = found.filter(|(_, _, arn)| scope::covers(&resource, arn));
                    let Some((_, owner, _)) = found else { return Err(no_such_key(&id)) };
                    let used = credential_use::get(tx, &id).await?;
                    let last = used.map(|used| (used.used_at, used.service, used.region));
                    Ok(AccessKeyUse { owner, last })
                })
            })
            .await
    }
}

/// A key of an account with whose it is and the ARN of that.
async fn find(
    tx: &mut Tx,
    account: &AccountId,
    id: &str,
) -> Result<Option<(AccessKeyRow, KeyOwner, Arn)>, Error> {
    let found = access_key::find(tx, id).await?.filter(|key| key.account == *account);
    let Some(key) = found else { return Ok(None) };
    let Some(user_id) = &key.user_id else {
        return Ok(Some((key, KeyOwner::Root, Arn::root(account))));
    };
    let Some(user) = user::find_by_id(tx, user_id).await? else { return Ok(None) };
    let arn = crate::user::arn_of(&user);
    Ok(Some((key, KeyOwner::User(user.user_name), arn)))
}

async fn must_find_key(
    tx: &mut Tx,
    resource: &IamResource,
    owner: Option<&KeyOwner>,
    id: &str,
) -> Result<AccessKeyRow, Error> {
    if let Some(owner) = owner {
        user_id(tx, resource, owner).await?;
    }
    let found = find(tx, resource.account(), id).await?;
    let found = found.filter(|(_, of, arn)| {
        owner.is_none_or(|owner| owner == of) && scope::covers(resource, arn)
    });
    found.map(|(key, ..)| key).ok_or_else(|| no_such_key(id))
}

/// The id of the user whose keys these are; none for the root.
async fn user_id(
    tx: &mut Tx,
    resource: &IamResource,
    owner: &KeyOwner,
) -> Result<Option<String>, Error> {
    match owner {
        KeyOwner::User(name) => Ok(Some(must_find(tx, resource, name).await?.user_id)),
        KeyOwner::Root => {
            scope::require(resource, &Arn::root(resource.account()))?;
            Ok(None)
        }
    }
}

async fn of_account(tx: &mut Tx, account: &AccountId) -> Result<Vec<AccessKeySummary>, Error> {
    let mut found: Vec<AccessKeySummary> = Vec::new();
    let mut after = String::new();
    loop {
        let page = access_key::list(tx, account, &after, KEYS_AT_A_TIME).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(&last.access_key_id);
        for row in page {
            let owner = match &row.user_id {
                None => KeyOwner::Root,
                Some(id) => match user::find_by_id(tx, id).await? {
                    Some(user) => KeyOwner::User(user.user_name),
                    None => continue,
                },
            };
            found.push(AccessKeySummary::of(row, owner));
        }
    }
}

fn no_such_key(id: &str) -> Error {
    Error::NoSuchEntity(format!("The Access Key with id {id} cannot be found."))
}

/// Whether nobody could come in as the root any more without this key.
async fn is_last_root_key(tx: &mut Tx, key: &AccessKeyRow) -> Result<bool, Error> {
    let is_active_root = key.user_id.is_none() && key.active;
    Ok(is_active_root && access_key::count_active_root(tx, &key.account).await? <= 1)
}

fn last_root_key(id: &str) -> String {
    format!("{id} is the last active key of the root user; create another one first")
}
