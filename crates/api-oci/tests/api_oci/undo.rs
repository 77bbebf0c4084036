//! What can be brought back is seen by no client: every answer is the one of a registry that keeps
//! nothing.

use std::time::Duration;

use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::{Digest, RegistryId, Upkeep};
use wharfinger_registry::TagMutability;

use super::fixture::{
    ACCOUNT, Fixture, REGION, REPOSITORY, digest_of, fixture_with_upkeep, manifest,
};

/// One in which an image with its referrer, a tag and a repository were deleted; with the digest.
async fn with_deletions(undo_window: Duration) -> (Fixture, Digest) {
    let fixture = fixture_with_upkeep(Upkeep { undo_window, ..Upkeep::default() }).await;
    let kept = fixture.push_image(REPOSITORY, "v2", b"layer 2").await;
    fixture.put_manifest("/v2/team/app/manifests/latest", &kept).await;
    let deleted = digest_of(&fixture.push_image(REPOSITORY, "v1", b"layer 1").await);
    let referrer = String::from_utf8(manifest(b"{}", b"layer 1")).unwrap();
    let subject = format!(
        r#","subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{deleted}","size":3}}}}"#
    );
    let referrer = format!("{}{subject}", referrer.strip_suffix('}').unwrap());
    let of_referrer = digest_of(referrer.as_bytes());
    let target = format!("/v2/team/app/manifests/{of_referrer}");
    assert_eq!(fixture.put_manifest(&target, referrer.as_bytes()).await.status, 201);
    for reference in [deleted.to_string(), "latest".into(), of_referrer.to_string()] {
        let target = format!("/v2/team/app/manifests/{reference}");
        assert_eq!(fixture.request("DELETE", &target).send().await.status, 202);
    }
    fixture.create_repository("gone", TagMutability::Mutable).await;
    fixture.push_image("gone", "v3", b"layer 3").await;
    fixture.registry.delete_repository(&permit("gone"), true).await.unwrap();
    (fixture, deleted)
}

fn permit<A: wharfinger_auth::Action<Resource = RepositoryResource>>(name: &str) -> Permit<A> {
    let registry = RegistryId::new(ACCOUNT.parse().unwrap(), REGION.parse().unwrap());
    Permit::system(RepositoryResource { registry, name: name.parse().unwrap() })
}

#[tokio::test]
async fn answers_are_those_of_a_registry_that_keeps_nothing() {
    let (keeps, deleted) = with_deletions(Upkeep::default().undo_window).await;
    let (forgets, _) = with_deletions(Duration::ZERO).await;
    let (layer, of_gone) = (digest_of(b"layer 1"), digest_of(b"layer 3"));
    let requests = [
        ("GET", format!("/v2/team/app/manifests/{deleted}"), 404),
        ("HEAD", format!("/v2/team/app/manifests/{deleted}"), 404),
        ("GET", "/v2/team/app/manifests/v1".into(), 404),
        ("GET", "/v2/team/app/manifests/latest".into(), 404),
        ("DELETE", format!("/v2/team/app/manifests/{deleted}"), 404),
        ("GET", format!("/v2/team/app/referrers/{deleted}"), 200),
        ("GET", "/v2/team/app/tags/list".into(), 200),
        ("GET", "/v2/_catalog".into(), 200),
        // A link that no image uses, as of a push that never ended.
        ("HEAD", format!("/v2/team/app/blobs/{layer}"), 200),
        ("GET", format!("/v2/team/app/blobs/{layer}"), 200),
        ("GET", "/v2/gone/manifests/v3".into(), 404),
        ("GET", format!("/v2/gone/blobs/{of_gone}"), 404),
        ("GET", "/v2/gone/tags/list".into(), 404),
        ("POST", format!("/v2/team/app/blobs/uploads/?mount={of_gone}&from=gone"), 202),
    ];
    for (method, target, status) in requests {
        let kept = keeps.request(method, &target).send().await;
        let forgotten = forgets.request(method, &target).send().await;
        assert_eq!(kept.status.as_u16(), status, "{method} {target} {kept:?}");
        let same = |reply: &super::fixture::Reply| {
            // Of an upload the id is random.
            if method == "POST" { reply.status.to_string() } else { reply.whole() }
        };
        assert_eq!(same(&kept), same(&forgotten), "{method} {target}");
    }
    // A new one of the name shares nothing with the one that could come back.
    for fixture in [&keeps, &forgets] {
        fixture.create_repository("gone", TagMutability::Mutable).await;
        let tags = fixture.get("/v2/gone/tags/list").await;
        assert_eq!(tags.text(), r#"{"name":"gone","tags":[]}"#);
        let blob = fixture.get(&format!("/v2/gone/blobs/{of_gone}")).await;
        assert_eq!(blob.status, 404);
    }
}

#[tokio::test]
async fn what_is_brought_back_is_pulled_byte_for_byte() {
    let (fixture, deleted) = with_deletions(Upkeep::default().undo_window).await;
    let manifests = "/v2/team/app/manifests";
    // Asked for before, so that an answer that was remembered would show.
    assert_eq!(fixture.get(&format!("{manifests}/v1")).await.status, 404);
    assert_eq!(fixture.get("/v2/team/app/tags/list").await.text().matches('v').count(), 1);
    let registry = &fixture.registry;
    registry.undelete_image(&permit(REPOSITORY), deleted, false).await.unwrap();
    let tag = "latest".parse().unwrap();
    registry.undelete_tag(&permit(REPOSITORY), tag, None, false).await.unwrap();
    let name = "gone".parse().unwrap();
    registry.undelete_repository(&permit("gone"), name, None).await.unwrap();
    for (target, layer) in [
        (format!("{manifests}/{deleted}"), "layer 1"),
        (format!("{manifests}/v1"), "layer 1"),
        (format!("{manifests}/latest"), "layer 2"),
        ("/v2/gone/manifests/v3".into(), "layer 3"),
    ] {
        let reply = fixture.get(&target).await;
        assert_eq!(reply.body, manifest(b"{}", layer.as_bytes()), "{target}");
        let repository = target.split("/manifests/").next().unwrap();
        let blob = format!("{repository}/blobs/{}", digest_of(layer.as_bytes()));
        assert_eq!(fixture.get(&blob).await.text(), layer, "{target}");
    }
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":["latest","v1","v2"]}"#);
    let catalog = fixture.get("/v2/_catalog").await;
    assert_eq!(catalog.text(), r#"{"repositories":["gone","team/app"]}"#);
}
