//! AWS's own names: scripts and tools that know nothing of this server, on a machine where
//! `wharfinger trust` was run and `/etc/hosts` has the line that it prints.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use wharfinger_e2e::client::{self, Client, require};
use wharfinger_e2e::docker::{self, Docker};
use wharfinger_e2e::leash::Leash;
use wharfinger_e2e::machine::Machine;
use wharfinger_e2e::program::{self, Outcome};
use wharfinger_e2e::wait;

const READY_LIMIT: Duration = Duration::from_secs(60);
/// As it stands in a tutorial.
const TUTORIAL: &str = include_str!("tutorial.sh");

/// A machine with a server on 127.0.0.1:443, a docker daemon, and somebody who has an access key.
struct World {
    // The daemon and the server end before the machine that they run in.
    docker: Docker,
    _server: Leash,
    machine: Machine,
    home: PathBuf,
    environment: BTreeMap<String, String>,
}

impl World {
    fn new() -> Self {
        let machine = Machine::boot();
        let home = machine.folder().join("home");
        fs::create_dir_all(home.join(".aws")).expect("a folder can be made");
        let server = start_server(&machine);
        let trusted = trust(&machine);
        machine.add_host(text(&trusted, "hosts"));
        let key = machine.folder().join("data/credentials");
        fs::copy(key, home.join(".aws/credentials")).expect("the server made a key");

        let path = format!("{}:{}:/usr/sbin:/sbin", client::aws_bin().display(), client::path());
        let environment = [
            ("PATH", &*path),
            ("HOME", &home.display().to_string()),
            ("AWS_PAGER", ""),
            ("AWS_CA_BUNDLE", text(&trusted, "aws_ca_bundle")),
            // So that a name that leads nowhere is not asked for keys.
            ("AWS_EC2_METADATA_DISABLED", "true"),
            // The builder within the daemon, which needs no image from the network.
            ("DOCKER_BUILDKIT", "0"),
        ];
        let environment =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let docker = Docker::start_in(&machine);
        Self { docker, _server: server, machine, home, environment }
    }

    /// Runs a script in a folder that an image can be built from.
    fn run(&self, script: &str) -> Outcome {
        let context = docker::write_build_context(&format!("{:?}", self.home));
        let file = self.machine.folder().join("script.sh");
        fs::write(&file, script).expect("a file can be written");
        let mut bash = self.machine.command("bash");
        bash.env_clear().envs(&self.environment);
        bash.args(["-c", "cd \"$1\" && exec bash -o pipefail \"$2\"", "bash"]);
        program::run(bash.arg(context.path()).arg(file))
    }

    /// The same after `eval "$(wharfinger env --aws-names)"`.
    fn with_exports(mut self) -> Self {
        let program = client::wharfinger();
        let (program, folder) = (program.display(), self.machine.folder().display());
        let exports = self.success(&format!(
            "eval \"$({program} env --aws-names --data-dir {folder}/data)\" && env | grep ^AWS_"
        ));
        let exports = exports.lines().filter_map(|line| line.split_once('='));
        self.environment.extend(exports.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let bundle = self.environment.get("AWS_CA_BUNDLE").map(String::as_str);
        assert_eq!(bundle, Some("/etc/ssl/certs/ca-certificates.crt"));
        assert!(!self.environment.contains_key("AWS_ENDPOINT_URL"));
        self
    }

    #[track_caller]
    fn success(&self, script: &str) -> String {
        let outcome = self.run(script);
        if !outcome.status.success() {
            let log = fs::read_to_string(self.machine.folder().join("server.log"));
            panic!("{outcome:?}\n--- log of the server\n{}", log.unwrap_or_default());
        }
        outcome.success()
    }
}

fn start_server(machine: &Machine) -> Leash {
    let data_dir = machine.folder().join("data");
    let log = File::create(machine.folder().join("server.log")).expect("a log can be made");
    let mut server = machine.command(client::wharfinger());
    server.env_clear().args(["serve", "--tls", "auto", "--listen", "127.0.0.1:443"]);
    server.args(["--log", "debug", "--data-dir"]).arg(&data_dir);
    let mut child = server
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file can be shared"))
        .stderr(log)
        .spawn()
        .expect("the server can be started");
    let leash = Leash::kill(&child);
    let ended = wait::until("the server", READY_LIMIT, || {
        let ended = child.try_wait().expect("a child can be waited for");
        // It is written when the server listens.
        ended.map(Some).or_else(|| data_dir.join("server.json").exists().then_some(None))
    });
    let log = || fs::read_to_string(machine.folder().join("server.log")).unwrap_or_default();
    assert!(ended.is_none(), "the server ended: {ended:?}\n{}", log());
    leash
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("no text {member} in {value}"))
}

fn files(report: &Value) -> impl Iterator<Item = &Value> {
    report["files"].as_array().into_iter().flatten()
}

/// What `wharfinger trust` says in JSON, after it has done it twice.
fn trust(machine: &Machine) -> Value {
    let run = || {
        let mut trust = machine.command(client::wharfinger());
        trust.env_clear().env("PATH", format!("{}:/usr/sbin:/sbin", client::path()));
        trust.args(["trust", "--json", "--data-dir"]).arg(machine.folder().join("data"));
        let said = program::run(&mut trust).success();
        serde_json::from_str::<Value>(&said).expect("JSON")
    };
    let changes = |report: &Value| {
        let mut changes: Vec<_> = files(report).map(|file| file["change"].clone()).collect();
        changes.dedup();
        changes
    };
    let first = run();
    assert_eq!(changes(&first), ["written"], "{first}");
    assert_eq!(first["command"]["ran"], true, "{first}");
    assert_eq!(changes(&run()), ["unchanged"]);
    for file in files(&first) {
        let path = text(file, "path");
        // A path without the account may be there for another server.
        let is_of_this = path.contains("dkr.ecr") || path.contains("wharfinger-");
        assert!(!(is_of_this && Path::new(path).exists()), "{path} is seen outside");
    }
    first
}

#[test]
fn a_tutorial_runs_without_a_letter_changed() {
    require(&[Client::Aws, Client::Docker, Client::Skopeo, Client::Machine]);
    let world = World::new();
    let said = world.success(TUTORIAL);
    assert!(said.contains("Login Succeeded"), "{said}");

    let account = world.success("aws sts get-caller-identity --query Account --output text");
    let registry = format!("{account}.dkr.ecr.us-east-1.amazonaws.com");
    let uri = world.success(
        "aws ecr describe-repositories --repository-names user-service --region us-east-1 \
         --query 'repositories[0].repositoryUri' --output text",
    );
    assert_eq!(uri, format!("{registry}/user-service"));
    let image = world.success(
        "aws ecr describe-images --repository-name user-service --region us-east-1 --output json \
         --query 'imageDetails[].{digest: imageDigest, tags: sort(imageTags)}'",
    );
    let image: Value = serde_json::from_str(&image).unwrap();
    assert_eq!(image.as_array().map(Vec::len), Some(1), "{image}");
    assert_eq!(image[0]["tags"], serde_json::json!(["latest", "v1.2.3"]));
    let pulled = world.success(&format!(
        "docker image inspect {registry}/user-service:v1.2.3 --format '{{{{index .RepoDigests 0}}}}'"
    ));
    assert_eq!(pulled, format!("{uri}@{}", image[0]["digest"].as_str().unwrap()));

    // Each in its own place, without the system's store.
    let password = "$(aws ecr get-login-password --region us-east-1)";
    let own_places = "SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/nowhere";
    let skopeo = world.success(&format!(
        "{own_places} skopeo inspect --format '{{{{.Digest}}}}' --creds AWS:{password} \
         docker://{registry}/user-service:latest"
    ));
    assert_eq!(skopeo, image[0]["digest"].as_str().unwrap());
    world.success(&format!(
        "{own_places} ctr --address {} --namespace wharfinger-e2e content fetch \
         --hosts-dir /etc/containerd/certs.d --user AWS:{password} {registry}/user-service:latest",
        world.docker.containerd().display()
    ));

    // IAM is found by its own name as well.
    let users = world.success("aws iam list-users --query Users --output json");
    assert_eq!(users, "[]");
    // What is not this server's is not answered in its name.
    world.machine.add_host("127.0.0.1 s3.amazonaws.com");
    let refused = world.run("aws s3api list-buckets --region us-east-1").failure();
    assert!(refused.contains("SSL validation failed"), "{refused}");
}

#[test]
fn the_credential_helper_of_amazon_logs_docker_in() {
    require(&[Client::Aws, Client::Docker, Client::Machine, Client::EcrLogin]);
    let world = World::new();
    let account = world.success("aws sts get-caller-identity --query Account --output text");
    let registry = format!("{account}.dkr.ecr.us-east-1.amazonaws.com");
    let helpers = serde_json::json!({ "credHelpers": { &registry: "ecr-login" } });
    let config = world.home.join(".docker/config.json");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, helpers.to_string()).unwrap();

    // The keys from the environment this time, as those of a pipeline are.
    fs::remove_dir_all(world.home.join(".aws")).unwrap();
    let world = world.with_exports();
    let image = format!("{registry}/user-service:v1.2.3");
    world.success("aws ecr create-repository --repository-name user-service --region us-east-1");
    world.success(&format!("docker build -t {image} . && docker push {image}"));
    let before = world.success(&format!("docker image inspect {image} --format '{{{{.Id}}}}'"));
    world.success(&format!("docker rmi {image} && docker pull {image}"));
    let after = world.success(&format!("docker image inspect {image} --format '{{{{.Id}}}}'"));
    assert_eq!(after, before);
    let kept: Value = serde_json::from_str(&fs::read_to_string(&config).unwrap()).unwrap();
    assert_eq!(kept, helpers, "nobody logged in");
}
