//! Developer commands of this repository: `cargo xtask <command>`.
#![expect(clippy::print_stdout, reason = "commands talk to the person who ran them")]

mod codegen;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  codegen             write the generated sources from models/
  codegen --check     fail if the generated sources are stale
  codegen --import <service-2.json> --name <service> --botocore <version>
                      take a newer model into models/<service>.json";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["codegen", rest @ ..] => codegen::run(rest),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [unknown, ..] => bail!("no command {unknown}\n\n{USAGE}"),
    }
}
