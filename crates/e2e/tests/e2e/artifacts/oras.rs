//! oras: files as artifacts, what is attached to them, and copies with all that belongs to them.

use serde_json::{Value, json};
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image;
use wharfinger_e2e::traffic;

use super::{World, text};

const ROCKET: &str = "application/vnd.acme.rocket.v1";
const NOTATION: &str = "vnd.cncf.notary.signature";
const PUSH: &str = "oras push --format json --artifact-type application/vnd.acme.rocket.v1 \
                    --annotation org.acme.stage=test $REGISTRY/app:v1 \
                    one.txt:text/plain folder/two.json:application/json";

/// Pushes two files as `app:v1`, attaches an SBOM, and a signature to that; answers the digests of
/// the three.
fn push(world: &World) -> [String; 3] {
    std::fs::create_dir(world.shell.home().join("folder")).expect("a folder can be made");
    world.write("one.txt", "one\n");
    world.write("folder/two.json", "{\"two\": 2}\n");
    world.write("sbom.json", "{\"spdxVersion\": \"SPDX-2.3\"}\n");
    world.write("signature.jws", "{\"payload\": \"signed\"}\n");
    let pushed = world.json(PUSH);
    assert_eq!(pushed["artifactType"], ROCKET);
    let artifact = text(&pushed, "/digest").to_owned();
    let attach = |what: &str, digest: &str, file: &str| {
        let attached = world.json(&format!(
            "oras attach --format json --artifact-type application/{what} \
             $REGISTRY/app@{digest} {file}"
        ));
        text(&attached, "/digest").to_owned()
    };
    let sbom = attach("spdx+json", &artifact, "sbom.json");
    // As notation signs: its own module cannot be had from the proxy.
    let signature = attach(NOTATION, &sbom, "signature.jws:application/jose+json");
    [artifact, sbom, signature]
}

/// Digests and types of what refers to a reference, as `oras discover` finds them.
#[track_caller]
fn discover(world: &World, reference: &str, options: &str) -> Value {
    let found = world.json(&format!("oras discover --format json {options} $REGISTRY/{reference}"));
    fn strip(referrers: &Value) -> Value {
        let referrers = referrers.as_array().into_iter().flatten();
        let strip = |it: &Value| json!([it["digest"], it["artifactType"], strip(&it["referrers"])]);
        referrers.map(strip).collect()
    }
    strip(&found["referrers"])
}

#[test]
fn files_are_pushed_and_what_is_attached_to_them_is_found() {
    if !available(&[Client::Artifacts, Client::Aws]) {
        return;
    }
    let world = World::new(&["app"]);
    let login = "aws ecr get-login-password \
                 | oras login --username AWS --password-stdin $REGISTRY";
    assert!(world.success(login).contains("Login Succeeded"));
    let [artifact, sbom, signature] = push(&world);
    let tree = json!([[
        sbom,
        "application/spdx+json",
        [[signature, format!("application/{NOTATION}"), []]]
    ]]);
    assert_eq!(discover(&world, "app:v1", ""), tree);
    let filter = "--artifact-type application/none";
    assert_eq!(discover(&world, "app:v1", filter), json!([]));
    // The server said that it lists referrers, so no client made a tag for them.
    assert_eq!(world.success("oras repo tags $REGISTRY/app"), "v1");
    let subject = json!({ "repositoryName": "app", "subjectId": { "imageDigest": artifact } });
    let listed = world.api.success("ListImageReferrers", &subject);
    assert_eq!(listed["referrers"][0]["digest"], *sbom);

    world.success("oras pull --output pulled $REGISTRY/app:v1");
    for file in ["one.txt", "folder/two.json"] {
        assert_eq!(world.read(&format!("pulled/{file}")), world.read(file), "{file}");
    }
    world.success(&format!("oras pull --output sboms $REGISTRY/app@{sbom}"));
    assert_eq!(world.read("sboms/sbom.json"), world.read("sbom.json"));
}

#[test]
fn an_index_of_indexes_and_all_referrers_are_copied_without_a_byte() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = World::new(&["app", "mirror/app"]);
    let [artifact, ..] = push(&world);
    world.success("oras manifest index create $REGISTRY/app:inner v1");
    world.success("oras manifest index create $REGISTRY/app:outer inner");
    world.success("oras copy --recursive $REGISTRY/app:outer $REGISTRY/mirror/app:outer");
    let uploads = "/v2/mirror/app/blobs/uploads/";
    let before = traffic::up_to(&world.server, "PUT", "/v2/mirror/app/manifests/outer", 201);
    let mounts = before.iter().filter(|it| it.is("POST", uploads));
    let mounts: Vec<_> = mounts.map(|it| (it.status, it.bytes_in)).collect();
    assert_eq!(mounts, [(201, 0); 3]);
    let sent = before.iter().find(|it| it.is("PATCH", uploads) || it.is("PUT", uploads));
    assert_eq!(sent, None);

    let fetch = |reference: &str| world.json(&format!("oras manifest fetch $REGISTRY/{reference}"));
    let outer = fetch("mirror/app:outer");
    assert_eq!(outer, fetch("app:outer"));
    let inner = fetch(&format!("mirror/app@{}", text(&outer, "/manifests/0/digest")));
    assert_eq!(text(&inner, "/manifests/0/digest"), artifact);

    world.success("oras copy --recursive $REGISTRY/app:v1 $REGISTRY/mirror/app:v1");
    assert_eq!(discover(&world, "mirror/app:v1", ""), discover(&world, "app:v1", ""));
    world.success("oras pull --output pulled $REGISTRY/mirror/app:v1");
    assert_eq!(world.read("pulled/one.txt"), b"one\n");
}

#[test]
fn blobs_are_pushed_and_fetched_and_what_cannot_be_deleted_is_said() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let world = World::new(&["app"]);
    let [artifact, sbom, _] = push(&world);
    let bytes = vec![7; 300_000];
    let digest = image::digest(&bytes);
    world.write("blob", &bytes);
    world.success("oras blob push $REGISTRY/app blob");
    world.success(&format!("oras blob fetch --output fetched $REGISTRY/app@{digest}"));
    assert_eq!(world.read("fetched"), bytes);
    let fetched = format!("oras blob fetch --descriptor $REGISTRY/app@{digest}");
    assert_eq!(world.json(&fetched)["size"], 300_000);
    let delete = |digest: &str| format!("oras blob delete --force $REGISTRY/app@{digest}");
    world.success(&delete(&digest));
    world.shell.failure(&fetched);
    // A layer stays while an image has it.
    let refused = world.shell.failure(&delete(&image::digest(b"one\n")));
    assert!(refused.contains("unsupported"), "{refused}");

    world.success("oras manifest index create $REGISTRY/app:index v1");
    let delete = format!("oras manifest delete --force $REGISTRY/app@{artifact}");
    let refused = world.shell.failure(&delete);
    assert!(refused.contains("referenced by manifest list"), "{refused}");
    world.success("oras manifest delete --force $REGISTRY/app:index");
    world.success(&delete);
    world.shell.failure("oras manifest fetch $REGISTRY/app:v1");
    // Who refers to what is gone goes when ECR cleans up; until then it can be pulled.
    world.success(&format!("oras manifest fetch $REGISTRY/app@{sbom}"));
    assert_eq!(world.success("oras repo tags $REGISTRY/app"), "");
}
