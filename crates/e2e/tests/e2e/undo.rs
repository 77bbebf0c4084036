//! What was deleted is brought back beside the running server, and is what it was, byte for byte.

use serde_json::{Value, json};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::program;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const NEEDS: [Client; 2] = [Client::Aws, Client::Docker];

#[track_caller]
fn run(server: &Server, command: &str) -> String {
    program::run(&mut server.command(command)).success()
}

#[track_caller]
fn read(server: &Server, command: &str) -> Value {
    serde_json::from_str(&run(server, &format!("{command} --json"))).expect("JSON")
}

#[track_caller]
fn fails(server: &Server, command: &str) -> String {
    program::run(&mut server.command(command)).failure()
}

fn push(distribution: &Distribution, image: &Image, tag: &str) {
    for blob in [&image.layer, &image.config] {
        distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob");
    }
    let put = distribution.put_manifest("app", tag, OCI_MANIFEST, &image.manifest.bytes);
    expect(201, put.expect("an answer")).expect("a manifest");
}

fn pull(distribution: &Distribution, image: &Image, reference: &str) {
    let manifest = distribution.pull_manifest("app", reference).expect("a manifest");
    assert!(manifest == image.manifest.bytes, "{reference}");
    for blob in [&image.layer, &image.config] {
        assert!(distribution.pull_blob("app", &blob.digest).expect("a blob") == blob.bytes);
    }
}

#[test]
fn images_tags_and_repositories_come_back_byte_for_byte() {
    let server = Server::start();
    let (api, distribution) = (Api::root(&server), Distribution::root(&server));
    api.create_repository("app");
    let (one, two) = (Image::new("amd64", &[1; 200_000]), Image::new("amd64", b"two"));
    push(&distribution, &one, "latest");
    push(&distribution, &one, "v1");
    push(&distribution, &two, "latest");

    let ids = json!([{ "imageDigest": one.manifest.digest }, { "imageTag": "latest" }]);
    api.success("BatchDeleteImage", &json!({ "repositoryName": "app", "imageIds": ids }));
    distribution.pull_manifest("app", "v1").expect_err("it was deleted");
    let listed = read(&server, "undelete --list app");
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert!(run(&server, "undelete --list app").contains(&one.manifest.digest));

    assert!(run(&server, "undelete app:latest").contains("Tag latest points to"));
    pull(&distribution, &two, "latest");
    let by_digest = format!("undelete app@{}", one.manifest.digest);
    let back = read(&server, &by_digest);
    assert_eq!(back["tags"], json!([{ "tag": "v1", "digest": one.manifest.digest }]));
    pull(&distribution, &one, "v1");
    assert!(fails(&server, &by_digest).contains("is there"));

    let taken = fails(&server, "undelete app:latest");
    assert!(taken.contains("--move-tags"), "{taken}");
    run(&server, "undelete app:latest --move-tags");
    pull(&distribution, &one, "latest");
    let history = read(&server, "history app:latest");
    let digests: Vec<&Value> =
        history.as_array().expect("states").iter().map(|state| &state["digest"]).collect();
    let (one_digest, two_digest) = (json!(one.manifest.digest), json!(two.manifest.digest));
    assert_eq!(
        digests,
        [&one_digest, &two_digest, &Value::Null, &two_digest, &one_digest],
        "{history}"
    );
    assert_eq!((&history[0]["by"], &history[0]["image"]), (&json!("undelete"), &json!("there")));
    let root = history[4]["by"].as_str().expect("who did it");
    assert!(root.starts_with("arn:aws:iam::") && root.ends_with(":root"), "{root}");
    let text = run(&server, "history app:latest");
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(fails(&server, "history app:latest --at 3d").contains("nothing is known"));
    let since = history[3]["since"].as_str().expect("a time");
    read(&server, &format!("history app:latest --at {since}"));

    repositories_come_back(&server, &api, &distribution, &one);
}

fn repositories_come_back(server: &Server, api: &Api, distribution: &Distribution, image: &Image) {
    api.success("DeleteRepository", &json!({ "repositoryName": "app", "force": true }));
    let gone = fails(server, "undelete app:latest");
    assert!(gone.contains("bring the repository back first"), "{gone}");
    assert!(run(server, "undelete --list").contains("app"));
    api.create_repository("app");
    assert!(fails(server, "undelete app").contains("--as NAME"));
    api.success("DeleteRepository", &json!({ "repositoryName": "app" }));
    let listed = read(server, "undelete --list");
    let images: Vec<&Value> =
        listed.as_array().expect("a list").iter().map(|row| &row["images"]).collect();
    assert_eq!(images, [2, 0]);
    // The last one was empty; the one before it is under its old name again when that is gone.
    run(server, "undelete app --as empty");
    assert_eq!(run(server, "undelete app"), "Repository app is back.");
    pull(distribution, image, "latest");
    pull(distribution, image, "v1");
    assert!(fails(server, "undelete app").contains("no repository 'app' can be brought back"));
    assert!(fails(server, "undelete --list app:v1").contains("--list"));
}

#[test]
fn docker_pulls_what_was_deleted_and_brought_back() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::with_docker(&server);
    shell.success("aws ecr create-repository --repository-name app");
    shell.docker_login();
    shell.docker_build("undone", &server.registry());
    shell.success("docker tag undone $REGISTRY/app:v1 && docker push $REGISTRY/app:v1");
    let digest = shell.success(
        "aws ecr describe-images --repository-name app --query 'imageDetails[0].imageDigest' \
         --output text",
    );
    let forget = "docker rmi --force undone $REGISTRY/app:v1";
    shell.success(forget);
    shell.success("aws ecr batch-delete-image --repository-name app --image-ids imageTag=v1");
    shell.failure("docker pull $REGISTRY/app:v1");
    run(&server, "undelete app:v1");
    assert!(shell.success("docker pull $REGISTRY/app:v1").contains(&digest));
    shell.success("docker rmi --force $REGISTRY/app:v1");
    shell.success("aws ecr delete-repository --repository-name app --force");
    shell.failure("docker pull $REGISTRY/app:v1");
    run(&server, "undelete app");
    assert!(shell.success("docker pull $REGISTRY/app:v1").contains(&digest));
}
