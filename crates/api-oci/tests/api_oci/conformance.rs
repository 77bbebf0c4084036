//! OCI Distribution 1.1, clause by clause: a test begins with the name of the clause it checks, and
//! `docs/oci-conformance.md` has a line for each. What the official suite checks is here as well,
//! without a network; `e2e` runs the suite itself.

mod artifacts;
mod base;
mod codes;
mod document;
mod listing_tags;
mod managing;
mod mounting_blobs;
mod pulling_blobs;
mod pulling_manifests;
mod pushing_blobs;
mod pushing_chunks;
mod pushing_manifests;
mod ranges;
mod referrers;
mod subjects;

use aws_lc_rs::digest::{SHA512, digest};

use super::fixture::{Fixture, Reply};

/// `sha512:` and the hash.
fn sha512_of(bytes: &[u8]) -> String {
    format!("sha512:{}", hex::encode(digest(&SHA512, bytes)))
}

/// Pushes a manifest to the repository of every fixture.
async fn put(fixture: &Fixture, reference: &str, media_type: &str, manifest: &[u8]) -> Reply {
    let target = format!("/v2/team/app/manifests/{reference}");
    let request = fixture.request("PUT", &target).header("content-type", media_type);
    request.body(manifest).send().await
}

async fn head(fixture: &Fixture, target: &str) -> Reply {
    fixture.request("HEAD", target).send().await
}

/// A `Location`, as the next request takes it.
fn path(location: &str) -> String {
    location.strip_prefix("http://localhost:4566").unwrap().to_owned()
}

/// Status, code of the first error, and that the body is the envelope.
#[track_caller]
fn refused(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    let code = body["errors"][0]["code"].as_str().unwrap().to_owned();
    (reply.status.as_u16(), code)
}
