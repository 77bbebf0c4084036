//! The official conformance suite of OCI Distribution, a program of Go's tests, built from the
//! module that `crates/e2e/conformance` pins with the hashes of all that it is built from.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{folder, output};
use crate::workspace;

/// The folder of the module that pins the suite, from the root of the workspace.
const PINNED: &str = "crates/e2e/conformance";
/// The package of the suite.
const SUITE: &str = "github.com/opencontainers/distribution-spec/conformance";

/// Builds the suite, unless it is there as it is pinned now.
///
/// # Errors
/// If there is no go, or it cannot build it.
pub fn install() -> Result<()> {
    let pinned = workspace::root().join(PINNED);
    let folder = folder().join("conformance");
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
        bail!("missing: go 1.24 or later, to build the suite of OCI Distribution (https://go.dev)");
    }
    println!("Building the conformance suite of OCI Distribution into {}", folder.display());
    fs::create_dir_all(&folder)?;
    let mut go = Command::new("go");
    go.args(["test", "-C"]).arg(&pinned);
    go.args(["-c", "-vet=off", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w", "-o"]);
    go.arg(folder.join("conformance.test")).arg(SUITE);
    workspace::run(&mut go).context("the suite could not be built")?;
    fs::write(stamp, wanted).context("what was built could not be noted")
}
