//! Nothing that is private can be had by way of public registries: every route, every way in, with
//! names and digests that are right.

use wharfinger_api_oci::required_actions::REQUIRED_ACTIONS;

use super::fixture::{HOST_NAME, REPOSITORY, digest_of, fixture};
use super::public_world::{PREFIX, PUBLIC_HOST, World, world};

const SECRET: &[u8] = b"private layer";

/// Every route with the private repository under a name, as (method, path).
async fn routes(world: &World, name: &str) -> Vec<(&'static str, String)> {
    let image = digest_of(&world.fixture.push_image(REPOSITORY, "secret", SECRET).await);
    let layer = digest_of(SECRET);
    let upload = world.fixture.begin_upload(REPOSITORY).await;
    let upload = upload.rsplit('/').next().unwrap();
    let mut routes = Vec::new();
    for line in REQUIRED_ACTIONS {
        let path = line
            .route
            .replace("<name>", name)
            .replace("<source>", name)
            .replace("<digest>", &layer.to_string())
            .replace("<upload>", upload);
        for reference in ["secret", &image.to_string()] {
            routes.push((line.method, path.replace("<reference>", reference)));
        }
    }
    routes
}

/// The ways in, as host and authorization; none of them is a login to private registries.
fn credentials(world: &World) -> Vec<Option<String>> {
    let mut all = vec![None, Some("Basic Og==".to_owned())];
    for password in [&world.nobody, &world.password] {
        let login = super::fixture::base64(format!("AWS:{password}").as_bytes());
        all.push(Some(format!("Basic {login}")));
        all.push(Some(format!("Bearer {login}")));
    }
    all
}

async fn status(
    world: &World,
    host: &str,
    credentials: Option<&String>,
    method: &str,
    target: &str,
) -> (u16, Vec<u8>) {
    let request = world.fixture.request(method, target).host(host).anonymous();
    let request = match credentials {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    let reply = request.body(SECRET).send().await;
    (reply.status.as_u16(), reply.body.to_vec())
}

fn assert_nothing_told(body: &[u8], what: &str) {
    let told = body.windows(SECRET.len()).any(|window| window == SECRET);
    let layer = digest_of(SECRET).to_string();
    let named = String::from_utf8_lossy(body).contains("\"layers\"");
    assert!(!told && !named, "{what} told {layer}");
}

#[tokio::test]
async fn no_public_login_opens_a_private_route() {
    let world = world().await;
    let private = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    for (method, target) in routes(&world, REPOSITORY).await {
        for credentials in credentials(&world) {
            for host in [HOST_NAME, private] {
                let (status, body) =
                    status(&world, host, credentials.as_ref(), method, &target).await;
                assert_eq!(status, 401, "{method} {host} {target} with {credentials:?}");
                assert_nothing_told(&body, &target);
            }
        }
    }
}

#[tokio::test]
async fn no_public_path_leads_to_a_private_repository() {
    let world = world().await;
    let alias = &world.alias;
    for name in [
        REPOSITORY.to_owned(),
        format!("{alias}/{REPOSITORY}"),
        format!("111122223333/{REPOSITORY}"),
        format!("eu-west-1/{REPOSITORY}"),
        format!("PUBLIC/{REPOSITORY}"),
        format!("{alias}/../{REPOSITORY}"),
        format!("{alias}/%2e%2e/{REPOSITORY}"),
        format!("{alias}/..%2f{REPOSITORY}"),
        format!("{alias}//{REPOSITORY}"),
    ] {
        for (method, target) in routes(&world, &name).await {
            if target == "/v2/" {
                continue;
            }
            let prefixed = target.replacen("/v2/", &format!("/v2/{PREFIX}/"), 1);
            for (host, target) in [(PUBLIC_HOST, &target), (HOST_NAME, &prefixed)] {
                for credentials in credentials(&world) {
                    let (status, body) =
                        status(&world, host, credentials.as_ref(), method, target).await;
                    let refused = matches!(status, 400 | 401 | 404 | 405);
                    assert!(refused, "{status} {method} {host} {target} with {credentials:?}");
                    assert_nothing_told(&body, target);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_private_name_that_looks_public_stays_private() {
    let world = world().await;
    // Escaped, the prefix is not the prefix; the name is then a private one.
    let escaped = format!("/v2/public%2Eecr.aws/{}/app/manifests/v1", world.alias);
    for credentials in credentials(&world) {
        let (status, _) = status(&world, HOST_NAME, credentials.as_ref(), "GET", &escaped).await;
        assert_eq!(status, 401, "{credentials:?}");
    }
    // Under the host of a private registry all names are private.
    let target = format!("/v2/{PREFIX}/{}/app/manifests/v1", world.alias);
    let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    let (status, _) = status(&world, host, None, "GET", &target).await;
    assert_eq!(status, 401);
    let private = world.fixture.request("GET", &target).host(host).send().await;
    assert_eq!(private.status, 404);
}

#[tokio::test]
async fn without_public_registries_nothing_is_served_without_a_login() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "secret", SECRET).await;
    for host in [HOST_NAME, PUBLIC_HOST, "public.ecr.aws"] {
        for name in [REPOSITORY.to_owned(), format!("{PREFIX}/a1b2c3d4/{REPOSITORY}")] {
            for path in ["manifests/secret".to_owned(), format!("blobs/{}", digest_of(SECRET))] {
                let target = format!("/v2/{name}/{path}");
                let reply = fixture.request("GET", &target).host(host).anonymous().send().await;
                assert_eq!(reply.status, 401, "{host} {target}");
                assert!(reply.header("www-authenticate").starts_with("Basic "), "{reply:?}");
            }
        }
        for target in ["/token/", "/token", "/logo/x.png"] {
            let reply = fixture.request("GET", target).host(host).anonymous().send().await;
            assert_eq!(reply.status, 404, "{host} {target}");
        }
    }
}
