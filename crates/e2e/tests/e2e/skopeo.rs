//! skopeo: copies of images and indexes, digest for digest.

use std::fs;

use serde_json::Value;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::container::ContainerTools;
use wharfinger_e2e::image::{self, Image};
use wharfinger_e2e::program;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const NEEDS: [Client; 2] = [Client::Aws, Client::Skopeo];

#[test]
fn an_index_is_copied_in_and_out_digest_for_digest() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    let tools = tools(&server, &shell);
    let images = [Image::new("amd64", &[1; 70_000]), Image::new("arm64", b"second")];
    let index = image::index(&images);
    let (layout, copy) = (tools.folder().join("layout"), tools.folder().join("copy"));
    image::write_layout(&layout, "multi", &images, &index);
    let remote = format!("docker://{}/app:multi", server.registry());

    let inwards = ["copy", "--all", "--preserve-digests", "--dest-tls-verify=false"];
    let layout = format!("oci:{}:multi", layout.display());
    program::run(tools.command("skopeo").args(inwards).args([&layout, &remote])).success();
    let digest = shell.success(
        "aws ecr describe-images --repository-name app --image-ids imageTag=multi \
         --query 'imageDetails[0].imageDigest' --output text",
    );
    assert_eq!(digest, index.digest);

    let outwards = ["copy", "--all", "--preserve-digests", "--src-tls-verify=false"];
    let target = format!("oci:{}:multi", copy.display());
    program::run(tools.command("skopeo").args(outwards).args([&remote, &target])).success();
    let parts = images.iter().flat_map(|image| [&image.layer, &image.config, &image.manifest]);
    for blob in parts.chain([&index]) {
        let file = copy.join("blobs").join(blob.digest.replace(':', "/"));
        assert!(fs::read(&file).expect("a copied blob") == blob.bytes, "{}", file.display());
    }

    // Who is not the machine's own platform asks for one by name.
    let inspect = ["inspect", "--tls-verify=false", "--override-arch=arm64"];
    let found = program::run(tools.command("skopeo").args(inspect).arg(&remote)).success();
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found["Architecture"], "arm64");
    assert_eq!(found["RepoTags"], serde_json::json!(["multi"]));
}

#[test]
fn images_are_copied_as_docker_and_as_oci_and_between_repositories() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    let tools = tools(&server, &shell);
    shell.success("aws ecr create-repository --repository-name mirror/app");
    let image = Image::new("amd64", b"content");
    let layout = tools.folder().join("layout");
    let index = image::index(std::slice::from_ref(&image));
    image::write_layout(&layout, "one", &[image], &index);
    let registry = server.registry();
    for format in ["v2s2", "oci"] {
        let remote = format!("docker://{registry}/app:{format}");
        let mirror = format!("docker://{registry}/mirror/app:{format}");
        let layout = format!("oci:{}:one", layout.display());
        let copy = ["copy", "--src-tls-verify=false", "--dest-tls-verify=false"];
        let skopeo = |arguments: &[&str]| {
            program::run(tools.command("skopeo").args(copy).args(arguments)).success();
        };
        skopeo(&["--override-arch=amd64", "--format", format, &layout, &remote]);
        // Within one registry, layers are mounted or pushed again; either must do.
        skopeo(&["--override-arch=amd64", &remote, &mirror]);
        let digest = |repository: &str| {
            shell.success(&format!(
                "aws ecr describe-images --repository-name {repository} \
                 --image-ids imageTag={format} --query 'imageDetails[0].imageDigest' --output text"
            ))
        };
        assert_eq!(digest("app"), digest("mirror/app"));
        let delete = ["delete", "--tls-verify=false", &mirror];
        program::run(tools.command("skopeo").args(delete)).success();
        let left =
            shell.success("aws ecr list-images --repository-name mirror/app --query imageIds");
        assert_eq!(left, "[]");
    }
}

#[test]
fn an_index_becomes_a_manifest_list_of_docker_and_an_index_again() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    let tools = tools(&server, &shell);
    let images = [Image::new("amd64", b"first"), Image::new("arm64", b"second")];
    let layout = tools.folder().join("layout");
    image::write_layout(&layout, "multi", &images, &image::index(&images));
    let remote = |tag: &str| format!("docker://{}/app:{tag}", server.registry());
    let skopeo = |arguments: &[&str]| {
        program::run(tools.command("skopeo").args(arguments)).success();
    };
    let copy = ["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "--format"];
    let layout = format!("oci:{}:multi", layout.display());
    skopeo(&[&copy[..], &["v2s2", &layout, &remote("docker")]].concat());
    skopeo(&[&copy[..], &["oci", &remote("docker"), &remote("oci")]].concat());
    let raw = |tag: &str| -> Value {
        let inspect = ["inspect", "--raw", "--tls-verify=false", &remote(tag)];
        let raw = program::run(tools.command("skopeo").args(inspect)).success();
        serde_json::from_str(&raw).expect("JSON")
    };
    let (docker, oci) = (raw("docker"), raw("oci"));
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    assert_eq!(docker["mediaType"], list);
    let child = "application/vnd.docker.distribution.manifest.v2+json";
    assert_eq!(docker["manifests"][1]["mediaType"], child);
    assert_eq!(oci["manifests"][1]["mediaType"], image::OCI_MANIFEST);
    assert_eq!(oci["manifests"][1]["platform"]["architecture"], "arm64");
}

#[test]
fn tags_are_listed_in_pages_and_in_order() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    let tools = tools(&server, &shell);
    let image = Image::new("amd64", b"content");
    let distribution = wharfinger_e2e::distribution::Distribution::root(&server);
    for blob in [&image.layer, &image.config] {
        distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob");
    }
    let mut tags: Vec<String> = (0..250).map(|number| format!("build-{number}")).collect();
    for tag in &tags {
        let bytes = &image.manifest.bytes;
        let answer = distribution.put_manifest("app", tag, image::OCI_MANIFEST, bytes);
        assert_eq!(answer.expect("an answer").status, 201);
    }
    let remote = format!("docker://{}/app", server.registry());
    let list = ["list-tags", "--tls-verify=false", &remote];
    let found = program::run(tools.command("skopeo").args(list)).success();
    let found: Value = serde_json::from_str(&found).expect("JSON");
    tags.sort();
    assert_eq!(found["Tags"], serde_json::json!(tags));
}

fn tools(server: &Server, shell: &Shell) -> ContainerTools {
    shell.success("aws ecr create-repository --repository-name app");
    let password = shell.success("aws ecr get-login-password");
    ContainerTools::logged_in(server, &password)
}
