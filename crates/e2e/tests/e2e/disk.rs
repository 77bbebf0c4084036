//! Disks that are full, or that nothing can be written to.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::Distribution;
use wharfinger_e2e::http::{Body, Request, Response};
use wharfinger_e2e::image::{Blob, Image, OCI_MANIFEST};
use wharfinger_e2e::program;
use wharfinger_e2e::scratch::Disk;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::wait;

const DISK_MIB: u32 = 48;
const BALLAST_BYTES: usize = 16 * 1024 * 1024;

#[test]
fn a_full_disk_is_507_and_loses_nothing() {
    if !available(&[Client::Mount]) {
        return;
    }
    let disk = Disk::mount(DISK_MIB).expect("a disk could be mounted before");
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![0; BALLAST_BYTES]).expect("the disk is empty");
    let mut server = Server::start_on(&disk.path().join("data")).expect("it starts");
    let api = Api::root(&server);
    api.create_repository("app");
    let distribution = Distribution::root(&server);
    let image = Image::new("amd64", b"before");
    push(&distribution, &image);

    let mut kept = vec![image.layer.clone(), image.config.clone()];
    fill(&distribution, &mut kept);
    refused_everywhere(&api, &distribution);
    verify(&distribution, &kept);
    let doctor = program::run(&mut server.command("doctor")).said();
    assert!(doctor.contains("disk"), "{doctor}");

    // It goes on by itself when there is room again.
    fs::remove_file(ballast).expect("the ballast is there");
    wait::until("room for the audit log", Duration::from_secs(30), || {
        let begun = distribution.send(Request::new("POST", "/v2/app/blobs/uploads/"));
        (begun.expect("an answer").status == 202).then_some(())
    });
    let image = Image::new("amd64", b"afterwards");
    push(&distribution, &image);
    kept.extend([image.layer.clone(), image.config.clone()]);
    verify(&distribution, &kept);
    api.create_repository("afterwards");

    server.kill();
    server.restart();
    verify(&distribution, &kept);
    let found = distribution.pull_manifest("app", "latest").expect("the image");
    assert_eq!(found, image.manifest.bytes);
}

fn push(distribution: &Distribution, image: &Image) {
    for blob in [&image.layer, &image.config] {
        distribution.push_blob("app", &blob.digest, &blob.bytes).expect("there is room");
    }
    let answer = distribution.put_manifest("app", "latest", OCI_MANIFEST, &image.manifest.bytes);
    assert_eq!(answer.expect("an answer").status, 201);
}

/// Pushes until not even a small blob fits any more.
fn fill(distribution: &Distribution, kept: &mut Vec<Blob>) {
    for (number, length) in [(1, 4_000_000), (2, 300_000), (3, 20_000)] {
        let mut seed = Seed::new(number);
        loop {
            let blob = Blob::new(seed.draw_bytes(length));
            match try_push(distribution, &blob) {
                Ok(answer) if answer.status == 201 => kept.push(blob),
                Ok(answer) => break assert_full(answer),
                Err(status) => break assert_eq!(status, 507),
            }
        }
    }
}

/// The answer to the whole blob, or the status with which not even the upload could begin.
fn try_push(distribution: &Distribution, blob: &Blob) -> Result<Response, u16> {
    let request = Request::new("POST", "/v2/app/blobs/uploads/");
    let answer = distribution.send(request).expect("an answer");
    if answer.status != 202 {
        return Err(answer.status);
    }
    let at = wharfinger_e2e::distribution::location(&answer);
    let answer = distribution.finish_upload(&at, &blob.digest, Body::Whole(&blob.bytes));
    Ok(answer.expect("an answer"))
}

fn assert_full(answer: Response) {
    let status = answer.status;
    let body = answer.body().unwrap_or_default();
    assert_eq!(status, 507, "{}", String::from_utf8_lossy(&body));
}

/// Nothing that was not kept is acknowledged: what is taken must be there, what is not is 507.
fn refused_everywhere(api: &Api, distribution: &Distribution) {
    let answer = api.call("CreateRepository", &json!({ "repositoryName": "full" }));
    let answer = answer.expect("an answer");
    let names = json!({ "repositoryNames": ["full"] });
    let found = api.call("DescribeRepositories", &names).expect("an answer").status == 200;
    match answer.status {
        200 => assert!(found),
        // What is done and cannot be recorded any more is not acknowledged, and is told so.
        507 if found => {
            let message = answer.body["message"].as_str().unwrap_or_default();
            assert!(message.ends_with("the request may have been carried out"), "{message}");
        }
        507 => {}
        status => panic!("{status}: {}", answer.body),
    }
    let blob = Blob::new(Seed::new(9).draw_bytes(6_000_000));
    if let Ok(answer) = try_push(distribution, &blob) {
        assert_full(answer);
    }
}

fn verify(distribution: &Distribution, kept: &[Blob]) {
    for blob in kept {
        let found = distribution.pull_blob("app", &blob.digest).expect("an acknowledged blob");
        assert!(found == blob.bytes, "{} is another", blob.digest);
    }
}

#[test]
fn docker_says_that_the_disk_is_full() {
    if !available(&[Client::Mount, Client::Aws, Client::Docker]) {
        return;
    }
    let disk = Disk::mount(8).expect("a disk could be mounted before");
    let server = Server::start_on(&disk.path().join("data")).expect("it starts");
    let shell = Shell::with_docker(&server);
    shell.success("aws ecr create-repository --repository-name app");
    shell.docker_login();
    let bytes = Seed::new(8).draw_bytes(12_000_000);
    let text: String = bytes.iter().map(|byte| char::from(b'!' + byte % 90)).collect();
    shell.docker_build("$REGISTRY/app:1", &text);
    let refused = shell.failure("docker push $REGISTRY/app:1");
    assert!(refused.contains("507"), "{refused}");
    let images = shell.success("aws ecr list-images --repository-name app --query imageIds");
    assert_eq!(images, "[]");
}

#[test]
fn a_disk_that_cannot_be_written_to_is_refused_at_the_start() {
    if !available(&[Client::Mount]) {
        return;
    }
    let disk = Disk::mount(16).expect("a disk could be mounted before");
    let data_dir = disk.path().join("data");
    disk.make_read_only();
    assert_refused(&data_dir);
}

#[test]
fn a_used_directory_that_became_read_only_is_refused_at_the_start() {
    if !available(&[Client::Mount]) {
        return;
    }
    let disk = Disk::mount(16).expect("a disk could be mounted before");
    let data_dir = disk.path().join("data");
    let mut server = Server::start_on(&data_dir).expect("it starts");
    server.stop();
    disk.make_read_only();
    assert_refused(&data_dir);
}

fn assert_refused(data_dir: &Path) {
    let refusal = Server::start_on(data_dir).expect_err("nothing can be written there");
    assert!(!refusal.status.success());
    assert!(refusal.log.contains(&data_dir.display().to_string()), "{}", refusal.log);
    assert!(refusal.log.to_lowercase().contains("read-only"), "{}", refusal.log);
    assert!(!refusal.log.contains("panicked"), "{}", refusal.log);
}
