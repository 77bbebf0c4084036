//! A run: what happens next is drawn from the seed, until enough has happened; then everything comes
//! to an end, and nothing is left over.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wharfinger_blobs::simulated::Crash;
use wharfinger_core::Upkeep;
use wharfinger_registry::{CheckOptions, CheckReport, StorageClass};

use super::client::Client;
use super::content::{REPOSITORIES, TAGS, content};
use super::model::Model;
use super::rows;
use super::upkeep::Worker;
use super::verify::Verifier;
use super::world::World;

/// Seeds of a run of the tests.
const SEEDS: u64 = 300;
/// Turns of a seed; so many things are under way at once at the most.
const TURNS: u64 = 400;
const UNDER_WAY_MAX: usize = 6;
/// Rounds of time and work in the end: what an index held goes a round after it, and so on.
const ROUNDS_MAX: u32 = 8;
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Numbers from a seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// SplitMix64.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub fn below(&mut self, sides: u64) -> u64 {
        self.draw() % sides
    }

    fn pick(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

struct Run {
    dice: Dice,
    under_way: Vec<Work>,
    world: World,
    model: Rc<RefCell<Model>>,
    verifier: Verifier,
    clients: u64,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let or_none = |roll: u64, time: Duration| if roll == 0 { Duration::ZERO } else { time };
        let upkeep = Upkeep {
            push_lease: Duration::from_secs(600),
            undo_window: or_none(dice.below(2), HOUR),
            orphan_delay: or_none(dice.below(2), HOUR / 12),
            lifecycle_debounce: or_none(dice.below(2), HOUR / 60),
            garbage_interval: HOUR / 12,
            ..Upkeep::default()
        };
        let mut run = Self {
            dice,
            world: World::new(seed, upkeep),
            model: Rc::new(RefCell::new(Model::new())),
            under_way: Vec::new(),
            verifier: Verifier::new(),
            clients: 0,
        };
        for repository in 0..REPOSITORIES.len() {
            let client = Client { repository, ..run.client() };
            run.world.machine().finish(Box::pin(async move { client.create().await }));
        }
        run
    }

    fn note(&self, what: impl FnOnce() -> String) {
        self.model.borrow_mut().note(what);
    }

    fn turn(&mut self) {
        match self.dice.below(100) {
            0..26 if self.under_way.len() < UNDER_WAY_MAX => {
                let work = self.begin();
                self.under_way.push(work);
            }
            26..29 => self.pass_time(),
            29 => self.spoil_the_disk(),
            30 if self.dice.below(3) == 0 => self.crash(),
            31..35 => self.verify_one(),
            _ => self.go_on(),
        }
    }

    /// One thing that is under way goes on, or the background, or the threads behind them.
    fn go_on(&mut self) {
        if !self.under_way.is_empty() {
            let at = self.dice.pick(self.under_way.len());
            if self.world.machine().poll(&mut self.under_way[at]).is_some() {
                drop(self.under_way.swap_remove(at));
            }
        }
        for _ in 0..self.dice.below(4) {
            self.world.machine().background();
        }
        // Now and then several transactions wait, and share a commit.
        if self.dice.below(4) > 0 {
            self.world.machine().settle();
        }
    }

    fn begin(&mut self) -> Work {
        let client = self.client();
        let (image, tag) = (self.dice.pick(content().images.len()), self.dice.pick(TAGS.len()));
        match self.dice.below(100) {
            0..4 => Box::pin(async move { client.create().await }),
            4..40 => {
                let tag = (self.dice.below(4) > 0).then_some(tag);
                Box::pin(async move { client.push(image, tag).await })
            }
            40..46 => Box::pin(async move { drop(client.put(image, Some(tag), None).await) }),
            46..54 => Box::pin(async move { client.pull(tag).await }),
            54..61 => Box::pin(async move { client.delete_tag(tag).await }),
            61..68 => Box::pin(async move {
                client.delete_image(image).await;
                // What an index held is pushed again before it follows.
                if let Some(child) = content().images[image].children.first() {
                    client.push(*child, None).await;
                }
            }),
            68..71 => {
                let blob = self.dice.pick(content().blobs.len());
                Box::pin(async move { client.delete_blob(blob).await })
            }
            71 => Box::pin(async move { client.delete_repository().await }),
            72..75 => {
                let present = self.dice.below(3) > 0;
                Box::pin(async move { client.set_policy(present).await })
            }
            75..79 => {
                let standard = self.dice.below(2) == 0;
                let target = if standard { StorageClass::Standard } else { StorageClass::Archive };
                Box::pin(async move { client.archive(image, target).await })
            }
            79..81 => Box::pin(async move { client.undelete_image(image).await }),
            81 => Box::pin(async move { client.undelete_repository().await }),
            82..90 => {
                let worker = self.worker();
                Box::pin(async move { worker.collect().await })
            }
            _ => {
                let worker = self.worker();
                Box::pin(async move {
                    worker.work().await;
                })
            }
        }
    }

    fn client(&mut self) -> Client {
        self.clients += 1;
        Client {
            registry: self.world.registry(),
            model: Rc::clone(&self.model),
            clock: self.world.clock.clone(),
            push_lease: self.world.upkeep.push_lease,
            repository: self.dice.pick(REPOSITORIES.len()),
            number: self.clients,
            dice: RefCell::new(Dice::new(self.dice.draw())),
        }
    }

    fn worker(&self) -> Worker {
        Worker {
            registry: self.world.registry(),
            model: Rc::clone(&self.model),
            clock: self.world.clock.clone(),
        }
    }

    fn pass_time(&mut self) {
        let time = match self.dice.below(20) {
            0 => DAY + HOUR,
            1 => HOUR,
            2..5 => Duration::from_secs(301),
            // Leases come to their ends, and those who were told something rely on it.
            5..13 => Duration::from_secs(60 + self.dice.below(200)),
            _ => Duration::from_secs(1 + self.dice.below(60)),
        };
        self.note(|| format!("{time:?} pass"));
        self.world.advance(time);
    }

    fn spoil_the_disk(&mut self) {
        let fails = !self.model.borrow().disk_fails;
        self.note(|| format!("the disk fails: {fails}"));
        match fails {
            true => self.world.disk.fail_after(self.dice.below(6) as u32),
            false => self.world.disk.mend(),
        }
        let mut model = self.model.borrow_mut();
        model.disk_fails = fails;
        model.faults += 1;
    }

    fn crash(&mut self) {
        let crash = if self.dice.below(2) == 0 { Crash::Kill } else { Crash::PowerCut };
        self.note(|| format!("{crash:?}"));
        self.under_way.clear();
        self.world.crash(crash);
        self.model.borrow_mut().crash();
        self.world.start();
        self.verify();
    }

    fn verify_one(&mut self) {
        let repository = self.dice.pick(REPOSITORIES.len());
        self.verifier.verify(&self.world.process().registry, &self.model.borrow(), repository);
    }

    fn verify(&self) {
        for repository in 0..REPOSITORIES.len() {
            self.verifier.verify(&self.world.process().registry, &self.model.borrow(), repository);
        }
    }

    /// Everybody comes to an end, time passes, and the workers do what is left to do.
    fn end(&mut self) {
        self.note(|| "the end begins".into());
        self.world.disk.mend();
        self.model.borrow_mut().mend();
        for work in std::mem::take(&mut self.under_way) {
            self.world.machine().finish(work);
        }
        self.verify();
        let mut left = Some(String::new());
        for _ in 0..ROUNDS_MAX {
            self.world.advance(2 * DAY + HOUR);
            self.work_off();
            self.collect();
            left = rows::superfluous(&self.world.database(), &self.world.disk.objects());
            if left.is_none() {
                break;
            }
        }
        assert_eq!(left, None, "garbage does not go");
        self.verify();
        let worker = self.worker();
        self.world.machine().finish(Box::pin(async move { worker.forget_events().await }));
        self.check();
    }

    fn check(&mut self) {
        let registry = self.world.registry();
        let check = async move { registry.check(CheckOptions::default()).await };
        let report = self.world.machine().finish(Box::pin(check)).unwrap();
        let CheckReport { finding_count, leftover_count, .. } = report;
        assert!(finding_count + leftover_count == 0, "the check finds: {report:?}");
    }

    fn collect(&mut self) {
        let worker = self.worker();
        self.world.machine().finish(Box::pin(async move { worker.collect().await }));
    }

    fn work_off(&mut self) {
        for _ in 0..100 {
            let worker = self.worker();
            if !self.world.machine().finish(Box::pin(async move { worker.work().await })) {
                return;
            }
        }
        panic!("there is no end of jobs");
    }
}

/// Runs a seed; answers with what happened.
fn run(seed: u64, turns: u64) -> Vec<String> {
    let mut run = Run::new(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..turns {
            run.turn();
        }
        run.end();
    }));
    let trace = std::mem::take(&mut run.model.borrow_mut().trace);
    match outcome {
        Ok(()) => trace,
        Err(panic) => {
            let last = trace.len().saturating_sub(number("WHARFINGER_SIMULATION_TRACE", 60));
            let again = "cargo xtask simulate --seeds 1 --from";
            let last = trace[last..].join("\n");
            let message = format!("{last}\nseed {seed} fails; again with: {again} {seed}");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes());
            resume_unwind(panic);
        }
    }
}

fn number<N: std::str::FromStr>(name: &str, default: N) -> N {
    #[expect(clippy::disallowed_methods, reason = "how much is run is said by whoever runs it")]
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn what_was_acknowledged_stays_and_garbage_goes() {
    let seeds = number("WHARFINGER_SIMULATION_SEEDS", SEEDS);
    let from = number("WHARFINGER_SIMULATION_FROM", 1);
    let turns = number("WHARFINGER_SIMULATION_TURNS", TURNS);
    let next = AtomicU64::new(from);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        break;
                    }
                    // After one that fails no other is begun.
                    let ended = catch_unwind(|| run(seed, turns));
                    if let Err(panic) = ended {
                        next.store(u64::MAX / 2, Ordering::Relaxed);
                        resume_unwind(panic);
                    }
                }
            });
        }
    });
}

#[test]
fn a_seed_says_everything_that_happens() {
    for seed in 1..4 {
        let (once, again) = (run(seed, TURNS), run(seed, TURNS));
        let other = once.iter().zip(&again).find(|(once, again)| once != again);
        assert_eq!(other, None, "seed {seed}");
        assert_eq!(once.len(), again.len(), "seed {seed}");
    }
}
