//! `wharfinger fsck`: what rots on the disk is named with the images it hurts, put aside, and healed by
//! the next push; beside a server that is in use it says nothing is wrong.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::container::ContainerTools;
use wharfinger_e2e::distribution::Distribution;
use wharfinger_e2e::image::{self, Image};
use wharfinger_e2e::object;
use wharfinger_e2e::program;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

/// Several segments of a file.
const LAYER_BYTES: usize = 700_000;

/// Runs a check; answers whether it found nothing, and what it printed.
fn fsck(server: &Server, arguments: &[&str]) -> (bool, Vec<Value>) {
    let outcome = program::run(server.command("fsck").arg("--json").args(arguments));
    let lines = outcome.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let lines: Vec<Value> = lines.collect();
    let summary = lines.last().unwrap_or_else(|| panic!("no summary: {}", outcome.stderr));
    assert_eq!(summary["summary"], true, "{}", outcome.stdout);
    (outcome.status.success(), lines)
}

fn of_code<'a>(lines: &'a [Value], code: &str) -> &'a Value {
    lines.iter().find(|line| line["code"] == code).unwrap_or_else(|| panic!("{lines:?}"))
}

#[test]
fn a_rotten_layer_is_named_put_aside_and_healed_by_the_next_push() {
    if !available(&[Client::Aws, Client::Skopeo]) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    shell.success("aws ecr create-repository --repository-name app");
    let password = shell.success("aws ecr get-login-password");
    let tools = ContainerTools::logged_in(&server, &password);
    let image = Image::new("amd64", &Seed::new(3).draw_bytes(LAYER_BYTES));
    let (layout, copy) = (tools.folder().join("layout"), tools.folder().join("copy"));
    let index = image::index(std::slice::from_ref(&image));
    image::write_layout(&layout, "one", std::slice::from_ref(&image), &index);
    let (layer, manifest) = (&image.layer, &image.manifest.digest);
    let remote = format!("docker://{}/app:one", server.registry());
    let layout = format!("oci:{}:one", layout.display());
    let inwards =
        ["copy", "--dest-tls-verify=false", "--override-arch=amd64", "--preserve-digests"];
    let outwards = ["copy", "--src-tls-verify=false", &remote];
    let push = || {
        program::run(tools.command("skopeo").args(inwards).args([&layout, &remote])).success();
    };
    let pull = || {
        let target = format!("oci:{}:one", copy.display());
        program::run(tools.command("skopeo").args(outwards).arg(target))
    };
    push();
    assert!(fsck(&server, &["--read-data"]).0);

    object::damage(&object::largest(&server), 500);
    assert!(fsck(&server, &[]).0, "the middle of a file shows only when it is read");
    let (clean, lines) = fsck(&server, &["--read-data"]);
    assert!(!clean);
    let found = of_code(&lines, "blob-damaged");
    assert_eq!(found["digest"], layer.digest.as_str());
    let named = found["images"][0].as_str().expect("an image");
    assert!(named.starts_with(&format!("app:one@{manifest} (")), "{named}");
    let to_do = found["whatToDo"].as_str().expect("a sentence");
    assert!(to_do.contains(&layer.digest) && to_do.contains("repository app again"), "{to_do}");
    assert!(!pull().status.success());

    let (clean, lines) = fsck(&server, &["--read-data", "--repair"]);
    assert!(!clean, "what was damaged is told, though it was repaired");
    assert_eq!(lines.last().expect("a summary")["repaired"], 1);
    let aside = fs::read_dir(server.data_dir().join("quarantine")).expect("a folder").count();
    assert_eq!(aside, 1);
    let doctor = program::run(server.command("doctor").arg("--json")).stdout;
    assert!(doctor.contains("1 are damaged and not served"), "{doctor}");
    assert!(!pull().status.success());

    push();
    assert!(pull().status.success());
    let file = copy.join("blobs").join(layer.digest.replace(':', "/"));
    assert!(fs::read(file).expect("a pulled layer") == layer.bytes);
    let (clean, lines) = fsck(&server, &["--read-data"]);
    assert!(clean, "{lines:?}");
    let doctor = program::run(server.command("doctor").arg("--json")).stdout;
    assert!(doctor.contains("none is known to be damaged; all bytes were checked"), "{doctor}");
}

#[test]
fn docker_heals_a_layer_that_was_lost() {
    if !available(&[Client::Aws, Client::Docker]) {
        return;
    }
    let server = Server::start();
    let shell = Shell::with_docker(&server);
    shell.success("aws ecr create-repository --repository-name app");
    shell.docker_login();
    // Large enough for a file of its own.
    let text: String =
        Seed::new(8).draw_bytes(500_000).iter().map(|byte| char::from(b'!' + byte % 90)).collect();
    shell.docker_build("$REGISTRY/app:1", &text);
    shell.success("docker push $REGISTRY/app:1");
    fs::remove_file(object::largest(&server)).expect("a file can be removed");
    let outcome = program::run(server.command("fsck").arg("--repair"));
    assert_eq!(outcome.status.code(), Some(1));
    assert!(outcome.stdout.contains("damage   blob-missing: blob sha256:"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("         hurts app:1@sha256:"), "{}", outcome.stdout);
    shell.success("docker push $REGISTRY/app:1");
    shell.success("docker image rm $REGISTRY/app:1");
    shell.success("docker pull $REGISTRY/app:1");
    let outcome = program::run(server.command("fsck").arg("--read-data"));
    assert_eq!(outcome.status.code(), Some(0), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("nothing is wrong\n"), "{}", outcome.stdout);
}

#[test]
fn nothing_is_wrong_beside_a_server_in_use() {
    let server = Server::start();
    let api = Api::root(&server);
    for repository in ["one", "two"] {
        api.create_repository(repository);
    }
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (number, repository) in [(1, "one"), (2, "two"), (3, "one")] {
            let (server, ended) = (&server, &ended);
            scope.spawn(move || push_until(server, repository, number, ended));
        }
        for round in 0..6 {
            let arguments = if round % 2 == 0 { &["--read-data"][..] } else { &[] };
            let (clean, lines) = fsck(&server, arguments);
            assert!(clean && lines.len() == 1, "round {round}: {lines:?}");
        }
        ended.store(true, Ordering::Relaxed);
    });
    let (_, lines) = fsck(&server, &["--read-data"]);
    let summary = lines.last().expect("a summary");
    assert!(summary["images"].as_u64().expect("a number") > 0, "{summary}");
}

/// Pushes images whose tags move, of layers that are files and such as are not.
fn push_until(server: &Server, repository: &str, number: u64, ended: &AtomicBool) {
    let distribution = Distribution::root(server);
    let mut seed = Seed::new(number);
    while !ended.load(Ordering::Relaxed) {
        let image = Image::new("amd64", &seed.draw_bytes(LAYER_BYTES / 2));
        for blob in [&image.layer, &image.config] {
            distribution.push_blob(repository, &blob.digest, &blob.bytes).expect("a blob");
        }
        let bytes = &image.manifest.bytes;
        let answer = distribution.put_manifest(repository, "moving", image::OCI_MANIFEST, bytes);
        assert_eq!(answer.expect("an answer").status, 201);
    }
}
