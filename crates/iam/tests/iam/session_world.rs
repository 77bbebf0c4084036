//! An installation with a role, and somebody who may assume it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::sync::Notify;
use wharfinger_auth::{Auth, AuthKeys, Caller, unique_id};
use wharfinger_core::{
    AccountId, Arn, Clock, Entropy, ManualClock, RequestContext, RequestId, Secret, SeededEntropy,
    Timestamp,
};
use wharfinger_iam::{
    BoxFuture, HttpsUrl, Iam, OidcDocument, OidcDocuments, OidcFetchError, RoleSessionRequest,
};
use wharfinger_metadata::oidc_provider::{self, OidcProviderRow};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode};

pub const ISSUER: &str = "idp.example";

pub struct SessionWorld {
    pub metadata: Metadata,
    pub clock: Arc<ManualClock>,
    pub documents: Arc<Documents>,
    pub iam: Arc<Iam>,
    pub role_arn: String,
    _folder: TempDir,
}

/// What a provider publishes, and how often it was asked.
#[derive(Default)]
pub struct Documents {
    pub texts: Mutex<HashMap<String, String>>,
    pub max_age: Mutex<Option<Duration>>,
    pub asked: AtomicUsize,
    /// Held back until this is told, if it is there.
    pub gate: Mutex<Option<Arc<Notify>>>,
}

impl OidcDocuments for Documents {
    fn get<'a>(&'a self, url: &'a HttpsUrl) -> BoxFuture<'a, Result<OidcDocument, OidcFetchError>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let gate = self.gate.lock().clone();
            if let Some(gate) = gate {
                gate.notified().await;
            }
            let text = self.texts.lock().get(&url.to_string()).cloned();
            let max_age = *self.max_age.lock();
            text.map(|text| OidcDocument { bytes: text.into_bytes(), max_age })
                .ok_or(OidcFetchError::Status(404))
        })
    }
}

pub fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

impl SessionWorld {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let path = folder.path().join("metadata.db");
        let metadata = Metadata::open(&path, OpenMode::CreateOrMigrate).unwrap();
        let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
        let time: Arc<dyn Clock> = clock.clone();
        let auth =
            Auth::new(metadata.clone(), Arc::clone(&time), Arc::clone(&entropy), &keys).unwrap();
        let documents = Arc::new(Documents::default());
        let iam = Iam::new(metadata.clone(), Arc::new(auth), time, entropy);
        let iam = Arc::new(iam.with_oidc_documents(documents.clone()));
        let role_arn = Arn::role(&account(), "/", "deploy").to_string();
        let world = Self { metadata, clock, documents, iam, role_arn, _folder: folder };
        world.fill().await;
        world
    }

    /// The user `ci`, a role that it and the provider may assume, and the provider.
    async fn fill(&self) {
        let now = self.clock.now();
        let ci = Arn::user(&account(), "/", "ci");
        let provider = Arn::oidc_provider(&account(), ISSUER);
        let trust = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{ci}"}}}},
               {{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
                 "Principal":{{"Federated":"{provider}"}}}}]}}"#
        );
        let user = UserRow {
            user_id: "AIDAEXAMPLE".into(),
            account: account(),
            user_name: "ci".into(),
            path: "/".into(),
            boundary_arn: None,
            created_at: now,
        };
        let role = RoleRow {
            role_id: unique_id("AROA", &SeededEntropy::new(1)),
            account: account(),
            role_name: "deploy".into(),
            path: "/".into(),
            description: String::new(),
            session_seconds_max: 7_200,
            trust_policy: trust,
            boundary_arn: None,
            created_at: now,
        };
        let provider = OidcProviderRow {
            account: account(),
            url: ISSUER.into(),
            client_ids: r#"["sts"]"#.into(),
            thumbprints: "[]".into(),
            created_at: now,
        };
        let stored: Result<(), MetadataError> = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    user::insert(tx, &user).await?;
                    role::insert(tx, &role).await?;
                    oidc_provider::insert(tx, &provider).await
                })
            })
            .await;
        stored.unwrap();
    }

    pub fn context(&self) -> RequestContext {
        RequestContext {
            request_id: RequestId::random(&SeededEntropy::new(1)),
            received_at: self.clock.now(),
            host: "localhost:4566".into(),
            secure_transport: false,
            source_ip: [192, 0, 2, 7].into(),
            user_agent: None,
            referer: None,
        }
    }

    /// The user `ci`.
    pub async fn ci(&self) -> Caller {
        let arn = Arn::user(&account(), "/", "ci");
        self.iam.auth().caller_named(&arn).await.unwrap().unwrap()
    }

    pub fn request(&self) -> RoleSessionRequest {
        RoleSessionRequest { session_name: "job".into(), ..RoleSessionRequest::default() }
    }

    /// Writes another trust policy.
    pub async fn set_trust(&self, trust: &'static str) {
        let stored: Result<(), MetadataError> = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let role = role::find(tx, &account(), "deploy").await?.unwrap();
                    role::set_trust_policy(tx, &role.role_id, trust).await
                })
            })
            .await;
        stored.unwrap();
    }
}
