//! A registry with its edge, clients that sign, and what they are answered.

mod draft;
mod reply;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use wharfinger_advisories::Store;
use wharfinger_api_aws::{ApiAws, Body, Endpoints};
use wharfinger_api_oci::ApiOci;
use wharfinger_auth::{AccessKey, Auth, AuthKeys};
use wharfinger_blobs::{LocalBlobStore, LocalKeyRing, MasterKey};
use wharfinger_core::{
    AccountId, Clock, Entropy, ManualClock, PublicEndpoint, Quotas, RegistryId, RequestContext,
    RequestId, Secret, SeededEntropy, Timestamp, Upkeep,
};
use wharfinger_iam::{Iam, KeyOwner};
use wharfinger_metadata::{Metadata, OpenMode};
use wharfinger_registry::{JobsUnderWay, KmsKeys, PullPolicy, Registry};

use crate::audit_log::AuditLog;
use crate::people::People;
use crate::providers::Providers;

pub use draft::Draft;
pub use reply::Reply;

pub const ACCOUNT: &str = "111122223333";
pub const HOST: &str = "localhost:4566";
pub const PUBLIC_HOST: &str = "public.example.com:4566";
pub const REGION: &str = "eu-west-1";
pub const TARGET_PREFIX: &str = "AmazonEC2ContainerRegistry_V20150921";
/// 2026-03-01T12:30:00Z
pub const NOW: i64 = 1_772_368_200;
const REFUSED_AFTER: Duration = Duration::from_secs(30 * 86_400);

/// An installation with one account.
pub struct World {
    folder: TempDir,
    pub clock: Arc<ManualClock>,
    pub auth: Arc<Auth>,
    pub people: People,
    pub kms: KmsKeys,
    pub registry: Arc<Registry>,
    pub api: ApiAws,
    pub oci: ApiOci,
    pub root: AccessKey,
    pub log: AuditLog,
    pub metadata: Metadata,
    pub providers: Arc<Providers>,
    pub advisories: Arc<Store>,
    entropy: Arc<dyn Entropy>,
}

impl World {
    pub async fn new() -> Self {
        Self::with_endpoints(Endpoints::default()).await
    }

    pub async fn with_quotas(quotas: Quotas) -> Self {
        Self::build(Endpoints::default(), quotas, Upkeep::default(), None).await
    }

    pub async fn with_endpoints(endpoints: Endpoints) -> Self {
        Self::build(endpoints, Quotas::default(), Upkeep::default(), None).await
    }

    /// With public registries under a host of their own.
    pub async fn public() -> Self {
        let public = PublicEndpoint::new(Some(PUBLIC_HOST), None).unwrap();
        Self::build(Endpoints::default(), Quotas::default(), Upkeep::default(), public).await
    }

    /// With public registries under a path of the shared host.
    pub async fn public_by_path() -> Self {
        let public = PublicEndpoint::new(None, Some("public.ecr.aws")).unwrap();
        Self::build(Endpoints::default(), Quotas::default(), Upkeep::default(), public).await
    }

    pub async fn with_upkeep(quotas: Quotas, upkeep: Upkeep) -> Self {
        Self::build(Endpoints::default(), quotas, upkeep, None).await
    }

    async fn build(
        endpoints: Endpoints,
        quotas: Quotas,
        upkeep: Upkeep,
        public: Option<PublicEndpoint>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(NOW)));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let metadata =
            Metadata::open(&folder.path().join("metadata.db"), OpenMode::CreateOrMigrate).unwrap();
        let keys =
            Arc::new(LocalKeyRing::new(&MasterKey::from_bytes([1; 32]), Arc::clone(&entropy)));
        let time: Arc<dyn Clock> = clock.clone();
        let kms = KmsKeys::new(metadata.clone(), keys.clone(), time, Arc::clone(&entropy));
        let provider = Arc::new(kms.clone());
        let blobs = LocalBlobStore::open(folder.path(), provider, Arc::clone(&entropy));
        let blobs = Arc::new(blobs.unwrap());
        let registry =
            Registry::new(metadata.clone(), blobs, keys, clock.clone(), Arc::clone(&entropy));
        let advisories = Arc::new(Store::new(&folder.path().join("advisories")));
        let registry = registry
            .with_public(public)
            .with_quotas(quotas)
            .with_upkeep(upkeep)
            .with_pull_policy(PullPolicy { refuse_critical_after: Some(REFUSED_AFTER) })
            .with_advisories(Arc::clone(&advisories));
        let registry = Arc::new(registry);
        let auth_keys =
            AuthKeys { token_key: Secret::new([2; 32]), secret_key: Secret::new([3; 32]) };
        let auth = Arc::new(
            Auth::new(metadata.clone(), clock.clone(), Arc::clone(&entropy), &auth_keys).unwrap(),
        );
        let root = auth.ensure_account(Some(account())).await.unwrap().new_key.unwrap();
        let iam =
            Iam::new(metadata.clone(), Arc::clone(&auth), clock.clone(), Arc::clone(&entropy));
        let providers = Arc::new(Providers::default());
        let iam = Arc::new(iam.with_oidc_documents(providers.clone()));
        let people = People(Arc::clone(&iam));
        let log = AuditLog::new(clock.clone(), Arc::clone(&entropy));
        log.keep_out(root.secret_access_key.expose());
        let api = ApiAws::new(Arc::clone(&registry), iam, endpoints).with_audit(log.audit.clone());
        let oci = ApiOci::new(Arc::clone(&registry), Arc::clone(&auth));
        Self {
            folder,
            clock,
            auth,
            people,
            kms,
            registry,
            api,
            oci,
            root,
            log,
            metadata,
            providers,
            advisories,
            entropy,
        }
    }

    /// A user with an identity policy, and a key for it.
    pub async fn user(&self, name: &str, policy: Value) -> AccessKey {
        self.user_of(ACCOUNT, name, policy).await
    }

    /// A user of any account.
    pub async fn user_of(&self, account: &str, name: &str, policy: Value) -> AccessKey {
        let account = account.parse().unwrap();
        self.people.create_user(account, name).await.unwrap();
        let policy = policy.to_string();
        self.people.put_user_policy(account, name, "test", &policy).await.unwrap();
        self.people.create_access_key(account, &KeyOwner::User(name.into())).await.unwrap()
    }

    /// Another key of the root of an account, which is made with it if there was none.
    pub async fn root_of(&self, account: &str) -> AccessKey {
        let account = account.parse().unwrap();
        self.people.create_access_key(account, &KeyOwner::Root).await.unwrap()
    }

    pub fn context(&self) -> RequestContext {
        RequestContext {
            request_id: RequestId::random(&*self.entropy),
            received_at: self.clock.now(),
            host: HOST.into(),
            secure_transport: false,
            source_ip: [127, 0, 0, 1].into(),
            user_agent: None,
            referer: None,
        }
    }

    /// A draft of an ECR call.
    pub fn ecr(&self, operation: &str, body: impl Into<Vec<u8>>) -> Draft<'static> {
        Draft {
            method: Method::POST,
            uri: "/".into(),
            headers: vec![
                ("host", HOST.into()),
                ("content-type", "application/x-amz-json-1.1".into()),
                ("x-amz-target", format!("{TARGET_PREFIX}.{operation}")),
            ],
            body: body.into(),
            region: REGION,
            service: "ecr",
            signed_at: self.clock.now(),
        }
    }

    /// A draft of an ECR Public call.
    pub fn ecr_public(&self, operation: &str, body: impl Into<Vec<u8>>) -> Draft<'static> {
        let draft = Draft { region: "us-east-1", service: "ecr-public", ..self.ecr("", body) };
        draft.header("x-amz-target", format!("SpencerFrontendService.{operation}"))
    }

    /// Calls an operation of ECR Public as the root of the account.
    pub async fn call_public(&self, operation: &str, body: Value) -> Reply {
        self.call_public_as(&self.root, operation, body).await
    }

    pub async fn call_public_as(&self, key: &AccessKey, operation: &str, body: Value) -> Reply {
        self.send(self.ecr_public(operation, body.to_string()).sign(key)).await
    }

    /// A draft of an STS call.
    pub fn sts(&self, form: &str) -> Draft<'static> {
        Draft {
            headers: vec![
                ("host", HOST.into()),
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8".into()),
            ],
            body: form.into(),
            service: "sts",
            ..self.ecr("", "")
        }
    }

    /// A draft of an IAM call, of its only version.
    pub fn iam(&self, form: &str) -> Draft<'static> {
        let form = format!("{form}&Version=2010-05-08");
        Draft { region: "us-east-1", service: "iam", ..self.sts(&form) }
    }

    /// Calls an operation of ECR as the root of the account.
    pub async fn call(&self, operation: &str, body: Value) -> Reply {
        self.call_as(&self.root, operation, body).await
    }

    pub async fn call_as(&self, key: &AccessKey, operation: &str, body: Value) -> Reply {
        self.send(self.ecr(operation, body.to_string()).sign(key)).await
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        self.send_in(&self.context(), request).await
    }

    /// Sends a request and checks what holds for every answer.
    pub async fn send_in(&self, context: &RequestContext, request: Request<Body>) -> Reply {
        let is_signed = request.headers().contains_key("authorization");
        let signature = request.headers().get("authorization").and_then(|it| it.to_str().ok());
        let signature = signature.and_then(|it| it.split("Signature=").nth(1));
        self.log.keep_out_of_request(signature.unwrap_or_default());
        let id = context.request_id.to_string();
        let before = self.log.known(&id);
        let (head, body) = assert_send(self.api.handle(context, request)).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let reply = Reply { status: head.status, headers: head.headers, bytes };
        self.keep_out_of(&reply);
        // Who signs nothing is nobody, unless the operation takes a token instead.
        let records = self.log.count(&id).await.saturating_sub(before);
        let expected = if is_signed { 1..=1 } else { 0..=1 };
        let holds = self.log.is_full() || expected.contains(&records);
        assert!(holds, "{records} records: {}", reply.text());
        assert_eq!(reply.headers["x-amzn-requestid"], context.request_id.to_string());
        reply
    }

    /// What clients get to log in with must never be in the audit log.
    fn keep_out_of(&self, reply: &Reply) {
        let text = String::from_utf8_lossy(&reply.bytes);
        for (before, after) in [
            ("\"authorizationToken\":\"", '"'),
            ("<SecretAccessKey>", '<'),
            ("<SessionToken>", '<'),
        ] {
            let found = text.split(before).nth(1).and_then(|rest| rest.split(after).next());
            self.log.keep_out_of_request(found.unwrap_or_default());
        }
    }

    pub async fn create_repository(&self, name: &str) {
        self.call("CreateRepository", json!({ "repositoryName": name })).await.ok();
    }

    /// Pushes a layer in one part and answers its digest.
    pub async fn push_layer(&self, repository: &str, bytes: &[u8]) -> String {
        let upload =
            self.call("InitiateLayerUpload", json!({ "repositoryName": repository })).await.ok();
        let digest = digest_of(bytes);
        self.call(
            "UploadLayerPart",
            json!({
                "repositoryName": repository, "uploadId": upload["uploadId"],
                "partFirstByte": 0, "partLastByte": bytes.len() - 1,
                "layerPartBlob": STANDARD.encode(bytes),
            }),
        )
        .await
        .ok();
        let complete = json!({
            "repositoryName": repository, "uploadId": upload["uploadId"],
            "layerDigests": [digest],
        });
        let reply = self.call("CompleteLayerUpload", complete).await;
        if reply.status != 200 {
            reply.refused("LayerAlreadyExistsException");
        }
        digest
    }

    /// Pushes an image of one small layer that differs by `seed`, and answers (manifest, digest).
    pub async fn push_image(&self, repository: &str, seed: &str, tag: Option<&str>) -> String {
        let manifest = self.manifest(repository, seed).await;
        let mut body = json!({ "repositoryName": repository, "imageManifest": manifest });
        if let Some(tag) = tag {
            body["imageTag"] = tag.into();
        }
        let image = self.call("PutImage", body).await.ok();
        image["image"]["imageId"]["imageDigest"].as_str().unwrap().to_owned()
    }

    /// A manifest whose config and layer are in the repository. `seed` makes it differ.
    pub async fn manifest(&self, repository: &str, seed: &str) -> String {
        let config = self.push_layer(repository, b"{}").await;
        let layer = self.push_layer(repository, b"layer").await;
        manifest(&config, &layer, seed)
    }

    /// Does the work of the workers that is due.
    pub async fn run_jobs(&self) {
        for job in self.registry.lease_jobs(&JobsUnderWay::default()).await.unwrap().jobs {
            let (registry, row) = (Arc::clone(&self.registry), job.row.clone());
            let work = async move { registry.run_job(&row).await };
            self.registry.work_off(&job, work, std::future::pending()).await.unwrap();
        }
    }

    /// The file of the database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("metadata.db")
    }

    /// The files of all objects in the store.
    pub fn object_files(&self) -> Vec<PathBuf> {
        let entries =
            |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let folders = entries(self.folder.path().join("objects")).filter(|path| path.is_dir());
        folders.flat_map(entries).collect()
    }
}

/// The server runs requests on whatever thread is free.
fn assert_send<T: Send>(future: T) -> T {
    future
}

pub fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

pub fn registry_id() -> RegistryId {
    RegistryId::new(account(), REGION.parse().unwrap())
}

pub fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(&SHA256, bytes)))
}

pub fn manifest(config: &str, layer: &str, seed: &str) -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": 2, "digest": config,
        },
        "layers": [{
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "size": 5, "digest": layer,
        }],
        "annotations": { "seed": seed },
    })
    .to_string()
}

/// The text of ECR for a modelled constraint.
pub fn invalid(member: &str, reason: &str) -> String {
    format!("Invalid parameter at '{member}' failed to satisfy constraint: '{reason}'")
}
