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
    /// A link leads out of the folder that was given as the root of the machine.
    #[error("{path} is outside of the given root, where a link leads")]
    Outside {
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
    /// The root of the plan.
    root: PathBuf,
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
                let root = root.to_owned();
                files.push(TrustFile { path, reader, content, root, owns_folder: true });
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
            let (content, root) = (format!("{OURS}{pem}"), root.to_owned());
            let reader = "the system";
            files.push(TrustFile { path, reader, content, root, owns_folder: false });
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
    /// [`TrustError::Foreign`] if another's is there, [`TrustError::Outside`] if a link would have
    /// it written elsewhere.
    pub fn write(&self) -> Result<Change, TrustError> {
        self.check_is_inside()?;
        match self.found().map_err(self.failed("read"))? {
            Found::Text(text) if text == self.content => return Ok(Change::Unchanged),
            Found::Foreign => return Err(TrustError::Foreign { path: self.path.clone() }),
            Found::Text(_) | Found::Nothing => {}
        }
        let fresh = self.path.with_added_extension("new");
        // What is left of a write that was cut off has no value; what is another's has.
        match found(&fresh).map_err(self.failed("read"))? {
            Found::Nothing => {}
            Found::Text(_) => fs::remove_file(&fresh).map_err(self.failed("written"))?,
            Found::Foreign => return Err(TrustError::Foreign { path: fresh }),
        }
        self.put(&fresh).map(|()| Change::Written).map_err(self.failed("written"))
    }

    /// Takes the file away, and its folder if it was there for this file.
    ///
    /// # Errors
    /// [`TrustError::Outside`] if a link leads elsewhere.
    pub fn remove(&self) -> Result<Change, TrustError> {
        self.check_is_inside()?;
        match self.found().map_err(self.failed("read"))? {
            Found::Nothing => return Ok(Change::Absent),
            Found::Foreign => return Ok(Change::Kept),
            Found::Text(_) => fs::remove_file(&self.path).map_err(self.failed("removed"))?,
        }
        if self.owns_folder
            && let Some(folder) = self.path.parent()
        {
            // There may be more in it.
            let _ = fs::remove_dir(folder);
        }
        Ok(Change::Removed)
    }

    fn found(&self) -> io::Result<Found> {
        found(&self.path)
    }

    /// Below a root that is not the machine's own, a link such as `etc -> /etc` leads to the files
    /// of the machine.
    fn check_is_inside(&self) -> Result<(), TrustError> {
        let Ok(root) = fs::canonicalize(&self.root) else { return Ok(()) };
        let there = self.path.ancestors().skip(1).find_map(|folder| fs::canonicalize(folder).ok());
        match there.is_some_and(|folder| folder.starts_with(root)) {
            true => Ok(()),
            false => Err(TrustError::Outside { path: self.path.clone() }),
        }
    }

    fn put(&self, fresh: &Path) -> io::Result<()> {
        make_folders(self.path.parent().unwrap_or(Path::new("/")))?;
        // Never through a link that somebody else put there.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(fresh)?;
        file.write_all(self.content.as_bytes())?;
        // Whatever the mask of who runs this: the programs run as others.
        file.set_permissions(Permissions::from_mode(0o644))?;
        // Else a power cut leaves an empty file, which would be another's from then on.
        file.sync_all()?;
        fs::rename(fresh, &self.path)
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> TrustError {
        let path = self.path.clone();
        move |source| TrustError::Io { path, action, source }
    }
}

/// What is at a path.
enum Found {
    Nothing,
    /// A file of ours, or the beginning of one.
    Text(String),
    /// What was not written here: another's file, a link, a folder.
    Foreign,
}

fn found(path: &Path) -> io::Result<Found> {
    match fs::symlink_metadata(path) {
        Ok(facts) if !facts.is_file() => return Ok(Found::Foreign),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    }
    let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
    let is_ours = text.starts_with(OURS) || OURS.starts_with(&text);
    Ok(if is_ours { Found::Text(text) } else { Found::Foreign })
}

/// Makes the folders that are missing, for everybody to read whatever the mask. Those that are there
/// stay as they are: somebody may keep a key in one.
fn make_folders(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Whether a text is one certificate in PEM and nothing else. It is put where all may read it, so it
/// must not be some other file that a link in the data directory leads to.
pub fn is_certificate(pem: &str) -> bool {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let body = pem.trim_ascii().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b);
    body.is_some_and(|body| !body.trim_ascii().is_empty() && body.bytes().all(allowed))
}

#[cfg(test)]
mod tests;
