//! Space comes back while people push, and a collection that is killed is gone on with.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::http::Request;
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::program;
use wharfinger_e2e::scratch::files;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::wait;

const PATIENCE: Duration = Duration::from_secs(120);
const LAYER_BYTES: usize = 1 << 20;

fn gc(server: &Server, arguments: &str) -> Value {
    let printed = program::run(&mut server.command(&format!("gc --json{arguments}"))).success();
    serde_json::from_str(&printed).expect("JSON")
}

fn push(distribution: &Distribution, image: &Image, tag: &str) {
    for blob in [&image.layer, &image.config] {
        let target = format!("/v2/app/blobs/{}", blob.digest);
        let found = distribution.send(Request::new("HEAD", &target)).expect("an answer");
        match found.status {
            200 => {}
            404 => distribution.push_blob("app", &blob.digest, &blob.bytes).expect("pushed"),
            status => panic!("HEAD answered {status}"),
        }
    }
    let put = distribution.put_manifest("app", tag, OCI_MANIFEST, &image.manifest.bytes);
    expect(201, put.expect("an answer")).expect("what was told of is there");
}

fn delete(api: &Api, tag: &str) {
    let ids = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": tag }] });
    let deleted = api.success("BatchDeleteImage", &ids);
    assert_eq!(deleted["failures"], json!([]), "{deleted}");
}

fn objects_bytes(server: &Server) -> u64 {
    let sizes = files(&server.data_dir().join("objects"));
    // One that is deleted meanwhile has none.
    sizes.iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

#[test]
fn the_disk_shrinks_while_people_push() {
    let server =
        Server::start_with(&["--undo-window", "off", "--push-lease", "8s", "--gc-interval", "1s"]);
    let (api, distribution) = (Api::root(&server), Distribution::root(&server));
    api.create_repository("app");
    let image = |number: u64| Image::new("amd64", &Seed::new(number).draw_bytes(LAYER_BYTES));
    for number in 0..6 {
        push(&distribution, &image(number), &format!("v{number}"));
    }
    let full = objects_bytes(&server);
    assert!(full > 6 * LAYER_BYTES as u64);
    for number in 1..6 {
        delete(&api, &format!("v{number}"));
    }
    let (over, pushes) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        // Pushes what it has deleted just before, of which something may be there still or not.
        scope.spawn(|| {
            let images = [10, 11, 12].map(|number| Image::new("amd64", &[number; 200_000]));
            for (number, image) in images.iter().cycle().enumerate() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                push(&distribution, image, &format!("pushed-{number}"));
                delete(&api, &format!("pushed-{number}"));
                pushes.fetch_add(1, Ordering::Relaxed);
            }
        });
        let shrunk = wait::poll(PATIENCE, || {
            gc(&server, "");
            (objects_bytes(&server) < 2 * LAYER_BYTES as u64).then_some(())
        });
        over.store(true, Ordering::Relaxed);
        shrunk.expect("the disk shrinks");
    });
    assert!(pushes.load(Ordering::Relaxed) > 5, "{pushes:?}");
    let kept = image(0);
    for blob in [&kept.layer, &kept.config] {
        assert_eq!(distribution.pull_blob("app", &blob.digest).expect("it is there"), blob.bytes);
    }
    let log = server.log();
    assert!(!log.contains(" ERROR "), "{log}");
}

#[test]
fn a_collection_that_is_killed_is_gone_on_with() {
    let server = Server::start_with(&[
        "--undo-window",
        "off",
        "--push-lease",
        "1s",
        "--gc-interval",
        "365d",
    ]);
    let (api, distribution) = (Api::root(&server), Distribution::root(&server));
    api.create_repository("app");
    let kept = Image::new("amd64", &Seed::new(1).draw_bytes(100_000));
    push(&distribution, &kept, "v1");
    // Each of them has a file of its own.
    const LAYERS: u64 = 250;
    for number in 2..LAYERS + 2 {
        let layer = Image::new("amd64", &Seed::new(number).draw_bytes(70_000)).layer;
        distribution.push_blob("app", &layer.digest, &layer.bytes).expect("pushed");
    }
    wait::until("the end of the leases", PATIENCE, || {
        (gc(&server, " --dry-run")["blobs"] == LAYERS).then_some(())
    });
    let mut killed = 0;
    for milliseconds in (0_u64..).map(|step| 5 * step) {
        let mut command = server.command("gc");
        let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
        let ended = wait::poll(Duration::from_millis(milliseconds), || {
            child.try_wait().expect("it is there")
        });
        match ended {
            Some(status) => {
                assert!(status.success());
                break;
            }
            None => {
                child.kill().expect("it is there");
                child.wait().expect("it is there");
                killed += 1;
            }
        }
    }
    assert!(killed > 0, "it was too fast");
    let left = gc(&server, " --dry-run");
    for nothing in ["blobs", "links", "discardedObjects", "unknownObjects", "foreignFiles"] {
        assert_eq!(left[nothing], 0, "{left}");
    }
    assert_eq!(files(&server.data_dir().join("objects")).len(), 1);
    assert_eq!(distribution.pull_blob("app", &kept.layer.digest).expect("kept"), kept.layer.bytes);
}
