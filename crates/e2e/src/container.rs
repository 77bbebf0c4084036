//! podman, skopeo and buildah: one set of files for all three, so that nothing of the machine's
//! own is read, and nothing is left.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::server::Server;
use crate::{client, program, scratch};

/// Storage, policy and credentials of one test.
#[derive(Debug)]
pub struct ContainerTools {
    folder: TempDir,
}

impl ContainerTools {
    /// Tools that know nobody yet.
    pub fn new() -> Self {
        let folder = scratch::folder();
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a file can be written");
        };
        let path = folder.path().display();
        write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
        write("registries.conf", "unqualified-search-registries = []\n");
        write(
            "containers.conf",
            "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\n",
        );
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\ngraphroot = \"{path}/graph\"\nrunroot = \"{path}/run\"\n"
        );
        write("storage.conf", &storage);
        Self { folder }
    }

    /// Tools logged in to a server with a password of `aws ecr get-login-password`.
    pub fn logged_in(server: &Server, password: &str) -> Self {
        let tools = Self::new();
        let login = ["login", "--username", "AWS", "--password", password];
        let mut skopeo = tools.command("skopeo");
        skopeo.args(login).args(["--tls-verify=false", &server.registry()]);
        assert!(program::run(&mut skopeo).success().contains("Login Succeeded"));
        tools
    }

    /// The folder of these files, for the test's own too.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command of one of the tools.
    pub fn command(&self, tool: &str) -> Command {
        let file = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(client::find(tool).expect("the tool is installed"));
        command.env_clear().env("PATH", format!("{}:/usr/sbin:/sbin", client::path()));
        command.env("HOME", self.folder.path()).env("TMPDIR", self.folder.path());
        command.env("XDG_RUNTIME_DIR", self.folder.path());
        command.env("REGISTRY_AUTH_FILE", file("auth.json"));
        command.env("CONTAINERS_REGISTRIES_CONF", file("registries.conf"));
        command.env("CONTAINERS_CONF", file("containers.conf"));
        command.env("CONTAINERS_STORAGE_CONF", file("storage.conf"));
        match tool {
            "skopeo" => command.arg("--policy").arg(file("policy.json")),
            "podman" => command.arg("--cgroup-manager=cgroupfs").arg("--tmpdir").arg(file("tmp")),
            _ => &mut command,
        };
        command
    }

    /// The option that lets images through unsigned, for `podman` and `buildah`, which take it
    /// with single commands.
    pub fn policy(&self) -> String {
        format!("--signature-policy={}", self.folder.path().join("policy.json").display())
    }
}

impl Default for ContainerTools {
    fn default() -> Self {
        Self::new()
    }
}
