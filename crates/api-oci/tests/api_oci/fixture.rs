//! A registry on a folder of its own, and requests to it.

mod reply;

use std::sync::Arc;

use crate::audit_log::AuditLog;
use aws_lc_rs::digest::SHA256;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderName};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use tempfile::TempDir;
use wharfinger_api_oci::{ApiOci, Body};
use wharfinger_auth::{
    AccessKey, Auth, AuthKeys, Caller, Permit, RegistryResource, RepositoryResource, actions,
};
use wharfinger_aws_protocol::sigv4::{EMPTY_BODY_SHA256, RequestParts, Signer};
use wharfinger_blobs::{LocalBlobStore, LocalKeyRing, MasterKey};
use wharfinger_core::{
    AccountId, Clock, Digest, Entropy, EntropyExt, ManualClock, PublicEndpoint, Quotas, Region,
    RegistryId, RequestContext, RequestId, Secret, SeededEntropy, Timestamp, Upkeep,
};
use wharfinger_iam::{Iam, KeyOwner};
use wharfinger_metadata::{Metadata, OpenMode};
use wharfinger_oci::media_type::{OCI_CONFIG, OCI_MANIFEST};
use wharfinger_registry::{
    Encryption, KmsKeys, NewRepository, PullPolicy, Registry, TagMutability,
};

use crate::people::People;

pub(super) use reply::Reply;

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const REGION: &str = "eu-west-1";
pub(super) const HOST_NAME: &str = "localhost:4566";
/// The repository that every fixture has.
pub(super) const REPOSITORY: &str = "team/app";

pub(super) struct Fixture {
    pub(super) folder: TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) auth: Arc<Auth>,
    pub(super) people: People,
    pub(super) kms: KmsKeys,
    pub(super) registry: Arc<Registry>,
    pub(super) root: AccessKey,
    /// The password of the root, good for twelve hours.
    pub(super) password: String,
    entropy: Arc<SeededEntropy>,
    api: ApiOci,
    pub(super) log: AuditLog,
}

pub(super) async fn fixture() -> Fixture {
    open(None, Quotas::default()).await
}

pub(super) async fn fixture_with_upkeep(upkeep: Upkeep) -> Fixture {
    build(None, Quotas::default(), upkeep).await
}

pub(super) async fn fixture_with_quotas(quotas: Quotas) -> Fixture {
    open(None, quotas).await
}

/// With public registries, if they are served anywhere.
pub(super) async fn open(public: Option<PublicEndpoint>, quotas: Quotas) -> Fixture {
    build(public, quotas, Upkeep::default()).await
}

async fn build(public: Option<PublicEndpoint>, quotas: Quotas, upkeep: Upkeep) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
    let entropy = Arc::new(SeededEntropy::new(11));
    let shared: Arc<dyn Entropy> = entropy.clone();
    let metadata =
        Metadata::open(&folder.path().join("metadata.db"), OpenMode::CreateOrMigrate).unwrap();
    let ring = Arc::new(LocalKeyRing::new(&MasterKey::from_bytes([7; 32]), shared.clone()));
    let time: Arc<dyn Clock> = clock.clone();
    let kms = KmsKeys::new(metadata.clone(), ring.clone(), time.clone(), shared.clone());
    let provider = Arc::new(kms.clone());
    let blobs = LocalBlobStore::open(folder.path(), provider, shared.clone()).unwrap();
    let keys = AuthKeys { token_key: Secret::new([1; 32]), secret_key: Secret::new([2; 32]) };
    let auth = Auth::new(metadata.clone(), time.clone(), shared.clone(), &keys).unwrap();
    let auth = Arc::new(auth);
    let iam = Iam::new(metadata.clone(), auth.clone(), time.clone(), shared.clone());
    let people = People(Arc::new(iam));
    let registry = Registry::new(metadata, Arc::new(blobs), ring, time, shared);
    let registry = registry.with_public(public).with_quotas(quotas).with_upkeep(upkeep);
    // What was never scanned does not notice.
    let refuse_critical_after = Some(std::time::Duration::from_secs(30 * 86_400));
    let registry = registry.with_pull_policy(PullPolicy { refuse_critical_after });
    let registry = Arc::new(registry);
    let root = auth.ensure_account(Some(ACCOUNT.parse().unwrap())).await.unwrap().new_key.unwrap();
    let log = AuditLog::new(clock.clone(), entropy.clone());
    log.keep_out(root.secret_access_key.expose());
    let api = ApiOci::new(registry.clone(), auth.clone()).with_audit(log.audit.clone());
    let password = String::new();
    let mut fixture =
        Fixture { folder, clock, kms, auth, people, registry, root, password, entropy, api, log };
    fixture.password = fixture.login(&fixture.root, REGION).await;
    fixture.create_repository(REPOSITORY, TagMutability::Mutable).await;
    fixture
}

impl Fixture {
    pub(super) fn account(&self) -> AccountId {
        ACCOUNT.parse().unwrap()
    }

    fn context(&self, host: String, secure_transport: bool) -> RequestContext {
        RequestContext {
            request_id: RequestId::random(&*self.entropy),
            received_at: self.clock.now(),
            host,
            secure_transport,
            source_ip: [127, 0, 0, 1].into(),
            user_agent: None,
            referer: None,
        }
    }

    pub(super) async fn create_repository(&self, name: &str, tag_mutability: TagMutability) {
        let registry = RegistryId::new(self.account(), REGION.parse().unwrap());
        let permit = Permit::<actions::CreateRepository>::system(RepositoryResource {
            registry,
            name: name.parse().unwrap(),
        });
        let new = NewRepository {
            tag_mutability,
            scan_on_push: false,
            encryption: Encryption::new(None, None).unwrap(),
            tags: Vec::new(),
        };
        self.registry.create_repository(&permit, None, new).await.unwrap();
    }

    /// The password that `get-login-password` prints for a key.
    pub(super) async fn login(&self, key: &AccessKey, region: &str) -> String {
        let caller = self.sign_in(key).await;
        let registry = RegistryId::new(self.account(), region.parse().unwrap());
        let permit = caller
            .authorize::<actions::GetAuthorizationToken>(RegistryResource {
                registry: registry.clone(),
            })
            .await
            .unwrap();
        self.auth.issue_token(&permit, &registry).unwrap().password.expose().clone()
    }

    pub(super) async fn sign_in(&self, key: &AccessKey) -> Caller {
        let headers = HeaderMap::from_iter([(HOST, HOST_NAME.parse().unwrap())]);
        let parts = RequestParts { method: "POST", path: "/", query: None, headers: &headers };
        let region: Region = REGION.parse().unwrap();
        let signature =
            signer(key, &region).sign(&parts, &EMPTY_BODY_SHA256, self.clock.now()).unwrap();
        let mut signed = headers.clone();
        signed.extend(signature);
        let parts = RequestParts { headers: &signed, ..parts };
        let context = self.context(HOST_NAME.into(), false);
        let signed =
            self.auth.authenticate_signature(&context, &parts, &EMPTY_BODY_SHA256, "ecr").await;
        signed.unwrap().0
    }

    /// A user that may do these actions to everything, and its key.
    pub(super) async fn user(&self, name: &str, actions: &[&str]) -> AccessKey {
        self.people.create_user(self.account(), name).await.unwrap();
        self.allow(name, actions).await;
        self.people.create_access_key(self.account(), &KeyOwner::User(name.into())).await.unwrap()
    }

    /// Gives a user these actions instead of those it had.
    pub(super) async fn allow(&self, name: &str, actions: &[&str]) {
        if actions.is_empty() {
            self.people.delete_user_policy(self.account(), name, "inline").await.unwrap();
            return;
        }
        let actions = actions.join("\",\"");
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["{actions}"],"Resource":"*"}}]}}"#
        );
        self.people.put_user_policy(self.account(), name, "inline", &policy).await.unwrap();
    }

    /// A request of the root, to be changed before it is sent.
    pub(super) fn request(&self, method: &str, target: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(target).body(body(b"")).unwrap();
        let call = Call { fixture: self, request, host: HOST_NAME.into(), secure: false };
        call.login(&self.password)
    }

    pub(super) async fn get(&self, target: &str) -> Reply {
        self.request("GET", target).send().await
    }

    /// Pushes a blob and answers its digest.
    pub(super) async fn push_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = digest_of(bytes);
        let target = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let reply = self.request("POST", &target).body(bytes).send().await;
        assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
        digest
    }

    /// Pushes an image of one layer and answers its manifest.
    pub(super) async fn push_image(&self, repository: &str, tag: &str, layer: &[u8]) -> Vec<u8> {
        self.push_blob(repository, b"{}").await;
        self.push_blob(repository, layer).await;
        let manifest = manifest(b"{}", layer);
        let target = format!("/v2/{repository}/manifests/{tag}");
        let reply = self.put_manifest(&target, &manifest).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
        manifest
    }

    pub(super) async fn put_manifest(&self, target: &str, manifest: &[u8]) -> Reply {
        let request = self.request("PUT", target).header("content-type", OCI_MANIFEST);
        request.body(manifest).send().await
    }

    /// Begins an upload and answers its path.
    pub(super) async fn begin_upload(&self, repository: &str) -> String {
        let target = format!("/v2/{repository}/blobs/uploads/");
        let reply = self.request("POST", &target).send().await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{reply:?}");
        let location = reply.header("location").to_owned();
        location.strip_prefix("http://localhost:4566").unwrap().to_owned()
    }
}

/// A request on its way.
pub(super) struct Call<'a> {
    fixture: &'a Fixture,
    request: Request<Body>,
    host: String,
    secure: bool,
}

impl Call<'_> {
    pub(super) fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let name = HeaderName::from_static(name);
        self.request.headers_mut().insert(name, value.as_ref().parse().unwrap());
        self
    }

    pub(super) fn login(self, password: &str) -> Self {
        let credentials = base64(format!("AWS:{password}").as_bytes());
        self.header("authorization", format!("Basic {credentials}"))
    }

    pub(super) fn anonymous(mut self) -> Self {
        self.request.headers_mut().remove(AUTHORIZATION);
        self
    }

    pub(super) fn host(mut self, host: &str) -> Self {
        self.host = host.into();
        self
    }

    pub(super) fn over_tls(mut self) -> Self {
        self.secure = true;
        self
    }

    pub(super) fn body(mut self, bytes: &[u8]) -> Self {
        *self.request.body_mut() = body(bytes);
        self.header("content-length", bytes.len().to_string())
    }

    pub(super) fn with_body(mut self, body: Body) -> Self {
        *self.request.body_mut() = body;
        self
    }

    /// A body in pieces, of a length that is not told before.
    pub(super) fn pieces(mut self, pieces: &[&[u8]]) -> Self {
        *self.request.body_mut() = streamed(pieces, false);
        self
    }

    /// A body that breaks off after these bytes.
    pub(super) fn truncated(mut self, bytes: &[u8]) -> Self {
        *self.request.body_mut() = streamed(&[bytes], true);
        self
    }

    pub(super) async fn send(self) -> Reply {
        let context = self.fixture.context(self.host, self.secure);
        let log = &self.fixture.log;
        let login = self.request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
        let query = self.request.uri().query().unwrap_or_default();
        let signature = query.split("X-Amz-Signature=").nth(1).map(str::to_owned);
        if let Some(login) = login {
            log.keep_out_of_request(login.rsplit(' ').next().unwrap());
        }
        let reads = matches!(self.request.method().as_str(), "GET" | "HEAD");
        let brings_credentials = login.is_some() || signature.is_some() && reads;
        if let Some(signature) = signature {
            log.keep_out_of_request(signature.split('&').next().unwrap());
        }
        let response = self.fixture.api.handle(&context, self.request).await;
        // Who brings nothing and is asked for a login is nobody yet, and else nobody in particular.
        let records = match log.is_full() {
            true => 1,
            false => log.count(&context.request_id.to_string()).await,
        };
        let status = response.status();
        let expected = if brings_credentials { 1..=1 } else { 0..=1 };
        assert!(expected.contains(&records), "{records} records of a request: {status}");
        let (head, mut body) = response.into_parts();
        let (mut bytes, mut broken) = (Vec::new(), false);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap()),
                Err(_) => broken = true,
            }
        }
        Reply { status: head.status, headers: head.headers, body: bytes.into(), broken }
    }
}

pub(super) fn signer<'a>(key: &'a AccessKey, region: &'a Region) -> Signer<'a> {
    Signer {
        access_key_id: &key.access_key_id,
        secret_access_key: key.secret_access_key.expose(),
        session_token: None,
        region,
        service: "ecr",
    }
}

pub(super) fn body(bytes: &[u8]) -> Body {
    Full::new(Bytes::copy_from_slice(bytes)).map_err(|never| match never {}).boxed_unsync()
}

fn streamed(pieces: &[&[u8]], broken: bool) -> Body {
    let mut frames: Vec<Result<_, wharfinger_api_oci::BoxError>> = pieces
        .iter()
        .map(|piece| Ok(http_body::Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    if broken {
        frames.push(Err("connection reset".into()));
    }
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

pub(super) fn digest_of(bytes: &[u8]) -> Digest {
    let hash = aws_lc_rs::digest::digest(&SHA256, bytes);
    format!("sha256:{}", hex::encode(hash)).parse().unwrap()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// An image manifest with one layer.
pub(super) fn manifest(config: &[u8], layer: &[u8]) -> Vec<u8> {
    let descriptor = |media_type: &str, bytes: &[u8]| {
        let (digest, size) = (digest_of(bytes), bytes.len());
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    };
    let layer = descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer);
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{},"layers":[{layer}]}}"#,
        descriptor(OCI_CONFIG, config),
    )
    .into_bytes()
}

/// Bytes that look random and are always the same.
pub(super) fn sample(length: usize) -> Vec<u8> {
    let entropy = SeededEntropy::new(3);
    let mut bytes: Vec<u8> = (0..length.div_ceil(32)).flat_map(|_| entropy.bytes::<32>()).collect();
    bytes.truncate(length);
    bytes
}
