//! Registries of other accounts, by their host.

use http::HeaderMap;
use http::header::HOST;
use wharfinger_auth::{AccessKey, Permit, RepositoryResource, actions};
use wharfinger_aws_protocol::sigv4::RequestParts;
use wharfinger_core::{Clock, Region, RegistryId};
use wharfinger_iam::KeyOwner;
use wharfinger_oci::media_type::OCI_MANIFEST;
use wharfinger_registry::LockOut;

use super::fixture::{
    Fixture, HOST_NAME, REGION, REPOSITORY, Reply, digest_of, fixture, manifest, signer,
};

const OTHER: &str = "999999999999";
const OWNERS_HOST: &str = "111122223333.dkr.ecr.eu-west-1.example.com";
const OTHERS_HOST: &str = "999999999999.dkr.ecr.eu-west-1.example.com";
const LAYER: &[u8] = b"layer";
const PULL: &[&str] = &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
const PUSH: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];

impl Fixture {
    /// A user of another account that may do everything there, and its key.
    async fn stranger(&self, account: &str) -> AccessKey {
        let account = account.parse().unwrap();
        self.people.create_user(account, "ann").await.unwrap();
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"*"}]}"#;
        self.people.put_user_policy(account, "ann", "inline", policy).await.unwrap();
        self.people.create_access_key(account, &KeyOwner::User("ann".into())).await.unwrap()
    }

    /// Lets an account do these actions to [`REPOSITORY`].
    async fn share(&self, account: &str, actions: &[&str]) {
        let actions = actions.join("\",\"");
        self.set_policy(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":["{actions}"]}}"#
        ))
        .await;
    }

    /// Gives [`REPOSITORY`] a policy of one statement.
    async fn set_policy(&self, statement: &str) {
        let registry = RegistryId::new(self.account(), REGION.parse().unwrap());
        let permit = Permit::<actions::SetRepositoryPolicy>::system(RepositoryResource {
            registry,
            name: REPOSITORY.parse().unwrap(),
        });
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        self.registry.set_repository_policy(&permit, &policy, LockOut::Accepted).await.unwrap();
    }
}

fn denied(reply: &Reply, end: &str) {
    assert_eq!(reply.status.as_u16(), 403, "{reply:?}");
    assert!(reply.text().contains(end), "{reply:?}");
}

#[tokio::test]
async fn a_stranger_pulls_when_both_sides_let_it() {
    let fixture = fixture().await;
    let pushed = fixture.push_image(REPOSITORY, "v1", LAYER).await;
    let password = fixture.login(&fixture.stranger(OTHER).await, REGION).await;
    let get = async |host: &str, target: &str| {
        fixture.request("GET", target).login(&password).host(host).send().await
    };
    let image = format!("/v2/{REPOSITORY}/manifests/v1");
    let blob = format!("/v2/{REPOSITORY}/blobs/{}", digest_of(LAYER));
    let silent = "because no resource-based policy allows the ecr:BatchGetImage action";
    denied(&get(OWNERS_HOST, &image).await, silent);
    fixture.share("555555555555", PULL).await;
    denied(&get(OWNERS_HOST, &image).await, silent);
    fixture.share(OTHER, PULL).await;
    let pulled = get(OWNERS_HOST, &image).await;
    assert_eq!((pulled.status.as_u16(), &pulled.body[..]), (200, &pushed[..]));
    let layer = get(OWNERS_HOST, &blob).await;
    assert_eq!((layer.status.as_u16(), &layer.body[..]), (200, LAYER));
    // To list is another action, and its own registry is another registry.
    let list = format!("/v2/{REPOSITORY}/tags/list");
    denied(
        &get(OWNERS_HOST, &list).await,
        "resource-based policy allows the ecr:ListImages action",
    );
    let own = get(OTHERS_HOST, &image).await;
    assert_eq!((own.status.as_u16(), own.text().contains("NAME_UNKNOWN")), (404, true), "{own:?}");
    // The stranger's own side has to allow it as well.
    let account = OTHER.parse().unwrap();
    fixture.people.delete_user_policy(account, "ann", "inline").await.unwrap();
    let silent = "because no identity-based policy allows the ecr:BatchGetImage action";
    denied(&get(OWNERS_HOST, &image).await, silent);
}

#[tokio::test]
async fn a_stranger_pushes_when_both_sides_let_it() {
    let fixture = fixture().await;
    let password = fixture.login(&fixture.stranger(OTHER).await, REGION).await;
    let send = async |method: &str, target: &str, body: &[u8]| {
        let request = fixture.request(method, target).login(&password).host(OWNERS_HOST);
        request.header("content-type", OCI_MANIFEST).body(body).send().await
    };
    let layer = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", digest_of(LAYER));
    let config = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", digest_of(b"{}"));
    let image = format!("/v2/{REPOSITORY}/manifests/theirs");
    fixture.share(OTHER, PULL).await;
    denied(&send("POST", &layer, LAYER).await, "no resource-based policy allows the ecr:Initiate");
    fixture.share(OTHER, PUSH).await;
    assert_eq!(send("POST", &layer, LAYER).await.status.as_u16(), 201);
    assert_eq!(send("POST", &config, b"{}").await.status.as_u16(), 201);
    let pushed = manifest(b"{}", LAYER);
    assert_eq!(send("PUT", &image, &pushed).await.status.as_u16(), 201);
    // It is in the owner's registry.
    let pulled = fixture.get(&image).await;
    assert_eq!((pulled.status.as_u16(), &pulled.body[..]), (200, &pushed[..]));
    denied(&send("DELETE", &image, b"").await, "policy allows the ecr:BatchDeleteImage action");
}

async fn presigned(fixture: &Fixture, key: &AccessKey, query: &str) -> Reply {
    let url = presigned_url(fixture, key, query);
    fixture.request("GET", &url).anonymous().send().await
}

fn presigned_url(fixture: &Fixture, key: &AccessKey, query: &str) -> String {
    let path = format!("/v2/{REPOSITORY}/blobs/{}", digest_of(LAYER));
    let headers = HeaderMap::from_iter([(HOST, HOST_NAME.parse().unwrap())]);
    let query = Some(query).filter(|query| !query.is_empty());
    let parts = RequestParts { method: "GET", path: &path, query, headers: &headers };
    let region: Region = REGION.parse().unwrap();
    let query = signer(key, &region).presign(&parts, 3600, fixture.clock.now()).unwrap();
    format!("{path}?{query}")
}

/// A URL of `GetDownloadUrlForLayer` names the registry, because `localhost` does not.
#[tokio::test]
async fn a_presigned_url_leads_to_the_registry_it_names() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", LAYER).await;
    let stranger = fixture.stranger(OTHER).await;
    let owners = "registryId=111122223333";
    let silent = "because no resource-based policy allows the ecr:GetDownloadUrlForLayer action";
    denied(&presigned(&fixture, &stranger, owners).await, silent);
    fixture.share(OTHER, PULL).await;
    let reply = presigned(&fixture, &stranger, owners).await;
    assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, LAYER));
    for own in ["", "registryId=", "registryId=x", "registryId=999999999999", "x=1"] {
        assert_eq!(presigned(&fixture, &stranger, own).await.status.as_u16(), 404, "{own}");
    }
}

/// The signature covers the decoded query, so all its spellings are one URL.
#[tokio::test]
async fn a_presigned_url_spelled_otherwise_leads_to_the_same_registry() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", LAYER).await;
    let stranger = fixture.stranger(OTHER).await;
    fixture.share(OTHER, PULL).await;
    let url = presigned_url(&fixture, &stranger, "registryId=111122223333");
    for (written, spelled) in [("registryId=", "registry%49d="), ("=1111", "=%31111")] {
        let url = url.replace(written, spelled);
        let reply = fixture.request("GET", &url).anonymous().send().await;
        assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, LAYER), "{url}");
    }
}

#[tokio::test]
async fn a_policy_may_deny_the_owner_too() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", LAYER).await;
    let key = fixture.user("ann", &["ecr:*"]).await;
    let password = fixture.login(&key, REGION).await;
    let target = format!("/v2/{REPOSITORY}/manifests/v1");
    let status =
        async || fixture.request("GET", &target).login(&password).send().await.status.as_u16();
    assert_eq!(status().await, 200);
    fixture
        .set_policy(
            r#"{"Effect":"Deny","Principal":"*","Action":"ecr:*",
                "Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
        )
        .await;
    assert_eq!(status().await, 403);
    let reply = fixture.request("GET", &target).over_tls().send().await;
    assert_eq!(reply.status.as_u16(), 200, "{reply:?}");
    let reply = fixture.get(&target).await;
    denied(&reply, "with an explicit deny in a resource-based policy");
}
