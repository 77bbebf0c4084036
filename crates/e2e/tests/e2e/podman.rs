//! podman: build, push and pull.

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::container::ContainerTools;
use wharfinger_e2e::docker::write_build_context;
use wharfinger_e2e::program;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const NEEDS: [Client; 2] = [Client::Aws, Client::Podman];

#[test]
fn podman_pushes_and_pulls_both_formats() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    let password = shell.success("aws ecr get-login-password");
    shell.success("aws ecr create-repository --repository-name app");
    let tools = ContainerTools::new();
    let podman = |arguments: &[&str]| program::run(tools.command("podman").args(arguments));
    let registry = server.registry();
    let login = podman(&[
        "login",
        "--tls-verify=false",
        "--username=AWS",
        "--password",
        &password,
        &registry,
    ]);
    assert!(login.success().contains("Login Succeeded"));

    let context = write_build_context("podman");
    let context = context.path().display().to_string();
    let policy = tools.policy();
    for format in ["docker", "oci"] {
        let image = format!("{registry}/app:{format}");
        let format = format!("--format={format}");
        podman(&["build", "--network=none", &policy, &format, "--tag", &image, &context]).success();
        podman(&["push", "--tls-verify=false", &policy, &image]).success();
        let before = podman(&["image", "inspect", "--format={{.Id}}", &image]).success();
        podman(&["image", "rm", "--all", "--force"]).success();
        podman(&["pull", "--tls-verify=false", &policy, &image]).success();
        let after = podman(&["image", "inspect", "--format={{.Id}}", &image]).success();
        assert_eq!(after, before);
    }
    let types = shell.success(
        "aws ecr describe-images --repository-name app --output text \
         --query 'sort(imageDetails[].imageManifestMediaType)'",
    );
    assert_eq!(
        types,
        "application/vnd.docker.distribution.manifest.v2+json\tapplication/vnd.oci.image.manifest.v1+json"
    );
}
