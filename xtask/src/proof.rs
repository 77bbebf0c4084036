//! The long runs of what the tests do in short: `simulate`, `crash` and `soak`. How much is said in
//! the environment of the tests; `docs/testing.md` says what they prove.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// One run: which test it is, and what its arguments are called in its environment.
struct Run {
    package: &'static str,
    target: &'static str,
    test: &'static str,
    arguments: &'static [(&'static str, &'static str)],
}

/// `cargo xtask simulate [--seeds N] [--from S] [--turns T] [--trace LINES]`.
///
/// # Errors
/// If a seed fails.
pub fn simulate(arguments: &[&str]) -> Result<()> {
    let run = Run {
        package: "wharfinger-registry",
        target: "simulation",
        test: "what_was_acknowledged_stays_and_garbage_goes",
        arguments: &[
            ("--seeds", "WHARFINGER_SIMULATION_SEEDS"),
            ("--from", "WHARFINGER_SIMULATION_FROM"),
            ("--turns", "WHARFINGER_SIMULATION_TURNS"),
            ("--trace", "WHARFINGER_SIMULATION_TRACE"),
        ],
    };
    run.run(arguments, &[("WHARFINGER_SIMULATION_SEEDS", "10000")])
}

/// `cargo xtask crash [--cycles N] [--from CYCLE]`.
///
/// # Errors
/// If anything that was acknowledged is lost, or the check of the program finds damage.
pub fn crash(arguments: &[&str]) -> Result<()> {
    build_server()?;
    let run = Run {
        package: "wharfinger-e2e",
        target: "e2e",
        test: "crash::",
        arguments: &[("--cycles", "WHARFINGER_CRASH_CYCLES"), ("--from", "WHARFINGER_CRASH_FROM")],
    };
    run.run(arguments, &[("WHARFINGER_CRASH_CYCLES", "1000")])
}

/// `cargo xtask soak [--pushes N] [--clients N] [--collections N]`.
///
/// # Errors
/// If a client misses anything, or anything is left.
pub fn soak(arguments: &[&str]) -> Result<()> {
    build_server()?;
    let run = Run {
        package: "wharfinger-e2e",
        target: "e2e",
        test: "soak::",
        arguments: &[
            ("--pushes", "WHARFINGER_SOAK_PUSHES"),
            ("--clients", "WHARFINGER_SOAK_CLIENTS"),
            ("--collections", "WHARFINGER_SOAK_COLLECTIONS"),
        ],
    };
    let usual = [
        ("WHARFINGER_SOAK_PUSHES", "100000"),
        ("WHARFINGER_SOAK_CLIENTS", "16"),
        ("WHARFINGER_SOAK_COLLECTIONS", "1000"),
    ];
    run.run(arguments, &usual)
}

fn build_server() -> Result<()> {
    workspace::run(Command::new("cargo").args(["build", "--release", "-p", "wharfinger-cli"]))
}

impl Run {
    fn run(&self, given: &[&str], usual: &[(&str, &str)]) -> Result<()> {
        let mut command = Command::new("cargo");
        command.args(["test", "--release", "-p", self.package, "--test", self.target]);
        command.args(["--", "--nocapture", self.test]);
        command.envs(usual.iter().copied());
        command.envs(self.environment(given)?);
        workspace::run(&mut command)
    }

    fn environment<'a>(&self, given: &[&'a str]) -> Result<Vec<(&'static str, &'a str)>> {
        let known = |name: &str| self.arguments.iter().find(|(argument, _)| *argument == name);
        let mut environment = Vec::new();
        for pair in given.chunks(2) {
            let (name, value) = (pair[0], pair.get(1));
            let Some((_, variable)) = known(name) else {
                let all: Vec<&str> = self.arguments.iter().map(|(argument, _)| *argument).collect();
                bail!("there is no {name}; there are {}", all.join(", "));
            };
            let value = *value.with_context(|| format!("{name} needs a number"))?;
            value.parse::<u64>().with_context(|| format!("{name} needs a number"))?;
            environment.push((*variable, value));
        }
        Ok(environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_the_environment_of_a_test() {
        let run = Run { package: "", target: "", test: "", arguments: &[("--seeds", "SEEDS")] };
        assert_eq!(run.environment(&["--seeds", "7"]).unwrap(), [("SEEDS", "7")]);
        for wrong in [&["--seeds"][..], &["--seeds", "all"], &["--pushes", "7"]] {
            assert!(run.environment(wrong).is_err());
        }
    }
}
