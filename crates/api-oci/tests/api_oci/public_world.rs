//! An installation with public registries, under a host of their own and under a path prefix.

use serde_json::Value;
use wharfinger_auth::{
    AccessKey, Permit, PublicRegistryResource, RegistryResource, RepositoryResource, actions,
};
use wharfinger_core::{PublicEndpoint, Quotas, RegistryId};
use wharfinger_oci::media_type::OCI_MANIFEST;
use wharfinger_registry::LockOut;

use super::fixture::{Call, Fixture, base64, digest_of, manifest, open};

pub(super) const PUBLIC_HOST: &str = "public.example.com:4566";
pub(super) const PREFIX: &str = "public.ecr.aws";
pub(super) const LAYER: &[u8] = b"public layer";

/// An installation with an image in a public repository.
pub(super) struct World {
    pub(super) fixture: Fixture,
    /// The alias of the account's registry.
    pub(super) alias: String,
    /// The root's password for public registries.
    pub(super) password: String,
    /// The token of nobody in particular.
    pub(super) nobody: String,
    pub(super) manifest: Vec<u8>,
}

pub(super) async fn world() -> World {
    let endpoint = PublicEndpoint::new(Some(PUBLIC_HOST), Some(PREFIX)).unwrap();
    let fixture = open(endpoint, Quotas::default()).await;
    let password = fixture.public_login(&fixture.root).await;
    let permit = Permit::system(PublicRegistryResource::new(fixture.account()));
    let page = fixture.registry.describe_registries(&permit, &Default::default()).await.unwrap();
    let alias = page.items[0].alias.clone();
    let reply = fixture.request("GET", "/token/").anonymous().send().await;
    let token = serde_json::from_slice::<Value>(&reply.body).unwrap()["token"].clone();
    let nobody = unbase64(token.as_str().unwrap());
    let nobody = nobody.strip_prefix("AWS:").unwrap().to_owned();
    let mut world = World { fixture, alias, password, nobody, manifest: Vec::new() };
    world.create("app").await;
    world.manifest = world.push("app", "v1").await;
    world
}

fn unbase64(text: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    String::from_utf8(bytes).unwrap()
}

impl World {
    pub(super) async fn create(&self, name: &str) {
        let registry = RegistryId::public(self.fixture.account());
        let permit = Permit::<actions::CreateRepository>::system(RepositoryResource {
            registry,
            name: name.parse().unwrap(),
        });
        let created = self.fixture.registry.create_public_repository(&permit, None, vec![], None);
        created.await.unwrap();
    }

    /// A request to the public host, with the token of nobody in particular. `<alias>` stands for
    /// the alias.
    pub(super) fn ask(&self, method: &str, target: &str) -> Call<'_> {
        let target = target.replace("<alias>", &self.alias);
        self.fixture.request(method, &target).host(PUBLIC_HOST).bearer(&self.nobody)
    }

    /// A request to the shared host without any credentials.
    pub(super) fn ask_path(&self, method: &str, target: &str) -> Call<'_> {
        let target = target.replace("<alias>", &self.alias).replace("<prefix>", PREFIX);
        self.fixture.request(method, &target).anonymous()
    }

    /// Gives the repository a policy of one statement.
    pub(super) async fn set_policy(&self, statement: &str) {
        let registry = RegistryId::public(self.fixture.account());
        let permit = Permit::<actions::SetRepositoryPolicy>::system(RepositoryResource {
            registry,
            name: "app".parse().unwrap(),
        });
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let set = self.fixture.registry.set_repository_policy(&permit, &policy, LockOut::Accepted);
        set.await.unwrap();
    }

    pub(super) async fn deny_everything(&self) {
        self.set_policy(r#"{"Effect":"Deny","Principal":"*","Action":"*"}"#).await;
    }

    pub(super) async fn push(&self, name: &str, tag: &str) -> Vec<u8> {
        for blob in [b"{}".as_slice(), LAYER] {
            let target = format!("/v2/<alias>/{name}/blobs/uploads/?digest={}", digest_of(blob));
            let reply = self.ask("POST", &target).bearer(&self.password).body(blob).send().await;
            assert_eq!(reply.status, 201, "{reply:?}");
        }
        let manifest = manifest(b"{}", LAYER);
        let request = self.ask("PUT", &format!("/v2/<alias>/{name}/manifests/{tag}"));
        let request = request.bearer(&self.password).header("content-type", OCI_MANIFEST);
        let reply = request.body(&manifest).send().await;
        assert_eq!(reply.status, 201, "{reply:?}");
        manifest
    }
}

impl Fixture {
    /// The password of a login to public registries.
    pub(super) async fn public_login(&self, key: &AccessKey) -> String {
        let registry = RegistryId::public(self.account());
        let caller = self.sign_in(key).await;
        let permit = caller.authorize(RegistryResource { registry }).await.unwrap();
        self.auth.issue_public_token(&permit).unwrap().password.expose().clone()
    }
}

impl Call<'_> {
    pub(super) fn bearer(self, password: &str) -> Self {
        let credentials = base64(format!("AWS:{password}").as_bytes());
        self.header("authorization", format!("Bearer {credentials}"))
    }
}
