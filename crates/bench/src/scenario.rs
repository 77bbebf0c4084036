//! What is done to the registries while they are measured: a file for each scenario, and here what
//! they share.

mod large;
mod manifests;
mod small;

use std::cell::Cell;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::book::{Book, Record};
use crate::layers::{LayerSource, sha256_seconds_per_gb};
use crate::registry::{Candidate, Registry};
use crate::report::Report;
use crate::transport::Certificate;

/// A scenario that can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// Large layers in.
    Push,
    /// Large layers out.
    Pull,
    /// Manifests by many connections.
    Manifests,
    /// Many small layers.
    Small,
}

impl Scenario {
    /// All there are, in the order they are measured in.
    pub const ALL: [Self; 4] = [Self::Push, Self::Pull, Self::Manifests, Self::Small];

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
            Self::Manifests => "manifests",
            Self::Small => "small",
        }
    }

    /// What it does, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Push => "large layers in, by 1, 4 and 16 clients, plain and over TLS",
            Self::Pull => "the same out",
            Self::Manifests => "GET and HEAD by tag and by digest over 64 connections",
            Self::Small => "10,000 layers of 4 KB by 32 clients",
        }
    }

    /// The scenario of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }
}

/// Measures the scenarios that are wanted.
///
/// # Errors
/// If this server fails at one. Other registries that fail are left out, with a note.
pub fn measure(bench: &Bench, wanted: &[Scenario], report: &mut Report) -> Result<()> {
    let wants = |scenario: Scenario| wanted.contains(&scenario);
    if wants(Scenario::Push) || wants(Scenario::Pull) {
        let wanted = large::Wanted { push: wants(Scenario::Push), pull: wants(Scenario::Pull) };
        large::measure(bench, wanted, report)?;
    }
    if wants(Scenario::Manifests) {
        manifests::measure(bench, report)?;
    }
    if wants(Scenario::Small) {
        small::measure(bench, report)?;
    }
    Ok(())
}

/// What all scenarios work with.
pub struct Bench {
    /// The registries, this server first.
    pub candidates: Vec<Candidate>,
    /// Where they keep what they store.
    pub folder: PathBuf,
    /// What they speak TLS with.
    pub certificate: Certificate,
    /// Alternating runs.
    pub runs: usize,
    /// Whether little of everything is enough.
    pub quick: bool,
    /// A number that no other run of this program has; it moves on.
    pub seed: Cell<u64>,
}

impl Bench {
    /// Layers that nobody has seen.
    pub fn layers(&self) -> LayerSource {
        self.seed.set(self.seed.get().wrapping_add(1));
        LayerSource::new(self.seed.get())
    }

    /// `full`, or `quick` where little is enough.
    pub fn amount<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Starts all registries without TLS and prepares each.
    ///
    /// # Errors
    /// If this server does not start, or cannot be prepared.
    pub fn start_all(
        &self,
        prepare: impl Fn(Registry) -> Result<Registry>,
    ) -> Result<Vec<Registry>> {
        let mut registries = Vec::new();
        for (place, candidate) in self.candidates.iter().enumerate() {
            match candidate.start(&self.folder, None).and_then(&prepare) {
                Ok(registry) => registries.push(registry),
                Err(error) if place == 0 => return Err(error.context(candidate.name.clone())),
                Err(error) => left_out(&candidate.name, &error),
            }
        }
        Ok(registries)
    }

    /// Gives each subject (a registry, or the program of one) its turn in each run, another one
    /// first each time. What `prepare` makes is made once a run and given to all of them.
    ///
    /// # Errors
    /// If the first subject, which is this server, fails.
    pub fn alternate<S, T>(
        &self,
        subjects: &mut [S],
        name: fn(&S) -> &str,
        mut prepare: impl FnMut() -> Result<T>,
        mut turn: impl FnMut(&mut S, &T) -> Result<Vec<Record>>,
    ) -> Result<Book> {
        let mut book = Book::default();
        for run in 0..self.runs {
            let prepared = prepare()?;
            let floor = sha256_seconds_per_gb();
            say(&format!("run {} of {}: SHA-256 takes {floor:.2} s/GB", run + 1, self.runs));
            for step in 0..subjects.len() {
                let place = (run + step) % subjects.len();
                let subject = &mut subjects[place];
                match turn(subject, &prepared) {
                    Ok(records) => records.into_iter().for_each(|record| book.add(record)),
                    Err(error) if place == 0 => {
                        return Err(error).context(name(subject).to_owned());
                    }
                    Err(error) => left_out(name(subject), &error),
                }
            }
        }
        Ok(book)
    }
}

/// Says what goes on, apart from the figures.
pub fn say(text: &str) {
    use std::io::Write as _;
    // Whoever closed standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn left_out(name: &str, error: &anyhow::Error) {
    println!("{name} is left out here: {error:#}\n");
}

/// Runs `count` clients at the same time, each with its number and a connection of its own, and
/// collects what they return.
///
/// # Errors
/// If one of them fails.
pub fn clients<T: Send>(
    registry: &Registry,
    count: usize,
    work: impl Fn(usize, &mut crate::client::Client) -> Result<Vec<T>> + Sync,
) -> Result<Vec<T>> {
    let work = &work;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || work(number, &mut registry.client()?)))
            .collect();
        let mut all = Vec::new();
        for client in clients {
            all.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        Ok(all)
    })
}

/// How long `work` takes, in milliseconds.
pub fn timed_ms(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = std::time::Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}
