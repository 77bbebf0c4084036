//! Artifacts of every kind through the clients that people make and move them with: files and what
//! is attached to them, bills of materials, charts, signatures, attestations, SOCI indexes, indexes of
//! indexes, layers in zstd, layers that live elsewhere.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::image::{self, Blob, Image};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::traffic;

mod attestation;
mod cosign;
mod crane;
mod foreign;
mod helm;
mod oras;
mod regctl;
mod resuming;
mod sbom;
mod soci;
mod zstd;

/// A server whose traffic can be read, with repositories, and a shell with the clients logged in.
struct World {
    server: Server,
    shell: Shell,
    api: Api,
}

impl World {
    #[track_caller]
    fn new(repositories: &[&str]) -> Self {
        let server = Server::start_with(&traffic::LOG);
        let (shell, api) = (Shell::with_artifacts(&server), Api::root(&server));
        for name in repositories {
            api.create_repository(name);
        }
        Self { server, shell, api }
    }

    /// Runs a line that must succeed; answers what it printed.
    #[track_caller]
    fn success(&self, line: &str) -> String {
        self.shell.success(line)
    }

    /// Runs a line that must print JSON.
    #[track_caller]
    fn json(&self, line: &str) -> Value {
        let printed = self.success(line);
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }

    /// Writes a file into the folder in which the lines run.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.shell.home().join(name);
        fs::write(&file, content).expect("a file can be written");
        file
    }

    /// Reads a file that a client made there.
    #[track_caller]
    fn read(&self, name: &str) -> Vec<u8> {
        let file = self.shell.home().join(name);
        fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Writes images as an OCI layout, the index under the tag `all`; answers the index.
    fn write_layout(&self, name: &str, images: &[Image]) -> Blob {
        let index = image::index(images);
        image::write_layout(&self.shell.home().join(name), "all", images, &index);
        index
    }

    /// The tags of a repository, in order.
    #[track_caller]
    fn tags(&self, repository: &str) -> Vec<String> {
        let tags = self.success(&format!("crane ls $REGISTRY/{repository}"));
        tags.lines().map(str::to_owned).collect()
    }
}

/// A text in JSON.
#[track_caller]
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer} in {value}"))
}

/// The descriptor of bytes of a media type.
fn descriptor(media_type: &str, blob: &Blob) -> Value {
    serde_json::json!({
        "mediaType": media_type, "digest": blob.digest, "size": blob.bytes.len(),
    })
}
