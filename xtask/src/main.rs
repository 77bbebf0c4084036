//! Developer commands of this repository: `cargo xtask <command>`.
#![expect(clippy::print_stdout, reason = "commands talk to the person who ran them")]

mod arrows;
mod bench;
mod ci;
mod clients;
mod codegen;
mod lint;
mod proof;
mod test;
mod tidy;
mod workspace;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  test [arguments]    install what the tests need, and run all of them; arguments go to cargo test
  lint                check formatting, generated sources, dependency arrows, clippy, dependencies
  ci                  what continuous integration runs: lint and test
  bench [arguments]   measure a release build beside other registries; --help says more
  simulate [--seeds N] [--from SEED]
                      10,000 seeds of the simulation, or one again that failed
  crash [--cycles N]  end the server by kill -9 a thousand times, and look what is lost
  soak [--pushes N] [--clients N]
                      push, delete and pull 100,000 images while garbage is collected
  bootstrap           only install what the tests need
  codegen             write the generated sources from models/
  codegen --check     fail if the generated sources are stale
  codegen --import <service-2.json> --name <service> --botocore <version>
                      take a newer model into models/<service>.json";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever closed standard error does not want to know.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["lint"] => lint::run(),
        ["ci"] => ci::run(),
        ["bench", rest @ ..] => bench::run(rest),
        ["simulate", rest @ ..] => proof::simulate(rest),
        ["crash", rest @ ..] => proof::crash(rest),
        ["soak", rest @ ..] => proof::soak(rest),
        ["bootstrap"] => clients::install(),
        ["codegen", rest @ ..] => codegen::run(rest),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [unknown, ..] => bail!("no command {unknown}\n\n{USAGE}"),
    }
}
