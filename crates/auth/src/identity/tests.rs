//! Tests of what is read for sessions, which nothing else here gives out.

use wharfinger_core::Timestamp;
use wharfinger_iam_policy::ContextKeys;
use wharfinger_metadata::role::RoleRow;
use wharfinger_metadata::user::UserRow;
use wharfinger_metadata::{Metadata, OpenMode};

use super::*;
use crate::WebIdentity;

const ACCOUNT: &str = "111122223333";
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const PULL_ONLY: &str = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";

struct Store {
    _folder: tempfile::TempDir,
    metadata: Metadata,
}

impl Store {
    /// A role `ci` and a user `ann`, who may do everything and have tags.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.db");
        let metadata = Metadata::open(&path, OpenMode::CreateOrMigrate).unwrap();
        let written: Result<(), MetadataError> = metadata
            .write(|tx| {
                Box::pin(async move {
                    role::insert(tx, &role_row()).await?;
                    user::insert(tx, &user_row()).await?;
                    for id in ["AROACI", "AIDAANN"] {
                        inline_policy::put(tx, id, "all", ALL).await?;
                        iam_tag::put(tx, id, "Team", "own").await?;
                        iam_tag::put(tx, id, "Stage", "test").await?;
                    }
                    Ok(())
                })
            })
            .await;
        written.unwrap();
        Self { _folder: folder, metadata }
    }

    async fn read(&self, kind: PrincipalKind, facts: SessionFacts) -> Option<Identity> {
        let account = ACCOUNT.parse().unwrap();
        let access_key_id = "ASIAX".to_owned();
        let principal = Principal { account, kind, access_key_id, session: Some(facts) };
        let identity: Result<_, MetadataError> =
            self.metadata.read(move |tx| Box::pin(async move { read(tx, principal).await })).await;
        identity.unwrap()
    }
}

fn role_row() -> RoleRow {
    RoleRow {
        role_id: "AROACI".into(),
        account: ACCOUNT.parse().unwrap(),
        role_name: "ci".into(),
        path: "/".into(),
        description: String::new(),
        session_seconds_max: 3600,
        trust_policy: "{}".into(),
        boundary_arn: None,
        created_at: Timestamp::from_seconds(1),
    }
}

fn user_row() -> UserRow {
    UserRow {
        user_id: "AIDAANN".into(),
        account: ACCOUNT.parse().unwrap(),
        user_name: "ann".into(),
        path: "/".into(),
        boundary_arn: None,
        created_at: Timestamp::from_seconds(1),
    }
}

fn session_of(role_id: &str) -> PrincipalKind {
    PrincipalKind::AssumedRole {
        role_id: role_id.into(),
        role_name: "ci".into(),
        path: "/".into(),
        session_name: "build".into(),
    }
}

fn federated(user_id: Option<&str>) -> PrincipalKind {
    PrincipalKind::FederatedUser { name: "bob".into(), user_id: user_id.map(str::to_owned) }
}

/// How many policies bound the session, if it is bounded.
fn bounds(identity: &Identity) -> Option<usize> {
    identity.policies.session.as_ref().map(Vec::len)
}

#[tokio::test]
async fn a_session_of_a_role_is_bounded_by_what_it_was_asked_for_with() {
    let store = Store::new().await;
    let free = store.read(session_of("AROACI"), SessionFacts::default()).await.unwrap();
    assert_eq!((free.policies.identity.len(), bounds(&free)), (1, None));
    assert_eq!(free.facts.arn, format!("arn:aws:sts::{ACCOUNT}:assumed-role/ci/build"));
    assert_eq!(free.facts.role_arn, Some(format!("arn:aws:iam::{ACCOUNT}:role/ci")));
    let facts = SessionFacts {
        policies: vec![ALL.into()],
        policy_arns: vec![PULL_ONLY.into()],
        tags: vec![("team".into(), "session".into())],
        ..SessionFacts::default()
    };
    let bounded = store.read(session_of("AROACI"), facts.clone()).await.unwrap();
    assert_eq!(bounds(&bounded), Some(2));
    assert!(bounded.text_bytes() > free.text_bytes());
    let mut tags = bounded.tags.clone();
    tags.sort();
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(tags, [tag("Stage", "test"), tag("team", "session")]);
    // A policy that is gone might have denied, so that the others may not allow.
    let gone = vec![PULL_ONLY.into(), format!("arn:aws:iam::{ACCOUNT}:policy/gone")];
    let facts = SessionFacts { policy_arns: gone, ..facts };
    let empty = store.read(session_of("AROACI"), facts.clone()).await.unwrap();
    assert_eq!(bounds(&empty), Some(0));
    assert!(store.read(session_of("AROAGONE"), facts).await.is_none());
    let broken = SessionFacts { policies: vec!["{}".into()], ..SessionFacts::default() };
    let broken = store.read(session_of("AROACI"), broken).await.unwrap();
    assert!(broken.policies.unreadable.is_some());
}

#[tokio::test]
async fn a_federated_user_is_its_user_within_its_session() {
    let store = Store::new().await;
    let none = SessionFacts::default();
    let bare = store.read(federated(Some("AIDAANN")), none.clone()).await.unwrap();
    assert_eq!((bare.policies.identity.len(), bounds(&bare)), (1, Some(0)), "it may do nothing");
    assert_eq!(bare.facts.arn, format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"));
    assert_eq!(bare.facts.role_arn, Some(format!("arn:aws:iam::{ACCOUNT}:user/ann")));
    assert_eq!(bare.tags.len(), 2);
    let given = SessionFacts { policies: vec![ALL.into()], ..none.clone() };
    let given = store.read(federated(Some("AIDAANN")), given).await.unwrap();
    assert_eq!(bounds(&given), Some(1));
    let of_root = store.read(federated(None), none.clone()).await.unwrap();
    assert_eq!((of_root.policies.identity.len(), bounds(&of_root)), (0, Some(0)));
    assert!(store.read(federated(Some("AIDAGONE")), none).await.is_none());
}

#[tokio::test]
async fn an_attached_policy_that_is_not_there_lets_nothing_be_decided() {
    let store = Store::new().await;
    let attached: Result<(), MetadataError> = store
        .metadata
        .write(|tx| {
            Box::pin(async move {
                let now = Timestamp::from_seconds(1);
                policy_attachment::attach(tx, "AIDAANN", "arn:aws:iam::aws:policy/None", now).await
            })
        })
        .await;
    attached.unwrap();
    let kind = federated(Some("AIDAANN"));
    let identity = store.read(kind, SessionFacts::default()).await.unwrap();
    let source = identity.policies.unreadable.unwrap();
    assert_eq!(source.policy, "arn:aws:iam::aws:policy/None");
    assert_eq!(source.holder, format!("arn:aws:iam::{ACCOUNT}:user/ann"));
}

#[test]
fn a_session_carries_whom_a_provider_vouched_for() {
    let facts = SessionFacts {
        issued_at: Timestamp::from_seconds(1_800_000_000),
        source_identity: Some("ann".into()),
        web_identity: Some(WebIdentity {
            provider_arn: format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.test/x"),
            subject: "repo:a/b".into(),
            audience: "sts.amazonaws.com".into(),
        }),
        ..SessionFacts::default()
    };
    let mut keys = ContextKeys::new();
    crate::caller::insert_session(&mut keys, &facts);
    for (key, value) in [
        ("aws:TokenIssueTime", "2027-01-15T08:00:00Z"),
        ("aws:MultiFactorAuthPresent", "false"),
        ("aws:SourceIdentity", "ann"),
        ("aws:FederatedProvider", "arn:aws:iam::111122223333:oidc-provider/token.test/x"),
        ("token.test/x:sub", "repo:a/b"),
        ("token.test/x:aud", "sts.amazonaws.com"),
    ] {
        let values = keys.get(key).unwrap_or_else(|| panic!("{key}"));
        assert!(values[0].starts_with(value.trim_end_matches('Z')), "{key}: {values:?}");
    }
    assert_eq!(keys.get("aws:MultiFactorAuthAge"), None);
}
