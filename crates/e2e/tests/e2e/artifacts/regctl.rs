//! regctl: uploads in small chunks, copies with referrers and tags of digests, other digests.

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image::Image;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::traffic;

use super::World;

/// Bytes of a chunk.
const CHUNK: u64 = 100_000;

/// A server, and regctl told to speak plain HTTP to it.
fn world(repositories: &[&str], options: &str) -> World {
    let world = World::new(repositories);
    world.success(&format!("regctl registry set --skip-check --tls disabled {options} $REGISTRY"));
    world
}

#[test]
fn a_layer_comes_in_small_chunks() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = world(&["app"], &format!("--blob-chunk {CHUNK} --blob-max {CHUNK}"));
    let image = Image::new("amd64", &Seed::new(1).draw_bytes(1_234_567));
    let length = image.layer.bytes.len() as u64;
    let index = world.write_layout("layout", &[image]);
    world.success("regctl image copy ocidir://layout:all $REGISTRY/app:one");
    let chunks = length.div_ceil(CHUNK);
    let sizes = traffic::until(&world.server, |all| {
        let chunks_in = all.iter().filter(|it| it.is("PATCH", "/v2/app/blobs/uploads/"));
        let sizes: Vec<_> = chunks_in.map(|it| (it.status, it.bytes_in)).collect();
        (sizes.len() as u64 >= chunks).then_some(sizes)
    });
    let last = length - (chunks - 1) * CHUNK;
    let expected = (1..chunks).map(|_| (202, CHUNK)).chain([(202, last)]);
    assert_eq!(sizes, expected.collect::<Vec<_>>());
    assert_eq!(world.success("regctl image digest $REGISTRY/app:one"), index.digest);
    world.success("crane validate --remote $REGISTRY/app:one");
}

#[test]
fn referrers_and_tags_of_the_digest_are_copied_and_a_tag_is_deleted_alone() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = world(&["app", "mirror/app"], "");
    world.write_layout("layout", &[Image::new("amd64", b"content")]);
    world.success("regctl image copy ocidir://layout:all $REGISTRY/app:one");
    let digest = world.success("regctl image digest $REGISTRY/app:one");
    world.write("report", "nothing was found");
    let put = "regctl artifact put --artifact-type application/vnd.acme.report \
               --file report --file-media-type text/plain";
    world.success(&format!("{put} --subject $REGISTRY/app:one"));
    let tag = format!("{}.report", digest.replace(':', "-"));
    world.success(&format!("{put} $REGISTRY/app:{tag}"));

    let copy = "regctl image copy --referrers --digest-tags";
    world.success(&format!("{copy} $REGISTRY/app:one $REGISTRY/mirror/app:one"));
    assert_eq!(world.tags("mirror/app"), ["one", &*tag]);
    let list = "regctl artifact list --format '{{range .Descriptors}}{{.Digest}} {{.ArtifactType}}{{end}}'";
    let listed = world.success(&format!("{list} $REGISTRY/mirror/app:one"));
    assert!(listed.ends_with("application/vnd.acme.report"), "{listed}");
    assert_eq!(listed, world.success(&format!("{list} $REGISTRY/app:one")));
    let got = world.success("regctl artifact get --subject $REGISTRY/mirror/app:one");
    assert_eq!(got, "nothing was found");

    world.success("regctl image copy $REGISTRY/app:one $REGISTRY/app:two");
    world.success("regctl tag delete $REGISTRY/app:one");
    assert_eq!(world.tags("app"), [&*tag, "two"]);
    assert_eq!(world.success("regctl image digest $REGISTRY/app:two"), digest);
}

#[test]
fn an_image_by_sha512_is_pushed_copied_and_pulled() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = world(&["app", "mirror/app"], "");
    world.write_layout("layout", &[Image::new("amd64", &[3; 100_000])]);
    world.success("regctl image copy ocidir://layout:all $REGISTRY/app:one");
    let change = "regctl image mod --digest-algo sha512 --create";
    world.success(&format!("{change} $REGISTRY/app:long $REGISTRY/app:one"));
    let index = world.json("regctl manifest get --format raw-body $REGISTRY/app:long");
    let digest = super::text(&index, "/manifests/0/digest");
    assert!(digest.starts_with("sha512:"), "{digest}");
    let image = format!("$REGISTRY/app@{digest}");
    let manifest = world.json(&format!("regctl manifest get --format raw-body {image}"));
    let layer = super::text(&manifest, "/layers/0/digest");
    assert!(layer.starts_with("sha512:"), "{layer}");
    world.success("regctl image copy $REGISTRY/app:long $REGISTRY/mirror/app:long");
    world.success("regctl image copy $REGISTRY/mirror/app:long ocidir://copy:long");
    let (algorithm, hash) = layer.split_once(':').expect("a digest");
    let bytes = world.read(&format!("copy/blobs/{algorithm}/{hash}"));
    let pulled = world.success(&format!("regctl blob get $REGISTRY/app {layer} | sha512sum"));
    assert!(pulled.starts_with(hash), "{pulled}");
    assert_eq!(bytes.len() as u64, manifest["layers"][0]["size"]);
}
