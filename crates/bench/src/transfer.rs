//! What clients of a registry do, as docker does it: pushes and pulls of blobs and manifests.

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest as _, Sha256};
use wharfinger_core::Digest;

use crate::client::{Client, Keep, Request};
use crate::layers::Layer;

/// The media type of the manifests that are pushed.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";

/// Digest and size of a blob.
pub type Part = (Digest, u64);

/// Pushes a blob: begin, one streamed `PATCH`, `PUT` with the digest.
pub fn push_blob(client: &mut Client, repository: &str, layer: &Layer) -> Result<()> {
    push_pieces(client, repository, &layer.digest, &layer.pieces())
}

/// Pushes bytes as a blob, likewise.
pub fn push_bytes(client: &mut Client, repository: &str, bytes: &[u8]) -> Result<Part> {
    let digest = digest_of(bytes);
    push_pieces(client, repository, &digest, &[bytes])?;
    Ok((digest, bytes.len() as u64))
}

fn push_pieces(
    client: &mut Client,
    repository: &str,
    digest: &Digest,
    pieces: &[&[u8]],
) -> Result<()> {
    let target = format!("/v2/{repository}/blobs/uploads/");
    let answer = client.send(&Request::new("POST", &target))?.expect(202, "POST")?;
    let location = path_of(answer.head.header("location").context("no location")?);
    let headers = [("content-type", "application/octet-stream")];
    let patch = Request { headers: &headers, body: pieces, ..Request::new("PATCH", &location) };
    let answer = client.send(&patch)?.expect(202, "PATCH")?;
    let location = path_of(answer.head.header("location").context("no location")?);
    let separator = if location.contains('?') { '&' } else { '?' };
    let target = format!("{location}{separator}digest={digest}");
    client.send(&Request::new("PUT", &target))?.expect(201, "PUT")?;
    Ok(())
}

/// Whether the registry has a blob.
pub fn has_blob(client: &mut Client, repository: &str, digest: &Digest) -> Result<bool> {
    let target = format!("/v2/{repository}/blobs/{digest}");
    match client.send(&Request::new("HEAD", &target))?.status() {
        200 => Ok(true),
        404 => Ok(false),
        status => bail!("HEAD of a blob answered {status}"),
    }
}

/// Pulls a blob and throws it away.
pub fn pull_blob(client: &mut Client, repository: &str, (digest, size): &Part) -> Result<()> {
    let target = format!("/v2/{repository}/blobs/{digest}");
    let request = Request { keep: Keep::Length, ..Request::new("GET", &target) };
    let answer = client.send(&request)?.expect(200, "GET of a blob")?;
    ensure!(answer.length == *size, "a blob of {size} bytes came with {}", answer.length);
    Ok(())
}

/// Puts a manifest under a tag.
pub fn put_manifest(
    client: &mut Client,
    repository: &str,
    tag: &str,
    manifest: &[u8],
) -> Result<()> {
    let target = format!("/v2/{repository}/manifests/{tag}");
    let headers = [("content-type", MANIFEST_TYPE)];
    let request = Request { headers: &headers, body: &[manifest], ..Request::new("PUT", &target) };
    client.send(&request)?.expect(201, "PUT of a manifest")?;
    Ok(())
}

/// Gets a manifest, and says how long it is.
pub fn get_manifest(client: &mut Client, repository: &str, reference: &str) -> Result<u64> {
    let target = format!("/v2/{repository}/manifests/{reference}");
    let headers = [("accept", MANIFEST_TYPE)];
    let request = Request { headers: &headers, ..Request::new("GET", &target) };
    Ok(client.send(&request)?.expect(200, "GET of a manifest")?.length)
}

/// The manifest of an image.
pub fn manifest(config: &Part, layers: &[Part], number: usize) -> Vec<u8> {
    let part = |media_type: &str, (digest, size): &Part| {
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    };
    let layers: Vec<String> = layers.iter().map(|layer| part(LAYER_TYPE, layer)).collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","config":{},"layers":[{}],"annotations":{{"number":"{number}"}}}}"#,
        part(CONFIG_TYPE, config),
        layers.join(",")
    )
    .into_bytes()
}

/// The SHA-256 of bytes.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest::Sha256(Sha256::digest(bytes).into())
}

/// The path and query of a `Location` or a `Link`, which may be absolute.
pub fn path_of(location: &str) -> String {
    let absolute = location.strip_prefix("http://").or_else(|| location.strip_prefix("https://"));
    match absolute.and_then(|rest| rest.split_once('/')) {
        Some((_, path)) => format!("/{path}"),
        None => location.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_may_be_absolute() {
        assert_eq!(path_of("http://127.0.0.1:5/v2/a?b=c"), "/v2/a?b=c");
        assert_eq!(path_of("https://h/v2/"), "/v2/");
        assert_eq!(path_of("/v2/a?b=http://c/d"), "/v2/a?b=http://c/d");
        assert_eq!(path_of("/v2/a"), "/v2/a");
    }

    #[test]
    fn a_manifest_is_json_and_names_its_parts() {
        let part = (digest_of(b"a"), 1);
        let value: serde_json::Value =
            serde_json::from_slice(&manifest(&part, &[part, part], 7)).unwrap();
        assert_eq!(value["layers"].as_array().unwrap().len(), 2);
        assert_eq!(value["config"]["digest"], digest_of(b"a").to_string());
        assert_eq!(value["annotations"]["number"], "7");
    }
}
