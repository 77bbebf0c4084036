//! Requests that nothing can be made of.

use super::fixture::{digest_of, fixture};

#[tokio::test]
async fn an_unknown_repository_is_named() {
    let fixture = fixture().await;
    let digest = digest_of(b"layer");
    let message = "The repository with name 'team/absent' does not exist in the registry with id \
                   '111122223333'";
    let upload = "/v2/team/absent/blobs/uploads/4a1b8b0e-6a0c-4a9e-9c5c-0d6a5a1c2b3d";
    for (method, target) in [
        ("GET", "/v2/team/absent/tags/list".to_owned()),
        ("GET", "/v2/team/absent/manifests/v1".to_owned()),
        ("DELETE", "/v2/team/absent/manifests/v1".to_owned()),
        ("GET", format!("/v2/team/absent/blobs/{digest}")),
        ("POST", "/v2/team/absent/blobs/uploads/".to_owned()),
        ("POST", format!("/v2/team/absent/blobs/uploads/?digest={digest}")),
        ("GET", upload.to_owned()),
        ("PATCH", upload.to_owned()),
        ("PUT", format!("{upload}?digest={digest}")),
        ("DELETE", upload.to_owned()),
    ] {
        let reply = fixture.request(method, &target).send().await;
        reply.assert_error(404, "NAME_UNKNOWN", message);
    }
    let manifest = super::fixture::manifest(b"{}", b"layer");
    let reply = fixture.put_manifest("/v2/team/absent/manifests/v1", &manifest).await;
    reply.assert_error(404, "NAME_UNKNOWN", message);
    for target in
        ["/v2/team/absent/manifests/v1".to_owned(), format!("/v2/team/absent/blobs/{digest}")]
    {
        let head = fixture.request("HEAD", &target).send().await;
        assert_eq!((head.status.as_u16(), head.text()), (404, ""));
    }
}

#[tokio::test]
async fn names_tags_and_digests_have_their_forms() {
    let fixture = fixture().await;
    let name = "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy \
                regular expression '[a-z0-9]+((\\\\.|_|__|-+)[a-z0-9]+)*(\\\\/[a-z0-9]+((\\\\.|_|__|-+)\
                [a-z0-9]+)*)*''";
    for bad in ["Upper", "a..b", "-a", "a%20b", &"a".repeat(257)] {
        let reply = fixture.get(&format!("/v2/{bad}/tags/list")).await;
        reply.assert_error(405, "UNSUPPORTED", name);
    }
    let digest = "Invalid parameter at 'imageDigest' failed to satisfy constraint: 'must satisfy \
                  regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+''";
    let reply = fixture.put_manifest("/v2/team/app/manifests/sha256:12", b"{}").await;
    reply.assert_error(400, "DIGEST_INVALID", digest);
    let reply = fixture.get("/v2/team/app/referrers/sha256:12").await;
    reply.assert_error(400, "DIGEST_INVALID", digest);
    let tag = "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular \
               expression '[a-zA-Z0-9-_.]+''";
    let reply = fixture.put_manifest("/v2/team/app/manifests/x~", b"{}").await;
    reply.assert_error(405, "UNSUPPORTED", tag);
    let tag = "Invalid parameter at 'imageTag' failed to satisfy constraint: 'a tag is 1 to 128 \
               letters, digits, '_', '.' and '-', and starts with none of '.' and '-''";
    let reply = fixture.put_manifest("/v2/team/app/manifests/.x", b"{}").await;
    reply.assert_error(405, "UNSUPPORTED", tag);
    let upload = "The upload does not exist in the repository with name 'team/app' in the registry \
                  with id '111122223333'";
    let reply = fixture.get("/v2/team/app/blobs/uploads/1").await;
    reply.assert_error(404, "BLOB_UPLOAD_UNKNOWN", upload);
    let reply = fixture.get("/v2/team%2Fapp/tags/list").await;
    assert_eq!(reply.status.as_u16(), 400);
    let reply = fixture.get("/v2/_catalog?last=%zz").await;
    reply.assert_error(400, "UNSUPPORTED", "the query has an invalid percent-encoding");
}

#[tokio::test]
async fn methods_that_a_route_does_not_have() {
    let fixture = fixture().await;
    let digest = digest_of(b"layer");
    let upload = "/v2/team/app/blobs/uploads/4a1b8b0e-6a0c-4a9e-9c5c-0d6a5a1c2b3d";
    for (method, target, allow) in [
        ("POST", "/v2/".to_owned(), "GET, HEAD"),
        ("DELETE", "/v2/_catalog".to_owned(), "GET, HEAD"),
        ("PUT", "/v2/team/app/tags/list".to_owned(), "GET, HEAD"),
        ("POST", "/v2/team/app/manifests/v1".to_owned(), "GET, HEAD, PUT, DELETE"),
        ("PUT", format!("/v2/team/app/blobs/{digest}"), "GET, HEAD, DELETE"),
        ("GET", "/v2/team/app/blobs/uploads/".to_owned(), "POST"),
        ("POST", upload.to_owned(), "GET, HEAD, PATCH, PUT, DELETE"),
        ("OPTIONS", format!("/v2/team/app/referrers/{digest}"), "GET, HEAD"),
        ("BREW", "/v2/".to_owned(), "GET, HEAD"),
    ] {
        let reply = fixture.request(method, &target).send().await;
        reply.assert_error(405, "UNSUPPORTED", "The operation is unsupported.");
        assert_eq!(reply.header("allow"), allow, "{method} {target}");
    }
}
