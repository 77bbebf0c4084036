//! Where the programs of a machine look for the CAs they trust, and what is put there.
//!
//! `wharfinger trust` makes a [`TrustPlan`] and writes or removes its files. Every file begins with
//! a line that says whose it is; a file without it is another's, and stays as it is.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use wharfinger_core::RegistryId;

use crate::tls::names;
use crate::{Config, client_host};

/// The port that a URL with `https` means when it names none.
const HTTPS_PORT: u16 = 443;
/// How the name of the file in the system's store begins; the account follows.
const SYSTEM_FILE_PREFIX: &str = "wharfinger-";
/// The first line of every file.
const OURS: &str = "# Written by `wharfinger trust`; `wharfinger trust --remove` takes it away.\n";

/// Why a file is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be written or removed.
    #[error("{path} cannot be {action}")]
    Io {
        /// The file.
        path: PathBuf,
        /// `written` or `removed`.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is one that says something else.
    #[error("{path} is there already and was not written by `wharfinger trust`; move it away")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

impl TrustError {
    /// Whether somebody with more rights could do it.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// What was done about a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Written, or written anew.
    Written,
    /// As it should be already.
    Unchanged,
    /// Taken away.
    Removed,
    /// Not there in the first place.
    Absent,
    /// Another's, and left as it is.
    Kept,
}

/// One file for one kind of program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustFile {
    /// Where it goes, below the root of the plan.
    pub path: PathBuf,
    /// Who reads it, such as `docker`.
    pub reader: &'static str,
    content: String,
    /// Whether its folder is for this file alone.
    owns_folder: bool,
}

/// The store of CAs that most programs of a system share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SystemStore {
    /// Debian, Ubuntu, Alpine.
    Debian,
    /// Red Hat, Fedora, Amazon Linux.
    RedHat,
}

/// Everything that makes a machine trust a CA and find the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustPlan {
    /// The files.
    pub files: Vec<TrustFile>,
    /// The shared store, if the system has one that is known here.
    pub system: Option<SystemStore>,
    /// The line for `/etc/hosts`.
    pub hosts_line: String,
}

impl TrustPlan {
    /// The plan for a machine whose file system begins at `root`, and a server of this
    /// configuration that has the CA `pem`.
    pub fn new(root: &Path, config: &Config, registry: &RegistryId, pem: &str) -> Self {
        let mut files = Vec::new();
        for host in registry_hosts(config, registry) {
            let folder = |base: &str| root.join(base).join(&host);
            let mut add = |path, reader, content| {
                files.push(TrustFile { path, reader, content, owns_folder: true });
            };
            let ca = || format!("{OURS}{pem}");
            add(folder("etc/docker/certs.d").join("ca.crt"), "docker", ca());
            add(folder("etc/containers/certs.d").join("ca.crt"), "podman, buildah, skopeo", ca());
            add(folder("etc/containerd/certs.d").join("ca.crt"), "containerd", ca());
            let hosts = folder("etc/containerd/certs.d").join("hosts.toml");
            add(hosts, "containerd", containerd_hosts(&host));
        }
        let system = SystemStore::of(root);
        if let Some(system) = system {
            let name = format!("{SYSTEM_FILE_PREFIX}{}.crt", registry.account);
            let path = root.join(system.folder()).join(name);
            let content = format!("{OURS}{pem}");
            files.push(TrustFile { path, reader: "the system", content, owns_folder: false });
        }
        let names = names::of_registry(registry.account, &registry.region);
        let hosts_line = format!("{} {}", client_address(config.listen), names.join(" "));
        Self { files, system, hosts_line }
    }
}

/// The bundle of all CAs that the system at `root` trusts, if the CA `pem` was put among them.
pub fn bundle_with(root: &Path, pem: &str) -> Option<&'static str> {
    let system = SystemStore::of(root)?;
    let entries = fs::read_dir(root.join(system.folder())).ok()?;
    let is_ours = |entry: fs::DirEntry| {
        entry.file_name().to_string_lossy().starts_with(SYSTEM_FILE_PREFIX)
            && fs::read_to_string(entry.path()).is_ok_and(|text| text == format!("{OURS}{pem}"))
    };
    entries.flatten().any(is_ours).then(|| system.bundle())
}

/// Under which hosts docker and its like reach the registry.
fn registry_hosts(config: &Config, registry: &RegistryId) -> Vec<String> {
    let listen = config.listen;
    let [aws, ..] = names::of_registry(registry.account, &registry.region);
    let port = match listen.port() {
        HTTPS_PORT => String::new(),
        port => format!(":{port}"),
    };
    let configured = config.registry_host.as_ref().map(|template| {
        let host = template.replace("{account}", registry.account.as_str());
        host.replace("{region}", registry.region.as_str())
    });
    // An IPv6 address is no name of a folder that all of them understand.
    let named = config
        .tls
        .names()
        .iter()
        .filter(|name| !name.contains(':'))
        .map(|name| format!("{name}{port}"));
    let local = client_host(listen);
    let local = local.strip_suffix(":443").unwrap_or(&local).to_owned();
    let mut hosts: Vec<String> = Vec::new();
    for host in [format!("{aws}{port}"), local].into_iter().chain(configured).chain(named) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// What containerd is told of a registry (its `docs/hosts.md`).
fn containerd_hosts(host: &str) -> String {
    format!(
        "{OURS}server = \"https://{host}\"\n\
         \n\
         [host.\"https://{host}\"]\n\
         \x20 capabilities = [\"pull\", \"resolve\", \"push\"]\n\
         \x20 ca = \"/etc/containerd/certs.d/{host}/ca.crt\"\n"
    )
}

/// Where clients on this machine find a server that listens there.
fn client_address(listen: SocketAddr) -> IpAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

impl SystemStore {
    fn of(root: &Path) -> Option<Self> {
        let is_there = |store: &Self| root.join(store.folder()).is_dir();
        [Self::RedHat, Self::Debian].into_iter().find(is_there)
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Debian => "usr/local/share/ca-certificates",
            Self::RedHat => "etc/pki/ca-trust/source/anchors",
        }
    }

    /// What takes in the files of the folder: a program and its arguments.
    pub fn command(self, removing: bool) -> &'static [&'static str] {
        match self {
            // Else the CA that was taken away stays among the trusted ones.
            Self::Debian if removing => &["update-ca-certificates", "--fresh"],
            Self::Debian => &["update-ca-certificates"],
            Self::RedHat => &["update-ca-trust", "extract"],
        }
    }

    /// The file with all trusted CAs, for programs that do not look by themselves.
    pub fn bundle(self) -> &'static str {
        match self {
            Self::Debian => "/etc/ssl/certs/ca-certificates.crt",
            Self::RedHat => "/etc/pki/tls/certs/ca-bundle.crt",
        }
    }
}

impl TrustFile {
    /// Puts the file in its place, for everybody to read.
    ///
    /// # Errors
    /// [`TrustError::Foreign`] if another's is there.
    pub fn write(&self) -> Result<Change, TrustError> {
        match self.found().map_err(self.failed("read"))? {
            Some(found) if found == self.content => return Ok(Change::Unchanged),
            Some(found) if !found.starts_with(OURS) => {
                return Err(TrustError::Foreign { path: self.path.clone() });
            }
            _ => {}
        }
        self.put().map(|()| Change::Written).map_err(self.failed("written"))
    }

    /// Takes the file away, and its folder if it was there for this file.
    pub fn remove(&self) -> Result<Change, TrustError> {
        match self.found().map_err(self.failed("read"))? {
            None => return Ok(Change::Absent),
            Some(found) if !found.starts_with(OURS) => return Ok(Change::Kept),
            Some(_) => fs::remove_file(&self.path).map_err(self.failed("removed"))?,
        }
        if self.owns_folder
            && let Some(folder) = self.path.parent()
        {
            // There may be more in it.
            let _ = fs::remove_dir(folder);
        }
        Ok(Change::Removed)
    }

    fn found(&self) -> io::Result<Option<String>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn put(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let fresh = self.path.with_added_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&fresh)?;
        file.write_all(self.content.as_bytes())?;
        // Whatever the mask of who runs this: the programs run as others.
        file.set_permissions(Permissions::from_mode(0o644))?;
        if self.owns_folder {
            fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        }
        fs::rename(&fresh, &self.path)
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> TrustError {
        let path = self.path.clone();
        move |source| TrustError::Io { path, action, source }
    }
}

#[cfg(test)]
mod tests;
