//! Uploads whose token runs out in the middle: who began one may end it, and nothing else.

use std::time::Duration;

use wharfinger_core::Quotas;

use super::fixture::{Call, Fixture, REGION, REPOSITORY, Reply, digest_of, fixture, open};
use super::public_world::world;

const EXPIRED: &str = "Your authorization token has expired. Reauthenticate and try again.";
const TOKEN_SECONDS: u64 = 12 * 3600;
const DAY_SECONDS: u64 = 24 * 3600;

#[track_caller]
fn assert_expired(reply: &Reply) {
    reply.assert_error(403, "DENIED", EXPIRED);
}

async fn wait(fixture: &Fixture, seconds: u64) {
    fixture.clock.advance(Duration::from_secs(seconds));
}

#[tokio::test]
async fn an_upload_is_ended_with_the_token_that_began_it() {
    let fixture = fixture().await;
    wait(&fixture, TOKEN_SECONDS - 1).await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    let cancelled = fixture.begin_upload(REPOSITORY).await;
    wait(&fixture, 1).await;
    assert_expired(&fixture.get("/v2/").await);

    let reply = fixture.request("PATCH", &upload).body(b"one ").send().await;
    assert_eq!((reply.status.as_u16(), reply.header("range")), (202, "0-3"));
    let reply = fixture.get(&upload).await;
    assert_eq!((reply.status.as_u16(), reply.header("range")), (204, "0-3"));
    assert_eq!(fixture.request("HEAD", &upload).send().await.status.as_u16(), 204);
    assert_eq!(fixture.request("DELETE", &cancelled).send().await.status.as_u16(), 204);
    let digest = digest_of(b"one two");
    let put = format!("{upload}?digest={digest}");
    let reply = fixture.request("PUT", &put).body(b"two").send().await;
    assert_eq!(reply.status.as_u16(), 201);

    // The session is over, and with it what the token was still good for.
    assert_expired(&fixture.request("PUT", &put).send().await);
    assert_expired(&fixture.get(&upload).await);
    let password = fixture.login(&fixture.root, REGION).await;
    let blob = fixture.request("GET", &format!("/v2/{REPOSITORY}/blobs/{digest}"));
    assert_eq!(blob.login(&password).send().await.text(), "one two");
}

#[tokio::test]
async fn nothing_but_the_upload_profits() {
    let fixture = fixture().await;
    wait(&fixture, TOKEN_SECONDS - 1).await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    let blob = fixture.push_blob(REPOSITORY, b"blob").await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    wait(&fixture, 1).await;
    let begin = format!("/v2/{REPOSITORY}/blobs/uploads/");
    for (method, target) in [
        ("GET", "/v2/".to_owned()),
        ("GET", "/v2/_catalog".to_owned()),
        ("GET", format!("/v2/{REPOSITORY}/tags/list")),
        ("GET", format!("/v2/{REPOSITORY}/manifests/v1")),
        ("HEAD", format!("/v2/{REPOSITORY}/manifests/v1")),
        ("PUT", format!("/v2/{REPOSITORY}/manifests/v2")),
        ("DELETE", format!("/v2/{REPOSITORY}/manifests/v1")),
        ("GET", format!("/v2/{REPOSITORY}/blobs/{blob}")),
        ("HEAD", format!("/v2/{REPOSITORY}/blobs/{blob}")),
        ("GET", format!("/v2/{REPOSITORY}/referrers/{blob}")),
        ("POST", begin.clone()),
        ("POST", format!("{begin}?digest={blob}")),
        ("POST", format!("{begin}?mount={blob}&from={REPOSITORY}")),
        ("GET", format!("{upload}/more")),
        ("GET", upload.replace("team/app", "team/App")),
    ] {
        let reply = fixture.request(method, &target).send().await;
        assert_eq!(reply.status.as_u16(), 403, "{method} {target}");
        if method != "HEAD" {
            assert_expired(&reply);
        }
    }
    assert_eq!(fixture.get(&upload).await.status.as_u16(), 204);
}

#[tokio::test]
async fn a_day_after_it_began_an_upload_needs_a_good_token() {
    let fixture = fixture().await;
    wait(&fixture, TOKEN_SECONDS - 1).await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    let patch = || fixture.request("PATCH", &upload).body(b"x").send();
    wait(&fixture, DAY_SECONDS - 1).await;
    assert_eq!(patch().await.status.as_u16(), 202);
    wait(&fixture, 1).await;
    assert_expired(&patch().await);
    assert_expired(&fixture.get(&upload).await);
    // The session itself goes on, for who logs in again.
    let password = fixture.login(&fixture.root, REGION).await;
    let reply = fixture.request("PATCH", &upload).login(&password).body(b"x").send().await;
    assert_eq!((reply.status.as_u16(), reply.header("range")), (202, "0-1"));
}

/// A token that somebody finds years later is worth nothing, even to those who know the upload.
#[tokio::test]
async fn a_token_that_was_over_before_the_upload_began_is_worth_nothing() {
    let fixture = fixture().await;
    wait(&fixture, TOKEN_SECONDS).await;
    let password = fixture.login(&fixture.root, REGION).await;
    let begin = format!("/v2/{REPOSITORY}/blobs/uploads/");
    let begun = fixture.request("POST", &begin).login(&password).send().await;
    let upload = begun.header("location").strip_prefix("http://localhost:4566").unwrap().to_owned();
    assert_expired(&fixture.get(&upload).await);
    assert_eq!(fixture.request("GET", &upload).login(&password).send().await.status, 204);
}

#[tokio::test]
async fn an_upload_of_somebody_else_looks_like_none() {
    let fixture = fixture().await;
    let (ann, bob) = (fixture.user("ann", &["ecr:*"]).await, fixture.user("bob", &["ecr:*"]).await);
    let (ann, bob) = (fixture.login(&ann, REGION).await, fixture.login(&bob, REGION).await);
    fixture.create_repository("team/other", wharfinger_registry::TagMutability::Mutable).await;
    let begin = fixture.request("POST", &format!("/v2/{REPOSITORY}/blobs/uploads/"));
    let begun = begin.login(&ann).send().await;
    let upload = begun.header("location").strip_prefix("http://localhost:4566").unwrap().to_owned();
    wait(&fixture, TOKEN_SECONDS).await;
    let unknown = format!("/v2/{REPOSITORY}/blobs/uploads/{}", "0".repeat(8));
    let other_id = fixture_id_like(&upload);
    for (password, target) in [
        (&bob, upload.clone()),
        (&fixture.password, upload.clone()),
        (&ann, upload.replace(REPOSITORY, "team/other")),
        (&ann, upload.replace(REPOSITORY, "team/absent")),
        (&ann, unknown),
        (&ann, other_id),
    ] {
        for method in ["GET", "PATCH", "DELETE"] {
            let reply = fixture.request(method, &target).login(password).send().await;
            assert_expired(&reply);
        }
    }
    let elsewhere = fixture.request("GET", &upload).login(&ann);
    let elsewhere = elsewhere.host("111122223333.dkr.ecr.us-east-1.example.com");
    assert_expired(&elsewhere.send().await);
    let here = fixture.request("GET", &upload).login(&ann);
    let here = here.host("111122223333.dkr.ecr.eu-west-1.example.com").send().await;
    assert_eq!(here.status.as_u16(), 204);
    assert_eq!(fixture.request("GET", &upload).login(&ann).send().await.status.as_u16(), 204);
}

/// The path of an upload that there is not, of the same form.
fn fixture_id_like(upload: &str) -> String {
    let (path, id) = upload.rsplit_once('/').unwrap();
    let other = if id.starts_with('0') { '1' } else { '0' };
    format!("{path}/{other}{}", &id[1..])
}

#[tokio::test]
async fn what_its_bearer_may_not_do_any_more_is_refused() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &["ecr:*"]).await;
    let password = fixture.login(&key, REGION).await;
    let begin = fixture.request("POST", &format!("/v2/{REPOSITORY}/blobs/uploads/"));
    let begun = begin.login(&password).send().await;
    let upload = begun.header("location").strip_prefix("http://localhost:4566").unwrap().to_owned();
    wait(&fixture, TOKEN_SECONDS).await;
    let patch = || fixture.request("PATCH", &upload).login(&password).body(b"x").send();
    assert_eq!(patch().await.status.as_u16(), 202);

    fixture.allow("ann", &["ecr:CompleteLayerUpload"]).await;
    patch().await.assert_error(
        403,
        "DENIED",
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: \
         ecr:UploadLayerPart on resource: arn:aws:ecr:eu-west-1:111122223333:repository/team/app \
         because no identity-based policy allows the ecr:UploadLayerPart action",
    );
    let put = format!("{upload}?digest={}", digest_of(b"other"));
    let refused = fixture.request("PUT", &put).login(&password).send().await;
    assert_eq!(refused.status.as_u16(), 400, "it may complete, with the right digest");

    fixture.allow("ann", &["ecr:*"]).await;
    let (account, id) = (fixture.account(), &key.access_key_id);
    fixture.people.set_access_key_active(account, id, false).await.unwrap();
    assert_expired(&patch().await);
    fixture.people.set_access_key_active(account, id, true).await.unwrap();
    assert_eq!(patch().await.status.as_u16(), 202);
    fixture.people.delete_user(account, "ann").await.unwrap();
    assert_expired(&patch().await);
}

#[tokio::test]
async fn an_upload_to_a_public_registry_likewise() {
    let world = world().await;
    let begin = world.ask("POST", "/v2/<alias>/app/blobs/uploads/").bearer(&world.password);
    let begun = begin.send().await;
    assert_eq!(begun.status.as_u16(), 202, "{begun:?}");
    let location = begun.header("location");
    let upload = location.split_once("/v2/").map(|(_, rest)| format!("/v2/{rest}")).unwrap();
    wait(&world.fixture, TOKEN_SECONDS).await;
    let login = |method: &str, target: &str| -> Call<'_> {
        world.ask(method, target).bearer(&world.password)
    };
    assert_expired(&login("GET", "/v2/<alias>/app/tags/list").send().await);
    assert_expired(&login("POST", "/v2/<alias>/app/blobs/uploads/").send().await);
    assert_expired(&login("GET", &fixture_id_like(&upload)).send().await);
    assert_expired(&login("GET", &upload.replace(&world.alias, "no-alias")).send().await);
    // Nobody in particular has not begun anything.
    assert_expired(&world.ask("GET", &upload).send().await);
    assert_eq!(login("PATCH", &upload).body(b"layer").send().await.status.as_u16(), 202);
    let put = format!("{upload}?digest={}", digest_of(b"layer"));
    assert_eq!(login("PUT", &put).send().await.status.as_u16(), 201);
}

/// A login to the private registries begins nothing public, nor the other way round.
#[tokio::test]
async fn without_public_registries_a_public_path_is_nothing() {
    let fixture = open(None, Quotas::default()).await;
    wait(&fixture, TOKEN_SECONDS).await;
    assert_expired(&fixture.get("/v2/alias/app/blobs/uploads/x").await);
}
