//! New advisories, and many images that are watched: how long it takes until all of them are told.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use wharfinger_metadata::{Metadata, OpenMode};

use super::turns::{Bench, say};
use crate::api::call;
use crate::registry::{Kind, REPOSITORY, access_key, restart_with_rows};
use crate::report::{Bound, Report};
use crate::seed::scan;

/// Images with inventories.
const IMAGES: usize = 100_000;
/// The same for a quick run.
const QUICK_IMAGES: usize = 5_000;
/// Advisories of the update.
const ADVISORIES: usize = 1_000;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// The longest that is waited.
const PATIENCE: Duration = Duration::from_secs(600);

/// Seconds that it may take.
const SECONDS_MAX: f64 = 10.0;

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let images = bench.amount(IMAGES, QUICK_IMAGES);
    report.heading("Matching stored inventories with new advisories");
    report.note(&format!(
        "{images} images that are scanned continuously, of 100 packages each out of 300,000, and an \
         update of {ADVISORIES} advisories. From the beginning of the job until each image has its new \
         counts and each change its event. CPU of the server process, from its start."
    ));
    let server = bench.candidates.iter().find(|candidate| candidate.kind == Kind::Wharfinger);
    let server = server.context("no server")?.start(&bench.folder, None)?;
    let configuration = json!({ "scanType": "ENHANCED", "rules": [{
        "scanFrequency": "CONTINUOUS_SCAN",
        "repositoryFilters": [{ "filter": "*", "filterType": "WILDCARD" }],
    }] });
    let operation = "PutRegistryScanningConfiguration";
    call(&mut server.anonymous()?, &access_key(&server)?, operation, &configuration)?;
    let mut newer = String::new();
    let server = restart_with_rows(server, |database, id| {
        say(&format!("{images} images are made"));
        newer = scan::scanned(database, id, REPOSITORY, (images, ADVISORIES))?;
        Ok(())
    })?;
    let metadata = Metadata::open(&server.data_dir().join("metadata.db"), OpenMode::Existing)?;
    let started = Instant::now();
    let millis = loop {
        if let Some(millis) = scan::matched(&metadata, &newer)? {
            break millis;
        }
        ensure!(started.elapsed() < PATIENCE, "the matching takes too long");
        std::thread::sleep(LOOK);
    };
    let (cpu, peak) = (server.process.cpu()?.total(), server.process.peak_bytes()?);
    let seconds = millis as f64 / 1e3;
    println!("| images | seconds | CPU-s | peak MiB |\n|---|---|---|---|");
    let peak_mib = peak as f64 / f64::from(1 << 20);
    println!("| {images} | {seconds:.2} | {cpu:.2} | {peak_mib:.0} |");
    let what = format!("{images} inventories matched anew, seconds");
    report.promise(&what, Bound::AtMost(SECONDS_MAX), vec![("update".into(), seconds)]);
    Ok(())
}
