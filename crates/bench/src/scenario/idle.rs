//! Thousands of connections that have asked once and then stay: what memory they cost, and whether
//! the server still serves others.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::turns::{Bench, left_out, say, threads, timed_ms};
use crate::client::{Client, Request};
use crate::http2::Http2Client;
use crate::machine;
use crate::registry::{Candidate, Kind, Registry};
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
/// What they ask for.
const BASE: &str = "/v2/";
/// Files this process has open beside connections.
const OTHER_FILES: u64 = 100;
/// One of so many connections is asked again at the end, to see whether it was held.
const SAMPLE: usize = 20;

const MIB: f64 = 1024.0 * 1024.0;
const MEMORY_MIB_MAX: f64 = 150.0;

/// What the connections speak.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Plain,
    Tls,
    Http2,
}

impl Over {
    const ALL: [Self; 3] = [Self::Plain, Self::Tls, Self::Http2];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "TLS",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// A connection that stays.
enum Connection {
    Http1(Client),
    Http2(Http2Client),
}

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
         were held; a new connection counts as served within {} s. Over HTTP/2 this server keeps as many \
         as it has room for, and tells the others goodbye when they rest: who is told so opens another \
         connection when it has something to ask.",
        PATIENCE.as_secs()
    ));
    println!(
        "| over | registry | opened | alive at the end | s to open | MiB before | peak MiB | \
         KiB each | another is answered in ms |\n|---|---|---|---|---|---|---|---|---|"
    );
    let (mut memory, mut opened, mut served) = (Vec::new(), Vec::new(), Vec::new());
    for over in Over::ALL {
        for (place, candidate) in bench.candidates.iter().enumerate() {
            // The others speak it only over TLS.
            if over == Over::Http2 && candidate.kind != Kind::Wharfinger {
                continue;
            }
            let name = over.name();
            say(&format!("{} over {name}", candidate.name));
            let held = match hold(bench, candidate, over, wanted) {
                Ok(held) => held,
                Err(error) if place == 0 => return Err(error),
                Err(error) => {
                    left_out(&candidate.name, &error);
                    continue;
                }
            };
            print(name, &candidate.name, &held);
            if place == 0 {
                let case = format!("{name}, {} opened", held.opened);
                memory.push((case.clone(), as_f64(held.peak_bytes) / MIB));
                // Those of HTTP/2 are not all to be held.
                if over != Over::Http2 {
                    opened.push((case.clone(), held.held()));
                }
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

fn hold(bench: &Bench, candidate: &Candidate, over: Over, wanted: usize) -> Result<Held> {
    let certificate = (over == Over::Tls).then_some(&bench.certificate);
    let registry = candidate.start(&bench.folder, certificate)?;
    let before_bytes = registry.process.rss_bytes()?;
    registry.process.reset_peak()?;
    let started = Instant::now();
    let mut held = threads(THREADS, |number| {
        let own = wanted / THREADS + usize::from(number < wanted % THREADS);
        // Whoever is not served now is not served later either: those before stay.
        Ok((0..own).map_while(|_| opened(&registry, over).ok()).collect())
    })?;
    let opening = started.elapsed();
    let another_ms = timed_ms(|| opened(&registry, over).map(drop)).ok();
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
fn opened(registry: &Registry, over: Over) -> Result<Connection> {
    let mut connection = match over {
        Over::Plain | Over::Tls => Connection::Http1(registry.one_of_many(PATIENCE)?),
        Over::Http2 => {
            let authorization = registry.authorization.as_deref();
            let address = registry.address;
            Connection::Http2(Http2Client::connect(address, PATIENCE, BASE, authorization)?)
        }
    };
    ask(&mut connection)?;
    Ok(connection)
}

fn ask(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Http1(client) => {
            client.send(&Request::new("GET", BASE))?.expect(200, "GET /v2/").map(drop)
        }
        Connection::Http2(client) => client.ask(),
    }
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
