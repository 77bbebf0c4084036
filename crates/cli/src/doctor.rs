//! `wharfinger doctor`

use std::process::ExitCode;

use clap::Args;
use wharfinger_core::Clock;
use wharfinger_server::SystemClock;
use wharfinger_server::doctor::{Severity, examine};

use crate::arguments::{AddressArguments, DirectoryArguments};
use crate::print;

#[derive(Args, Debug)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    directory: DirectoryArguments,
    #[command(flatten)]
    address: AddressArguments,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the findings; fails if one of them is a problem.
pub(crate) async fn run(arguments: DoctorArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.directory.resolve_with(arguments.address.settings())?;
    let findings = examine(&config, SystemClock.now()).await;
    if arguments.json {
        print::json(&findings)?;
    } else {
        for finding in &findings {
            let severity = match finding.severity {
                Severity::Ok => "ok      ",
                Severity::Warning => "warning ",
                Severity::Problem => "problem ",
            };
            print::line(&format!("{severity} {}: {}", finding.name, finding.what))?;
            if !finding.what_to_do.is_empty() {
                print::line(&format!("         what to do: {}", finding.what_to_do))?;
            }
        }
    }
    let sick = findings.iter().any(|finding| finding.severity == Severity::Problem);
    Ok(if sick { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
