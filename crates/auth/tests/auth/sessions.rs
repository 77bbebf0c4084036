//! Temporary credentials and what is begun with them: refused from the moment on at which their role is
//! gone, and their 12-hour tokens with them.

use http::HeaderMap;
use wharfinger_auth::{
    Caller, CredentialError, NewSession, SessionFacts, SessionIssuer, TemporaryCredentials,
    TokenError, actions, unique_id,
};
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer, body_sha256};
use wharfinger_core::{Clock, SeededEntropy, UploadId};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::upload::{self, UploadRow};
use wharfinger_metadata::{
    ChangeKind, Metadata, MetadataError, OpenMode, RepositoryId, StandingCache, inline_policy,
    session,
};

use crate::{Duration, Fixture, PULL, fixture};

const NAME: &str = "team/app";

impl Fixture {
    /// A role with the policy of a puller; answers its id.
    async fn puller_role(&self, seed: u64) -> String {
        let row = RoleRow {
            role_id: unique_id("AROA", &SeededEntropy::new(seed)),
            account: self.account,
            role_name: "puller".into(),
            path: "/".into(),
            description: String::new(),
            session_seconds_max: 3_600,
            trust_policy: "{}".into(),
            boundary_arn: None,
            created_at: self.clock.now(),
        };
        let id = row.role_id.clone();
        self.write(move |tx| {
            Box::pin(async move {
                role::insert(tx, &row).await?;
                inline_policy::put(tx, &row.role_id, "inline", PULL).await
            })
        })
        .await;
        id
    }

    /// A session of an hour.
    async fn session(&self, role_id: &str) -> TemporaryCredentials {
        let new = NewSession {
            account: self.account,
            issuer: SessionIssuer::Role(role_id.to_owned()),
            session_name: "job".into(),
            seconds: 3_600,
            facts: SessionFacts::default(),
            token_chars_min: 0,
        };
        let (credentials, row) = self.auth.open_session(new).unwrap();
        self.write(move |tx| Box::pin(async move { session::insert(tx, &row).await })).await;
        credentials
    }

    async fn sign_in_with_session(
        &self,
        credentials: &TemporaryCredentials,
    ) -> Result<Caller, CredentialError> {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:4566".parse().unwrap());
        let region = "eu-west-1".parse().unwrap();
        let hash = body_sha256(b"{}");
        let signer = Signer {
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose(),
            session_token: Some(credentials.session_token.expose()),
            region: &region,
            service: "ecr",
        };
        let parts = RequestParts { method: "POST", path: "/", query: None, headers: &headers };
        let signature = signer.sign(&parts, &hash, self.clock.now()).unwrap();
        let mut signed = headers.clone();
        signed.extend(signature);
        let parts = RequestParts { headers: &signed, ..parts };
        let context = self.context();
        Ok(self.auth.authenticate_signature(&context, &parts, &hash, "ecr").await?.0)
    }

    async fn may_pull_with(&self, token: &str) -> Result<bool, TokenError> {
        let (caller, _) = self.by_token(token).await?;
        let pulled = caller.authorize::<actions::BatchGetImage>(self.repository(NAME)).await;
        Ok(pulled.is_ok())
    }

    /// Begins an upload by that key.
    async fn upload(&self, begun_by: &str) -> UploadId {
        let (now, entropy) = (self.clock.now(), SeededEntropy::new(3));
        let id = RepositoryId::new(now, &entropy);
        let repository = RepositoryRow {
            id,
            registry: self.registry(),
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
        let upload_id = UploadId::random(&entropy);
        let upload = UploadRow {
            upload_id,
            repository: id,
            received_bytes: 0,
            part_count: 0,
            last_part_first_byte: None,
            last_part_sha256: None,
            short_part: false,
            object_id: None,
            checkpoint: None,
            created_at: now,
            updated_at: now,
            begun_by: Some(begun_by.to_owned()),
        };
        self.write(move |tx| {
            Box::pin(async move {
                repository::insert(tx, &repository).await?;
                upload::insert(tx, &upload).await
            })
        })
        .await;
        upload_id
    }
}

#[tokio::test]
async fn a_login_of_a_session_is_good_for_its_twelve_hours() {
    let fixture = fixture().await;
    let credentials = fixture.session(&fixture.puller_role(1).await).await;
    let caller = fixture.sign_in_with_session(&credentials).await.unwrap();
    let arn = format!("arn:aws:sts::{}:assumed-role/puller/job", fixture.account);
    assert_eq!(caller.principal().arn().as_str(), arn);
    let token = fixture.token_of(&caller).await;
    fixture.clock.advance(Duration::from_secs(3_600));
    let over = fixture.sign_in_with_session(&credentials).await.unwrap_err();
    assert!(matches!(over, CredentialError::Expired));
    assert_eq!(fixture.may_pull_with(&token).await, Ok(true));
    fixture.clock.advance(Duration::from_secs(12 * 3_600 - 3_601));
    assert_eq!(fixture.may_pull_with(&token).await, Ok(true));
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.may_pull_with(&token).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_role_that_is_changed_or_deleted_elsewhere_takes_its_sessions_along_at_once() {
    let fixture = fixture().await;
    let path = fixture.folder.path().join("metadata.db");
    let other = Metadata::open(&path, OpenMode::Existing).unwrap();
    let role_id = fixture.puller_role(1).await;
    let credentials = fixture.session(&role_id).await;
    let caller = fixture.sign_in_with_session(&credentials).await.unwrap();
    let token = fixture.token_of(&caller).await;
    for _ in 0..3 {
        assert_eq!(fixture.may_pull_with(&token).await, Ok(true));
    }
    let id = role_id.clone();
    let deleted: Result<bool, MetadataError> = other
        .write(move |tx| Box::pin(async move { inline_policy::delete(tx, &id, "inline").await }))
        .await;
    assert!(deleted.unwrap());
    assert_eq!(fixture.may_pull_with(&token).await, Ok(false));
    fixture.sign_in_with_session(&credentials).await.unwrap();
    let gone: Result<(), MetadataError> =
        other.write(move |tx| Box::pin(async move { role::delete(tx, &role_id).await })).await;
    gone.unwrap();
    assert_eq!(fixture.may_pull_with(&token).await, Err(TokenError::Invalid));
    let refused = fixture.sign_in_with_session(&credentials).await.unwrap_err();
    assert!(matches!(refused, CredentialError::UnrecognizedClient));
    // Another role of the same name is another role.
    fixture.puller_role(2).await;
    assert_eq!(fixture.may_pull_with(&token).await, Err(TokenError::Invalid));
    assert!(fixture.sign_in_with_session(&credentials).await.is_err());
}

#[tokio::test]
async fn a_session_that_begins_makes_nothing_untrue() {
    let fixture = fixture().await;
    let role_id = fixture.puller_role(1).await;
    let kept = StandingCache::new(ChangeKind::Access, 1_000);
    let before = fixture.metadata.changes().await.unwrap();
    kept.insert(&before, "key", 7, 10);
    fixture.session(&role_id).await;
    let after = fixture.metadata.changes().await.unwrap();
    assert_eq!(kept.get(&after, &"key"), Some(7));
    fixture.write(move |tx| Box::pin(async move { role::delete(tx, &role_id).await })).await;
    let after = fixture.metadata.changes().await.unwrap();
    assert_eq!(kept.get(&after, &"key"), None);
}

#[tokio::test]
async fn an_upload_is_gone_on_with_after_session_and_login_are_over() {
    let fixture = fixture().await;
    let credentials = fixture.session(&fixture.puller_role(1).await).await;
    fixture.clock.advance(Duration::from_secs(3_599));
    let caller = fixture.sign_in_with_session(&credentials).await.unwrap();
    let token = fixture.token_of(&caller).await;
    fixture.clock.advance(Duration::from_secs(12 * 3_600 - 1));
    let upload_id = fixture.upload(&credentials.access_key_id).await;
    let goes_on = async || {
        let (context, name) = (fixture.context(), NAME.parse().unwrap());
        let went = fixture.auth.authenticate_upload(&context, &token, None, &name, upload_id).await;
        went.map(|(caller, _)| caller.principal().access_key_id.clone())
    };
    fixture.clock.advance(Duration::from_secs(24 * 3_600 - 1));
    assert_eq!(fixture.by_token(&token).await.unwrap_err(), TokenError::Expired);
    assert_eq!(goes_on().await, Ok(credentials.access_key_id.clone()));
    // So long a session is kept, whatever others begin meanwhile.
    let kept = wharfinger_core::limits::SESSION_KEPT_SECONDS;
    let before = fixture.clock.now().minus(Duration::from_secs(kept));
    fixture
        .write(move |tx| {
            Box::pin(async move { session::delete_expired(tx, before, 10).await.map(|_| ()) })
        })
        .await;
    assert_eq!(goes_on().await, Ok(credentials.access_key_id.clone()));
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(goes_on().await, Err(TokenError::Expired));
}

#[test]
fn credentials_do_not_show_in_debug_texts() {
    let credentials = TemporaryCredentials {
        access_key_id: "ASIAEXAMPLE".into(),
        secret_access_key: wharfinger_core::Secret::new("very secret".into()),
        session_token: wharfinger_core::Secret::new("very secret too".into()),
        expires_at: wharfinger_core::Timestamp::from_seconds(0),
    };
    assert!(!format!("{credentials:?}").contains("secret too"));
    assert!(!format!("{credentials:?}").contains("very"));
}
