//! How the registries get their turns: what all scenarios share.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use crate::book::{Book, Record};
use crate::client::Client;
use crate::layers::{Floor, LayerSource};
use crate::registry::{Candidate, Registry};
use crate::stats::{median, quantile};
use crate::transport::Certificate;

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
    /// What the names of rows of large layers must have in them.
    pub only: String,
    /// What SHA-256 took before each run of this scenario.
    pub floors: RefCell<Vec<Floor>>,
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
    /// If this server does not start, or cannot be prepared. Another registry is left out then.
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
    /// If the first subject, which is this server, fails. Another one is left out of that run then.
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
            let floor = Floor::measure();
            self.floors.borrow_mut().push(floor);
            let Floor { cpu_per_gb, wall_per_gb } = floor;
            say(&format!(
                "run {} of {}: SHA-256 takes {cpu_per_gb:.2} CPU-s/GB, {wall_per_gb:.2} s/GB of wall time",
                run + 1,
                self.runs
            ));
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

    /// Prints how fast the machine was during a scenario, and begins anew.
    pub fn print_floor(&self) {
        let floors = std::mem::take(&mut *self.floors.borrow_mut());
        let cpu: Vec<f64> = floors.iter().map(|floor| floor.cpu_per_gb).collect();
        let wall: Vec<f64> = floors.iter().map(|floor| floor.wall_per_gb).collect();
        if !floors.is_empty() {
            println!(
                "\nSHA-256 alone meanwhile, s/GB: CPU {:.2}, wall {:.2} (slowest run {:.2}).",
                median(&cpu),
                median(&wall),
                quantile(&wall, 1.0)
            );
        }
    }
}

/// Says what goes on, apart from the figures.
pub fn say(text: &str) {
    // Whoever closed standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says that another registry failed at something.
pub fn left_out(name: &str, error: &anyhow::Error) {
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
    work: impl Fn(usize, &mut Client) -> Result<Vec<T>> + Sync,
) -> Result<Vec<T>> {
    threads(count, |number| work(number, &mut registry.client()?))
}

/// Runs `count` threads at the same time, each with its number, and collects what they return.
///
/// # Errors
/// If one of them fails.
pub fn threads<T: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<Vec<T>> + Sync,
) -> Result<Vec<T>> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || work(number))).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow!("a client panicked"))??);
        }
        Ok(all)
    })
}

/// How long `work` takes, in milliseconds.
///
/// # Errors
/// If it fails.
pub fn timed_ms(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}
