//! The clients of artifacts: cosign, crane, helm, oras and regctl, built from the modules that
//! `crates/e2e/artifacts` pins with the hashes of all that they are built from. One module for all:
//! what they share is built once.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{folder, output};
use crate::workspace;

/// The folder of the module that pins them, from the root of the workspace.
const PINNED: &str = "crates/e2e/artifacts";

/// Builds them, unless they are there as they are pinned now.
///
/// # Errors
/// If there is no go, or it cannot build them.
pub fn install() -> Result<()> {
    let pinned = workspace::root().join(PINNED);
    let folder = folder().join("artifacts");
    let mut wanted = Vec::new();
    for name in ["go.mod", "go.sum"] {
        let file = pinned.join(name);
        wanted.extend(fs::read(&file).with_context(|| format!("reading {}", file.display()))?);
    }
    let stamp = folder.join("built.txt");
    if fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if output(Command::new("go").arg("version")).is_none() {
        bail!("missing: go 1.26 or later, to build the clients of artifacts (https://go.dev)");
    }
    println!("Building cosign, crane, helm, oras and regctl, once; it takes some minutes.");
    fs::create_dir_all(&folder)?;
    let mut go = Command::new("go");
    go.arg("build").arg("-C").arg(&pinned).env("CGO_ENABLED", "0");
    go.args(["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w", "-o"]);
    // The folder that is there, for each program by its own name; `tool` is all that are pinned.
    go.arg(&folder).arg("tool");
    workspace::run(&mut go).context("the clients of artifacts could not be built")?;
    fs::write(stamp, wanted).context("what was built could not be noted")
}
