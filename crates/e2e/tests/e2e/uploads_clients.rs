//! Pushes of real clients that go on while the server is killed and started again.

use std::time::Duration;

use wharfinger_core::limits::UPLOAD_CHECKPOINT_BYTES;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::container::ContainerTools;
use wharfinger_e2e::docker::write_build_context;
use wharfinger_e2e::image::{self, Image};
use wharfinger_e2e::program::{self, Outcome};
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::wait;

const LAYER_BYTES: usize = 220 * 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(120);

/// Kills the server in the middle of a push, later than the first checkpoint, and starts it again.
fn push_through_a_kill(server: &mut Server, push: impl FnOnce() -> Outcome + Send) -> Outcome {
    let before = server.data_dir_bytes();
    std::thread::scope(|scope| {
        let push = scope.spawn(push);
        wait::until("more than a checkpoint", LIMIT, || {
            (server.data_dir_bytes() > before + UPLOAD_CHECKPOINT_BYTES).then_some(())
        });
        server.kill();
        server.restart();
        push.join().expect("the client ends")
    })
}

/// The same for clients that do not try again if they found the connection closed by themselves
/// before they were told that it is: asked a second time, they go through with it.
fn push_through_a_kill_in_two(server: &mut Server, push: impl FnMut() -> Outcome + Send) {
    let mut push = push;
    if !push_through_a_kill(server, &mut push).succeeded() {
        push().success();
    }
}

/// Text that does not become much smaller when it is compressed.
fn text(seed: u64) -> String {
    let bytes = Seed::new(seed).draw_bytes(LAYER_BYTES);
    bytes.iter().map(|byte| char::from(b'!' + byte % 90)).collect()
}

fn tools(server: &Server, shell: &Shell) -> ContainerTools {
    shell.success("aws ecr create-repository --repository-name app");
    let password = shell.success("aws ecr get-login-password");
    ContainerTools::logged_in(server, &password)
}

/// skopeo tries the whole copy again, if it is told to, after most errors.
#[test]
fn skopeo_goes_on_after_a_kill() {
    if !available(&[Client::Aws, Client::Skopeo]) {
        return;
    }
    let mut server = Server::start();
    let shell = Shell::new(&server);
    let tools = tools(&server, &shell);
    let image = Image::new("amd64", &Seed::new(1).draw_bytes(LAYER_BYTES));
    let index = image::index(std::slice::from_ref(&image));
    let layout = tools.folder().join("layout");
    image::write_layout(&layout, "one", &[image], &index);
    let remote = format!("docker://{}/app:1", server.registry());
    let layout = format!("oci:{}:one", layout.display());
    let copy = ["copy", "--override-arch=amd64", "--dest-tls-verify=false", "--retry-times=5"];
    let mut command = tools.command("skopeo");
    command.args(copy).args([&layout, &remote]);
    push_through_a_kill_in_two(&mut server, || program::run(&mut command));
    let target = format!("dir:{}", tools.folder().join("copy").display());
    let copy = ["copy", "--override-arch=amd64", "--src-tls-verify=false"];
    program::run(tools.command("skopeo").args(copy).args([&remote, &target])).success();
}

/// podman tries a push three times again after most errors, unless it is told otherwise.
#[test]
fn podman_goes_on_after_a_kill() {
    if !available(&[Client::Aws, Client::Podman]) {
        return;
    }
    let mut server = Server::start();
    let shell = Shell::new(&server);
    let tools = tools(&server, &shell);
    let name = format!("{}/app:1", server.registry());
    let context = write_build_context(&text(2));
    let context = context.path().display().to_string();
    let policy = tools.policy();
    let podman = |arguments: &[&str]| program::run(tools.command("podman").args(arguments));
    podman(&["build", "--network=none", &policy, "--tag", &name, &context]).success();
    let mut command = tools.command("podman");
    command.args(["push", "--tls-verify=false", &policy, &name]);
    push_through_a_kill_in_two(&mut server, || program::run(&mut command));
    podman(&["image", "rm", "--all", "--force"]).success();
    podman(&["pull", "--quiet", "--tls-verify=false", &policy, &name]).success();
}

/// docker tries a layer five times again.
#[test]
fn docker_goes_on_by_itself_after_a_kill() {
    if !available(&[Client::Aws, Client::Docker]) {
        return;
    }
    let mut server = Server::start();
    let shell = Shell::with_docker(&server);
    shell.success("aws ecr create-repository --repository-name app");
    shell.docker_login();
    shell.docker_build("$REGISTRY/app:1", &text(3));
    push_through_a_kill(&mut server, || shell.run("docker push $REGISTRY/app:1")).success();
    shell.success("docker image rm $REGISTRY/app:1");
    shell.success("docker pull $REGISTRY/app:1");
}
