//! The registries that are measured, started on loopback, each on a folder of its own that goes when
//! it ends.

mod distribution;
mod wharfinger;
mod zot;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustls::ClientConfig;
use tempfile::TempDir;

use crate::client::{Client, Request};
use crate::process::Process;
use crate::transport::{Certificate, Transport};

pub use wharfinger::{access_key, restart_with_rows, restart_with_settings, user_login};

/// How long a registry may take to become ready before the run is given up.
const READY_MAX: Duration = Duration::from_secs(60);
/// The repository that is pushed to.
pub const REPOSITORY: &str = "bench/app";

/// Which program a registry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// This server.
    Wharfinger,
    /// distribution, version 2 (Debian's `docker-registry`) or 3.
    Distribution,
    /// zot.
    Zot,
}

impl Kind {
    /// What a name given on the command line says it is.
    pub fn of_name(name: &str) -> Option<Self> {
        let kinds = [
            ("wharfinger", Self::Wharfinger),
            ("distribution", Self::Distribution),
            ("docker-registry", Self::Distribution),
            ("zot", Self::Zot),
        ];
        kinds.into_iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, kind)| kind)
    }
}

/// A program that can be measured.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it is called in the tables.
    pub name: String,
    /// Which program it is.
    pub kind: Kind,
    /// Where it lies.
    pub binary: PathBuf,
}

/// A registry that runs.
pub struct Registry {
    /// What it is called in the tables.
    pub name: String,
    /// Which program it is.
    pub kind: Kind,
    /// The process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start until it said that it is ready.
    pub ready_after: Duration,
    /// What its certificate is trusted by, if it speaks TLS.
    pub tls: Option<Arc<ClientConfig>>,
    /// What a client logs in with.
    pub authorization: Option<String>,
    binary: PathBuf,
    folder: TempDir,
}

impl Candidate {
    /// Starts it on an empty folder below `parent`, with a certificate if it shall speak TLS, and
    /// logs in.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn start(&self, parent: &Path, certificate: Option<&Certificate>) -> Result<Registry> {
        let folder = tempfile::Builder::new().prefix(&self.name).tempdir_in(parent)?;
        let files = certificate.map(|it| CertificateFiles::write(it, folder.path())).transpose()?;
        let tls = certificate.map(|certificate| certificate.client.clone());
        let command = |address| match self.kind {
            Kind::Wharfinger => {
                Ok(wharfinger::command(&self.binary, folder.path(), address, files.as_ref()))
            }
            Kind::Distribution => {
                distribution::command(&self.binary, folder.path(), address, files.as_ref())
            }
            Kind::Zot => zot::command(&self.binary, folder.path(), address, files.as_ref()),
        };
        let started = Started::spawn(self.kind, command, tls.as_ref())
            .with_context(|| format!("{} does not start", self.name))?;
        let mut registry = Registry {
            name: self.name.clone(),
            kind: self.kind,
            process: started.process,
            address: started.address,
            ready_after: started.ready_after,
            tls,
            authorization: None,
            binary: self.binary.clone(),
            folder,
        };
        if self.kind == Kind::Wharfinger {
            wharfinger::log_in(&mut registry)?;
        }
        Ok(registry)
    }
}

impl Registry {
    /// A new connection that is logged in.
    pub fn client(&self) -> Result<Client> {
        Client::connect(self.address, self.tls.as_ref(), self.authorization.clone())
    }

    /// A new connection that is logged in and speaks HTTP/2.
    pub fn http2_client(&self) -> Result<Client> {
        Client::connect_http2(self.address, self.tls.as_ref(), self.authorization.clone())
    }

    /// A new connection that is not logged in, for requests that are signed.
    pub fn anonymous(&self) -> Result<Client> {
        Client::connect(self.address, self.tls.as_ref(), None)
    }

    /// A new connection that is logged in, one of thousands, with that much patience for each
    /// step.
    pub fn one_of_many(&self, patience: Duration) -> Result<Client> {
        let transport = Transport::connect_one_of_many(self.address, self.tls.as_ref(), patience)?;
        Ok(Client::over(transport, self.address, self.authorization.clone()))
    }

    /// Where it keeps what it stores.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// The files of a certificate, for configurations to name.
struct CertificateFiles {
    cert: PathBuf,
    key: PathBuf,
}

impl CertificateFiles {
    fn write(certificate: &Certificate, folder: &Path) -> Result<Self> {
        let files = Self { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.cert, &certificate.cert_pem)?;
        std::fs::write(&files.key, &certificate.key_pem)?;
        Ok(files)
    }
}

/// A process that became ready.
struct Started {
    process: Process,
    address: SocketAddr,
    ready_after: Duration,
}

impl Started {
    fn spawn(
        kind: Kind,
        command: impl FnOnce(SocketAddr) -> Result<Command>,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let path = if kind == Kind::Wharfinger { "/health/ready" } else { "/v2/" };
        let mut command = command(address)?;
        let started = Instant::now();
        let mut process = Process::start(&mut command)?;
        while started.elapsed() < READY_MAX {
            let answer = Client::connect(address, tls, None)
                .and_then(|mut client| client.send(&Request::new("GET", path)));
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(Self { process, address, ready_after: started.elapsed() });
            }
            if process.has_ended() {
                bail!("it ended before it was ready");
            }
            std::thread::yield_now();
        }
        bail!("it was not ready after {READY_MAX:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_which_program_it_is() {
        let kinds = ["zot", "distribution-v3", "docker-registry", "wharfinger-before", "harbor"];
        let kinds = kinds.map(Kind::of_name);
        let distribution = Some(Kind::Distribution);
        let expected = [Some(Kind::Zot), distribution, distribution, Some(Kind::Wharfinger), None];
        assert_eq!(kinds, expected);
    }
}
