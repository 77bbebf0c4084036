//! The workspace as the commands see it: its root, its environment, and running programs in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The folder that holds the root `Cargo.toml`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Whether this is a continuous integration run, in which nothing may be skipped.
pub fn in_ci() -> bool {
    environment("CI").is_some_and(|value| value == "true" || value == "1")
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "a command has no other way to read it")]
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Runs a program in the root of the workspace, its output going where ours goes.
///
/// # Errors
/// If it cannot be started, or says that it failed.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_owned();
    let status = command
        .current_dir(root())
        .status()
        .with_context(|| format!("{} could not be started", program.display()))?;
    if !status.success() {
        let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        bail!("`{} {}` failed: {status}", program.display(), arguments.join(" "));
    }
    Ok(())
}
