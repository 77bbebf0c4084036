//! Programs of Go, built from a module of this repository that pins them with the hashes of all that
//! they are built from.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{folder, output};
use crate::workspace;

/// A module that pins programs.
pub(super) struct GoModule {
    /// Its folder, from the root of the workspace.
    pub(super) pinned: &'static str,
    /// The folder of what is built, among those of the clients.
    pub(super) folder: &'static str,
    /// What is built, as it is told.
    pub(super) what: &'static str,
    /// The release of Go it takes at the least.
    pub(super) go: &'static str,
}

impl GoModule {
    /// Builds the programs with what `arguments` adds to a `go -C <pinned>` command, given the folder
    /// they go into; not if they are there as they are pinned now.
    ///
    /// # Errors
    /// If there is no go, or it cannot build them.
    pub(super) fn install(
        &self,
        subcommand: &str,
        arguments: impl FnOnce(&mut Command, &Path),
    ) -> Result<()> {
        let Self { what, go, .. } = self;
        let pinned = workspace::root().join(self.pinned);
        let folder = folder().join(self.folder);
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
            bail!("missing: go {go} or later, to build {what} (https://go.dev)");
        }
        println!("Building {what}, once; it takes some minutes.");
        fs::create_dir_all(&folder)?;
        let mut command = Command::new("go");
        command.args([subcommand, "-C"]).arg(&pinned);
        command.args(["-buildvcs=false", "-mod=readonly", "-ldflags=-s -w"]);
        arguments(&mut command, &folder);
        workspace::run(&mut command).with_context(|| format!("{what} could not be built"))?;
        fs::write(stamp, wanted).context("what was built could not be noted")
    }
}
