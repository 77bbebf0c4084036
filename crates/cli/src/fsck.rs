//! `wharfinger fsck`: whether everything that was pushed is there, and as it was.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use wharfinger_core::{Clock, Timestamp};
use wharfinger_registry::{CheckEvent, CheckOptions, CheckReport, Finding};
use wharfinger_server::{Installation, SystemClock};

use crate::arguments::DirectoryArguments;
use crate::print;

/// Between two lines about how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

#[derive(Args, Debug)]
pub(crate) struct FsckArguments {
    #[command(flatten)]
    directory: DirectoryArguments,
    /// Read all bytes and compute their digests
    #[arg(long)]
    read_data: bool,
    /// Put aside what is damaged, so that the next push heals it, and correct what is miscounted
    #[arg(long)]
    repair: bool,
    /// Print JSON: a line for each finding, and one for the whole
    #[arg(long)]
    json: bool,
}

/// A finding as a line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingLine<'a> {
    code: &'a str,
    severity: &'a str,
    what: &'a str,
    what_to_do: &'a str,
    repaired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    images: &'a [String],
}

/// The last line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryLine {
    summary: bool,
    read_data: bool,
    damage: u64,
    repaired: u64,
    leftovers: u64,
    notices: u64,
    blobs: u64,
    blob_bytes: u64,
    images: u64,
    objects: u64,
}

/// Prints what is found as it is found; fails if anything is damaged, or was.
pub(crate) async fn run(arguments: FsckArguments) -> anyhow::Result<ExitCode> {
    let FsckArguments { directory, read_data, repair, json } = arguments;
    let config = directory.resolve()?;
    let installation = Installation::existing(&config).await?;
    let registry = installation.registry(&config)?;
    let options = CheckOptions { read_data, repair };
    let (mut printed, mut told_at) = (Ok(()), SystemClock.now());
    let report = registry
        .check_telling(options, &mut |event| match event {
            CheckEvent::Finding(finding) if printed.is_ok() => printed = tell(finding, json),
            CheckEvent::Finding(_) => {}
            CheckEvent::Progress { what, done, total } => progress(&mut told_at, what, done, total),
        })
        .await?;
    printed?;
    if let Err(error) = registry.record_check(options, &report).await {
        print::error(&format!("warning: the result could not be noted: {error}"));
    }
    summarize(options, &report, json)?;
    Ok(if report.finding_count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(finding: &Finding, json: bool) -> anyhow::Result<()> {
    let (code, severity) = (finding.code.as_str(), finding.code.severity().as_str());
    if json {
        let line = FindingLine {
            code,
            severity,
            what: &finding.what,
            what_to_do: &finding.what_to_do,
            repaired: finding.repaired,
            digest: finding.digest.map(|digest| digest.to_string()),
            images: &finding.images,
        };
        return Ok(print::line(&serde_json::to_string(&line)?)?);
    }
    print::line(&format!("{severity:8} {code}: {}", finding.what))?;
    for image in &finding.images {
        print::line(&format!("         hurts {image}"))?;
    }
    let to_do = if finding.repaired { "repaired" } else { "what to do" };
    Ok(print::line(&format!("         {to_do}: {}", finding.what_to_do))?)
}

fn progress(told_at: &mut Timestamp, what: &str, done: u64, total: Option<u64>) {
    let now = SystemClock.now();
    if now < told_at.plus(PROGRESS_INTERVAL) {
        return;
    }
    *told_at = now;
    match total {
        Some(total) => print::error(&format!("{done} of {total} {what}")),
        None => print::error(&format!("{done} {what}")),
    }
}

fn summarize(options: CheckOptions, report: &CheckReport, json: bool) -> anyhow::Result<()> {
    let summary = SummaryLine {
        summary: true,
        read_data: options.read_data,
        damage: report.finding_count,
        repaired: report.repaired_count,
        leftovers: report.leftover_count,
        notices: report.notice_count,
        blobs: report.blob_count,
        blob_bytes: report.blob_bytes,
        images: report.image_count,
        objects: report.object_count,
    };
    if json {
        return Ok(print::line(&serde_json::to_string(&summary)?)?);
    }
    let SummaryLine { blobs, blob_bytes, images, objects, damage, repaired, leftovers, .. } =
        summary;
    let looked = if options.read_data { "read and verified" } else { "looked at" };
    print::line(&format!(
        "{blobs} blobs ({blob_bytes} bytes), {images} images and {objects} files {looked}"
    ))?;
    let verdict = match (damage, repaired) {
        (0, _) if leftovers == 0 => "nothing is wrong".to_owned(),
        (0, _) => format!("nothing is wrong; {leftovers} leftovers"),
        (_, 0) => format!("{damage} found damaged"),
        _ => format!("{damage} found damaged, {repaired} repaired"),
    };
    Ok(print::line(&verdict)?)
}
