//! Measures a release build of the server over loopback: CPU-seconds per GB of pushes and pulls,
//! memory, and the time from start to ready. Run by `cargo xtask bench`.
//!
//! Wall time is printed, but what counts is CPU time of the server process, which neighbours on
//! the machine do not move much. A second registry (Debian's `docker-registry`) is measured in the
//! same run where it is installed, so that figures can be read as ratios.
#![expect(clippy::print_stdout, reason = "printing figures is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod api;
mod client;
mod layers;
mod process;
mod registry;
mod report;
mod scenario;

use std::path::PathBuf;

use anyhow::{Context, Result};

use registry::{DockerRegistry, Wharfinger};
use report::Report;
use scenario::{Figures, images, layers_in_and_out};

/// Clients that push or pull at the same time.
const CLIENTS: usize = 8;
/// Images stored before the time to ready is taken.
const IMAGES: usize = 10_000;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let binary = PathBuf::from(arguments.next().context("usage: bench BINARY [FOLDER]")?);
    let folder = match arguments.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let layers = layers::generate(CLIENTS);
    let mut report = Report::default();
    report.sha256_floor(&layers);

    let server = Wharfinger::start(&binary, &folder.path().join("wharfinger"))?;
    report.idle(server.process.rss_bytes()?);
    let ours = layers_in_and_out(&server, &server.process, &layers)?;
    report.layers("wharfinger", &ours);
    images(&server, IMAGES)?;
    let restarted = server.restart()?;
    report.start_to_ready(IMAGES, restarted.ready_after, restarted.process.rss_bytes()?);
    drop(restarted);

    let theirs: Option<Figures> = match DockerRegistry::start(&folder.path().join("other"))? {
        Some(other) => Some(layers_in_and_out(&other, &other.process, &layers)?),
        None => None,
    };
    if let Some(theirs) = &theirs {
        report.layers("docker-registry", theirs);
        report.ratios(&ours, theirs);
    } else {
        println!("docker-registry is not installed (apt-get install docker-registry): no ratios");
    }
    report.verdict(&ours)
}
