//! buildah: an image out of a working container, pushed and pulled again.

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::container::ContainerTools;
use wharfinger_e2e::program;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

#[test]
fn buildah_commits_pushes_and_pulls() {
    if !available(&[Client::Aws, Client::Buildah, Client::Skopeo]) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    let password = shell.success("aws ecr get-login-password");
    shell.success("aws ecr create-repository --repository-name team/app");
    let tools = ContainerTools::logged_in(&server, &password);
    let buildah = |arguments: &[&str]| program::run(tools.command("buildah").args(arguments));
    let policy = tools.policy();
    let file = tools.folder().join("content");
    std::fs::write(&file, "buildah").expect("a file can be written");

    let container = buildah(&["from", "scratch"]).success();
    buildah(&["copy", &container, &file.display().to_string(), "/content"]).success();
    buildah(&["config", "--cmd", "/content", &container]).success();
    let image = buildah(&["commit", "--quiet", &policy, &container, "app"]).success();
    let remote = format!("docker://{}/team/app:1", server.registry());
    buildah(&["push", "--tls-verify=false", &policy, &image, &remote]).success();
    buildah(&["rm", &container]).success();
    buildah(&["rmi", "--all", "--force"]).success();
    let pulled = buildah(&["pull", "--quiet", "--tls-verify=false", &policy, &remote]).success();
    assert!(pulled.ends_with(image.trim_start_matches("sha256:")), "{pulled} {image}");
}
