//! zot, as it comes: an OCI layout on disk, no authentication, no extensions.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::CertificateFiles;

/// How it is started.
pub fn command(
    binary: &Path,
    folder: &Path,
    address: SocketAddr,
    certificate: Option<&CertificateFiles>,
) -> Result<Command> {
    let mut http =
        json!({ "address": address.ip().to_string(), "port": address.port().to_string() });
    if let Some(CertificateFiles { cert, key }) = certificate {
        http["tls"] = json!({ "cert": cert, "key": key });
    }
    let config = json!({
        "distSpecVersion": "1.1.1",
        "storage": { "rootDirectory": folder.join("data") },
        "http": http,
        "log": { "level": "error" },
    });
    let file = folder.join("config.json");
    std::fs::write(&file, serde_json::to_vec_pretty(&config)?)?;
    let mut command = Command::new(binary);
    command.arg("serve").arg(file);
    Ok(command)
}
