//! An installation with one account, and permits for all of it.

use std::sync::Arc;

use tempfile::TempDir;
use wharfinger_auth::{Action, Auth, AuthKeys, IamResource, Permit};
use wharfinger_core::{AccountId, Clock, Entropy, ManualClock, Secret, SeededEntropy, Timestamp};
use wharfinger_iam::{Error, Iam, NewRole, PageRequest};
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode};

pub const ACCOUNT: &str = "111122223333";
/// A trust policy that names a service.
pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub struct Fixture {
    _folder: TempDir,
    pub metadata: Metadata,
    pub iam: Iam,
    pub account: AccountId,
}

pub async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
    let metadata =
        Metadata::open(&folder.path().join("metadata.db"), OpenMode::CreateOrMigrate).unwrap();
    let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    let auth = Auth::new(metadata.clone(), Arc::clone(&clock), Arc::clone(&entropy), &keys);
    let auth = Arc::new(auth.unwrap());
    let account = ACCOUNT.parse().unwrap();
    auth.ensure_account(Some(account)).await.unwrap();
    let iam = Iam::new(metadata.clone(), auth, clock, entropy);
    Fixture { _folder: folder, metadata, iam, account }
}

impl Fixture {
    /// A permit for whatever there is in the account.
    pub fn permit<A: Action<Resource = IamResource>>(&self) -> Permit<A> {
        Permit::system(IamResource::account_wide(self.account))
    }

    /// A role that a service may assume.
    pub async fn role(&self, name: &str) -> wharfinger_iam::Role {
        self.iam.create_role(&self.permit(), new_role(name)).await.unwrap()
    }

    /// A user, of the unique id `AIDA…` that is given.
    pub async fn user(&self, user_id: &str, name: &str) {
        let row = UserRow {
            user_id: user_id.into(),
            account: self.account,
            user_name: name.into(),
            path: "/".into(),
            boundary_arn: None,
            created_at: Timestamp::from_seconds(0),
        };
        let written: Result<(), MetadataError> = self
            .metadata
            .write(move |tx| Box::pin(async move { user::insert(tx, &row).await }))
            .await;
        written.unwrap();
    }
}

pub fn new_role(name: &str) -> NewRole {
    NewRole { role_name: name.into(), trust_policy: TRUST.into(), ..NewRole::default() }
}

pub fn page(after: &str, max_items: i32) -> PageRequest {
    PageRequest::new(Some(after), Some(max_items)).unwrap()
}

/// Code and message of a refusal.
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (String, String) {
    let error = outcome.unwrap_err();
    (error.code().to_owned(), error.to_string())
}

pub fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
