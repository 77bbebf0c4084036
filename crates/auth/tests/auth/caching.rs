//! What is kept in memory never outlives a commit: each change that decides who may do what holds
//! for the very next request, whichever process made it.

use wharfinger_auth::{Auth, AuthKeys, AuthorizeError, TokenError, actions};
use wharfinger_core::{Clock, Entropy, RegistryId, Secret, SeededEntropy};
use wharfinger_iam::{Iam, KeyOwner};
use wharfinger_metadata::registry_setting::{self, REGISTRY_POLICY, REGISTRY_POLICY_SCOPE};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::{
    BoxFuture, Metadata, MetadataError, OpenMode, RepositoryId, Tx, repository_policy, resource_tag,
};

use crate::people::People;
use crate::{Arc, Fixture, PULL, fixture};

const NAME: &str = "team/app";

/// A server, and the command line beside it: each with a handle of the database of its own.
struct Two {
    server: Fixture,
    other: People,
    rows: Metadata,
    token: String,
    key_id: String,
}

/// A user `puller` with this policy, who has used its token once.
async fn two(policy: &str) -> Two {
    let server = fixture().await;
    let key = server.user("puller", policy).await;
    let token = server.token_of(&server.sign_in(&key).await.unwrap()).await;
    let path = server.folder.path().join("metadata.db");
    let rows = Metadata::open(&path, OpenMode::Existing).unwrap();
    let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(9));
    let clock = server.clock.clone() as Arc<dyn Clock>;
    let (time, random) = (Arc::clone(&clock), Arc::clone(&entropy));
    let other = Arc::new(Auth::new(rows.clone(), clock, entropy, &keys).unwrap());
    let other = People(Arc::new(Iam::new(rows.clone(), other, time, random)));
    Two { server, other, rows, token, key_id: key.access_key_id }
}

impl Two {
    /// Whether the user may pull, asked often enough that the answer comes from memory.
    async fn may_pull(&self) -> Result<bool, TokenError> {
        let mut answers = Vec::new();
        for _ in 0..3 {
            let (caller, _) = self.server.by_token(&self.token).await?;
            let resource = self.server.repository(NAME);
            match caller.authorize::<actions::BatchGetImage>(resource).await {
                Ok(_) => answers.push(true),
                Err(AuthorizeError::Denied(_)) => answers.push(false),
                Err(error) => panic!("{error}"),
            }
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        Ok(answers[0])
    }

    async fn write<F>(&self, body: F)
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), MetadataError>> + Send + 'static,
    {
        self.rows.write(body).await.unwrap();
    }

    async fn create(&self, seed: u64) -> RepositoryId {
        let now = self.server.clock.now();
        let row = RepositoryRow {
            id: RepositoryId::new(now, &SeededEntropy::new(seed)),
            registry: self.server.registry(),
            name: NAME.parse().unwrap(),
            created_at: now,
            tag_mutability: "MUTABLE".into(),
            exclusion_filters: "[]".into(),
            scan_on_push: false,
            encryption_type: "AES256".into(),
            kms_key: None,
            key_domain: "domain".into(),
            image_count: 0,
        };
        let id = row.id;
        self.write(move |tx| Box::pin(async move { repository::insert(tx, &row).await })).await;
        id
    }

    async fn set_policy(&self, id: RepositoryId, policy: &'static str) {
        let now = self.server.clock.now();
        self.write(move |tx| {
            Box::pin(async move { repository_policy::put(tx, id, policy, now).await })
        })
        .await;
    }

    async fn set(&self, registry: RegistryId, name: &'static str, value: &'static str) {
        let now = self.server.clock.now();
        self.write(move |tx| {
            Box::pin(async move { registry_setting::put(tx, &registry, name, value, now).await })
        })
        .await;
    }
}

const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"}]}"#;
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
const REGISTRY_DENIES: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Principal":"*","Action":"ecr:BatchGetImage","Resource":"*"}]}"#;

#[tokio::test]
async fn a_key_that_is_switched_off_or_deleted_elsewhere_is_refused_at_once() {
    let two = two(PULL).await;
    let account = two.server.account;
    assert_eq!(two.may_pull().await, Ok(true));
    two.other.set_access_key_active(account, &two.key_id, false).await.unwrap();
    assert_eq!(two.may_pull().await, Err(TokenError::Invalid));
    two.other.set_access_key_active(account, &two.key_id, true).await.unwrap();
    assert_eq!(two.may_pull().await, Ok(true));
    two.other.delete_access_key(account, &two.key_id).await.unwrap();
    assert_eq!(two.may_pull().await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_signature_is_checked_against_the_key_as_it_is() {
    let server = fixture().await;
    let key = server.user("puller", PULL).await;
    server.sign_in(&key).await.unwrap();
    let path = server.folder.path().join("metadata.db");
    let rows = Metadata::open(&path, OpenMode::Existing).unwrap();
    let id = key.access_key_id.clone();
    let switched: Result<bool, MetadataError> = rows
        .write(move |tx| {
            Box::pin(
                async move { wharfinger_metadata::access_key::set_active(tx, &id, false).await },
            )
        })
        .await;
    assert!(switched.unwrap());
    assert!(server.sign_in(&key).await.is_err());
}

#[tokio::test]
async fn a_user_that_is_deleted_elsewhere_is_refused_at_once() {
    let two = two(PULL).await;
    let account = two.server.account;
    assert_eq!(two.may_pull().await, Ok(true));
    two.other.delete_user(account, "puller").await.unwrap();
    assert_eq!(two.may_pull().await, Err(TokenError::Invalid));
    // Another one of that name is somebody else.
    two.other.create_user(account, "puller").await.unwrap();
    two.other.put_user_policy(account, "puller", "inline", PULL).await.unwrap();
    two.other.create_access_key(account, &KeyOwner::User("puller".into())).await.unwrap();
    assert_eq!(two.may_pull().await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn policies_of_a_user_hold_from_the_next_request_on() {
    let two = two(PULL).await;
    let account = two.server.account;
    assert_eq!(two.may_pull().await, Ok(true));
    two.other.put_user_policy(account, "puller", "inline", NOTHING).await.unwrap();
    assert_eq!(two.may_pull().await, Ok(false));
    two.other.put_user_policy(account, "puller", "second", PULL).await.unwrap();
    assert_eq!(two.may_pull().await, Ok(true));
    two.other.delete_user_policy(account, "puller", "second").await.unwrap();
    assert_eq!(two.may_pull().await, Ok(false));
}

#[tokio::test]
async fn the_policy_of_a_repository_holds_from_the_next_request_on() {
    let two = two(NOTHING).await;
    assert_eq!(two.may_pull().await, Ok(false), "there is no such repository");
    let id = two.create(1).await;
    assert_eq!(two.may_pull().await, Ok(false));
    two.set_policy(id, ALLOW).await;
    assert_eq!(two.may_pull().await, Ok(true));
    two.set_policy(id, DENY).await;
    assert_eq!(two.may_pull().await, Ok(false));
    two.set_policy(id, ALLOW).await;
    assert_eq!(two.may_pull().await, Ok(true));
    two.write(move |tx| {
        Box::pin(async move { repository_policy::delete(tx, id).await.map(|_| ()) })
    })
    .await;
    assert_eq!(two.may_pull().await, Ok(false));
}

#[tokio::test]
async fn a_repository_that_is_made_again_has_no_policy_of_the_first() {
    let two = two(NOTHING).await;
    let first = two.create(1).await;
    two.set_policy(first, ALLOW).await;
    assert_eq!(two.may_pull().await, Ok(true));
    let now = two.server.clock.now();
    two.write(move |tx| Box::pin(async move { repository::delete(tx, first, now).await })).await;
    assert_eq!(two.may_pull().await, Ok(false));
    let second = two.create(2).await;
    assert_ne!(first, second);
    assert_eq!(two.may_pull().await, Ok(false));
    two.write(|tx| {
        Box::pin(async move {
            while repository::purge(tx, 100).await? {}
            Ok(())
        })
    })
    .await;
    assert_eq!(two.may_pull().await, Ok(false));
    two.set_policy(second, ALLOW).await;
    assert_eq!(two.may_pull().await, Ok(true));
}

#[tokio::test]
async fn the_policy_of_a_registry_and_its_scope_hold_from_the_next_request_on() {
    let two = two(PULL).await;
    let registry = two.server.registry();
    assert_eq!(two.may_pull().await, Ok(true));
    two.set(registry.clone(), REGISTRY_POLICY, REGISTRY_DENIES).await;
    assert_eq!(two.may_pull().await, Ok(false));
    two.set(registry.clone(), REGISTRY_POLICY_SCOPE, "V1").await;
    assert_eq!(two.may_pull().await, Ok(true), "it is not asked about pulls");
    two.set(registry.clone(), REGISTRY_POLICY_SCOPE, "V2").await;
    assert_eq!(two.may_pull().await, Ok(false));
    two.write(move |tx| {
        Box::pin(async move {
            registry_setting::delete(tx, &registry, REGISTRY_POLICY).await.map(|_| ())
        })
    })
    .await;
    assert_eq!(two.may_pull().await, Ok(true));
}

#[tokio::test]
async fn resource_tags_hold_from_the_next_request_on() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"ecr:*","Resource":"*"},
        {"Effect":"Deny","Action":"ecr:BatchGetImage","Resource":"*",
         "Condition":{"StringEquals":{"aws:ResourceTag/stage":"secret"}}}]}"#;
    let two = two(policy).await;
    let id = two.create(1).await;
    assert_eq!(two.may_pull().await, Ok(true));
    two.write(move |tx| {
        Box::pin(async move { resource_tag::put(tx, id, "stage", "secret").await })
    })
    .await;
    assert_eq!(two.may_pull().await, Ok(false));
    two.write(move |tx| {
        Box::pin(async move { resource_tag::delete(tx, id, "stage").await.map(|_| ()) })
    })
    .await;
    assert_eq!(two.may_pull().await, Ok(true));
}

/// What holds is what held at one moment: while a denial wanders from one policy to another, there
/// is no moment without one.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_two_policies_are_paired_that_never_held_together() {
    let two = Arc::new(two(PULL).await);
    let id = two.create(1).await;
    let registry = two.server.registry();
    two.set_policy(id, DENY).await;
    let writer = tokio::spawn({
        let two = Arc::clone(&two);
        async move {
            for _ in 0..40 {
                two.set(registry.clone(), REGISTRY_POLICY, REGISTRY_DENIES).await;
                two.set_policy(id, ALLOW).await;
                two.set_policy(id, DENY).await;
                let registry = registry.clone();
                two.write(move |tx| {
                    Box::pin(async move {
                        registry_setting::delete(tx, &registry, REGISTRY_POLICY).await.map(|_| ())
                    })
                })
                .await;
            }
        }
    });
    while !writer.is_finished() {
        assert_eq!(two.may_pull().await, Ok(false));
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}
