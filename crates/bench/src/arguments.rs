//! The command line: which registries, which scenarios, how often.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::book::OURS;
use crate::registry::{Candidate, Kind};
use crate::scenario::Scenario;

/// How it is used.
const USAGE: &str = "\
usage: cargo xtask bench [--runs N] [--quick] [--other NAME=BINARY]... [--alone] [--only TEXT] [SCENARIO]...

  --runs N             alternating runs, of which medians are taken [default: 5]
  --quick              one run, with little of everything: to try it, not to quote it
  --other NAME=BINARY  another registry; NAME begins with zot, distribution, docker-registry or,
                       for another build of this server, wharfinger
  --only TEXT          of large layers, those whose row has this in its name, as `by 16 clients, plain`
  --alone              leave out Debian's docker-registry, which is measured where it is installed

scenarios, all of them unless some are named:";

/// Where Debian installs distribution 2.8.
const DOCKER_REGISTRY: &str = "/usr/bin/docker-registry";
/// Runs of which a median is worth something.
const RUNS_DEFAULT: usize = 5;

/// What was asked for.
#[derive(Debug)]
pub struct Arguments {
    /// What is measured: this server first.
    pub candidates: Vec<Candidate>,
    /// The folder that everything is stored below.
    pub folder: PathBuf,
    /// The scenarios, in order.
    pub scenarios: Vec<Scenario>,
    /// Alternating runs.
    pub runs: usize,
    /// Whether little of everything is enough.
    pub quick: bool,
    /// What the names of rows of large layers must have in them.
    pub only: String,
}

impl Arguments {
    /// Reads `BINARY FOLDER` and what [`USAGE`] says.
    ///
    /// # Errors
    /// If something is missing or unknown.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut words = words.into_iter();
        let mut path = || words.next().map(PathBuf::from).with_context(usage);
        let (binary, folder) = (path()?, path()?);
        let ours = Candidate { name: OURS.into(), kind: Kind::Wharfinger, binary };
        let (mut others, mut scenarios) = (Vec::new(), Vec::new());
        let (mut runs, mut quick, mut alone) = (None, false, false);
        let mut only = String::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => quick = true,
                "--alone" => alone = true,
                "--only" => only = words.next().with_context(usage)?,
                "--runs" => runs = Some(words.next().with_context(usage)?.parse()?),
                "--other" => others.push(other(&words.next().with_context(usage)?)?),
                name => scenarios.push(Scenario::of_name(name).with_context(usage)?),
            }
        }
        let debian = PathBuf::from(DOCKER_REGISTRY);
        if !alone && debian.exists() && !others.iter().any(|it| it.name == "docker-registry") {
            let (name, kind) = ("docker-registry".into(), Kind::Distribution);
            others.insert(0, Candidate { name, kind, binary: debian });
        }
        if scenarios.is_empty() {
            scenarios = Scenario::ALL.to_vec();
        }
        let runs = runs.unwrap_or(if quick { 1 } else { RUNS_DEFAULT });
        ensure!(runs > 0, "at least one run is needed");
        let candidates = std::iter::once(ours).chain(others).collect();
        Ok(Self { candidates, folder, scenarios, runs, quick, only })
    }
}

fn other(text: &str) -> Result<Candidate> {
    let (name, binary) = text.split_once('=').with_context(usage)?;
    let kind = Kind::of_name(name).with_context(usage)?;
    ensure!(name != OURS, "another build of this server needs another name, as {OURS}-before");
    let binary = std::path::absolute(binary)?;
    ensure!(binary.exists(), "{} does not exist", binary.display());
    Ok(Candidate { name: name.into(), kind, binary })
}

/// How it is used, with all scenarios.
pub fn usage() -> String {
    let lines = Scenario::ALL.map(|it| format!("  {:<10} {}", it.name(), it.about()));
    format!("{USAGE}\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn everything_is_measured_unless_scenarios_are_named() {
        let arguments = parse("b f --alone").unwrap();
        assert_eq!((arguments.runs, arguments.quick), (RUNS_DEFAULT, false));
        assert_eq!(arguments.scenarios, Scenario::ALL);
        assert_eq!(arguments.candidates.len(), 1);
        let arguments = parse("b f pull --quick --alone push").unwrap();
        assert_eq!((arguments.runs, arguments.quick), (1, true));
        assert_eq!(arguments.scenarios, [Scenario::Pull, Scenario::Push]);
        assert_eq!(parse("b f --quick --runs 3").unwrap().runs, 3);
    }

    #[test]
    fn others_are_known_by_their_names() {
        let arguments = parse("b f --alone --other wharfinger-before=/bin/sh").unwrap();
        assert_eq!(arguments.candidates[1].kind, Kind::Wharfinger);
        for wrong in [
            "b",
            "b f unknown",
            "b f --runs 0",
            "b f --runs",
            "b f --only",
            "b f --other /bin/sh",
            "b f --other harbor=/bin/sh",
            "b f --other zot=/not/there",
            "b f --other wharfinger=/bin/sh",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
