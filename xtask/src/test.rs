//! `cargo xtask test`: everything that the tests need, then all tests of the workspace.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::{clients, workspace};

/// What the lines `test result: …` of all test binaries add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

/// Runs the tests. `arguments` are handed on to `cargo test`; without a `--package` among them, the
/// whole workspace is tested.
///
/// The last line printed is `N passed, N failed`.
///
/// # Errors
/// If a client cannot be installed (in CI), or cargo cannot be started. Failed tests end the
/// process with status 1, so that nothing is printed after the counts.
pub fn run(arguments: &[&str]) -> Result<()> {
    clients::install()?;
    // One selection of packages and targets for both steps: with another, cargo would choose
    // other features for the shared dependencies and build them all again.
    workspace::run(Command::new("cargo").args(["build", "--workspace", "--all-targets"]))?;

    let mut command = Command::new("cargo");
    command.args(["test", "--no-fail-fast"]);
    let chosen = |argument: &&str| argument.starts_with("-p") || argument.starts_with("--package");
    if !arguments.iter().take_while(|argument| **argument != "--").any(chosen) {
        command.arg("--workspace");
    }
    command.args(arguments);
    let (success, counts) = run_counting(&mut command)?;
    println!("{} passed, {} failed", counts.passed, counts.failed);
    if !success || counts.failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

/// Runs `cargo test`, passes its output on, and adds up its results.
fn run_counting(command: &mut Command) -> Result<(bool, Counts)> {
    let mut child = command
        .current_dir(workspace::root())
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo could not be started")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut counts = Counts::default();
    let mut terminal = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        counts.add(&String::from_utf8_lossy(&line));
        terminal.write_all(&line)?;
        terminal.write_all(b"\n")?;
        terminal.flush()?;
    }
    Ok((child.wait()?.success(), counts))
}

impl Counts {
    /// Adds the figures of a line `test result: ok. 3 passed; 0 failed; …`; other lines have none.
    fn add(&mut self, line: &str) {
        let Some((_, figures)) =
            line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for figure in figures.split("; ") {
            match figure.split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_add_up() {
        let mut counts = Counts::default();
        for line in [
            "running 5 tests",
            "test a::b ... ok",
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "error: test failed, to rerun pass `-p x`",
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.00s",
        ] {
            counts.add(line);
        }
        assert_eq!(counts, Counts { passed: 11, failed: 2 });
    }
}
