//! Manifests and blobs on their way out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use wharfinger_oci::media_type::OCI_MANIFEST;

use super::fixture::{Fixture, REPOSITORY, digest_of, fixture, sample};

#[tokio::test]
async fn a_manifest_comes_as_it_was_pushed() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let (digest, length) = (digest_of(&manifest), manifest.len());
    let head = format!(
        "\
200
content-length: {length}
content-type: {OCI_MANIFEST}
docker-content-digest: {digest}
docker-distribution-api-version: registry/2.0
etag: \"{digest}\""
    );
    let whole = format!("{head}\n\n{}", std::str::from_utf8(&manifest).unwrap());
    for reference in ["v1", &digest.to_string()] {
        let target = format!("/v2/team/app/manifests/{reference}");
        assert_eq!(fixture.get(&target).await.whole(), whole);
        assert_eq!(fixture.request("HEAD", &target).send().await.whole(), head);
        let plain = fixture.request("GET", &target).header("accept", "text/plain");
        assert_eq!(plain.send().await.whole(), whole);
    }
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let (manifest, layer) = (digest_of(&manifest), digest_of(b"layer"));
    for (target, digest, accept_ranges) in [
        ("/v2/team/app/manifests/v1".to_owned(), manifest, ""),
        (format!("/v2/team/app/blobs/{layer}"), layer, "accept-ranges: bytes\n"),
    ] {
        let expected = format!(
            "\
304
{accept_ranges}docker-content-digest: {digest}
docker-distribution-api-version: registry/2.0
etag: \"{digest}\""
        );
        for method in ["GET", "HEAD"] {
            let ask = |etag: String| {
                fixture.request(method, &target).header("if-none-match", etag).send()
            };
            assert_eq!(ask(format!("\"{digest}\"")).await.whole(), expected);
            assert_eq!(ask("\"sha256:other\"".into()).await.status.as_u16(), 200);
        }
    }
}

#[tokio::test]
async fn a_blob_comes_whole() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"layer").await;
    let head = format!(
        "\
200
accept-ranges: bytes
content-length: 5
content-type: application/octet-stream
docker-content-digest: {digest}
docker-distribution-api-version: registry/2.0
etag: \"{digest}\""
    );
    let target = format!("/v2/team/app/blobs/{digest}");
    assert_eq!(fixture.get(&target).await.whole(), format!("{head}\n\nlayer"));
    assert_eq!(fixture.request("HEAD", &target).send().await.whole(), head);
}

#[tokio::test]
async fn a_blob_comes_in_ranges() {
    let fixture = fixture().await;
    let bytes = sample(300_000);
    let digest = fixture.push_blob(REPOSITORY, &bytes).await;
    let target = format!("/v2/team/app/blobs/{digest}");
    let ask = |range: &str| fixture.request("GET", &target).header("range", range).send();
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=100-200099", 100, 200_099),
        ("bytes=299999-", 299_999, 299_999),
        ("bytes=-5", 299_995, 299_999),
        ("bytes=5-99999999", 5, 299_999),
    ] {
        let reply = ask(range).await;
        assert_eq!(reply.status.as_u16(), 206, "{range}");
        assert_eq!(reply.header("content-range"), format!("bytes {first}-{last}/300000"));
        assert_eq!(reply.header("content-length"), (last - first + 1).to_string());
        assert_eq!(reply.body, bytes[first..=last]);
    }
    for range in ["bytes=0-1,4-5", "items=0-1", "nonsense"] {
        let reply = ask(range).await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 300_000), "{range}");
    }
    let beyond = ask("bytes=300000-").await;
    assert_eq!(
        beyond.whole(),
        "\
416
accept-ranges: bytes
content-length: 107
content-range: bytes */300000
content-type: application/json; charset=utf-8
docker-distribution-api-version: registry/2.0

{\"errors\":[{\"code\":\"RANGE_INVALID\",\"message\":\"the requested range is none of the 300000 bytes there are\"}]}"
    );
    let resumed = fixture.request("GET", &target).header("range", "bytes=1-2");
    assert_eq!(resumed.header("if-range", "\"x\"").send().await.status.as_u16(), 206);
    let head = fixture.request("HEAD", &target).header("range", "bytes=1-2").send().await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "300000"));
}

#[tokio::test]
async fn what_is_not_there() {
    let fixture = fixture().await;
    fixture.push_image("team/app", "v1", b"layer").await;
    let absent = digest_of(b"absent");
    let target = format!("/v2/team/app/blobs/{absent}");
    let message = format!(
        "The layer with digest '{absent}' does not exist within the repository with name \
         'team/app' in the registry with id '111122223333'"
    );
    fixture.get(&target).await.assert_error(404, "BLOB_UNKNOWN", &message);
    let head = fixture.request("HEAD", &target).send().await;
    assert_eq!((head.status.as_u16(), head.text()), (404, ""));
    let image = "Requested image not found";
    for reference in ["v9", &absent.to_string(), ".INVALID", "sha256:12", "-x"] {
        let target = format!("/v2/team/app/manifests/{reference}");
        fixture.get(&target).await.assert_error(404, "MANIFEST_UNKNOWN", image);
        let head = fixture.request("HEAD", &target).send().await;
        assert_eq!((head.status.as_u16(), head.text()), (404, ""));
    }
}

/// Flips a bit of the only stored object of this size or more, `percent` of it after its begin.
fn damage(fixture: &Fixture, bytes_min: u64, percent: usize) {
    let mut found: Vec<PathBuf> = Vec::new();
    collect(&fixture.folder.path().join("objects"), &mut found);
    found.retain(|path| path.metadata().unwrap().len() >= bytes_min);
    let [path] = &found[..] else { panic!("{found:?}") };
    let mut bytes = std::fs::read(path).unwrap();
    let place = (bytes.len() - 1) * percent / 100;
    bytes[place] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}

#[tokio::test]
async fn a_damaged_blob_is_never_served_as_whole() {
    let fixture = fixture().await;
    let bytes = sample(3_000_000);
    let digest = fixture.push_blob(REPOSITORY, &bytes).await;
    damage(&fixture, 3_000_000, 50);
    let target = format!("/v2/team/app/blobs/{digest}");
    let reply = fixture.get(&target).await;
    assert!(reply.broken);
    assert!(reply.body.len() < bytes.len());
    assert!(bytes.starts_with(&reply.body));
}

#[tokio::test]
async fn pushing_a_damaged_blob_again_heals_it() {
    let fixture = fixture().await;
    // Large enough for a file; damage at its end is found before anything is answered.
    let bytes = sample(70_000);
    let digest = fixture.push_blob(REPOSITORY, &bytes).await;
    damage(&fixture, 70_000, 100);
    let target = format!("/v2/team/app/blobs/{digest}");
    let message = format!(
        "The stored copy of the layer with digest '{digest}' is damaged and is not served; push \
         it again to heal it"
    );
    fixture.get(&target).await.assert_error(404, "BLOB_UNKNOWN", &message);
    // The damage is noted in the background; until then a HEAD knows nothing of it.
    let noted = async {
        while fixture.request("HEAD", &target).send().await.status.as_u16() != 404 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), noted).await.unwrap();
    fixture.get(&target).await.assert_error(404, "BLOB_UNKNOWN", &message);
    fixture.push_blob(REPOSITORY, &bytes).await;
    assert_eq!(fixture.get(&target).await.body, bytes);
}
