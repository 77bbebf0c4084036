//! The collection of garbage: what it costs at full speed, and what pulls feel of the server's own.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::turns::{Bench, say};
use crate::book::{Book, OURS, Record};
use crate::client::{Request, head_of};
use crate::load::Load;
use crate::phase::{Meter, Phase};
use crate::process::Process;
use crate::registry::{Kind, REPOSITORY, Registry, restart_with_rows, restart_with_settings};
use crate::report::{Bound, Report};
use crate::seed::garbage::{Blobs, blobs};
use crate::stats::ratio;
use crate::transfer::{digest_of, manifest, push_bytes, put_manifest};

/// Blobs stored, and how many of them are garbage.
const BLOBS: usize = 1_000_000;
const QUICK_BLOBS: usize = 50_000;
const GARBAGE_SHARE: usize = 10;
/// Connections that pull, and the bytes of the layer they pull.
const CONNECTIONS: usize = 8;
const LAYER_BYTES: usize = 256 << 10;
/// How long pulls are measured each time.
const DURATION: Duration = Duration::from_secs(10);
const QUICK_DURATION: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_millis(500);

const CPU_SECONDS_MAX: f64 = 60.0;
const PEAK_MIB_MAX: f64 = 64.0;
const P99_TIMES_MAX: f64 = 1.5;

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let all = bench.amount(BLOBS, QUICK_BLOBS);
    let garbage = all / GARBAGE_SHARE;
    report.heading("Garbage collection");
    report.note(&format!(
        "{all} blobs, {garbage} of them garbage: half rows, half files (those of blobs in use are \
         empty). Collected by the command with nothing else going on; then again by a server that is \
         pulled from over {CONNECTIONS} connections."
    ));
    let candidate = bench.candidates.first().context("nothing to measure")?;
    ensure!(candidate.kind == Kind::Wharfinger, "only this server is measured here");
    let registry = candidate.start(&bench.folder, None)?;
    let requests = image(&registry)?;
    let program = Program { binary: candidate.binary.clone(), data_dir: registry.data_dir() };
    let mut book = Book::default();
    let registry = restart_with_rows(registry, |database, id| {
        say(&format!("{all} blobs are made"));
        let used = all - garbage;
        blobs(database, id, REPOSITORY, (Blobs::Used, 1, used))?;
        blobs(database, id, REPOSITORY, (Blobs::Garbage, 2, garbage))?;
        program.collect_all(garbage, &mut book)
    })?;
    print(&book);
    let cases = |figure: fn(&Phase) -> f64| -> Vec<(String, f64)> {
        book.rows().iter().map(|row| (row.what.clone(), row.median(figure))).collect()
    };
    let cpu = cases(|phase| phase.cpu_seconds);
    report.promise("collection of garbage, CPU-s", Bound::AtMost(CPU_SECONDS_MAX), cpu);
    let peak = cases(Phase::peak_mib);
    report.promise("collection of garbage, peak MiB", Bound::AtMost(PEAK_MIB_MAX), peak);
    let ratio = pulls_beside(bench, registry, &program, &requests, garbage)?;
    let cases = vec![("GET of layers".to_owned(), ratio)];
    report.promise("p99 beside a collection, times", Bound::AtMost(P99_TIMES_MAX), cases);
    Ok(())
}

/// The command line, and what it is about.
struct Program {
    binary: PathBuf,
    data_dir: PathBuf,
}

impl Program {
    /// Says what would be collected, collects it, and finds nothing more.
    fn collect_all(&self, garbage: usize, book: &mut Book) -> Result<()> {
        let estimated = self.run(&["gc", "--dry-run", "--json"], book)?;
        ensure!(estimated["blobs"] == garbage, "it would free {estimated}");
        let freed = self.run(&["gc", "--json"], book)?;
        ensure!(freed["blobs"] == garbage && freed["objects"] == garbage, "it freed {freed}");
        let nothing = self.run(&["gc", "--json"], &mut Book::default())?;
        ensure!(nothing["blobs"] == 0, "it freed {nothing} the second time");
        Ok(())
    }

    /// Runs a command to its end; answers what it printed.
    fn run(&self, arguments: &[&str], book: &mut Book) -> Result<Value> {
        let what = format!("wharfinger {}", arguments.join(" "));
        say(&what);
        let output = self.data_dir.with_file_name("output.json");
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--data-dir").arg(&self.data_dir);
        let started = Instant::now();
        let process = Process::start_into(&mut command, File::create(&output)?)?;
        let (cpu, peak_bytes) = process.measure_to_its_end()?;
        let (wall, cpu_seconds, user_seconds) = (started.elapsed(), cpu.total(), cpu.user);
        let phase = Phase { wall, cpu_seconds, user_seconds, peak_bytes, ..Phase::default() };
        book.add(Record { what, registry: OURS.to_owned(), phase });
        Ok(serde_json::from_str(&std::fs::read_to_string(output)?)?)
    }
}

fn print(book: &Book) {
    println!("| what | seconds | CPU-s | user CPU-s | peak MiB |\n|---|---|---|---|---|");
    for row in book.rows() {
        println!(
            "| {} | {:.1} | {:.1} | {:.1} | {:.0} |",
            row.what,
            row.median(|phase| phase.wall.as_secs_f64()),
            row.median(|phase| phase.cpu_seconds),
            row.median(|phase| phase.user_seconds),
            row.median(Phase::peak_mib),
        );
    }
}

/// How many times the p99 of pulls with nothing to collect that beside a collection is.
fn pulls_beside(
    bench: &Bench,
    registry: Registry,
    program: &Program,
    requests: &Arc<Vec<Vec<u8>>>,
    garbage: usize,
) -> Result<f64> {
    let duration = bench.amount(DURATION, QUICK_DURATION);
    let alone = pulls(&registry, requests, duration)?;
    let at_once = [("WHARFINGER_GC_INTERVAL", "1s")];
    let registry = restart_with_settings(registry, &at_once, |database, id| {
        blobs(database, id, REPOSITORY, (Blobs::Garbage, 3, garbage))
    })?;
    // It begins within a second or so.
    pulls(&registry, requests, Duration::from_secs(3))?;
    let beside = pulls(&registry, requests, duration)?;
    let left = program.run(&["gc", "--dry-run", "--json"], &mut Book::default())?;
    let links = left["links"].as_u64().context("no count of links")?;
    ensure!(links < garbage as u64, "the server collected nothing meanwhile");
    println!(
        "\n| pulls | 1/s | p50 ms | p99 ms | CPU-s of the server |\n|---|---|---|---|---|\n\
         {}\n{}\n\nAfter it {links} of {garbage} links were left.",
        line("alone", &alone),
        line("beside a collection", &beside),
    );
    Ok(ratio(beside.p99_ms(), alone.p99_ms()))
}

fn line(what: &str, phase: &Phase) -> String {
    format!(
        "| {what} | {:.0} | {:.2} | {:.2} | {:.2} |",
        phase.per_second(),
        phase.p50_ms(),
        phase.p99_ms(),
        phase.cpu_seconds
    )
}

fn pulls(registry: &Registry, requests: &Arc<Vec<Vec<u8>>>, duration: Duration) -> Result<Phase> {
    let load = |duration| Load {
        address: registry.address,
        method: "GET",
        requests: Arc::clone(requests),
        connections: CONNECTIONS,
        duration,
    };
    load(WARM_UP).run()?;
    let meter = Meter::start(&registry.process)?;
    let answered = load(duration).run()?;
    let count = answered.latencies_ms.len() as u64;
    meter.stop(answered.bytes, count, answered.latencies_ms)
}

/// Pushes an image, and answers what is sent to pull its manifest and its layers.
fn image(registry: &Registry) -> Result<Arc<Vec<Vec<u8>>>> {
    let mut client = registry.client()?;
    let (config, layer) = (b"{\"architecture\":\"amd64\"}".to_vec(), vec![7; LAYER_BYTES]);
    let mut parts = Vec::new();
    for bytes in [&config, &layer] {
        push_bytes(&mut client, REPOSITORY, bytes)?;
        parts.push((digest_of(bytes), bytes.len() as u64));
    }
    let manifest = manifest(&parts[0], &parts[1..], 1);
    put_manifest(&mut client, REPOSITORY, "v1", &manifest)?;
    let host = registry.address.to_string();
    let targets = [
        format!("/v2/{REPOSITORY}/manifests/v1"),
        format!("/v2/{REPOSITORY}/blobs/{}", parts[0].0),
        format!("/v2/{REPOSITORY}/blobs/{}", parts[1].0),
    ];
    let request = |target: &String| {
        head_of(&Request::new("GET", target), &host, registry.authorization.as_deref(), 0)
    };
    Ok(Arc::new(targets.iter().map(request).collect()))
}
