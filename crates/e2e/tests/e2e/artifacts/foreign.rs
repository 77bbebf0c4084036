//! Layers that may not be distributed: the manifest says where they are, and no push brings them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::json;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image::{self, Blob, Image};

use super::{World, descriptor};

const FOREIGN: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";

/// Serves bytes to whoever asks for anything, until the process ends; answers the address.
fn serve(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 4096];
            let head_only = stream.read(&mut head).is_ok() && head.starts_with(b"HEAD");
            let length = bytes.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let body: &[u8] = if head_only { b"" } else { &bytes };
            // A client that goes away has what it wants.
            let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    format!("http://localhost:{}/layer", address.port())
}

/// Pushes an image of an own and a foreign layer as `app:one`; answers the foreign one.
fn push(world: &World, url: impl FnOnce(Vec<u8>) -> String) -> Blob {
    let (own, foreign) = (Image::new("amd64", b"own"), Image::new("amd64", b"foreign"));
    world.write_layout("layout", std::slice::from_ref(&own));
    world.success("crane push --index layout $REGISTRY/app:own");
    let layer = foreign.layer;
    let diff_ids = |image: &Blob| -> serde_json::Value {
        let config: serde_json::Value = serde_json::from_slice(&image.bytes).expect("JSON");
        config["rootfs"]["diff_ids"][0].clone()
    };
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {
            "type": "layers", "diff_ids": [diff_ids(&own.config), diff_ids(&foreign.config)],
        },
    });
    let config = Blob::new(config.to_string().into_bytes());
    world.write("config.json", &config.bytes);
    world.success("oras blob push $REGISTRY/app config.json");
    let mut far = descriptor(FOREIGN, &layer);
    far["urls"] = json!([url(layer.bytes.clone())]);
    let near = descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &own.layer);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": image::OCI_MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [near, far],
    });
    world.write("manifest.json", manifest.to_string());
    world.success("oras manifest push $REGISTRY/app:one manifest.json");
    layer
}

#[test]
fn an_image_with_a_foreign_layer_is_pushed_and_copied_without_it() {
    if !available(&[Client::Artifacts, Client::Skopeo]) {
        return;
    }
    let world = World::new(&["app", "mirror/app"]);
    let layer = push(&world, |_| "http://localhost:1/nowhere".to_owned());
    world.success("crane copy $REGISTRY/app:one $REGISTRY/mirror/app:crane");
    world.success("regctl registry set --skip-check --tls disabled $REGISTRY");
    world.success("regctl image copy $REGISTRY/app:one $REGISTRY/mirror/app:regctl");
    let skopeo = "skopeo copy --insecure-policy --src-tls-verify=false --dest-tls-verify=false";
    let (from, to) = ("docker://$REGISTRY/app:one", "docker://$REGISTRY/mirror/app:skopeo");
    world.success(&format!("{skopeo} {from} {to}"));
    let digest = world.success("crane digest $REGISTRY/app:one");
    for tag in ["crane", "regctl", "skopeo"] {
        assert_eq!(world.success(&format!("crane digest $REGISTRY/mirror/app:{tag}")), digest);
    }
    // It is nowhere: whoever wants it is told so, and nothing breaks.
    let absent =
        world.shell.failure(&format!("oras blob fetch -o - $REGISTRY/app@{}", layer.digest));
    assert!(absent.contains("not found"), "{absent}");
    let refused = world.shell.failure("crane pull $REGISTRY/app:one one.tar");
    assert!(refused.contains("localhost:1"), "{refused}");
}

#[test]
fn a_foreign_layer_is_pulled_from_where_it_is_and_may_be_pushed_all_the_same() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = World::new(&["app", "mirror/app"]);
    let layer = push(&world, serve);
    world.success("crane pull $REGISTRY/app:one one.tar && tar -tf one.tar > /dev/null");
    world.success("crane validate --remote $REGISTRY/app:one");
    let copy = "crane --allow-nondistributable-artifacts copy";
    world.success(&format!("{copy} $REGISTRY/app:one $REGISTRY/mirror/app:one"));
    let fetch = format!("oras blob fetch -o fetched $REGISTRY/mirror/app@{}", layer.digest);
    world.success(&fetch);
    assert!(world.read("fetched") == layer.bytes);
}
