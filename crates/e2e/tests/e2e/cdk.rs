//! `cdk-assets publish`, by which `cdk deploy` pushes the images of a stack: into the repository
//! that `cdk bootstrap` makes, and only if the image is not there.

use std::path::Path;

use serde_json::json;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available, sdk_folder};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

/// What the CDK names an image by: a hash of its source.
const HASH: &str = "8f2b9a3e5d1c4f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c";

const PUBLISH: &str = "node \"$cdk_assets\" --verbose --path assets.json publish";

/// A stack's assets: one image, as `cdk synth` writes it for whatever account and region the keys
/// are of, with the synthesizer that uses these keys and no roles. The build needs no network.
fn write_assets(folder: &Path) {
    let context = folder.join("image");
    std::fs::create_dir(&context).expect("a folder can be made");
    std::fs::write(context.join("content"), "published").expect("a file can be written");
    let recipe = "FROM scratch\nCOPY content /content\nCMD [\"/content\"]\n";
    std::fs::write(context.join("Dockerfile"), recipe).expect("a file can be written");
    let repository = "cdk-hnb659fds-container-assets-${AWS::AccountId}-${AWS::Region}";
    let assets = json!({
        "version": "36.0.0",
        "files": {},
        "dockerImages": { HASH: {
            "source": { "directory": "image", "networkMode": "none" },
            "destinations": { "current_account-current_region": {
                "repositoryName": repository, "imageTag": HASH,
            } },
        } },
    });
    std::fs::write(folder.join("assets.json"), assets.to_string()).expect("a file can be written");
}

#[test]
fn an_image_of_a_stack_is_published_once() {
    if !available(&[Client::Docker, Client::Node]) {
        return;
    }
    let server = Server::start();
    let api = Api::root(&server);
    let mut shell = Shell::with_docker(&server);
    let program = sdk_folder("js").join("node_modules/cdk-assets/bin/cdk-assets");
    shell.set("cdk_assets", &program.display().to_string());
    let region = server.export("AWS_REGION");
    let account = api.success("DescribeRegistry", &json!({}))["registryId"].clone();
    let account = account.as_str().expect("an account");
    let repository = format!("cdk-hnb659fds-container-assets-{account}-{region}");
    // As the template of `cdk bootstrap` has it.
    api.success(
        "CreateRepository",
        &json!({ "repositoryName": repository, "imageTagMutability": "IMMUTABLE" }),
    );
    write_assets(shell.home());

    let said = shell.success(&format!("{PUBLISH} 2>&1"));
    assert!(said.contains("docker push"), "{said}");
    let wanted = json!({ "repositoryName": repository, "imageIds": [{ "imageTag": HASH }] });
    let image = || api.success("DescribeImages", &wanted)["imageDetails"][0].clone();
    let published = image();
    assert_eq!(published["imageTags"], json!([HASH]));

    // Without its source, nothing could be built or pushed: it sees the image, and ends.
    std::fs::remove_dir_all(shell.home().join("image")).expect("a folder can be removed");
    let said = shell.success(&format!("{PUBLISH} 2>&1"));
    assert!(!said.contains("docker push"), "{said}");
    assert_eq!(image(), published);

    // And it can be had, by who has nothing of it.
    let name = format!("$REGISTRY/{repository}:{HASH}");
    shell.success(&format!("docker image rm cdkasset-{HASH} {name}"));
    let pulled = shell.success(&format!("docker pull {name}"));
    assert!(pulled.contains("Download complete"), "{pulled}");
}
