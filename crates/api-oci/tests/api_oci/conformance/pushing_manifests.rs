//! Pushing manifests.

use wharfinger_core::limits::MANIFEST_BYTES_MAX;
use wharfinger_oci::media_type::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};

use super::super::fixture::{Fixture, REPOSITORY, digest_of, fixture, manifest};
use super::{path, put, refused, sha512_of};

async fn with_blobs() -> (Fixture, Vec<u8>) {
    let fixture = fixture().await;
    fixture.push_blob(REPOSITORY, b"{}").await;
    fixture.push_blob(REPOSITORY, b"layer").await;
    (fixture, manifest(b"{}", b"layer"))
}

fn index(children: &[(&str, &[u8])]) -> Vec<u8> {
    let children: Vec<String> = children
        .iter()
        .map(|(media_type, bytes)| {
            let (digest, size) = (digest_of(bytes), bytes.len());
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
        })
        .collect();
    let children = children.join(",");
    format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{children}]}}"#)
        .into_bytes()
}

#[tokio::test]
async fn end_7_a_push_is_201_with_a_location_to_pull_from() {
    let (fixture, manifest) = with_blobs().await;
    let (sha256, sha512) = (digest_of(&manifest).to_string(), sha512_of(&manifest));
    for (reference, digest) in
        [("v1", &sha256), (sha256.as_str(), &sha256), (sha512.as_str(), &sha512)]
    {
        // The second time nothing is new, and that is no failure.
        for _ in 0..2 {
            let reply = put(&fixture, reference, OCI_MANIFEST, &manifest).await;
            assert_eq!((reply.status.as_u16(), reply.text()), (201, ""), "{reference}");
            assert_eq!(reply.header("docker-content-digest"), digest);
            assert_eq!(reply.header("oci-subject"), "");
            let pulled = fixture.get(&path(reply.header("location"))).await;
            assert_eq!(pulled.body, manifest);
        }
    }
}

#[tokio::test]
async fn end_7_the_type_may_stand_beside_the_manifest_or_in_it() {
    let (fixture, named) = with_blobs().await;
    let text = String::from_utf8(named.clone()).unwrap();
    let nameless = text.replace(&format!("\"mediaType\":\"{OCI_MANIFEST}\","), "");
    for (media_type, bytes) in [("", &named[..]), (OCI_MANIFEST, nameless.as_bytes())] {
        let reply = put(&fixture, "v1", media_type, bytes).await;
        assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
        let pulled = fixture.get("/v2/team/app/manifests/v1").await;
        assert_eq!(pulled.header("content-type"), OCI_MANIFEST);
    }
    let conflict = put(&fixture, "v1", OCI_INDEX, &named).await;
    assert_eq!(refused(&conflict), (400, "MANIFEST_INVALID".into()));
}

#[tokio::test]
async fn end_7_a_wrong_digest_is_400() {
    let (fixture, manifest) = with_blobs().await;
    for digest in [
        digest_of(b"other").to_string(),
        sha512_of(b"other"),
        "sha256:baddigeststring".into(),
        format!("sha384:{}", "0a".repeat(48)),
    ] {
        let reply = put(&fixture, &digest, OCI_MANIFEST, &manifest).await;
        assert_eq!(refused(&reply), (400, "DIGEST_INVALID".into()), "{digest}");
    }
    let stored = fixture.get(&format!("/v2/team/app/manifests/{}", digest_of(&manifest))).await;
    assert_eq!(stored.status.as_u16(), 404);
}

#[tokio::test]
async fn end_7_what_a_manifest_refers_to_must_be_there() {
    let (fixture, image) = with_blobs().await;
    for (media_type, bytes) in [
        (OCI_MANIFEST, manifest(b"{}", b"absent")),
        (OCI_MANIFEST, manifest(b"absent", b"layer")),
        (OCI_INDEX, index(&[(OCI_MANIFEST, b"absent")])),
        // There as a blob, which is no manifest.
        (OCI_INDEX, index(&[(OCI_MANIFEST, b"layer")])),
    ] {
        let reply = put(&fixture, "v1", media_type, &bytes).await;
        assert_eq!(refused(&reply), (404, "MANIFEST_BLOB_UNKNOWN".into()));
    }
    let reply = fixture.put_manifest("/v2/absent/manifests/v1", &image).await;
    assert_eq!(refused(&reply), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_7_the_list_of_blobs_may_be_empty() {
    let fixture = fixture().await;
    fixture.push_blob(REPOSITORY, b"{}").await;
    let config = format!(
        r#""config":{{"mediaType":"{OCI_CONFIG}","digest":"{}","size":2}}"#,
        digest_of(b"{}")
    );
    let image =
        format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}",{config},"layers":[]}}"#);
    for (media_type, bytes) in [(OCI_MANIFEST, image.into_bytes()), (OCI_INDEX, index(&[]))] {
        let reply = put(&fixture, "empty", media_type, &bytes).await;
        assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
        assert_eq!(fixture.get("/v2/team/app/manifests/empty").await.body, bytes);
    }
}

#[tokio::test]
async fn end_7_an_index_may_list_indexes() {
    let (fixture, image) = with_blobs().await;
    let inner = index(&[(OCI_MANIFEST, &image)]);
    let outer = index(&[(OCI_INDEX, &inner), (OCI_MANIFEST, &image)]);
    let outermost = index(&[(OCI_INDEX, &outer)]);
    put(&fixture, &digest_of(&image).to_string(), OCI_MANIFEST, &image).await;
    for (reference, bytes) in [("inner", &inner), ("outer", &outer), ("outermost", &outermost)] {
        let reply = put(&fixture, reference, OCI_INDEX, bytes).await;
        assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
        let pulled = fixture.get(&format!("/v2/team/app/manifests/{reference}")).await;
        assert_eq!((&pulled.body[..], pulled.header("content-type")), (&bytes[..], OCI_INDEX));
    }
}

/// Nothing of it is named by sha256: not its blobs, not its images, not itself.
#[tokio::test]
async fn end_7_an_index_may_be_of_sha512_throughout() {
    let fixture = fixture().await;
    let mut image = String::from_utf8(manifest(b"{}", b"layer")).unwrap();
    for blob in [&b"{}"[..], b"layer"] {
        let digest = sha512_of(blob);
        let target = format!("/v2/team/app/blobs/uploads/?digest={digest}");
        let pushed = fixture.request("POST", &target).body(blob).send().await;
        assert_eq!(pushed.status.as_u16(), 201);
        image = image.replace(&digest_of(blob).to_string(), &digest);
    }
    let image = image.into_bytes();
    let index = String::from_utf8(index(&[(OCI_MANIFEST, &image)])).unwrap();
    let index = index.replace(&digest_of(&image).to_string(), &sha512_of(&image)).into_bytes();
    // The image is there by sha256 only, which is another one.
    put(&fixture, "by-sha256", OCI_MANIFEST, &image).await;
    let early = put(&fixture, &sha512_of(&index), OCI_INDEX, &index).await;
    assert_eq!(refused(&early), (404, "MANIFEST_BLOB_UNKNOWN".into()));
    for (media_type, bytes) in [(OCI_MANIFEST, &image), (OCI_INDEX, &index)] {
        let reply = put(&fixture, &sha512_of(bytes), media_type, bytes).await;
        assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
        assert_eq!(&fixture.get(&path(reply.header("location"))).await.body, bytes);
    }
}

/// An image manifest of exactly that many bytes.
fn of_length(length: usize) -> Vec<u8> {
    let short = String::from_utf8(manifest(b"{}", b"layer")).unwrap();
    let with = |pad: &str| short.replacen('{', &format!(r#"{{"annotations":{{"a":"{pad}"}},"#), 1);
    let padding = length - with("").len();
    with(&"A".repeat(padding)).into_bytes()
}

#[tokio::test]
async fn end_7_a_manifest_has_4_mib_at_the_most() {
    let (fixture, _) = with_blobs().await;
    let largest = of_length(MANIFEST_BYTES_MAX);
    assert_eq!(largest.len(), 4 * 1024 * 1024);
    assert_eq!(put(&fixture, "v1", OCI_MANIFEST, &largest).await.status.as_u16(), 201);
    let pulled = fixture.get("/v2/team/app/manifests/v1").await;
    assert!(pulled.body == largest);
    let larger = of_length(MANIFEST_BYTES_MAX + 1);
    let reply = put(&fixture, "v2", OCI_MANIFEST, &larger).await;
    assert_eq!(refused(&reply), (413, "MANIFEST_INVALID".into()));
    assert_eq!(fixture.get("/v2/team/app/manifests/v2").await.status.as_u16(), 404);
}

#[tokio::test]
async fn end_7_a_tag_has_its_form() {
    let (fixture, manifest) = with_blobs().await;
    for tag in ["_", "v1.0_A-b", "0", &"t".repeat(128)] {
        assert_eq!(put(&fixture, tag, OCI_MANIFEST, &manifest).await.status.as_u16(), 201);
    }
    for tag in ["-a", ".a", "a~b", "a%20b", &"t".repeat(129)] {
        let reply = put(&fixture, tag, OCI_MANIFEST, &manifest).await;
        assert_eq!(refused(&reply), (405, "UNSUPPORTED".into()), "{tag}");
    }
}

#[tokio::test]
async fn end_7_a_tag_moves_to_what_was_pushed_last() {
    let (fixture, first) = with_blobs().await;
    fixture.push_blob(REPOSITORY, b"second").await;
    let second = manifest(b"{}", b"second");
    for bytes in [&first, &second, &first] {
        assert_eq!(put(&fixture, "v1", OCI_MANIFEST, bytes).await.status.as_u16(), 201);
        assert_eq!(fixture.get("/v2/team/app/manifests/v1").await.body, bytes);
    }
    let left = fixture.get(&format!("/v2/team/app/manifests/{}", digest_of(&second))).await;
    assert_eq!(left.body, second);
}
