//! Clients that push, delete and pull while garbage is collected without a pause and without grace:
//! nobody misses a layer that was there, and nothing is left. `cargo xtask soak` runs it for long.

mod pusher;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::http::Request;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::{program, scratch, wait};

use pusher::{Figures, Pusher};

/// For how long the server keeps what it told a client of. A push takes less than half of it.
const LEASE_SECONDS: u64 = 10;
/// Repositories, each of several clients.
const REPOSITORIES: u64 = 4;
/// Resident memory of the server at the most, in bytes.
const MEMORY_MAX: u64 = 512 << 20;

fn given(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how much is run is said by whoever runs it")]
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn nobody_misses_a_layer_while_garbage_is_collected_without_pause() {
    let pushes = given("WHARFINGER_SOAK_PUSHES", 400);
    let clients = given("WHARFINGER_SOAK_CLIENTS", 8);
    let collections_min = given("WHARFINGER_SOAK_COLLECTIONS", 20);
    let lease = format!("{LEASE_SECONDS}s");
    let arguments = ["--gc-interval", "0s", "--push-lease", &lease, "--undo-window", "off"];
    let more = ["--orphans-after", "0s", "--quota-rates", "off"];
    let server = Server::start_with(&[&arguments[..], &more].concat());
    let api = Api::root(&server);
    for number in 0..REPOSITORIES {
        api.create_repository(&repository(number));
    }

    let (left, began) = (AtomicU64::new(pushes), wait::begin());
    let all: Vec<Figures> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let (server, left) = (&server, &left);
                scope.spawn(move || Pusher::new(server, number).run(left))
            })
            .collect();
        threads.into_iter().map(|it| it.join().expect("a client ends well")).collect()
    });
    let took = began.elapsed();
    // Short runs wait for the collections that long ones have meanwhile.
    let collections = wait::until("collections", Duration::from_secs(120), || {
        let count = collections(&server);
        (count >= collections_min).then_some(count)
    });
    let figures = all.into_iter().fold(Figures::default(), Figures::plus);
    let memory = server.memory_peak();
    say(&format!(
        "{figures}; {collections} collections in {} s; {} MiB of memory at the most",
        took.as_secs(),
        memory >> 20
    ));
    assert_eq!(figures.pushes, pushes);
    assert!(memory <= MEMORY_MAX, "{memory} bytes of memory");
    check(&server);
    nothing_is_left(&server, &api);
}

/// After everything was deleted and the last lease is over, there is no object any more.
fn nothing_is_left(server: &Server, api: &Api) {
    for number in 0..REPOSITORIES {
        api.success(
            "DeleteRepository",
            &json!({ "repositoryName": repository(number), "force": true }),
        );
    }
    let limit = Duration::from_secs(3 * LEASE_SECONDS + 60);
    wait::until("the last object to go", limit, || {
        objects(server.data_dir()).is_empty().then_some(())
    });
    let found = check(server);
    assert!(found.contains(r#""blobs":0"#), "{found}");
}

fn objects(data_dir: &Path) -> Vec<std::path::PathBuf> {
    scratch::files(&data_dir.join("objects"))
}

/// What the program's own check says, which finds nothing.
fn check(server: &Server) -> String {
    program::run(server.command("fsck --read-data").arg("--json")).success()
}

/// Collections that have ended since the server started, as its metrics say.
fn collections(server: &Server) -> u64 {
    const RUNS: &str = "wharfinger_job_run_seconds_count{kind=\"collect-garbage\"} ";
    let answer = Request::get("/metrics").send(server.port()).expect("an answer");
    let text = String::from_utf8(answer.body().expect("a body")).expect("text");
    let count = text.lines().find_map(|line| line.strip_prefix(RUNS)?.parse().ok());
    count.unwrap_or_else(|| panic!("the metrics do not count collections:\n{text}"))
}

fn repository(number: u64) -> String {
    format!("soak/{}", number % REPOSITORIES)
}

/// To the person who waits, past the harness.
fn say(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "soak: {what}");
}

/// Takes one of what is left; answers which, counted from behind.
fn take(left: &AtomicU64) -> Option<u64> {
    let less = |count: u64| count.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok()
}
