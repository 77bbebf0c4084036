//! `kill -9` at any moment: whatever was acknowledged is there afterwards, byte for byte.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::{Distribution, expect, location};
use wharfinger_e2e::http::{Body, Request};
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::wait;

const CYCLES: u64 = 25;
const WRITERS: u64 = 3;
const BLOB_BYTES_MAX: u64 = 300_000;

/// What one writer was told is kept.
#[derive(Default)]
struct Acknowledged {
    repositories: Vec<String>,
    /// (repository, digest) → bytes.
    blobs: BTreeMap<(String, String), Vec<u8>>,
    /// (repository, tag or digest) → manifest.
    manifests: BTreeMap<(String, String), Vec<u8>>,
    /// Uploads not completed: the location, and what was sent to it.
    uploads: Vec<(String, Vec<u8>)>,
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let mut server = Server::start();
    let mut seed = Seed::new(4566);
    let mut before: Vec<Acknowledged> = Vec::new();
    let mut all = Vec::new();
    for cycle in 0..CYCLES {
        let api = Api::root(&server);
        let distribution = Distribution::root(&server);
        verify(&api, &distribution, &before);
        finish_uploads(&distribution, &mut before);
        all.append(&mut before);

        let acknowledgements = AtomicU64::new(0);
        let moment = 1 + seed.below(60);
        before = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (api, distribution) = (&api, &distribution);
                    let acknowledgements = &acknowledgements;
                    let seed = Seed::new(cycle * WRITERS + writer);
                    let name = format!("cycle-{cycle}/writer-{writer}");
                    scope.spawn(move || write(api, distribution, &name, seed, acknowledgements))
                })
                .collect();
            wait::until("acknowledgements", Duration::from_secs(120), || {
                let all_ended = writers.iter().all(std::thread::ScopedJoinHandle::is_finished);
                assert!(!all_ended, "the server refuses to be written to:\n{}", server.log());
                (acknowledgements.load(Ordering::Relaxed) >= moment).then_some(())
            });
            server.kill();
            writers.into_iter().map(|writer| writer.join().expect("a writer ends")).collect()
        });
        server.restart();
    }
    // Nothing is lost later on either: a restart tidies up, and must not take too much.
    let distribution = Distribution::root(&server);
    finish_uploads(&distribution, &mut before);
    all.append(&mut before);
    let blobs: usize = all.iter().map(|kept| kept.blobs.len()).sum();
    assert!(blobs > 100, "only {blobs} blobs were written in all");
    verify(&Api::root(&server), &distribution, &all);
}

/// Writes until the server is gone.
fn write(
    api: &Api,
    distribution: &Distribution,
    name: &str,
    mut seed: Seed,
    count: &AtomicU64,
) -> Acknowledged {
    let mut kept = Acknowledged::default();
    for round in 0_u64.. {
        let repository = format!("{name}/{}", round / 4);
        let written =
            write_round(api, distribution, &repository, round, &mut seed, &mut kept, count);
        if written.is_err() {
            break;
        }
    }
    kept
}

fn write_round(
    api: &Api,
    distribution: &Distribution,
    repository: &str,
    round: u64,
    seed: &mut Seed,
    kept: &mut Acknowledged,
    count: &AtomicU64,
) -> std::io::Result<()> {
    let acknowledged = || {
        count.fetch_add(1, Ordering::Relaxed);
    };
    if round.is_multiple_of(4) {
        let answer = api.call("CreateRepository", &json!({ "repositoryName": repository }))?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        kept.repositories.push(repository.to_owned());
        acknowledged();
    }
    let length = usize::try_from(seed.below(BLOB_BYTES_MAX)).expect("small");
    let image = Image::new("amd64", &seed.draw_bytes(length));
    for blob in [&image.layer, &image.config] {
        distribution.push_blob(repository, &blob.digest, &blob.bytes)?;
        kept.blobs.insert((repository.to_owned(), blob.digest.clone()), blob.bytes.clone());
        acknowledged();
    }
    for reference in [format!("round-{round}"), image.manifest.digest.clone()] {
        let bytes = &image.manifest.bytes;
        expect(201, distribution.put_manifest(repository, &reference, OCI_MANIFEST, bytes)?)?;
        kept.manifests.insert((repository.to_owned(), reference), bytes.clone());
        acknowledged();
    }
    // An upload that another request, after the restart, goes on with.
    let at = distribution.start_upload(repository)?;
    let part = seed.draw_bytes(length + 1);
    let answer = distribution.send(Request::new("PATCH", &at).body(Body::Whole(&part)))?;
    let answer = expect(202, answer)?;
    assert_eq!(answer.header("range"), Some(&*format!("0-{length}")));
    kept.uploads.push((location(&answer), part));
    acknowledged();
    Ok(())
}

fn verify(api: &Api, distribution: &Distribution, kept: &[Acknowledged]) {
    for kept in kept {
        for repository in &kept.repositories {
            api.success("DescribeRepositories", &json!({ "repositoryNames": [repository] }));
        }
        for ((repository, digest), bytes) in &kept.blobs {
            let found = distribution.pull_blob(repository, digest).expect("an acknowledged blob");
            assert!(&found == bytes, "{repository}@{digest} is another");
        }
        for ((repository, reference), bytes) in &kept.manifests {
            let found = distribution.pull_manifest(repository, reference);
            assert_eq!(
                &found.expect("an acknowledged manifest"),
                bytes,
                "{repository} {reference}"
            );
        }
    }
}

/// What was acknowledged of an upload must still count. It becomes a blob like the others.
fn finish_uploads(distribution: &Distribution, kept: &mut [Acknowledged]) {
    for kept in kept {
        for (at, part) in std::mem::take(&mut kept.uploads) {
            let (digest, bytes) = finish(distribution, &at, part);
            let repository = repository_of(&at).to_owned();
            kept.blobs.insert((repository, digest), bytes);
        }
    }
}

fn repository_of(location: &str) -> &str {
    let name = location.trim_start_matches("/v2/").split("/blobs/uploads/").next();
    name.expect("a location has a repository")
}

fn finish(distribution: &Distribution, at: &str, mut bytes: Vec<u8>) -> (String, Vec<u8>) {
    let answer = distribution.send(Request::get(at)).expect("an answer");
    let answer = expect(204, answer).expect("an upload in progress");
    assert_eq!(answer.header("range"), Some(&*format!("0-{}", bytes.len() - 1)), "{at}");
    let rest = b"and the rest of it";
    bytes.extend(rest);
    let digest = wharfinger_e2e::image::digest(&bytes);
    let answer = distribution.finish_upload(&location_or(&answer, at), &digest, Body::Whole(rest));
    expect(201, answer.expect("an answer")).expect("a completed upload");
    (digest, bytes)
}

fn location_or(answer: &wharfinger_e2e::http::Response, at: &str) -> String {
    if answer.header("location").is_some() { location(answer) } else { at.to_owned() }
}

#[test]
fn docker_goes_on_with_a_push_after_the_server_was_killed() {
    if !available(&[Client::Aws, Client::Docker]) {
        return;
    }
    let mut server = Server::start();
    let shell = Shell::with_docker(&server);
    shell.success("aws ecr create-repository --repository-name app");
    shell.docker_login();
    // Large enough for the kill to come in the middle of it.
    let text: String = Seed::new(1)
        .draw_bytes(60_000_000)
        .iter()
        .map(|byte| char::from(b'!' + byte % 90))
        .collect();
    shell.docker_build("$REGISTRY/app:1", &text);
    let before = server.data_dir_bytes();
    let pushed = std::thread::scope(|scope| {
        let push = scope.spawn(|| shell.run("docker push $REGISTRY/app:1"));
        wait::until("the first megabytes", Duration::from_secs(60), || {
            (server.data_dir_bytes() > before + 5_000_000).then_some(())
        });
        server.kill();
        server.restart();
        push.join().expect("docker ends")
    });
    // The client tries a layer again that was cut off; should it have given up, the next push does.
    if !pushed.status.success() {
        shell.success("docker push $REGISTRY/app:1");
    }
    shell.success("docker image rm $REGISTRY/app:1");
    shell.success("docker pull $REGISTRY/app:1");
}
