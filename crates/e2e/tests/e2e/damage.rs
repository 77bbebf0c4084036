//! Bytes that rot on the disk: what is damaged is never served as whole.

use std::fs;

use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::Distribution;
use wharfinger_e2e::http::Request;
use wharfinger_e2e::image::Blob;
use wharfinger_e2e::object;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

/// Several segments, so that some of the blob can be served before the damage is met.
const BLOB_BYTES: usize = 5_000_000;

#[test]
fn damaged_bytes_are_never_served_as_whole() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    for (number, place) in [(1, 10), (2, 500), (3, 999)] {
        let blob = Blob::new(Seed::new(number).draw_bytes(BLOB_BYTES));
        let before = object::files(&server);
        distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob can be pushed");
        let file = object::files(&server).into_iter().find(|file| !before.contains(file));
        object::damage(&file.expect("a blob is a file"), place);
        assert_not_served_whole(&distribution, &blob);
        // A push of the same bytes heals it: it is written anew, not taken for what is there.
        distribution.push_blob("app", &blob.digest, &blob.bytes).expect("it can be pushed again");
        let healed = distribution.pull_blob("app", &blob.digest).expect("the blob is whole again");
        assert!(healed == blob.bytes);
    }
    assert!(server.log().contains("ERROR"), "damage is logged:\n{}", server.log());
}

#[test]
fn a_missing_object_is_never_served_as_whole() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let blob = Blob::new(Seed::new(1).draw_bytes(BLOB_BYTES));
    let before = object::files(&server);
    distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob can be pushed");
    for file in object::files(&server).into_iter().filter(|file| !before.contains(file)) {
        fs::remove_file(file).expect("a file can be removed");
    }
    assert_not_served_whole(&distribution, &blob);
}

fn assert_not_served_whole(distribution: &Distribution, blob: &Blob) {
    let target = format!("/v2/app/blobs/{}", blob.digest);
    let mut served = Vec::new();
    let answer = distribution.send(Request::get(&target));
    let copied = answer.and_then(|answer| match answer.status {
        200 => answer.copy_to(&mut served),
        status => Err(std::io::Error::other(format!("status {status}"))),
    });
    assert!(copied.is_err(), "served {} bytes as whole", served.len());
    assert!(blob.bytes.starts_with(&served), "what was served before the damage was right");
}

#[test]
fn docker_does_not_accept_a_damaged_layer() {
    if !available(&[Client::Aws, Client::Docker]) {
        return;
    }
    let server = Server::start();
    let shell = Shell::with_docker(&server);
    shell.success("aws ecr create-repository --repository-name app");
    shell.docker_login();
    // Large enough for a file of its own.
    let text: String =
        Seed::new(7).draw_bytes(500_000).iter().map(|byte| char::from(b'!' + byte % 90)).collect();
    shell.docker_build("$REGISTRY/app:1", &text);
    shell.success("docker push $REGISTRY/app:1");
    shell.success("docker image rm $REGISTRY/app:1");
    object::damage(&object::largest(&server), 500);
    shell.failure("docker pull $REGISTRY/app:1");
    shell.failure("docker image inspect $REGISTRY/app:1");
}
