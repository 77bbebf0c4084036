//! `cargo xtask ci`: what continuous integration runs, and nothing else.

use std::process::Command;

use anyhow::Result;

use crate::workspace;

/// Runs `.ci/run`.
///
/// # Errors
/// If a step of it fails.
pub fn run() -> Result<()> {
    workspace::run(&mut Command::new(workspace::root().join(".ci/run")))
}
