//! A shell as a person has it after `eval "$(wharfinger env)"`, so that tests read like tutorials.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::api::Api;
use crate::docker::Docker;
use crate::program::{self, Outcome};
use crate::server::Server;
use crate::{client, scratch};

/// A shell with a home folder of its own.
#[derive(Debug)]
pub struct Shell {
    home: TempDir,
    environment: BTreeMap<String, String>,
}

impl Shell {
    /// With what `wharfinger env` exports, and the AWS clients in the `PATH`.
    pub fn new(server: &Server) -> Self {
        let home = scratch::folder();
        let mut environment = server.environment().clone();
        let path = format!("{}:{}:/usr/sbin:/sbin", client::aws_bin().display(), client::path());
        environment.insert("PATH".into(), path);
        environment.insert("HOME".into(), home.path().display().to_string());
        environment.insert("AWS_PAGER".into(), String::new());
        environment.insert("AWS_EC2_METADATA_DISABLED".into(), "true".into());
        environment.insert("REGISTRY".into(), server.registry());
        Self { home, environment }
    }

    /// With the daemon of the tests as well.
    pub fn with_docker(server: &Server) -> Self {
        let mut shell = Self::new(server);
        let config = shell.home.path().join("docker").display().to_string();
        shell.set("DOCKER_CONFIG", &config);
        shell.set("DOCKER_HOST", &Docker::shared().host());
        // The builder within the daemon, which needs no image from the network.
        shell.set("DOCKER_BUILDKIT", "0");
        shell
    }

    /// With the clients of artifacts, which are logged in.
    pub fn with_artifacts(server: &Server) -> Self {
        let mut shell = Self::new(server);
        let path = format!("{}:{}", client::artifacts_bin().display(), shell.environment["PATH"]);
        shell.set("PATH", &path);
        let config = shell.home.path().join("docker");
        shell.set("DOCKER_CONFIG", &config.display().to_string());
        std::fs::create_dir(&config).expect("a folder can be made");
        let login = Api::root(server).authorization();
        let login = json!({ "auth": login.trim_start_matches("Basic ") });
        let auths = json!({ "auths": { server.registry(): login } });
        std::fs::write(config.join("config.json"), auths.to_string()).expect("a file");
        shell
    }

    /// The same person with another access key.
    #[must_use]
    pub fn with_key(mut self, access_key_id: &str, secret_access_key: &str) -> Self {
        self.set("AWS_ACCESS_KEY_ID", access_key_id);
        self.set("AWS_SECRET_ACCESS_KEY", secret_access_key);
        self
    }

    /// Exports a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs a line as typed. A pipe fails if any part of it does.
    pub fn run(&self, line: &str) -> Outcome {
        let mut bash = Command::new("bash");
        bash.env_clear().envs(&self.environment).current_dir(self.home.path());
        program::run(bash.args(["-o", "pipefail", "-c", line]))
    }

    /// Runs a line that must succeed; answers what it printed.
    #[track_caller]
    pub fn success(&self, line: &str) -> String {
        self.run(line).success()
    }

    /// Runs a line that must fail; answers what it said.
    #[track_caller]
    pub fn failure(&self, line: &str) -> String {
        self.run(line).failure()
    }

    /// Logs docker in, as every tutorial does.
    #[track_caller]
    pub fn docker_login(&self) -> String {
        self.success(
            "aws ecr get-login-password \
             | docker login --username AWS --password-stdin $REGISTRY",
        )
    }

    /// Builds an image with the content, under a name.
    #[track_caller]
    pub fn docker_build(&self, name: &str, content: &str) {
        let context = crate::docker::write_build_context(content);
        let context = context.path().display();
        self.success(&format!("docker build --quiet --network=none --tag {name} {context}"));
    }
}
