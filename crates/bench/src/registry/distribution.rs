//! distribution, as it comes: files on disk, descriptors cached in memory, no authentication.
//! Version 2.8 is Debian's `docker-registry`; version 3 reads the same configuration.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::CertificateFiles;

/// How it is started.
pub fn command(
    binary: &Path,
    folder: &Path,
    address: SocketAddr,
    certificate: Option<&CertificateFiles>,
) -> Result<Command> {
    let file = folder.join("config.yml");
    std::fs::write(&file, config(folder, address, certificate))?;
    let mut command = Command::new(binary);
    // Version 3 looks for a collector of traces otherwise.
    command.arg("serve").arg(file).env("OTEL_TRACES_EXPORTER", "none");
    Ok(command)
}

fn config(folder: &Path, address: SocketAddr, certificate: Option<&CertificateFiles>) -> String {
    let root = folder.join("data");
    let mut text = format!(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  cache:\n    \
         blobdescriptor: inmemory\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
        root.display()
    );
    if let Some(CertificateFiles { cert, key }) = certificate {
        text +=
            &format!("  tls:\n    certificate: {}\n    key: {}\n", cert.display(), key.display());
    }
    text
}
