//! An installation with a user, a group, a role and a role of a service, and permits for its policies.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use wharfinger_auth::{Action, Auth, AuthKeys, IamResource, Permit};
use wharfinger_core::{AccountId, Arn, Entropy, ManualClock, Secret, SeededEntropy, Timestamp};
use wharfinger_iam::{Error, Iam, ManagedPolicy, NewManagedPolicy, PageRequest};
use wharfinger_metadata::group::{self, GroupRow};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode};

pub const ACCOUNT: &str = "111122223333";
pub const PULL: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:BatchGetImage","Resource":"*"}]}"#;
pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
pub const OF_SERVICE: &str =
    "arn:aws:iam::aws:policy/aws-service-role/ECRReplicationServiceRolePolicy";
pub const SERVICE_ROLE: &str = "AWSServiceRoleForECRReplication";

pub struct Fixture {
    _folder: TempDir,
    pub metadata: Metadata,
    pub clock: Arc<ManualClock>,
    pub iam: Iam,
    pub account: AccountId,
}

/// With the user `dev`, the group `devs`, the role `ci` and a role of a service.
pub async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
    let metadata =
        Metadata::open(&folder.path().join("metadata.db"), OpenMode::CreateOrMigrate).unwrap();
    let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    let auth = Auth::new(metadata.clone(), clock.clone(), Arc::clone(&entropy), &keys).unwrap();
    let account: AccountId = ACCOUNT.parse().unwrap();
    auth.ensure_account(Some(account)).await.unwrap();
    let iam = Iam::new(metadata.clone(), Arc::new(auth), clock.clone(), entropy);
    let fixture = Fixture { _folder: folder, metadata, clock, iam, account };
    fixture.add(account, "1").await;
    fixture
}

impl Fixture {
    /// Adds the four to an account; ids end with `suffix`.
    pub async fn add(&self, account: AccountId, suffix: &str) {
        let created_at = Timestamp::from_seconds(0);
        let user = UserRow {
            user_id: format!("AIDA{suffix}"),
            account,
            user_name: "dev".into(),
            path: "/team/".into(),
            boundary_arn: None,
            created_at,
        };
        let group = GroupRow {
            group_id: format!("AGPA{suffix}"),
            account,
            group_name: "devs".into(),
            path: "/".into(),
            created_at,
        };
        let role = |role_id: String, role_name: &str, path: &str| RoleRow {
            role_id,
            account,
            role_name: role_name.into(),
            path: path.into(),
            description: String::new(),
            session_seconds_max: 3_600,
            trust_policy: "{}".into(),
            boundary_arn: None,
            created_at,
        };
        let ci = role(format!("AROA{suffix}"), "ci", "/");
        let path = "/aws-service-role/replication.ecr.amazonaws.com/";
        let of_service = role(format!("AROAS{suffix}"), SERVICE_ROLE, path);
        let written: Result<(), MetadataError> = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    user::insert(tx, &user).await?;
                    group::insert(tx, &group).await?;
                    role::insert(tx, &ci).await?;
                    role::insert(tx, &of_service).await
                })
            })
            .await;
        written.unwrap();
    }

    /// A permit for whatever there is in the account.
    pub fn permit<A: Action<Resource = IamResource>>(&self) -> Permit<A> {
        Permit::system(IamResource::account_wide(self.account))
    }

    /// A permit for what has this ARN.
    pub fn on<A: Action<Resource = IamResource>>(&self, arn: &str) -> Permit<A> {
        Permit::system(IamResource::new(self.account, &parsed(arn)))
    }

    pub async fn policy(&self, name: &str) -> ManagedPolicy {
        self.policy_at("/", name).await
    }

    pub async fn policy_at(&self, path: &str, name: &str) -> ManagedPolicy {
        let new = NewManagedPolicy {
            policy_name: name.into(),
            path: Some(path.into()),
            document: PULL.into(),
            ..NewManagedPolicy::default()
        };
        self.iam.create_policy(&self.permit(), new).await.unwrap()
    }

    pub fn later(&self) {
        self.clock.advance(Duration::from_secs(60));
    }
}

pub fn parsed(arn: &str) -> Arn {
    arn.parse().unwrap()
}

pub fn page(after: &str, max_items: i32) -> PageRequest {
    PageRequest::new(Some(after), Some(max_items)).unwrap()
}

pub fn all() -> PageRequest {
    PageRequest::new(None, Some(1_000)).unwrap()
}

/// Code and message of a refusal.
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (&'static str, String) {
    let error = outcome.unwrap_err();
    (error.code(), error.to_string())
}

pub fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A policy of so many characters besides blanks.
pub fn policy_of(chars: usize) -> String {
    let text = |sid: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Sid":"{sid}","Effect":"Allow","Action":"ecr:*","Resource":"*"}}}}"#
        )
    };
    text(&"a".repeat(chars - text("").len()))
}
