//! From start to ready, and memory right after it, with more and more images stored.

use anyhow::Result;

use super::turns::{Bench, say};
use crate::book::{Book, Record};
use crate::phase::Phase;
use crate::registry::{Candidate, Kind, REPOSITORY, Registry, restart_with_rows};
use crate::report::{Bound, Report};
use crate::seed::{self, Images};

/// Images stored.
const IMAGES: [usize; 3] = [0, 1_000, 100_000];
/// How many of those sizes a quick run takes.
const QUICK_SIZES: usize = 2;

const READY_MILLIS_MAX: f64 = 100.0;
const IDLE_MIB_MAX: f64 = 30.0;

/// What is started again and again.
enum Subject {
    /// This server, with what it has stored; it is taken out while it is started again.
    Filled(Option<Registry>),
    /// Another registry, empty each time.
    Empty(Candidate),
}

impl Subject {
    fn name(&self) -> &str {
        match self {
            Self::Filled(registry) => registry.as_ref().map_or("wharfinger", |it| &it.name),
            Self::Empty(candidate) => &candidate.name,
        }
    }
}

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("Start");
    report.note(
        "Started again in each run on what is stored; others on an empty folder. Memory is what is \
         resident right after.",
    );
    let mut all = Book::default();
    for images in IMAGES.into_iter().take(bench.amount(IMAGES.len(), QUICK_SIZES)) {
        say(&format!("{images} images"));
        let mut subjects = Vec::new();
        for candidate in &bench.candidates {
            match candidate.kind {
                Kind::Wharfinger => subjects.push(Subject::Filled(Some(filled(
                    candidate.start(&bench.folder, None)?,
                    images,
                )?))),
                _ if images == 0 => subjects.push(Subject::Empty(candidate.clone())),
                _ => {}
            }
        }
        let turn = |subject: &mut Subject, (): &()| turn(bench, subject, images);
        all.absorb(bench.alternate(&mut subjects, Subject::name, || Ok(()), turn)?);
    }
    print(report, &all);
    Ok(())
}

fn filled(registry: Registry, images: usize) -> Result<Registry> {
    restart_with_rows(registry, |database, id| {
        seed::rows(database, id, REPOSITORY, 0, (Images::Mixed, images))
    })
}

fn turn(bench: &Bench, subject: &mut Subject, images: usize) -> Result<Vec<Record>> {
    let started;
    let registry = match subject {
        Subject::Empty(candidate) => {
            started = candidate.start(&bench.folder, None)?;
            &started
        }
        Subject::Filled(registry) => {
            let Some(running) = registry.take() else { return Ok(Vec::new()) };
            registry.insert(restart_with_rows(running, |_, _| Ok(()))?)
        }
    };
    let phase = Phase {
        operations: 1,
        cpu_seconds: registry.process.cpu_millis()? / 1e3,
        latencies_ms: vec![registry.ready_after.as_secs_f64() * 1e3],
        peak_bytes: registry.process.rss_bytes()?,
        ..Phase::default()
    };
    let what = format!("{images} images stored");
    Ok(vec![Record { what, registry: registry.name.clone(), phase }])
}

fn print(report: &mut Report, book: &Book) {
    println!(
        "| what | registry | ready after ms | slowest ms | CPU ms | memory MiB |\n\
         |---|---|---|---|---|---|"
    );
    for row in book.rows() {
        println!(
            "| {} | {} | {:.0} | {:.0} | {:.0} | {:.0} |",
            row.what,
            row.registry,
            row.median(Phase::p50_ms),
            row.most(Phase::p50_ms),
            row.median(Phase::cpu_micros_each) / 1e3,
            row.median(Phase::peak_mib),
        );
    }
    let bound = Bound::AtMost(READY_MILLIS_MAX);
    report.promise_of_rows("start to ready, ms", bound, book, Phase::p50_ms, |_| true);
    let bound = Bound::AtMost(IDLE_MIB_MAX);
    report.promise_of_rows("memory after the start, MiB", bound, book, Phase::peak_mib, |_| true);
}
