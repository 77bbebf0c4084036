//! `server.json`: which server uses the data directory now, for the other commands.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{DataDir, DataDirError, read_opt, write_private};
use crate::{Settings, TlsLayer};

/// The server that uses a data directory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunningServer {
    /// Its process.
    pub pid: u32,
    /// The address it listens on, with its real port.
    pub listen: SocketAddr,
    /// The URL a client on this machine reaches it at.
    pub endpoint_url: String,
    /// The certificate of the CA that clients must trust, if it is the local one.
    #[serde(default)]
    pub ca_certificate: Option<PathBuf>,
    /// The names it was given for its certificates.
    #[serde(default)]
    pub tls_names: Vec<String>,
    /// The host in repository URIs, if it was given one.
    #[serde(default)]
    pub registry_host: Option<String>,
    /// The region of calls that name none.
    pub region: String,
    /// The first account.
    pub account: String,
    /// The version of the program.
    pub version: String,
}

impl RunningServer {
    /// Whether the names are names. `wharfinger trust` makes folders of them, as root, in a machine
    /// whose data directory may be another's.
    fn has_names(&self) -> bool {
        let mut names = self.tls_names.iter();
        let host = self.registry_host.as_deref();
        names.all(|name| TlsLayer::parse_name(name).is_ok())
            && host.is_none_or(|host| Settings::parse_host_template(host).is_ok())
    }
}

impl DataDir {
    /// The server that runs on this directory. `None` if none does, even if an earlier one did not
    /// come to remove its file.
    pub fn running_server(&self) -> Result<Option<RunningServer>, DataDirError> {
        if self.in_use()?.is_none() {
            return Ok(None);
        }
        let path = self.server_file();
        let Some(text) = read_opt(&path)? else { return Ok(None) };
        let expected = "the description of a running server";
        match serde_json::from_str::<RunningServer>(&text) {
            Ok(server) if server.has_names() => Ok(Some(server)),
            _ => Err(DataDirError::Malformed { path, expected }),
        }
    }

    /// Says which server runs. For whoever holds the lock.
    pub(crate) fn write_running_server(&self, server: &RunningServer) -> Result<(), DataDirError> {
        let path = self.server_file();
        let text = serde_json::to_string_pretty(server)
            .map_err(|error| DataDirError::io(&path, "written")(error.into()))?;
        write_private(&path, &(text + "\n"), true).map(|_| ())
    }

    /// Says that no server runs. For whoever holds the lock.
    pub(crate) fn remove_running_server(&self) -> Result<(), DataDirError> {
        let path = self.server_file();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(DataDirError::io(&path, "removed")(error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_while_it_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::new(folder.path());
        let server = RunningServer {
            pid: std::process::id(),
            listen: "127.0.0.1:4566".parse().unwrap(),
            endpoint_url: "http://localhost:4566".into(),
            ca_certificate: None,
            tls_names: Vec::new(),
            registry_host: None,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            version: "0.1.0".into(),
        };
        let lock = directory.lock().unwrap();
        assert_eq!(directory.running_server().unwrap(), None);
        directory.write_running_server(&server).unwrap();
        assert_eq!(directory.running_server().unwrap(), Some(server.clone()));
        drop(lock);
        assert_eq!(directory.running_server().unwrap(), None, "its process is gone");
        let _lock = directory.lock().unwrap();
        assert_eq!(directory.running_server().unwrap(), Some(server.clone()));
        for bad in ["../../etc/cron.d", "/etc", "..", "a\"b"] {
            let named = RunningServer { tls_names: vec![bad.into()], ..server.clone() };
            let hosted = RunningServer { registry_host: Some(bad.into()), ..server.clone() };
            for server in [named, hosted] {
                directory.write_running_server(&server).unwrap();
                assert!(directory.running_server().is_err(), "{bad}");
            }
        }
        directory.remove_running_server().unwrap();
        directory.remove_running_server().unwrap();
        assert_eq!(directory.running_server().unwrap(), None);
        fs::write(folder.path().join("server.json"), "{}").unwrap();
        assert!(directory.running_server().is_err());
    }
}
