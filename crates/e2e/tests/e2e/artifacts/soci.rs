//! SOCI indexes, which let containerd start an image before all of it is there. The snapshotter and
//! its CLI need a containerd of their own, so the very manifests that `soci create` and `soci
//! convert` write are pushed by oras: version 1 refers to the image, version 2 is listed with it.

use serde_json::{Value, json};
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image::{self, Blob, Image};

use super::{World, descriptor, text};

const V1: &str = "application/vnd.amazon.soci.index.v1+json";
const V2: &str = "application/vnd.amazon.soci.index.v2+json";

/// Pushes an image as `app:one`, and a table of contents of its layer; answers the image and a
/// manifest of an index of this type without what ties it to the image.
fn push(world: &World, media_type: &str) -> (Image, Value) {
    let image = Image::new("amd64", b"content");
    world.write_layout("layout", std::slice::from_ref(&image));
    world.success("oras copy --from-oci-layout layout:all $REGISTRY/app:one");
    world.write("empty", "{}");
    world.write("ztoc", b"a table of contents");
    world.success("oras blob push $REGISTRY/app empty && oras blob push $REGISTRY/app ztoc");
    let mut ztoc = descriptor("application/octet-stream", &Blob::new(world.read("ztoc")));
    ztoc["annotations"] = json!({
        "com.amazon.soci.image-layer-mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "com.amazon.soci.image-layer-digest": image.layer.digest,
    });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": image::OCI_MANIFEST,
        "config": descriptor(media_type, &Blob::new(b"{}".to_vec())),
        "layers": [ztoc],
        "annotations": { "com.amazon.soci.build-tool-identifier": "AWS SOCI CLI v0.2" },
    });
    (image, manifest)
}

/// Pushes a manifest by its digest, or under a tag.
#[track_caller]
fn put(world: &World, manifest: &Value, tag: Option<&str>) -> Blob {
    let blob = Blob::new(manifest.to_string().into_bytes());
    world.write("manifest.json", &blob.bytes);
    let reference = tag.map_or_else(|| format!("@{}", blob.digest), |tag| format!(":{tag}"));
    world.success(&format!("oras manifest push $REGISTRY/app{reference} manifest.json"));
    blob
}

#[test]
fn version_1_refers_to_the_image() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = World::new(&["app", "mirror/app"]);
    let (image, mut index) = push(&world, V1);
    index["subject"] = descriptor(image::OCI_MANIFEST, &image.manifest);
    let index = put(&world, &index, None);
    let subject = format!("app@{}", image.manifest.digest);
    let discover = format!("oras discover --format json --artifact-type {V1} $REGISTRY");
    let found = world.json(&format!("{discover}/{subject}"));
    assert_eq!(text(&found, "/referrers/0/digest"), index.digest);
    world.success(&format!("oras copy -r $REGISTRY/{subject} $REGISTRY/mirror/app:one"));
    let found = world.json(&format!("{discover}/mirror/{subject}"));
    assert_eq!(text(&found, "/referrers/0/digest"), index.digest);
    let image = json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": index.digest }] });
    let described = world.api.success("DescribeImages", &image);
    assert_eq!(described["imageDetails"][0]["artifactMediaType"], V1);
    assert_eq!(world.tags("app"), ["one"]);
}

#[test]
fn version_2_is_listed_with_the_image() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = World::new(&["app", "mirror/app"]);
    let (image, mut soci) = push(&world, "application/vnd.oci.empty.v1+json");
    soci["artifactType"] = V2.into();
    let soci = put(&world, &soci, None);
    let platform = json!({ "architecture": "amd64", "os": "linux" });
    let mut children =
        [descriptor(image::OCI_MANIFEST, &image.manifest), descriptor(image::OCI_MANIFEST, &soci)];
    children[0]["platform"] = platform.clone();
    children[1]["platform"] = platform;
    children[1]["artifactType"] = V2.into();
    children[1]["annotations"] =
        json!({ "com.amazon.soci.image-manifest-digest": image.manifest.digest });
    let index = json!({
        "schemaVersion": 2, "mediaType": image::OCI_INDEX, "manifests": children,
    });
    let index = put(&world, &index, Some("soci"));
    world.success("oras copy $REGISTRY/app:soci $REGISTRY/mirror/app:soci");
    assert_eq!(world.success("crane digest $REGISTRY/mirror/app:soci"), index.digest);
    let fetched = world.json(&format!("oras manifest fetch $REGISTRY/mirror/app@{}", soci.digest));
    assert_eq!(fetched["artifactType"], V2);
    // Who knows nothing of it gets the image, which comes first.
    let config = world.json("crane config --platform=linux/amd64 $REGISTRY/mirror/app:soci");
    assert_eq!(config["architecture"], "amd64");
}
