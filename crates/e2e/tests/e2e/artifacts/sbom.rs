//! Bills of materials that the registry makes of what it has read anyway, attached where the clients of
//! artifacts look for them.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_e2e::client::{self, Client, available};
use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::http::Request;
use wharfinger_e2e::image::{self, Image, OCI_INDEX, OCI_MANIFEST};
use wharfinger_e2e::object;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::wait;

use super::{Api, Server, World};

const OS_RELEASE: &[u8] = b"ID=debian\nVERSION_ID=\"10\"\n";
const STATUS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/pkgdb/dpkg/scalibr/transitional");
const DSA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/advisories/debian/DSA.list");
const CYCLONEDX: &str = "application/vnd.cyclonedx+json";

/// A server that takes what a deleted image leaves behind at once, and its data directory as `$DATA`.
fn world() -> World {
    let server = Server::start_with(&["--orphans-after", "0s"]);
    let (mut shell, api) = (Shell::with_artifacts(&server), Api::root(&server));
    api.create_repository("app");
    shell.set("WHARFINGER", &client::wharfinger().display().to_string());
    shell.set("DATA", &server.data_dir().display().to_string());
    World { server, shell, api }
}

/// An image of buster whose layer is large enough for a file of its own.
fn buster(architecture: &str) -> Image {
    let status = std::fs::read(Path::new(STATUS)).expect("a database");
    let noise = Seed::new(9).draw_bytes(300_000);
    let files =
        [("etc/os-release", OS_RELEASE), ("var/lib/dpkg/status", &*status), ("noise", &*noise)];
    Image::of_files(architecture, &files)
}

/// Pushes images, and an index of them as `app:v1`.
fn push(server: &Server, images: &[Image]) {
    let distribution = Distribution::root(server);
    let put = |reference: &str, media_type: &str, bytes: &[u8]| {
        let put = distribution.put_manifest("app", reference, media_type, bytes);
        expect(201, put.expect("an answer")).expect("an image");
    };
    for image in images {
        for blob in [&image.layer, &image.config] {
            distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob");
        }
        put(&image.manifest.digest, OCI_MANIFEST, &image.manifest.bytes);
    }
    put("v1", OCI_INDEX, &image::index(images).bytes);
}

/// What refers to an image, as `/v2` lists it.
fn referrers(server: &Server, digest: &str) -> Vec<Value> {
    let target = format!("/v2/app/referrers/{digest}");
    let answer = Distribution::root(server).send(Request::get(&target)).expect("an answer");
    let body = expect(200, answer).and_then(|it| it.body()).expect("a list");
    let list: Value = serde_json::from_slice(&body).expect("JSON");
    list["manifests"].as_array().expect("a list").clone()
}

#[test]
fn a_bill_of_materials_is_attached_once_and_found_by_every_client() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = world();
    let images = [buster("amd64"), buster("arm64")];
    push(&world.server, &images);
    let [amd64, arm64] = images.each_ref().map(|image| image.manifest.digest.as_str());
    let sbom = "$WHARFINGER sbom app:v1 --data-dir $DATA";
    let bill = world.success(sbom);
    let parsed: Value = serde_json::from_str(&bill).expect("JSON");
    assert_eq!(parsed["metadata"]["component"]["version"], amd64);
    let components = parsed["components"].as_array().expect("components");
    assert!(components.iter().any(|it| it["name"] == "iceweasel"), "{bill}");

    // What is kept is read no second time: the layer could not be.
    for file in object::files(&world.server) {
        std::fs::remove_file(file).expect("a file can be removed");
    }
    assert_eq!(world.success(sbom), bill);
    world.success(&format!("$WHARFINGER advisories import {DSA} --data-dir $DATA"));
    let report = world.json("$WHARFINGER scan app:v1 --format json --data-dir $DATA");
    let findings = report["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|it| it["vulnerability"] == "CVE-2022-31736"), "{report}");
    world.success(&format!("{sbom} --format spdx --output sbom.spdx.json"));
    let spdx: Value = serde_json::from_slice(&world.read("sbom.spdx.json")).expect("JSON");
    assert_eq!(spdx["spdxVersion"], "SPDX-2.3");

    let attached = world.success(&format!("{sbom} --attach --output attached.json"));
    let again = world.success(&format!("{sbom} --attach"));
    let digest = attached.split(' ').next().expect("a digest").to_owned();
    assert_eq!(attached, format!("{digest} is attached to app@{amd64}."));
    assert_eq!(again, format!("{digest} was attached before to app@{amd64}."));
    let listed = referrers(&world.server, amd64);
    let [listed] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((&listed["digest"], &listed["artifactType"]), (&json!(digest), &json!(CYCLONEDX)));
    assert!(referrers(&world.server, arm64).is_empty());

    let found = world.json(&format!("oras discover --format json $REGISTRY/app@{amd64}"));
    assert_eq!(found["referrers"][0]["digest"], digest.as_str());
    world.success(&format!("oras pull --output pulled $REGISTRY/app@{digest}"));
    assert_eq!(world.read("pulled/sbom.cdx.json"), world.read("attached.json"));
    assert_eq!(String::from_utf8_lossy(&world.read("attached.json")).trim_end(), bill);
    world.success("regctl registry set --skip-check --tls disabled $REGISTRY");
    let filter = format!("--filter-artifact-type {CYCLONEDX}");
    let listed = world.success(&format!("regctl artifact list {filter} $REGISTRY/app@{amd64}"));
    assert!(listed.contains(&digest), "{listed}");
    let get = format!("regctl artifact get {filter} --subject $REGISTRY/app@{amd64} > got.json");
    world.success(&get);
    assert_eq!(world.read("got.json"), world.read("attached.json"));

    world.success(&format!("{sbom} --attach --format spdx --platform linux/arm64"));
    assert_eq!(referrers(&world.server, arm64)[0]["artifactType"], "application/spdx+json");
    let artifact = world.shell.failure(&format!("$WHARFINGER sbom app@{digest} --data-dir $DATA"));
    assert!(artifact.contains("not scanned"), "{artifact}");

    // What refers to an image goes with it.
    let id = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] });
    world.api.success("BatchDeleteImage", &id);
    let gone = format!("/v2/app/manifests/{digest}");
    wait::until("the bill to go with its image", Duration::from_secs(60), || {
        let answer = Distribution::root(&world.server).send(Request::get(&gone)).ok()?;
        (answer.status == 404).then_some(())
    });
}
