//! `wharfinger gc`: collects garbage now, beside a running server or without one.

use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use clap::Args;
use wharfinger_core::{Clock, Timestamp};
use wharfinger_registry::{GarbageEstimate, GarbageReport};
use wharfinger_server::{Installation, Settings, SystemClock};

use crate::arguments::DirectoryArguments;
use crate::print;
use crate::upkeep::UpkeepArguments;

/// How long it works before it says how far it is, and between two times that it says so.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

#[derive(Args, Debug)]
pub(crate) struct GcArguments {
    /// Say what would be freed, now and later, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    upkeep: UpkeepArguments,
    #[command(flatten)]
    directory: DirectoryArguments,
}

/// Prints what was freed, or would be; fails if something could not be deleted.
pub(crate) async fn run(arguments: GcArguments) -> anyhow::Result<ExitCode> {
    let GcArguments { dry_run, json, upkeep, directory } = arguments;
    let settings = Settings { upkeep: upkeep.settings(), ..Settings::default() };
    let config = directory.resolve_with(settings)?;
    let registry = Installation::existing(&config).await?.registry(&config)?;
    if dry_run {
        let estimate = registry.estimate_garbage().await?;
        match json {
            true => print::line(&estimate.to_json())?,
            false => show_estimate(&estimate)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let progress = Progress::new();
    let report = registry.collect_garbage_and_tell(&|report| progress.tell(report)).await?;
    match json {
        true => print::line(&report.to_json())?,
        false => show_report(&report)?,
    }
    Ok(if report.undeleted_objects > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Says from time to time how far a collection is.
struct Progress {
    /// When it is to say so next, in milliseconds since 1970.
    next: AtomicI64,
}

impl Progress {
    fn new() -> Self {
        Self { next: AtomicI64::new(SystemClock.now().plus(PROGRESS_INTERVAL).millis()) }
    }

    fn tell(&self, report: &GarbageReport) {
        let now = SystemClock.now();
        if now.millis() < self.next.load(Ordering::Relaxed) {
            return;
        }
        self.next.store(now.plus(PROGRESS_INTERVAL).millis(), Ordering::Relaxed);
        let GarbageReport { links, blobs, blob_bytes, objects, .. } = report;
        let size = size(*blob_bytes);
        print::error(&format!("so far: {links} links, {blobs} blobs ({size}), {objects} objects"));
    }
}

fn show_report(report: &GarbageReport) -> anyhow::Result<()> {
    let blobs = format!("{} blobs ({})", report.blobs, size(report.blob_bytes));
    let objects = match report.unknown_objects {
        0 => format!("{} objects", report.objects),
        unknown => {
            let bytes = size(report.unknown_object_bytes);
            format!("{} objects, {unknown} of which no row knew ({bytes})", report.objects)
        }
    };
    print::line(&format!(
        "Freed {blobs} and {} abandoned uploads; deleted {objects}.",
        report.uploads
    ))?;
    show_foreign_files(report.foreign_files)?;
    if report.undeleted_objects > 0 {
        let count = report.undeleted_objects;
        print::line(&format!(
            "{count} objects could not be deleted; see the log. They are tried again."
        ))?;
    }
    if let Some(until) = report.next_lease_end {
        print::line(&format!(
            "More can be freed from {} on, when the first lease ends.",
            until.iso8601()
        ))?;
    }
    Ok(())
}

fn show_estimate(estimate: &GarbageEstimate) -> anyhow::Result<()> {
    print::line(&format!(
        "A collection would free {} blobs ({}), {} abandoned uploads ({}) and {} objects that no \
         row knows ({}).",
        estimate.blobs,
        size(estimate.blob_bytes),
        estimate.uploads,
        size(estimate.upload_bytes),
        estimate.unknown_objects,
        size(estimate.unknown_object_bytes),
    ))?;
    if estimate.discarded_objects > 0 {
        let count = estimate.discarded_objects;
        print::line(&format!("{count} objects are to be deleted already."))?;
    }
    show_foreign_files(estimate.foreign_files)?;
    if let (Some(first), Some(last)) = (estimate.leased_until_first, estimate.leased_until_last) {
        let size = size(estimate.leased_blob_bytes);
        let blobs = format!("{} blobs ({size}) would be free later", estimate.leased_blobs);
        print::line(&format!("{blobs}, {}.", between(first, last)))?;
    }
    Ok(())
}

fn between(first: Timestamp, last: Timestamp) -> String {
    let (first, last) = (first.iso8601(), last.iso8601());
    match first == last {
        true => format!("at {first}"),
        false => format!("the first at {first}, the last at {last}"),
    }
}

fn show_foreign_files(count: u64) -> anyhow::Result<()> {
    if count > 0 {
        print::line(&format!("{count} files among the objects are none, and were left alone."))?;
    }
    Ok(())
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (u128::from(bytes) * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(1_572_864), "1.5 MiB");
        assert_eq!(size(5 << 40), "5.0 TiB");
        assert_eq!(size(5_000 << 40), "5000.0 TiB");
    }

    #[test]
    fn one_time_is_said_once() {
        let first = Timestamp::from_seconds(1_800_000_000);
        assert_eq!(between(first, first), "at 2027-01-15T08:00:00Z");
        let last = first.plus(Duration::from_secs(1));
        let both = "the first at 2027-01-15T08:00:00Z, the last at 2027-01-15T08:00:01Z";
        assert_eq!(between(first, last), both);
    }
}
