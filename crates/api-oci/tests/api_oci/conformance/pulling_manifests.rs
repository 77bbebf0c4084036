//! Pulling manifests, and whether they are there.

use wharfinger_oci::media_type::OCI_MANIFEST;

use super::super::fixture::{REPOSITORY, digest_of, fixture, manifest};
use super::{head, put, refused, sha512_of};

#[tokio::test]
async fn end_3_a_manifest_comes_as_it_was_pushed_by_tag_and_by_digest() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let digest = digest_of(&manifest).to_string();
    for reference in ["v1", digest.as_str()] {
        let target = format!("/v2/team/app/manifests/{reference}");
        let reply = fixture.get(&target).await;
        assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, &manifest[..]));
        assert_eq!(reply.header("content-type"), OCI_MANIFEST);
        assert_eq!(reply.header("docker-content-digest"), digest);
        let asked = head(&fixture, &target).await;
        assert_eq!((asked.status.as_u16(), &asked.headers), (200, &reply.headers));
        assert!(asked.body.is_empty());
    }
}

/// Bytes are bytes: blanks, the order of members, and members that nobody knows.
#[tokio::test]
async fn end_3_not_one_byte_of_a_manifest_changes() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let text = String::from_utf8(manifest(b"{}", b"layer")).unwrap();
    let odd = text.replacen('{', "\n{ \"x-unknown\" :\t[1e0, \"\\u00e9é\"] ,\r\n", 1) + " \n\n";
    assert_eq!(put(&fixture, "odd", OCI_MANIFEST, odd.as_bytes()).await.status.as_u16(), 201);
    let reply = fixture.get("/v2/team/app/manifests/odd").await;
    assert_eq!(reply.body, odd.as_bytes());
    assert_eq!(reply.header("docker-content-digest"), digest_of(odd.as_bytes()).to_string());
}

#[tokio::test]
async fn end_3_the_type_is_that_of_the_push_and_has_no_parameters() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let manifest = manifest(b"{}", b"layer");
    let with_parameter = format!("{OCI_MANIFEST}; charset=utf-8");
    let pushed = put(&fixture, "v2", &with_parameter, &manifest).await;
    assert_eq!(pushed.status.as_u16(), 201);
    // What a client accepts changes nothing: there is one form of a manifest.
    for accept in ["", OCI_MANIFEST, "application/json", "text/plain;q=0.1, */*"] {
        let request = fixture.request("GET", "/v2/team/app/manifests/v2").header("accept", accept);
        let reply = request.send().await;
        assert_eq!(reply.header("content-type"), OCI_MANIFEST);
        assert_eq!(reply.body, manifest);
    }
}

#[tokio::test]
async fn end_3_a_manifest_that_is_not_there_is_404() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    for reference in [
        "v9".to_owned(),
        ".INVALID_MANIFEST_NAME".into(),
        digest_of(b"absent").to_string(),
        sha512_of(&manifest(b"{}", b"layer")),
        "sha256:baddigeststring".into(),
        format!("sha384:{}", "0a".repeat(48)),
        "t".repeat(129),
        // A blob is no manifest.
        digest_of(b"layer").to_string(),
    ] {
        let target = format!("/v2/team/app/manifests/{reference}");
        let reply = fixture.get(&target).await;
        assert_eq!(refused(&reply), (404, "MANIFEST_UNKNOWN".into()), "{reference}");
        assert_eq!(head(&fixture, &target).await.status.as_u16(), 404, "{reference}");
    }
    let absent = fixture.get("/v2/absent/manifests/v1").await;
    assert_eq!(refused(&absent), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_3_what_the_client_has_is_not_sent_again() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let tag = format!("\"{}\"", digest_of(&manifest));
    let ask = |known: String| {
        let request = fixture.request("GET", "/v2/team/app/manifests/v1");
        request.header("if-none-match", known).send()
    };
    for known in [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), "*".into()] {
        let reply = ask(known).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (304, ""));
        assert_eq!(reply.header("etag"), tag);
    }
    // A tag that moved is another entity.
    fixture.push_image(REPOSITORY, "v1", b"other").await;
    assert_eq!(ask(tag).await.status.as_u16(), 200);
}

#[tokio::test]
async fn end_3_a_manifest_that_was_pushed_by_sha512_comes_by_sha512() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let digest = sha512_of(&manifest);
    assert_eq!(put(&fixture, &digest, OCI_MANIFEST, &manifest).await.status.as_u16(), 201);
    let target = format!("/v2/team/app/manifests/{digest}");
    let reply = fixture.get(&target).await;
    assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, &manifest[..]));
    assert_eq!(reply.header("docker-content-digest"), digest);
    assert_eq!(head(&fixture, &target).await.headers, reply.headers);
    // The tag still names it by sha256.
    let tagged = head(&fixture, "/v2/team/app/manifests/v1").await;
    assert_eq!(tagged.header("docker-content-digest"), digest_of(&manifest).to_string());
}
