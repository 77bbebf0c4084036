//! IAM with one account, on a folder of its own.

use std::sync::Arc;

use tempfile::TempDir;
use wharfinger_auth::{Auth, AuthKeys, IamResource};
use wharfinger_core::{
    AccountId, Arn, Clock, Entropy, ManualClock, Secret, SeededEntropy, Timestamp,
};
use wharfinger_iam::{Error, Iam, NewUser, PageRequest, User};
use wharfinger_metadata::{BoxFuture, Metadata, MetadataError, OpenMode, Tx};

use super::people::{People, permit};

/// The time at which each fixture begins.
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(super) struct Fixture {
    _folder: TempDir,
    pub(super) metadata: Metadata,
    pub(super) iam: Arc<Iam>,
    pub(super) people: People,
    pub(super) account: AccountId,
    /// The id of the first root key.
    pub(super) root_key: String,
}

pub(super) async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(NOW));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    let path = folder.path().join("metadata.db");
    let metadata = Metadata::open(&path, OpenMode::CreateOrMigrate).unwrap();
    let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
    let auth = Auth::new(metadata.clone(), Arc::clone(&clock), Arc::clone(&entropy), &keys);
    let auth = Arc::new(auth.unwrap());
    let account = "111122223333".parse().unwrap();
    let root = auth.ensure_account(Some(account)).await.unwrap().new_key.unwrap();
    let iam = Arc::new(Iam::new(metadata.clone(), auth, clock, entropy));
    let people = People(Arc::clone(&iam));
    Fixture { _folder: folder, metadata, iam, people, account, root_key: root.access_key_id }
}

impl Fixture {
    pub(super) async fn user(&self, name: &str) -> User {
        self.user_under(name, "/").await
    }

    pub(super) async fn user_under(&self, name: &str, path: &str) -> User {
        let new = NewUser { path: Some(path.into()), ..NewUser::named(name) };
        self.iam.create_user(&permit(self.account), new).await.unwrap()
    }

    /// What of the account has this ARN.
    pub(super) fn resource(&self, arn: &Arn) -> IamResource {
        IamResource::new(self.account, arn)
    }

    pub(super) async fn write<F>(&self, body: F)
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), MetadataError>> + Send + 'static,
    {
        self.metadata.write(body).await.unwrap();
    }
}

/// The first page of so many.
pub(super) fn page(max_items: i32) -> PageRequest {
    PageRequest::new(None, Some(max_items)).unwrap()
}

/// The page after a marker.
pub(super) fn page_after(marker: &Option<String>, max_items: i32) -> PageRequest {
    PageRequest::new(marker.as_deref(), Some(max_items)).unwrap()
}

/// The code and the message of a refusal.
pub(super) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (&'static str, String) {
    let error = outcome.unwrap_err();
    (error.code(), error.to_string())
}
