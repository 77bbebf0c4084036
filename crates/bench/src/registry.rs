//! The registries that are measured, started on loopback.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use wharfinger_core::RegistryId;

use crate::api::{Credentials, call};
use crate::client::{Client, Keep};
use crate::process::Process;

/// How long a registry may take to become ready before the run is given up.
const READY_MAX: Duration = Duration::from_secs(60);
/// The repository that is pushed to.
pub const REPOSITORY: &str = "bench/app";
/// The account of this server.
const ACCOUNT: &str = "111122223333";

/// A registry that speaks `/v2`.
pub trait Registry: Sync {
    /// A new connection that is logged in.
    fn client(&self) -> Result<Client>;
}

/// This server.
pub struct Wharfinger {
    /// The process.
    pub process: Process,
    /// From its start until `/health/ready` said yes.
    pub ready_after: Duration,
    binary: PathBuf,
    data_dir: PathBuf,
    address: SocketAddr,
    token: Option<String>,
}

impl Wharfinger {
    /// Starts it on an empty data directory, makes the repository and logs in.
    pub fn start(binary: &Path, data_dir: &Path) -> Result<Self> {
        let mut server = Self::spawn(binary, data_dir)?;
        let credentials = server.credentials()?;
        let mut client = server.client()?;
        let name = json!({ "repositoryName": REPOSITORY });
        call(&mut client, &credentials, "CreateRepository", &name)?;
        let answer = call(&mut client, &credentials, "GetAuthorizationToken", &json!({}))?;
        let token = answer["authorizationData"][0]["authorizationToken"].as_str();
        server.token = Some(format!("Basic {}", token.context("no token")?));
        Ok(server)
    }

    /// Ends it and starts it again on what it has stored.
    pub fn restart(self) -> Result<Self> {
        self.restart_after(|_| Ok(()))
    }

    /// Ends it, hands its database to `work`, and starts it again.
    pub fn restart_after(self, work: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let Self { process, binary, data_dir, token, .. } = self;
        drop(process);
        work(&data_dir.join("metadata.db"))?;
        let mut server = Self::spawn(&binary, &data_dir)?;
        server.token = token;
        Ok(server)
    }

    fn spawn(binary: &Path, data_dir: &Path) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--data-dir").arg(data_dir);
        command.arg("--listen").arg(address.to_string()).arg("--account-id").arg(ACCOUNT);
        let started = Instant::now();
        let mut process = Process::start(&mut command)?;
        wait_until_ready(&mut process, address, "/health/ready", started)?;
        Ok(Self {
            process,
            ready_after: started.elapsed(),
            binary: binary.into(),
            data_dir: data_dir.into(),
            address,
            token: None,
        })
    }

    /// The registry that its root key is for.
    pub fn registry_id(&self) -> Result<RegistryId> {
        Ok(RegistryId::new(ACCOUNT.parse()?, self.credentials()?.region.parse()?))
    }

    /// A new connection that is not logged in, for requests that are signed.
    pub fn api_client(&self) -> Result<Client> {
        Client::connect(self.address, None)
    }

    /// The root key.
    pub fn credentials(&self) -> Result<Credentials> {
        let mut command = Command::new(&self.binary);
        let output = command.arg("env").arg("--data-dir").arg(&self.data_dir).output()?;
        let text = String::from_utf8(output.stdout)?;
        let value = |name: &str| {
            let prefix = format!("export {name}=");
            let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
            let line = line.with_context(|| format!("`wharfinger env` prints no {name}"))?;
            Ok::<_, anyhow::Error>(line.trim_matches('\'').trim_matches('"').to_owned())
        };
        Ok(Credentials {
            access_key_id: value("AWS_ACCESS_KEY_ID")?,
            secret_access_key: value("AWS_SECRET_ACCESS_KEY")?,
            region: value("AWS_REGION")?,
        })
    }
}

impl Registry for Wharfinger {
    fn client(&self) -> Result<Client> {
        Client::connect(self.address, self.token.clone())
    }
}

/// Debian's `docker-registry` (distribution 2.8), files on disk, no authentication.
pub struct DockerRegistry {
    /// The process.
    pub process: Process,
    address: SocketAddr,
}

impl DockerRegistry {
    /// Starts it, if it is installed.
    pub fn start(data_dir: &Path) -> Result<Option<Self>> {
        let binary = Path::new("/usr/bin/docker-registry");
        if !binary.exists() {
            return Ok(None);
        }
        std::fs::create_dir_all(data_dir)?;
        let address = free_address()?;
        let config = data_dir.join("config.yml");
        let root = data_dir.join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  \
             filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            root.display()
        );
        std::fs::write(&config, text)?;
        let started = Instant::now();
        let mut process = Process::start(Command::new(binary).arg("serve").arg(&config))?;
        wait_until_ready(&mut process, address, "/v2/", started)?;
        Ok(Some(Self { process, address }))
    }
}

impl Registry for DockerRegistry {
    fn client(&self) -> Result<Client> {
        Client::connect(self.address, None)
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn wait_until_ready(
    process: &mut Process,
    address: SocketAddr,
    path: &str,
    started: Instant,
) -> Result<()> {
    while started.elapsed() < READY_MAX {
        let answer = Client::connect(address, None)
            .and_then(|mut client| client.send("GET", path, &[], &[], Keep::Body));
        if answer.is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        if process.has_ended() {
            bail!("the registry ended before it was ready");
        }
        std::thread::yield_now();
    }
    bail!("the registry was not ready after {READY_MAX:?}");
}
