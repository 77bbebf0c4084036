//! `kill -9` while images are pushed and deleted and garbage is collected without pause: at chosen
//! system calls, those by which anything becomes durable or goes, and at random. After each, the
//! program's own check finds no damage, and what was acknowledged is as it was acknowledged.
//! `cargo xtask crash` runs it for long.

mod writer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::Distribution;
use wharfinger_e2e::program;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::wait;

use writer::{Acknowledged, write};

const WRITERS: u64 = 3;
/// What a writer is told of is kept for so long.
const LEASE_SECONDS: u64 = 6;
/// A process that no call has ended by then is ended anyhow.
const CYCLE_LIMIT: Duration = Duration::from_secs(20);

/// Writes after which no call is waited for any more.
const ENOUGH: u64 = 500;

/// The points: system calls, and how often they may happen before the process ends at one.
const POINTS: [(&str, u64); 5] = [
    ("fsync,fdatasync", 60),
    ("pwrite64", 300),
    ("unlink,unlinkat", 10),
    ("openat", 400),
    ("sendto,sendmsg,write,writev", 300),
];

fn given(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how much is run is said by whoever runs it")]
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn what_was_acknowledged_survives_the_end_at_any_system_call() {
    if !available(&[Client::Strace]) {
        return;
    }
    let (cycles, from) = (given("WHARFINGER_CRASH_CYCLES", 12), given("WHARFINGER_CRASH_FROM", 0));
    let lease = format!("{LEASE_SECONDS}s");
    let arguments = ["--gc-interval", "0s", "--push-lease", &lease, "--undo-window", "off"];
    let mut server = Server::start_with(&[&arguments[..], &["--orphans-after", "0s"]].concat());
    for writer in 0..WRITERS {
        Api::root(&server).create_repository(&repository(writer));
    }
    let mut kept: Vec<Acknowledged> = (0..WRITERS).map(|_| Acknowledged::default()).collect();
    let (mut at_points, mut while_starting) = (0, 0);
    for cycle in from..from + cycles {
        let mut seed = Seed::new(cycle);
        let ended = one_cycle(&mut server, &mut kept, cycle, &mut seed);
        at_points += u64::from(ended == Ended::AtPoint);
        while_starting += u64::from(ended == Ended::WhileStarting);
        server.restart();
        let last = cycle + 1 == from + cycles;
        check(&server, if last { "fsck --read-data" } else { "fsck" }, cycle);
        let distribution = Distribution::root(&server);
        for (writer, kept) in kept.iter_mut().enumerate() {
            kept.verify(&distribution, &repository(writer as u64), cycle);
        }
        if (cycle + 1) % 50 == 0 {
            say(&format!("{} cycles", cycle + 1 - from));
        }
        server.kill();
    }
    let acknowledged: u64 = kept.iter().map(|kept| kept.count).sum();
    say(&format!(
        "{cycles} cycles, {at_points} ended at a chosen call, {while_starting} of the others while \
         starting; {acknowledged} acknowledged writes"
    ));
    assert!(acknowledged > 0 && at_points > 0);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    AtPoint,
    WhileStarting,
    Randomly,
}

/// Starts the server so that it ends at a point, and writes to it until it has.
fn one_cycle(server: &mut Server, kept: &mut [Acknowledged], cycle: u64, seed: &mut Seed) -> Ended {
    if server.runs() {
        server.kill();
    }
    let (calls, most) = POINTS[(cycle % POINTS.len() as u64) as usize];
    let when = 1 + seed.below(most);
    let trace = format!("trace={calls}");
    let inject = format!("inject={calls}:signal=KILL:when={when}");
    let tracer = ["strace", "-D", "-f", "-q", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    if !server.restart_under(&tracer) {
        return Ended::WhileStarting;
    }
    let distribution = std::panic::catch_unwind(|| Distribution::root(server));
    // It ended before anybody could log in.
    let Ok(distribution) = distribution else { return end(server, Ended::WhileStarting) };
    // Where no call ends it, it ends in the middle of whatever it does.
    let acknowledged = AtomicU64::new(0);
    let enough = if seed.below(4) == 0 { 10 + seed.below(60) } else { ENOUGH };
    std::thread::scope(|scope| {
        for (number, kept) in kept.iter_mut().enumerate() {
            let (distribution, acknowledged) = (&distribution, &acknowledged);
            let seed = Seed::new(cycle * WRITERS + number as u64);
            let repository = repository(number as u64);
            scope.spawn(move || {
                write(distribution, &repository, cycle, seed, kept, acknowledged);
            });
        }
        let began = wait::begin();
        loop {
            if !server.runs() {
                return Ended::AtPoint;
            }
            let is_enough = acknowledged.load(Ordering::Relaxed) >= enough;
            if is_enough || began.elapsed() > CYCLE_LIMIT {
                return end(server, Ended::Randomly);
            }
            std::thread::yield_now();
        }
    })
}

fn end(server: &mut Server, ended: Ended) -> Ended {
    if server.runs() {
        server.kill();
    }
    ended
}

/// The program's own check finds no damage.
fn check(server: &Server, command: &str, cycle: u64) {
    let outcome = program::run(server.command(command).arg("--json"));
    assert!(outcome.status.success(), "cycle {cycle}: {}\n{}", outcome.stdout, outcome.stderr);
}

fn repository(writer: u64) -> String {
    format!("crash/{writer}")
}

/// To the person who waits, past the harness.
fn say(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "crash: {what}");
}
