//! `cargo xtask lint`: everything that is checked without running the program.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{arrows, clients, codegen, tidy, workspace};

/// Formatting, generated sources, the shape of the workspace, clippy, and the dependencies.
///
/// # Errors
/// With the first check that fails.
pub fn run() -> Result<()> {
    step("formatting", || cargo(&["fmt", "--all", "--check"]))?;
    step("generated sources", || codegen::run(&["--check"]))?;
    step("dependency arrows", arrows::check)?;
    step("tidiness", tidy::check)?;
    step("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
    })?;
    step("dependencies", dependencies)
}

fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("== {name}");
    check().with_context(|| format!("the check of {name} failed"))
}

fn cargo(arguments: &[&str]) -> Result<()> {
    workspace::run(Command::new("cargo").args(arguments))
}

/// Licences, bans and sources need nothing from outside. Advisories need a database that comes
/// from github.com, which not every machine reaches.
fn dependencies() -> Result<()> {
    let program = clients::cargo_deny()?;
    let deny = |arguments: &[&str]| {
        workspace::run(Command::new(&program).args(["--workspace"]).args(arguments))
    };
    deny(&["check", "--hide-inclusion-graph", "bans", "licenses", "sources"])?;
    if deny(&["fetch", "db"]).is_ok() {
        println!("Advisories: checking against the database as it is now.");
        return deny(&["check", "advisories"]);
    }
    if advisories_cached() {
        println!("Advisories: the database cannot be fetched; checking against the cached one.");
        return deny(&["--offline", "check", "advisories"]);
    }
    println!("Advisories: NOT CHECKED, for the database cannot be fetched and none is cached.");
    Ok(())
}

/// Whether `cargo-deny` has fetched a database before, in the folder it uses unless told otherwise.
fn advisories_cached() -> bool {
    let home = workspace::environment("CARGO_HOME").map(std::path::PathBuf::from).or_else(|| {
        workspace::environment("HOME").map(|home| std::path::Path::new(&home).join(".cargo"))
    });
    let folder = home.map(|home| home.join("advisory-dbs"));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    entries.is_some_and(|entries| entries.flatten().any(|entry| entry.path().join(".git").is_dir()))
}
