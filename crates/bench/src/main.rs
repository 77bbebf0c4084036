//! Measures a release build of the server over loopback beside other registries, in turn, with the
//! same client: throughput, CPU time, memory, latency. Run by `cargo xtask bench`.
//!
//! Wall time is printed, but what counts is CPU time of the server process, which neighbours on
//! the machine do not move much. Figures are medians of alternating runs; tables are Markdown, ready
//! for `docs/performance.md`.
#![expect(clippy::print_stdout, reason = "printing figures is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod api;
mod arguments;
mod book;
mod client;
mod head;
mod http2;
mod layers;
mod load;
mod machine;
mod phase;
mod process;
mod registry;
mod report;
mod scenario;
mod seed;
mod stats;
mod transfer;
mod transport;

use std::cell::{Cell, RefCell};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Result;
use wharfinger_core::Timestamp;

use arguments::Arguments;
use report::Report;
use scenario::{Bench, measure, say};
use transport::Certificate;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        println!("{}", arguments::usage());
        return Ok(());
    }
    let Arguments { candidates, folder, scenarios, runs, quick, only } =
        Arguments::parse(words.clone())?;
    let folder = tempfile::tempdir_in(folder)?;
    let since = SystemTime::UNIX_EPOCH.elapsed()?;
    let now = Timestamp::from_seconds(i64::try_from(since.as_secs())?);
    println!("    cargo xtask bench {}\n", words.get(2..).unwrap_or_default().join(" "));
    println!("{now}: {}.", machine::describe(folder.path()));
    println!(
        "Medians of {runs} alternating runs; \"ours is\" says how many times another's figure ours is."
    );
    if quick {
        println!("A quick run: to see that it works and where it stands, not to be quoted.");
    }
    let bench = Bench {
        candidates,
        folder: folder.path().into(),
        certificate: Certificate::generate()?,
        runs,
        quick,
        only,
        floors: RefCell::default(),
        seed: Cell::new(u64::try_from(since.as_nanos() & u128::from(u64::MAX))?),
    };
    let mut report = Report::default();
    measure(&bench, &scenarios, &mut report)?;
    report.verdict()
}
