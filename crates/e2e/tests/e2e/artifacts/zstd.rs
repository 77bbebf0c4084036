//! Layers in zstd: podman pushes them, and pulls of those that are in chunks what it lacks.

use std::fs;
use std::process::Command;

use wharfinger_e2e::client::{self, Client, available};
use wharfinger_e2e::program;
use wharfinger_e2e::scratch::Disk;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::traffic;

use super::{World, text};

const FILES: u64 = 6;
const FILE_BYTES: usize = 200_000;
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// podman and buildah with storage that can take a layer in parts: `overlay`, on a disk of its own.
struct Storage {
    disk: Disk,
}

impl Storage {
    fn new() -> Self {
        let disk = Disk::mount(256).expect("a disk can be mounted");
        let path = disk.path().display().to_string();
        let write = |name: &str, text: &str| {
            fs::write(disk.path().join(name), text).expect("a file can be written");
        };
        write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
        write("registries.conf", "unqualified-search-registries = []\n");
        write(
            "containers.conf",
            "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\n",
        );
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{path}/graph\"\n\
             runroot = \"{path}/run\"\n[storage.options]\n\
             pull_options = {{enable_partial_images = \"true\"}}\n"
        );
        write("storage.conf", &storage);
        Self { disk }
    }

    /// Runs podman or buildah with the logins of a world.
    #[track_caller]
    fn success(&self, world: &World, tool: &str, arguments: &[&str]) -> String {
        let file = |name: &str| self.disk.path().join(name);
        let mut command = Command::new(client::find(tool).expect("the tool is installed"));
        command.env_clear().env("PATH", format!("{}:/usr/sbin:/sbin", client::path()));
        for name in ["HOME", "TMPDIR", "XDG_RUNTIME_DIR"] {
            command.env(name, self.disk.path());
        }
        command.env("REGISTRY_AUTH_FILE", world.shell.home().join("docker/config.json"));
        command.env("CONTAINERS_REGISTRIES_CONF", file("registries.conf"));
        command.env("CONTAINERS_CONF", file("containers.conf"));
        command.env("CONTAINERS_STORAGE_CONF", file("storage.conf"));
        if tool == "podman" {
            command.arg("--cgroup-manager=cgroupfs").arg("--tmpdir").arg(file("tmp"));
        }
        program::run(command.args(arguments)).success()
    }

    fn policy(&self) -> String {
        format!("--signature-policy={}", self.disk.path().join("policy.json").display())
    }

    /// Builds an image of [`FILES`] files that do not compress, and pushes it under a tag; answers
    /// its configuration's digest. The image is not kept.
    fn push(&self, world: &World, tag: &str, compression: &str, files: &[u64]) -> String {
        let container = self.success(world, "buildah", &["from", "scratch"]);
        for (number, seed) in files.iter().enumerate() {
            let file = world.write("file", Seed::new(*seed).draw_bytes(FILE_BYTES));
            let (file, to) = (file.display().to_string(), format!("/file-{number}"));
            self.success(world, "buildah", &["copy", "--quiet", &container, &file, &to]);
        }
        let policy = self.policy();
        let commit = ["commit", "--quiet", "--rm", &policy, &container, tag];
        let image = self.success(world, "buildah", &commit);
        let remote = format!("docker://{}/app:{tag}", world.server.registry());
        let compression = format!("--compression-format={compression}");
        let push = ["push", "--tls-verify=false", &policy, &compression, &image, &remote];
        self.success(world, "podman", &push);
        self.success(world, "podman", &["image", "rm", "--force", &image]);
        image
    }

    fn pull(&self, world: &World, tag: &str) -> String {
        let image = format!("{}/app:{tag}", world.server.registry());
        let policy = self.policy();
        let pull = ["pull", "--quiet", "--tls-verify=false", &policy, &image];
        self.success(world, "podman", &pull)
    }
}

const NEEDS: [Client; 4] = [Client::Artifacts, Client::Podman, Client::Buildah, Client::Mount];

#[test]
fn podman_pushes_layers_in_zstd_and_pulls_them() {
    if !available(&NEEDS) {
        return;
    }
    let (world, storage) = (World::new(&["app"]), Storage::new());
    let image = storage.push(&world, "one", "zstd", &[1, 2]);
    let manifest = world.json("crane manifest $REGISTRY/app:one");
    assert_eq!(text(&manifest, "/layers/0/mediaType"), LAYER);
    assert_eq!(storage.pull(&world, "one"), image);
    world.success("crane export $REGISTRY/app:one - | tar -x file-1");
    assert!(world.read("file-1") == Seed::new(2).draw_bytes(FILE_BYTES));
}

/// It asks for several ranges in one request, which is answered with the whole layer, and for single
/// ones.
#[test]
fn podman_pulls_only_the_chunks_that_it_lacks() {
    if !available(&NEEDS) {
        return;
    }
    let (world, storage) = (World::new(&["app"]), Storage::new());
    let files: Vec<u64> = (0..FILES).collect();
    let one = storage.push(&world, "one", "zstd:chunked", &files);
    let mut changed = files;
    changed[3] = 99;
    let two = storage.push(&world, "two", "zstd:chunked", &changed);
    let manifest = world.json("crane manifest $REGISTRY/app:two");
    assert_eq!(text(&manifest, "/layers/0/mediaType"), LAYER);
    let layer = format!("/v2/app/blobs/{}", text(&manifest, "/layers/0/digest"));
    assert_eq!(storage.pull(&world, "one"), one);
    assert_eq!(storage.pull(&world, "two"), two);
    // The list of the chunks, and the chunk that is another: not one file of six more.
    let sent = traffic::until(&world.server, |all| {
        let ranges: Vec<_> = all.iter().filter(|it| it.is("GET", &layer)).collect();
        let sent = ranges.iter().map(|it| it.bytes_out).sum::<u64>();
        (ranges.len() >= 2).then(|| (ranges.iter().all(|it| it.status == 206), sent))
    });
    assert!(sent.0 && sent.1 < 2 * FILE_BYTES as u64, "{sent:?}");
}
