//! Thousands of connections that have asked once and then stay: what memory they cost, and whether
//! the server still serves others.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::turns::{Bench, left_out, say, threads, timed_ms};
use crate::client::{Client, Request};
use crate::machine;
use crate::registry::{Candidate, Registry};
use crate::report::{Bound, Report, number};
use crate::stats::{as_f64, ratio};

/// Connections at the same time.
const CONNECTIONS: usize = 10_000;
/// The same for a quick run.
const QUICK_CONNECTIONS: usize = 1_000;
/// Threads that open them.
const THREADS: usize = 4;
/// How long a connection may take to be opened, and an answer to come.
const PATIENCE: Duration = Duration::from_secs(3);
/// Files this process has open beside connections.
const OTHER_FILES: u64 = 100;
/// One of so many connections is asked again at the end, to see whether it was held.
const SAMPLE: usize = 20;

const MIB: f64 = 1024.0 * 1024.0;
const MEMORY_MIB_MAX: f64 = 150.0;

/// What became of the connections to one registry.
struct Held {
    /// Connections that were opened and answered.
    opened: usize,
    /// The share of them that answered again at the end.
    alive: f64,
    /// From the first to the last opened.
    opening: Duration,
    /// Memory before, in bytes.
    before_bytes: u64,
    /// The most memory while they were opened and held, in bytes.
    peak_bytes: u64,
    /// Milliseconds until a new connection was answered, if it was.
    another_ms: Option<f64>,
}

impl Held {
    /// How many were there at the end, as far as the sample says.
    fn held(&self) -> f64 {
        self.alive * as_f64(self.opened as u64)
    }
}

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let files = machine::raise_open_files()?;
    let possible = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    let wanted = bench.amount(CONNECTIONS, QUICK_CONNECTIONS).min(possible);
    report.heading("Idle connections");
    report.note(&format!(
        "{wanted} connections, opened by {THREADS} threads, one request each, then idle. This process \
         may have {files} open files. One of {SAMPLE} is asked again at the end, which tells how many \
         were held; a new connection counts as served within {} s.",
        PATIENCE.as_secs()
    ));
    println!(
        "| over | registry | opened | alive at the end | s to open | MiB before | peak MiB | \
         KiB each | another is answered in ms |\n|---|---|---|---|---|---|---|---|---|"
    );
    let (mut memory, mut opened, mut served) = (Vec::new(), Vec::new(), Vec::new());
    for tls in [false, true] {
        let over = if tls { "TLS" } else { "plain" };
        for (place, candidate) in bench.candidates.iter().enumerate() {
            say(&format!("{} over {over}", candidate.name));
            let held = match hold(bench, candidate, tls, wanted) {
                Ok(held) => held,
                Err(error) if place == 0 => return Err(error),
                Err(error) => {
                    left_out(&candidate.name, &error);
                    continue;
                }
            };
            print(over, &candidate.name, &held);
            if place == 0 {
                let case = format!("{over}, {} opened", held.opened);
                memory.push((case.clone(), as_f64(held.peak_bytes) / MIB));
                opened.push((case.clone(), held.held()));
                served.push((case, f64::from(u8::from(held.another_ms.is_some()))));
            }
        }
    }
    let bound = Bound::AtLeast(as_f64(wanted as u64));
    report.promise(&format!("idle connections held, of {wanted}"), bound, opened);
    report.promise("idle connections, peak MiB", Bound::AtMost(MEMORY_MIB_MAX), memory);
    report.promise("one more connection is served", Bound::AtLeast(1.0), served);
    Ok(())
}

fn hold(bench: &Bench, candidate: &Candidate, tls: bool, wanted: usize) -> Result<Held> {
    let registry = candidate.start(&bench.folder, tls.then_some(&bench.certificate))?;
    let before_bytes = registry.process.rss_bytes()?;
    registry.process.reset_peak()?;
    let started = Instant::now();
    let mut held = threads(THREADS, |number| {
        let own = wanted / THREADS + usize::from(number < wanted % THREADS);
        // Whoever is not served now is not served later either: those before stay.
        Ok((0..own).map_while(|_| opened(&registry).ok()).collect())
    })?;
    let opening = started.elapsed();
    let another_ms = timed_ms(|| opened(&registry).map(drop)).ok();
    let sample: Vec<bool> =
        held.iter_mut().step_by(SAMPLE).map(|client| ask(client).is_ok()).collect();
    let answered = sample.iter().filter(|alive| **alive).count();
    Ok(Held {
        opened: held.len(),
        alive: ratio(as_f64(answered as u64), as_f64(sample.len() as u64)),
        opening,
        before_bytes,
        peak_bytes: registry.process.peak_bytes()?,
        another_ms,
    })
}

/// A connection that has been answered once.
fn opened(registry: &Registry) -> Result<Client> {
    let mut client = registry.one_of_many(PATIENCE)?;
    ask(&mut client)?;
    Ok(client)
}

fn ask(client: &mut Client) -> Result<()> {
    let status = client.send(&Request::new("GET", "/v2/"))?.status();
    ensure!(status == 200, "GET /v2/ answered {status}");
    Ok(())
}

fn print(over: &str, name: &str, held: &Held) {
    let grown = held.peak_bytes.saturating_sub(held.before_bytes);
    println!(
        "| {over} | {name} | {} | {:.0}% | {} | {:.0} | {:.0} | {} | {} |",
        held.opened,
        held.alive * 100.0,
        number(held.opening.as_secs_f64()),
        as_f64(held.before_bytes) / MIB,
        as_f64(held.peak_bytes) / MIB,
        number(ratio(as_f64(grown) / 1024.0, held.held())),
        held.another_ms.map_or("never".into(), number),
    );
}
