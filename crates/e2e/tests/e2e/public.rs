//! Public registries under a path prefix, which needs no name that resolves: who pulls, who pushes,
//! and with which login (`docs/ecr-public.md`).

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::container::ContainerTools;
use wharfinger_e2e::image::{self, Image};
use wharfinger_e2e::program;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const CREATE: &str = "aws ecr-public create-repository --repository-name app \
                      --query repository.repositoryUri --output text";

fn server() -> Server {
    Server::start_with(&["--public-path-prefix", "public.ecr.aws"])
}

#[test]
fn skopeo_pulls_as_anyone_and_pushes_with_a_login() {
    if !available(&[Client::Aws, Client::Skopeo]) {
        return;
    }
    let server = server();
    let shell = Shell::new(&server);
    let uri = shell.success(CREATE);
    assert!(uri.starts_with(&format!("{}/public.ecr.aws/", server.registry())), "{uri}");
    let tools = ContainerTools::new();
    let image = Image::new("amd64", b"content");
    let layout = tools.folder().join("layout");
    let index = image::index(std::slice::from_ref(&image));
    image::write_layout(&layout, "one", std::slice::from_ref(&image), &index);
    let (from, remote) = (format!("oci:{}:one", layout.display()), format!("docker://{uri}:v1"));
    let push = |arguments: &[&str]| {
        let mut skopeo = tools.command("skopeo");
        skopeo.args(["copy", "--override-arch=amd64", "--dest-tls-verify=false"]).args(arguments);
        program::run(skopeo.args([&from, &remote]))
    };
    let login = |service: &str| {
        format!("AWS:{}", shell.success(&format!("aws {service} get-login-password")))
    };
    for refused in [vec!["--dest-no-creds"], vec!["--dest-creds", &login("ecr")]] {
        let said = push(&refused).failure();
        assert!(said.contains("denied: Not Authorized"), "{said}");
    }
    push(&["--dest-creds", &login("ecr-public")]).success();

    let inspect = ["inspect", "--no-creds", "--tls-verify=false", "--format={{.Digest}}", &remote];
    let digest = program::run(tools.command("skopeo").args(inspect)).success();
    assert_eq!(digest, image.manifest.digest);
    let tags = ["list-tags", "--no-creds", "--tls-verify=false", &format!("docker://{uri}")];
    assert!(program::run(tools.command("skopeo").args(tags)).success().contains("\"v1\""));
    // What is private is private beside it.
    shell.success("aws ecr create-repository --repository-name app");
    let private = format!("docker://{}/app:v1", server.registry());
    for credentials in ["--no-creds", &format!("--creds={}", login("ecr-public"))] {
        let inspect = ["inspect", credentials, "--tls-verify=false", &private];
        program::run(tools.command("skopeo").args(inspect)).failure();
    }
}

#[test]
fn docker_pulls_with_any_login_of_the_host() {
    if !available(&[Client::Aws, Client::Docker, Client::Skopeo]) {
        return;
    }
    let server = server();
    let shell = Shell::with_docker(&server);
    let uri = shell.success(CREATE);
    shell.docker_build(&format!("{uri}:v1"), "anyone's");
    // Docker asks for nothing of a host that wants a login, unless it has one.
    let said = shell.failure(&format!("docker push {uri}:v1"));
    assert!(said.contains("no basic auth credentials"), "{said}");
    shell.docker_login();
    let said = shell.failure(&format!("docker push {uri}:v1"));
    assert!(said.contains("denied: Not Authorized"), "{said}");
    let tools = ContainerTools::new();
    let image = Image::new("amd64", b"content");
    let layout = tools.folder().join("layout");
    let index = image::index(std::slice::from_ref(&image));
    image::write_layout(&layout, "one", std::slice::from_ref(&image), &index);
    let login = format!("--dest-creds=AWS:{}", shell.success("aws ecr-public get-login-password"));
    let copy = ["copy", "--override-arch=amd64", "--dest-tls-verify=false", &login];
    let remotes = [format!("oci:{}:one", layout.display()), format!("docker://{uri}:v2")];
    program::run(tools.command("skopeo").args(copy).args(remotes)).success();
    let pulled = shell.success(&format!("docker pull --quiet --platform linux/amd64 {uri}:v2"));
    assert_eq!(pulled, format!("{uri}:v2"));
}
