//! What is done to a registry while it is measured.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sha2::{Digest as _, Sha256};
use wharfinger_core::Digest;

use crate::CLIENTS;
use crate::client::{Client, Keep};
use crate::layers::Layer;
use crate::process::Process;
use crate::registry::{REPOSITORY, Registry};

/// What was measured while layers went in and out.
pub struct Figures {
    /// The push.
    pub push: Transfer,
    /// The pull.
    pub pull: Transfer,
    /// The server's peak memory after both.
    pub peak_bytes: u64,
}

/// One direction.
pub struct Transfer {
    /// Bytes moved.
    pub bytes: u64,
    /// CPU time of the server.
    pub cpu_seconds: f64,
    /// Wall time.
    pub wall: Duration,
}

impl Transfer {
    /// CPU-seconds of the server for 10^9 bytes.
    pub fn cpu_seconds_per_gb(&self) -> f64 {
        self.cpu_seconds / self.gigabytes()
    }

    /// 10^9 bytes a second of wall time.
    pub fn gb_per_second(&self) -> f64 {
        self.gigabytes() / self.wall.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "a benchmark moves less than 2^53 bytes")]
    fn gigabytes(&self) -> f64 {
        self.bytes as f64 / 1e9
    }
}

/// Pushes all layers with one client each, then pulls them, likewise.
pub fn layers_in_and_out(
    registry: &impl Registry,
    process: &Process,
    layers: &[Layer],
) -> Result<Figures> {
    let push = measure(registry, process, layers, push)?;
    let pull = measure(registry, process, layers, pull)?;
    Ok(Figures { push, pull, peak_bytes: process.peak_bytes()? })
}

fn measure(
    registry: &impl Registry,
    process: &Process,
    layers: &[Layer],
    transfer: fn(&mut Client, &Layer) -> Result<()>,
) -> Result<Transfer> {
    let (cpu, started) = (process.cpu_seconds()?, Instant::now());
    std::thread::scope(|scope| {
        let clients: Vec<_> = layers
            .iter()
            .map(|layer| scope.spawn(move || transfer(&mut registry.client()?, layer)))
            .collect();
        clients.into_iter().try_for_each(join)
    })?;
    Ok(Transfer {
        bytes: layers.iter().map(|layer| layer.bytes.len() as u64).sum(),
        cpu_seconds: process.cpu_seconds()? - cpu,
        wall: started.elapsed(),
    })
}

fn join(client: std::thread::ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?
}

/// As docker does it: begin, one streamed `PATCH`, `PUT` with the digest.
fn push(client: &mut Client, layer: &Layer) -> Result<()> {
    let location = begin(client)?;
    let answer = client.send("PATCH", &location, &[], &layer.bytes, Keep::Body)?;
    ensure!(answer.status == 202, "PATCH answered {}", answer.status);
    let location = path_of(answer.header("location").context("no location")?);
    complete(client, &location, &layer.digest, &[])
}

fn begin(client: &mut Client) -> Result<String> {
    let target = format!("/v2/{REPOSITORY}/blobs/uploads/");
    let answer = client.send("POST", &target, &[], &[], Keep::Body)?;
    ensure!(answer.status == 202, "POST answered {}", answer.status);
    Ok(path_of(answer.header("location").context("no location")?))
}

fn complete(client: &mut Client, location: &str, digest: &Digest, body: &[u8]) -> Result<()> {
    let separator = if location.contains('?') { '&' } else { '?' };
    let target = format!("{location}{separator}digest={digest}");
    let answer = client.send("PUT", &target, &[], body, Keep::Body)?;
    ensure!(answer.status == 201, "PUT answered {}", answer.status);
    Ok(())
}

fn pull(client: &mut Client, layer: &Layer) -> Result<()> {
    let target = format!("/v2/{REPOSITORY}/blobs/{}", layer.digest);
    let answer = client.send("GET", &target, &[], &[], Keep::Length)?;
    let expected = (layer.bytes.len() as u64).to_be_bytes();
    ensure!(answer.status == 200 && answer.body == expected, "GET answered {}", answer.status);
    Ok(())
}

/// Stores `count` images that share a config and a layer.
pub fn images(registry: &impl Registry, count: usize) -> Result<()> {
    let config = b"{\"architecture\":\"amd64\",\"os\":\"linux\"}";
    let layer = b"a layer that all images share";
    let mut client = registry.client()?;
    for blob in [&config[..], &layer[..]] {
        let location = begin(&mut client)?;
        complete(&mut client, &location, &digest_of(blob), blob)?;
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let put = || -> Result<()> {
            let mut client = registry.client()?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                let manifest = format!(
                    r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{}","size":{}}}],"annotations":{{"number":"{number}"}}}}"#,
                    digest_of(config),
                    config.len(),
                    digest_of(layer),
                    layer.len(),
                );
                let target = format!("/v2/{REPOSITORY}/manifests/v{number}");
                let headers = [("content-type", "application/vnd.oci.image.manifest.v1+json")];
                let answer =
                    client.send("PUT", &target, &headers, manifest.as_bytes(), Keep::Body)?;
                ensure!(answer.status == 201, "PUT manifest answered {}", answer.status);
            }
        };
        let clients: Vec<_> = (0..CLIENTS * 4).map(|_| scope.spawn(put)).collect();
        clients.into_iter().try_for_each(join)
    })
}

fn digest_of(bytes: &[u8]) -> Digest {
    Digest::Sha256(Sha256::digest(bytes).into())
}

/// The path and query of a `Location`, which may be absolute.
fn path_of(location: &str) -> String {
    match location.split_once("://").and_then(|(_, rest)| rest.split_once('/')) {
        Some((_, path)) => format!("/{path}"),
        None => location.to_owned(),
    }
}
