//! Mounting blobs of other repositories: answers, and who may.

use wharfinger_registry::TagMutability;

use super::fixture::{Fixture, REGION, REPOSITORY, Reply, digest_of, fixture};

async fn with_target() -> Fixture {
    let fixture = fixture().await;
    fixture.create_repository("target", TagMutability::Mutable).await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    fixture
}

async fn post(fixture: &Fixture, query: &str) -> Reply {
    let target = format!("/v2/target/blobs/uploads/?{query}");
    fixture.request("POST", &target).send().await
}

#[tokio::test]
async fn a_layer_of_an_image_is_mounted() {
    let fixture = with_target().await;
    let digest = digest_of(b"layer");
    let reply = post(&fixture, &format!("mount={digest}&from=team/app")).await;
    assert_eq!(
        reply.whole(),
        format!(
            "\
201
content-length: 0
docker-content-digest: {digest}
docker-distribution-api-version: registry/2.0
location: http://localhost:4566/v2/target/blobs/{digest}"
        )
    );
    assert_eq!(fixture.get(&format!("/v2/target/blobs/{digest}")).await.text(), "layer");
}

#[tokio::test]
async fn what_cannot_be_mounted_is_uploaded() {
    let fixture = with_target().await;
    let (digest, absent) = (digest_of(b"layer"), digest_of(b"absent"));
    let unused = fixture.push_blob(REPOSITORY, b"unused").await;
    for query in [
        format!("mount={digest}&from=team/absent"),
        format!("mount={digest}&from=target"),
        format!("mount={digest}"),
        format!("mount={digest}&from=NO%20NAME"),
        format!("mount={absent}&from=team/app"),
        format!("mount={unused}&from=team/app"),
        "mount=nonsense&from=team/app".into(),
        "mount&from".into(),
        format!("mount={absent}&from=team/app&digest={absent}"),
    ] {
        let reply = post(&fixture, &query).await;
        assert_eq!((reply.status.as_u16(), reply.header("range")), (202, "0-0"), "{query}");
    }
    let target = format!("/v2/absent/blobs/uploads/?mount={digest}&from=team/app");
    let reply = fixture.request("POST", &target).send().await;
    reply.assert_error(
        404,
        "NAME_UNKNOWN",
        "The repository with name 'absent' does not exist in the registry with id '111122223333'",
    );
}

#[tokio::test]
async fn one_who_may_not_read_the_source_learns_nothing_of_it() {
    let fixture = with_target().await;
    let key = fixture.user("ann", &["ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    let answered = async |from: &str| {
        let digest = digest_of(b"layer");
        let target = format!("/v2/target/blobs/uploads/?mount={digest}&from={from}");
        let reply = fixture.request("POST", &target).login(&password).send().await;
        (reply.status.as_u16(), reply.whole())
    };
    fixture.allow("ann", &["ecr:InitiateLayerUpload", "ecr:BatchGetImage"]).await;
    let (status, whole) = answered("team/app").await;
    assert_eq!((status, whole), answered("team/absent").await);
    assert_eq!(status, 202);
    fixture.allow("ann", &["ecr:InitiateLayerUpload", "ecr:GetDownloadUrlForLayer"]).await;
    assert_eq!(answered("team/app").await.0, 201);
    // The right to read is no right to write.
    fixture.allow("ann", &["ecr:GetDownloadUrlForLayer"]).await;
    assert_eq!(answered("team/app").await.0, 403);
}
