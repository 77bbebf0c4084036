//! Measures a release build of the server over loopback: CPU-seconds per GB of pushes and pulls,
//! memory, the time from start to ready, and CPU time of each page of long lists. Run by `cargo
//! xtask bench`.
//!
//! Wall time is printed, but what counts is CPU time of the server process, which neighbours on
//! the machine do not move much. A second registry (Debian's `docker-registry`) is measured in the
//! same run where it is installed, so that figures can be read as ratios.
#![expect(clippy::print_stdout, reason = "printing figures is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

mod api;
mod client;
mod layers;
mod lists;
mod process;
mod registry;
mod report;
mod scenario;
mod seed;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use registry::{DockerRegistry, REPOSITORY, Wharfinger};
use report::Report;
use scenario::{Figures, images, layers_in_and_out};

/// Clients that push or pull at the same time.
const CLIENTS: usize = 8;
/// Images stored before the time to ready is taken.
const IMAGES: usize = 10_000;

/// Which figures are wanted: all of them, or one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    Layers,
    Lists,
}

fn main() -> Result<()> {
    let usage = "usage: bench BINARY [FOLDER [layers|lists]]";
    let mut arguments = std::env::args_os().skip(1);
    let binary = PathBuf::from(arguments.next().context(usage)?);
    let folder = match arguments.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let wanted = match arguments.next().as_ref().map(|word| word.to_str()) {
        None => Wanted::All,
        Some(Some("layers")) => Wanted::Layers,
        Some(Some("lists")) => Wanted::Lists,
        Some(_) => bail!(usage),
    };
    let mut report = Report::default();
    if wanted != Wanted::Lists {
        measure_layers(&binary, folder.path(), &mut report)?;
    }
    if wanted != Wanted::Layers {
        measure_lists(&binary, folder.path(), &mut report)?;
    }
    report.verdict()
}

fn measure_layers(binary: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let layers = layers::generate(CLIENTS);
    report.sha256_floor(&layers);

    let server = Wharfinger::start(binary, &folder.join("wharfinger"))?;
    report.idle(server.process.rss_bytes()?);
    let ours = layers_in_and_out(&server, &server.process, &layers)?;
    report.layers("wharfinger", &ours);
    images(&server, IMAGES)?;
    let restarted = server.restart()?;
    report.start_to_ready(IMAGES, restarted.ready_after, restarted.process.rss_bytes()?);
    drop(restarted);

    let theirs: Option<Figures> = match DockerRegistry::start(&folder.join("other"))? {
        Some(other) => Some(layers_in_and_out(&other, &other.process, &layers)?),
        None => None,
    };
    if let Some(theirs) = &theirs {
        report.layers("docker-registry", theirs);
        report.ratios(&ours, theirs);
    } else {
        println!("docker-registry is not installed (apt-get install docker-registry): no ratios");
    }
    report.promised_of_layers(&ours);
    Ok(())
}

fn measure_lists(binary: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let server = Wharfinger::start(binary, &folder.join("lists"))?;
    let registry = server.registry_id()?;
    let started = Instant::now();
    let server = server.restart_after(|database| {
        // The repository that has the images is one of them.
        let counts = (lists::ELEMENTS - 1, lists::ELEMENTS);
        seed::lists(database, &registry, REPOSITORY, counts)
    })?;
    println!(
        "{0} repositories, and {0} images in one of them, stored in {1:.0} s",
        lists::ELEMENTS,
        started.elapsed().as_secs_f64()
    );
    for pages in lists::walk_all(&server)? {
        report.pages(&pages);
    }
    Ok(())
}
