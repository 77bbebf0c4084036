//! Formatting with the toolchain's rustfmt and the workspace's settings.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, ensure};

/// `source` as rustfmt writes it.
pub fn format(root: &Path, source: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(root.join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt does not start; `rustup component add rustfmt`")?;
    let mut stdin = child.stdin.take().context("rustfmt has no input")?;
    // Writing beside reading: either pipe may fill before the other side is done.
    let output = thread::scope(|scope| {
        let writer = scope.spawn(move || stdin.write_all(source.as_bytes()));
        let output = child.wait_with_output();
        let written = writer.join().ok().context("the writing thread panicked")?;
        written.context("writing to rustfmt")?;
        output.context("reading from rustfmt")
    })?;
    ensure!(output.status.success(), "rustfmt refused the source: {}", output.status);
    String::from_utf8(output.stdout).context("rustfmt wrote no UTF-8")
}
