//! Clients that go on where they were when the server comes back.

use std::fs::File;
use std::thread;

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image::{self, Image};
use wharfinger_e2e::program;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::traffic;

use super::World;

const UPLOADS: &str = "/v2/app/blobs/uploads/";

#[test]
fn a_push_in_chunks_goes_on_after_the_server_was_killed() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let mut world = World::new(&["app"]);
    let set = "regctl registry set --skip-check --tls disabled";
    world.success(&format!("{set} --blob-chunk 65536 --blob-max 65536 $REGISTRY"));
    let image = Image::new("amd64", &Seed::new(2).draw_bytes(8_000_000));
    let length = image.layer.bytes.len() as u64;
    let index = world.write_layout("layout", &[image]);
    let World { server, shell, .. } = &mut world;
    thread::scope(|scope| {
        let push =
            scope.spawn(|| shell.run("regctl image copy ocidir://layout:all $REGISTRY/app:one"));
        traffic::until(server, |all| {
            (all.iter().filter(|it| it.is("PATCH", UPLOADS)).count() >= 5).then_some(())
        });
        server.kill();
        server.restart();
        push.join().expect("the client was run").success();
    });
    assert_eq!(world.success("regctl image digest $REGISTRY/app:one"), index.digest);
    world.success("crane validate --remote $REGISTRY/app:one");
    let patches: u64 = traffic::exchanges(&world.server)
        .iter()
        .filter(|it| it.is("PATCH", UPLOADS) && it.status == 202)
        .map(|it| it.bytes_in)
        .sum();
    // Not from the beginning again: what was acknowledged before the kill was not sent twice.
    assert!(patches < length + 2 * 65_536, "{patches} bytes of {length}");
}

#[test]
fn a_pull_goes_on_by_a_range_after_the_server_was_killed() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let mut world = World::new(&["app"]);
    world.success("regctl registry set --skip-check --tls disabled $REGISTRY");
    // More than the sockets and pipes between server and reader hold.
    let bytes = Seed::new(3).draw_bytes(48 << 20);
    let digest = image::digest(&bytes);
    world.write("blob", &bytes);
    world.success("regctl blob put $REGISTRY/app < blob && mkfifo begun goes-on");
    // The reader takes the beginning, says so, and waits until it is told to go on.
    let pull = format!(
        "regctl blob get $REGISTRY/app {digest} \
         | (head -c 1000; echo > begun; cat goes-on > /dev/null; cat) | sha256sum"
    );
    let World { server, shell, .. } = &mut world;
    let fifo = |name: &str| shell.home().join(name);
    let pulled = thread::scope(|scope| {
        let pull = scope.spawn(|| shell.run(&pull));
        program::run(std::process::Command::new("cat").arg(fifo("begun"))).success();
        server.kill();
        server.restart();
        drop(File::options().write(true).open(fifo("goes-on")).expect("the reader waits"));
        pull.join().expect("the client was run").success()
    });
    assert!(digest.ends_with(pulled.split(' ').next().expect("a word")), "{pulled}");
    traffic::until(server, |all| {
        all.iter().find(|it| it.is("GET", "/v2/app/blobs/") && it.status == 206).cloned()
    });
}
