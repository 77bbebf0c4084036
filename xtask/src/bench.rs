//! `cargo xtask bench`: a release build of the server, measured by the bench crate beside other
//! registries, on the disk the build is on. The figures go to standard output; the command fails if
//! a promised one is missed.

use std::process::Command;

use anyhow::Result;

use crate::workspace;

/// Builds and measures. The arguments go to the bench crate: scenarios, `--runs`, `--quick`,
/// `--other`.
pub fn run(arguments: &[&str]) -> Result<()> {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--package=wharfinger-cli", "--package=wharfinger-bench"]);
    workspace::run(&mut build)?;
    let target = workspace::root().join("target");
    let folder = target.join("bench");
    std::fs::create_dir_all(&folder)?;
    let release = target.join("release");
    let mut bench = Command::new(release.join("wharfinger-bench"));
    workspace::run(bench.arg(release.join("wharfinger")).arg(&folder).args(arguments))
}
