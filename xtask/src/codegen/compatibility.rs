//! `docs/compatibility.md`, which an example of the server crate prints from the tables of the
//! edges: a program of its own, so that this one need not be linked with the server.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

const FILE: &str = "docs/compatibility.md";

/// Writes the document.
pub fn write(root: &Path) -> Result<()> {
    fs::write(root.join(FILE), render(root)?).with_context(|| format!("writing {FILE}"))
}

/// Refuses a document that is not what the tables say.
pub fn check(root: &Path) -> Result<()> {
    let found = fs::read_to_string(root.join(FILE)).with_context(|| format!("reading {FILE}"))?;
    if found == render(root)? {
        return Ok(());
    }
    bail!("{FILE} is stale; run `cargo xtask codegen` and commit what it writes")
}

fn render(root: &Path) -> Result<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "wharfinger-server", "--example", "compatibility"]);
    let output = cargo.current_dir(root).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the example that prints {FILE} failed");
    Ok(String::from_utf8(output.stdout)?)
}
