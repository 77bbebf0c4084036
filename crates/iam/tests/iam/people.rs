//! Users and their keys, made by whoever owns the installation in one call each: for the tests of this
//! crate and of those that need somebody to ask.

use std::sync::Arc;

use wharfinger_auth::iam_actions::{DeleteUserPolicy, PutUserPolicy};
use wharfinger_auth::{AccessKey, Action, IamResource, Permit};
use wharfinger_core::AccountId;
use wharfinger_iam::{Error, Iam, KeyOwner, NewUser, User};

/// IAM as the command line uses it.
#[derive(Clone)]
pub struct People(pub Arc<Iam>);

/// The right to do anything in an account.
pub fn permit<A: Action<Resource = IamResource>>(account: AccountId) -> Permit<A> {
    Permit::system(IamResource::account_wide(account))
}

#[allow(dead_code, reason = "each test binary needs some of it")]
impl People {
    pub async fn create_user(&self, account: AccountId, name: &str) -> Result<User, Error> {
        self.0.create_user(&permit(account), NewUser::named(name)).await
    }

    pub async fn delete_user(&self, account: AccountId, name: &str) -> Result<(), Error> {
        self.0.delete_user_with_everything(&permit(account), name).await
    }

    pub async fn put_user_policy(
        &self,
        account: AccountId,
        name: &str,
        policy_name: &str,
        text: &str,
    ) -> Result<(), Error> {
        self.0.put_inline_policy(&permit::<PutUserPolicy>(account), name, policy_name, text).await
    }

    pub async fn delete_user_policy(
        &self,
        account: AccountId,
        name: &str,
        policy_name: &str,
    ) -> Result<(), Error> {
        self.0.delete_inline_policy(&permit::<DeleteUserPolicy>(account), name, policy_name).await
    }

    pub async fn create_access_key(
        &self,
        account: AccountId,
        owner: &KeyOwner,
    ) -> Result<AccessKey, Error> {
        Ok(self.0.create_access_key(&permit(account), owner).await?.key)
    }

    pub async fn set_access_key_active(
        &self,
        account: AccountId,
        id: &str,
        active: bool,
    ) -> Result<(), Error> {
        self.0.update_access_key(&permit(account), None, id, active).await
    }

    pub async fn delete_access_key(&self, account: AccountId, id: &str) -> Result<(), Error> {
        self.0.delete_access_key(&permit(account), None, id).await
    }
}
