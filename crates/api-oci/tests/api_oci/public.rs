//! Public registries: challenges, tokens, pulls by anyone, pushes by those who may.

use serde_json::Value;
use wharfinger_auth::{Permit, RepositoryResource, actions};
use wharfinger_core::{Digest, RegistryId};
use wharfinger_oci::media_type::OCI_MANIFEST;
use wharfinger_registry::{CatalogData, NewCatalogData};

use super::fixture::{HOST_NAME, REPOSITORY, Reply, base64, digest_of, manifest};
use super::public_world::{LAYER, PREFIX, PUBLIC_HOST, World, world};

impl World {
    /// What anyone may read of the image.
    fn reads(&self) -> Vec<(&'static str, String)> {
        let layer = digest_of(LAYER);
        vec![
            ("HEAD", "<alias>/app/manifests/v1".into()),
            ("GET", "<alias>/app/manifests/v1".into()),
            ("GET", format!("<alias>/app/manifests/{}", digest_of(&self.manifest))),
            ("HEAD", format!("<alias>/app/blobs/{layer}")),
            ("GET", format!("<alias>/app/blobs/{layer}")),
            ("GET", "<alias>/app/tags/list".into()),
            ("GET", format!("<alias>/app/referrers/{}", digest_of(&self.manifest))),
        ]
    }
}

/// What nobody may write without a login.
fn writes() -> Vec<(&'static str, String)> {
    let (layer, upload) = (digest_of(LAYER), "00000000-0000-4000-8000-000000000000");
    vec![
        ("PUT", "<alias>/app/manifests/v2".into()),
        ("DELETE", "<alias>/app/manifests/v1".into()),
        ("POST", "<alias>/app/blobs/uploads/".into()),
        ("POST", format!("<alias>/app/blobs/uploads/?digest={layer}")),
        ("GET", format!("<alias>/app/blobs/uploads/{upload}")),
        ("PATCH", format!("<alias>/app/blobs/uploads/{upload}")),
        ("PUT", format!("<alias>/app/blobs/uploads/{upload}?digest={layer}")),
        ("DELETE", format!("<alias>/app/blobs/uploads/{upload}")),
    ]
}

#[track_caller]
fn assert_challenged(reply: &Reply, host: &str) {
    assert_eq!(reply.status, 401, "{reply:?}");
    assert_eq!(
        reply.header("www-authenticate"),
        format!(r#"Bearer realm="http://{host}/token/",service="{host}",scope="aws""#)
    );
}

#[tokio::test]
async fn who_brings_nothing_is_told_where_tokens_are() {
    let world = world().await;
    let reply = world.ask("GET", "/v2/").anonymous().send().await;
    assert_eq!(
        reply.whole(),
        "401\ncontent-length: 57\ncontent-type: application/json; charset=utf-8\n\
         docker-distribution-api-version: registry/2.0\n\
         www-authenticate: Bearer realm=\"http://public.example.com:4566/token/\",\
         service=\"public.example.com:4566\",scope=\"aws\"\n\n\
         {\"errors\":[{\"code\":\"DENIED\",\"message\":\"Not Authorized\"}]}"
    );
    let secure = world.ask("GET", "/v2/").anonymous().over_tls().send().await;
    assert!(secure.header("www-authenticate").contains("realm=\"https://public.example.com"));
    for (method, target) in world.reads().into_iter().chain(writes()) {
        let reply = world.ask(method, &format!("/v2/{target}")).anonymous().send().await;
        assert_challenged(&reply, PUBLIC_HOST);
    }
}

#[tokio::test]
async fn nobody_in_particular_gets_a_token_and_pulls() {
    let world = world().await;
    let target = "/token/?service=public.example.com:4566&scope=aws";
    let reply = world.ask("GET", target).anonymous().send().await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.header("cache-control"), "no-store");
    let issued: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(issued["expires_in"], 43_200);
    let token = issued["token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let base = world.ask("GET", "/v2/").header("authorization", &bearer).send().await;
    assert_eq!((base.status.as_u16(), base.text()), (200, "{}"));
    for (method, target) in world.reads() {
        let request = world.ask(method, &format!("/v2/{target}"));
        let reply = request.header("authorization", &bearer).send().await;
        assert_eq!(reply.status, 200, "{method} {target} {reply:?}");
    }
    let pulled = world.ask("GET", "/v2/<alias>/app/manifests/v1").send().await;
    assert_eq!(pulled.body, world.manifest);
    let layer = digest_of(LAYER);
    let blob = world.ask("GET", &format!("/v2/<alias>/app/blobs/{layer}")).send().await;
    assert_eq!(blob.body, LAYER);
    let tags = world.ask("GET", "/v2/<alias>/app/tags/list").send().await;
    assert_eq!(tags.text(), format!(r#"{{"name":"{}/app","tags":["v1"]}}"#, world.alias));
}

#[tokio::test]
async fn nobody_in_particular_writes_nothing() {
    let world = world().await;
    for (method, target) in writes() {
        let reply = world.ask(method, &format!("/v2/{target}")).body(b"x").send().await;
        assert_challenged(&reply, PUBLIC_HOST);
        let prefixed = format!("/v2/<prefix>/{target}");
        for request in [
            world.ask_path(method, &prefixed),
            world.ask_path(method, &prefixed).bearer(&world.nobody),
        ] {
            assert_challenged(&request.body(b"x").send().await, HOST_NAME);
        }
    }
    let tags = world.ask("GET", "/v2/<alias>/app/tags/list").send().await;
    assert!(tags.text().ends_with(r#""tags":["v1"]}"#));
}

#[tokio::test]
async fn a_login_becomes_a_bearer_token_and_ends_when_it_did() {
    let world = world().await;
    world.fixture.clock.advance(std::time::Duration::from_secs(3_600));
    let password = &world.password;
    let reply = world.ask("GET", "/token/?account=AWS").login(password).send().await;
    let issued: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(issued["token"], base64(format!("AWS:{password}").as_bytes()));
    assert_eq!(issued["expires_in"], 39_600);
    // Basic logins need no detour.
    let direct = world.ask("POST", "/v2/<alias>/app/blobs/uploads/").login(password).send().await;
    assert_eq!(direct.status, 202);

    world.fixture.clock.advance(std::time::Duration::from_secs(39_600));
    let expired = "Your authorization token has expired. Reauthenticate and try again.";
    for request in [
        world.ask("GET", "/token/").login(password),
        world.ask("GET", "/v2/").bearer(password),
        world.ask("GET", "/v2/").bearer(&world.nobody),
    ] {
        request.send().await.assert_error(403, "DENIED", expired);
    }
}

#[tokio::test]
async fn a_login_that_is_none_gets_no_token() {
    let world = world().await;
    let private = world.fixture.password.clone();
    for password in ["", "bad", &private] {
        let reply = world.ask("GET", "/token/").login(password).send().await;
        reply.assert_error(401, "DENIED", "Not Authorized");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.starts_with("Basic realm=\"http://public.example.com"), "{challenge}");
    }
    let posted = world.ask("POST", "/token/").anonymous().send().await;
    assert_eq!((posted.status.as_u16(), posted.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn a_bearer_that_is_no_token_is_malformed() {
    let world = world().await;
    for value in ["Bearer x", "Bearer Og==", "Bearer eyJhbGciOiJub25lIn0.e30."] {
        let reply = world.ask("GET", "/v2/").header("authorization", value).send().await;
        reply.assert_error(400, "DENIED", "The authorization token is malformed.");
    }
    // What has the form and is not ours, is asked to be brought again.
    let foreign = world.ask("GET", "/v2/").bearer("bad").send().await;
    assert_challenged(&foreign, PUBLIC_HOST);
}

#[tokio::test]
async fn under_a_path_prefix_anyone_reads_without_a_token() {
    let world = world().await;
    let private = world.fixture.password.clone();
    for (method, target) in world.reads() {
        let target = format!("/v2/<prefix>/{target}");
        for request in [
            world.ask_path(method, &target),
            // What clients send that have no login, or one to the private registries of the host.
            world.ask_path(method, &target).header("authorization", "Basic Og=="),
            world.ask_path(method, &target).login(&private),
            world.ask_path(method, &target).bearer(&world.nobody),
            world.ask_path(method, &target).login(&world.password),
        ] {
            let reply = request.send().await;
            assert_eq!(reply.status, 200, "{method} {target} {reply:?}");
        }
        let bad = world.ask_path(method, &target).login("bad").send().await;
        assert_challenged(&bad, HOST_NAME);
    }
    let tags = world.ask_path("GET", "/v2/<prefix>/<alias>/app/tags/list").send().await;
    let name = format!("{PREFIX}/{}/app", world.alias);
    assert_eq!(tags.text(), format!(r#"{{"name":"{name}","tags":["v1"]}}"#));
    assert_eq!(world.ask_path("GET", "/v2/<prefix>/").send().await.text(), "{}");
    // A login to private registries is none here.
    for (method, target) in writes() {
        let target = format!("/v2/<prefix>/{target}");
        let reply = world.ask_path(method, &target).login(&private).body(b"x").send().await;
        assert_challenged(&reply, HOST_NAME);
    }
}

#[tokio::test]
async fn a_push_is_led_along_the_way_it_came() {
    let world = world().await;
    world.create("other").await;
    for (host, mount) in
        [(PUBLIC_HOST, world.alias.clone()), (HOST_NAME, format!("{PREFIX}/{}", world.alias))]
    {
        let ask = |method: &str, target: &str| {
            world.fixture.request(method, target).host(host).login(&world.password)
        };
        let begun = ask("POST", &format!("/v2/{mount}/other/blobs/uploads/")).send().await;
        let location = begun.header("location").to_owned();
        let path = location.strip_prefix(&format!("http://{host}")).unwrap();
        assert!(path.starts_with(&format!("/v2/{mount}/other/blobs/uploads/")), "{location}");
        let sent = ask("PATCH", path).body(b"{}").send().await;
        assert_eq!(sent.header("location"), location);
        let digest = digest_of(b"{}");
        let done = ask("PUT", &format!("{path}?digest={digest}")).send().await;
        assert_eq!(done.status, 201, "{done:?}");
        assert_eq!(
            done.header("location"),
            format!("http://{host}/v2/{mount}/other/blobs/{digest}")
        );
        let target = format!("/v2/{mount}/other/manifests/v1");
        let manifest = manifest(b"{}", b"{}");
        let put = ask("PUT", &target).header("content-type", OCI_MANIFEST).body(&manifest);
        let put = put.send().await;
        assert_eq!(
            put.header("location"),
            format!("http://{host}/v2/{mount}/other/manifests/{}", digest_of(&manifest))
        );
    }
    world.push("app", "v2").await;
    let page = world.ask_path("GET", "/v2/<prefix>/<alias>/app/tags/list?n=1").send().await;
    assert_eq!(
        page.header("link"),
        format!(
            "<http://{HOST_NAME}/v2/{PREFIX}/{}/app/tags/list?last=v1&n=1>; rel=\"next\"",
            world.alias
        )
    );
}

#[tokio::test]
async fn pushing_takes_permissions_and_no_policy_denies_a_pull() {
    let world = world().await;
    let fixture = &world.fixture;
    let key = fixture.user("ann", &["ecr-public:GetAuthorizationToken"]).await;
    let password = fixture.public_login(&key).await;
    let begin = async || {
        let request = world.ask("POST", "/v2/<alias>/app/blobs/uploads/").bearer(&password);
        request.send().await
    };
    // What is allowed in ECR is nothing here.
    fixture.allow("ann", &["ecr:*"]).await;
    begin().await.assert_error(
        403,
        "DENIED",
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: \
         ecr-public:InitiateLayerUpload on resource: \
         arn:aws:ecr-public::111122223333:repository/app because no identity-based policy allows \
         the ecr-public:InitiateLayerUpload action",
    );
    fixture.allow("ann", &["ecr-public:InitiateLayerUpload"]).await;
    assert_eq!(begin().await.status, 202);
    let deny =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    fixture.people.put_user_policy(fixture.account(), "ann", "deny", deny).await.unwrap();
    assert_eq!(begin().await.status, 403);
    world.deny_everything().await;
    for password in [&password, &world.password, &world.nobody] {
        for (method, target) in world.reads() {
            let reply = world.ask(method, &format!("/v2/{target}")).bearer(password).send().await;
            assert_eq!(reply.status, 200, "{method} {target} {reply:?}");
        }
    }
    let push = world.ask("POST", "/v2/<alias>/app/blobs/uploads/").bearer(&world.password);
    let denied = push.send().await;
    assert_eq!(denied.status, 403);
    assert!(denied.text().contains("explicit deny in a resource-based policy"), "{denied:?}");
}

#[tokio::test]
async fn a_policy_that_lets_everyone_lets_nobody_in_particular_write() {
    let world = world().await;
    let everything = r#"{"Effect":"Allow","Principal":"*","Action":"*"}"#;
    world.set_policy(everything).await;
    for (method, target) in writes() {
        let reply = world.ask(method, &format!("/v2/{target}")).body(b"x").send().await;
        assert_challenged(&reply, PUBLIC_HOST);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = world().await;
    let unknown = "The registry with id or alias 'nobody' does not exist";
    let reply = world.ask("GET", "/v2/nobody/app/manifests/v1").send().await;
    reply.assert_error(404, "NAME_UNKNOWN", unknown);
    let reply = world.ask("GET", "/v2/<alias>/none/manifests/v1").send().await;
    reply.assert_error(
        404,
        "NAME_UNKNOWN",
        "The repository with name 'none' does not exist in the registry with id '111122223333'",
    );
    let reply = world.ask("GET", "/v2/<alias>/app/manifests/none").send().await;
    reply.assert_error(404, "MANIFEST_UNKNOWN", "Requested image not found");
    for target in ["/v2/_catalog", "/v2/<alias>/_catalog", "/v2/<alias>", "/v2/<alias>/", "/v2/app"]
    {
        let reply = world.ask("GET", target).bearer(&world.password).send().await;
        reply.assert_error(404, "UNSUPPORTED", "there is no such route");
    }
}

#[tokio::test]
async fn layers_are_mounted_from_public_repositories_and_from_no_others() {
    let world = world().await;
    world.create("other").await;
    let secret = world.fixture.push_blob(REPOSITORY, b"private layer").await;
    let mount = async |digest: &Digest, from: &str| {
        let from = from.replace("<alias>", &world.alias);
        let target = format!("/v2/<alias>/other/blobs/uploads/?mount={digest}&from={from}");
        world.ask("POST", &target).bearer(&world.password).send().await
    };
    for from in [REPOSITORY, "<alias>/team/app", "111122223333/team/app"] {
        assert_eq!(mount(&secret, from).await.status, 202, "{from}");
    }
    let layer = digest_of(LAYER);
    assert_eq!(mount(&layer, "app").await.status, 202);
    let mounted = mount(&layer, "<alias>/app").await;
    assert_eq!(mounted.status, 201, "{mounted:?}");
    let place = format!("http://{PUBLIC_HOST}/v2/{}/other/blobs/{layer}", world.alias);
    assert_eq!(mounted.header("location"), place);
}

#[tokio::test]
async fn logos_are_for_anyone() {
    let world = world().await;
    let mut logo = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    logo.extend_from_slice(&[0, 0, 0, 60, 0, 0, 0, 60]);
    let registry = RegistryId::public(world.fixture.account());
    let permit = Permit::<actions::PutRepositoryCatalogData>::system(RepositoryResource {
        registry,
        name: "app".parse().unwrap(),
    });
    let new = NewCatalogData { texts: CatalogData::default(), logo_image: Some(logo.clone()) };
    world.fixture.registry.put_repository_catalog_data(&permit, new).await.unwrap();
    let digest = digest_of(&logo).to_string();
    let target = format!("/logo/{}.png", digest.strip_prefix("sha256:").unwrap());
    let reply = world.ask("GET", &target).anonymous().send().await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/png"));
    assert_eq!((reply.header("x-content-type-options"), &reply.body[..]), ("nosniff", &logo[..]));
    let known = world.ask("GET", &target).header("if-none-match", format!("\"{digest}\""));
    assert_eq!(known.send().await.status, 304);
    // A blob is no logo, and neither is anything else.
    let blob = digest_of(LAYER).to_string().replace("sha256:", "");
    for target in [format!("/logo/{blob}.png"), "/logo/".into(), "/logo/x.png".into()] {
        assert_eq!(world.ask("GET", &target).send().await.status, 404, "{target}");
    }
}
