//! The program under test, as a process of its own on a data directory of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::http::Request;
use crate::leash::Leash;
use crate::{client, program, scratch, wait};

/// A server that is not ready by then will not be. It is much: in CI, everything else runs as well.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// Longer than a server takes to finish what is in flight.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A server, running unless it was killed or stopped.
#[derive(Debug)]
pub struct Server {
    data_dir: PathBuf,
    log: PathBuf,
    /// The port it took, which it takes again after a restart.
    port: u16,
    environment: BTreeMap<String, String>,
    /// What it is told besides where to listen.
    arguments: Vec<String>,
    /// A program that runs it, and what that is told; none if it runs by itself.
    tracer: Vec<String>,
    process: Option<Process>,
    /// The log, and the data directory unless that is another's.
    _folder: TempDir,
}

#[derive(Debug)]
struct Process {
    child: Child,
    leash: Leash,
}

/// A server that ended instead of serving.
#[derive(Debug)]
pub struct Refusal {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said before.
    pub log: String,
}

impl Server {
    /// Starts a server on a new data directory and a free port.
    #[track_caller]
    pub fn start() -> Self {
        let folder = scratch::folder();
        let data_dir = folder.path().join("data");
        let server = Self::launch(folder, &data_dir, free_port());
        server.unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// Starts a server on a new data directory and a free port, and tells it more.
    #[track_caller]
    pub fn start_with(arguments: &[&str]) -> Self {
        let folder = scratch::folder();
        let data_dir = folder.path().join("data");
        let mut server = Self::new(folder, &data_dir, free_port());
        server.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        server.begin().unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// Starts a server on a new data directory and a port that the system chooses, which may be
    /// another's when the server is started again.
    #[track_caller]
    pub fn start_on_any_port() -> Self {
        let folder = scratch::folder();
        let data_dir = folder.path().join("data");
        let server = Self::launch(folder, &data_dir, 0);
        server.unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// Starts a server on a data directory that is there, or that it can make.
    ///
    /// # Errors
    /// If it ends instead.
    pub fn start_on(data_dir: &Path) -> Result<Self, Refusal> {
        Self::launch(scratch::folder(), data_dir, free_port())
    }

    fn launch(folder: TempDir, data_dir: &Path, port: u16) -> Result<Self, Refusal> {
        Self::new(folder, data_dir, port).begin()
    }

    fn new(folder: TempDir, data_dir: &Path, port: u16) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            log: folder.path().join("server.log"),
            port,
            environment: BTreeMap::new(),
            arguments: Vec::new(),
            tracer: Vec::new(),
            process: None,
            _folder: folder,
        }
    }

    fn begin(mut self) -> Result<Self, Refusal> {
        self.serve()?;
        self.environment = self.exports();
        Ok(self)
    }

    /// Kills the server at once, as `kill -9` and the power button do.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        process.child.kill().expect("a child can be killed");
        process.child.wait().expect("a child can be waited for");
        process.leash.release();
    }

    /// Asks the server to stop, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the server runs");
        signal("TERM", &process.child);
        let status = wait::until("the server to stop", STOP_LIMIT, || {
            process.child.try_wait().expect("a child can be waited for")
        });
        process.leash.release();
        status
    }

    /// Starts the server again, after [`Server::kill`] or [`Server::stop`], on the same directory
    /// and port.
    #[track_caller]
    pub fn restart(&mut self) {
        self.serve().unwrap_or_else(|refusal| panic!("{refusal:?}"));
    }

    /// Starts the server again under a program that becomes it, as `strace -D` does; answers whether
    /// it came to be ready.
    pub fn restart_under(&mut self, tracer: &[&str]) -> bool {
        self.tracer = tracer.iter().map(|word| (*word).to_owned()).collect();
        let served = self.serve();
        self.tracer.clear();
        served.is_ok()
    }

    /// Whether it runs. One that has ended by itself can be started again.
    pub fn runs(&mut self) -> bool {
        let Some(process) = &mut self.process else { return false };
        if process.child.try_wait().expect("a child can be waited for").is_none() {
            return true;
        }
        self.process.take().expect("it was started").leash.release();
        false
    }

    fn serve(&mut self) -> Result<(), Refusal> {
        let log = File::options().create(true).append(true).open(&self.log).expect("a log");
        let child = self
            .traced("serve")
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("the server can be started");
        let leash = Leash::kill(&child);
        let process = self.process.insert(Process { child, leash });
        let file = self.data_dir.join("server.json");
        let speaks_tls = self.arguments.iter().any(|argument| argument == "--tls");
        let ready = wait::poll(READY_LIMIT, || {
            if let Some(status) = process.child.try_wait().expect("a child can be waited for") {
                return Some(Err(status));
            }
            let port = listening_port(&file, process.child.id())?;
            if speaks_tls {
                // That file is written when the server listens.
                return Some(Ok(port));
            }
            let answer = Request::get("/health/ready").send(port).ok()?;
            (answer.status == 200).then_some(Ok(port))
        });
        match ready {
            Some(Ok(port)) => self.port = port,
            Some(Err(status)) => {
                self.process.take().expect("it was started").leash.release();
                return Err(Refusal { status, log: self.log() });
            }
            None => panic!("the server is not ready after {READY_LIMIT:?}:\n{}", self.log()),
        }
        Ok(())
    }

    /// A command of the program for this data directory, in an environment without settings.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(client::wharfinger());
        command.env_clear().env("PATH", client::path()).env("RUST_BACKTRACE", "1");
        command.args(name.split(' ')).arg("--data-dir").arg(&self.data_dir);
        command
    }

    /// A command that the tracer runs, if there is one.
    fn traced(&self, name: &str) -> Command {
        let command = self.command(name);
        let Some((tracer, told)) = self.tracer.split_first() else { return command };
        let mut traced = Command::new(tracer);
        traced.env_clear().args(told).arg(command.get_program()).args(command.get_args());
        traced.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        traced
    }

    /// What `eval "$(wharfinger env)"` puts into a shell.
    fn exports(&self) -> BTreeMap<String, String> {
        let env = self.command("env");
        let mut shell = Command::new("sh");
        shell.env_clear().env("PATH", client::path());
        shell.args(["-c", "eval \"$(\"$@\")\" && env -0", "sh"]);
        let printed = program::run(shell.arg(env.get_program()).args(env.get_args())).success();
        printed
            .split('\0')
            .filter_map(|entry| entry.split_once('='))
            .filter(|(name, _)| name.starts_with("AWS_"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// What `wharfinger env` exports: endpoint, region and the root key.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// One export.
    #[track_caller]
    pub fn export(&self, name: &str) -> &str {
        let value = self.environment.get(name);
        value.unwrap_or_else(|| {
            panic!("`wharfinger env` exports no {name}: {:?}", self.environment.keys())
        })
    }

    /// Where clients of images find the registry: `localhost:<port>`.
    pub fn registry(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Bytes in the files of its data directory.
    pub fn data_dir_bytes(&self) -> u64 {
        let files = scratch::files(&self.data_dir);
        // A file may be gone by the time it is asked for its size.
        files.iter().filter_map(|file| Some(fs::metadata(file).ok()?.len())).sum()
    }

    /// Everything it logged since the first start.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The most memory it has had resident since it was started, in bytes.
    pub fn memory_peak(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    /// The memory it has resident now, in bytes.
    pub fn memory(&self) -> u64 {
        self.status_bytes("VmRSS:")
    }

    /// How many files it has open, sockets among them.
    pub fn open_files(&self) -> usize {
        let process = self.process.as_ref().expect("the server runs");
        let files = fs::read_dir(format!("/proc/{}/fd", process.child.id()));
        files.expect("a process has files").count()
    }

    fn status_bytes(&self, name: &str) -> u64 {
        let process = self.process.as_ref().expect("the server runs");
        let status = fs::read_to_string(format!("/proc/{}/status", process.child.id()));
        let status = status.expect("a process has a status");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).expect("a size in kB");
        kib.trim().parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        if std::thread::panicking() {
            use std::io::Write as _;
            // Goes with the failed test's own message, past the harness: a panic within a panic
            // would end the whole run.
            let _ = writeln!(std::io::stderr(), "--- log of the server\n{}", self.log());
        }
    }
}

/// A port that nobody listens on, below those that the system gives to connections going out: one
/// of these could take the port of a server that was killed before it is started again.
fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 22_000;
    static TRIED: AtomicU16 = AtomicU16::new(0);
    // Test runs beside this one begin elsewhere.
    let begin = u16::try_from(std::process::id() % u32::from(COUNT)).expect("a small number");
    let mut ports = std::iter::repeat_with(|| {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        FIRST + (begin + tried % COUNT) % COUNT
    });
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("an endless search")
}

/// The port of the server with this process number, once it has written where it listens.
fn listening_port(file: &Path, process: u32) -> Option<u16> {
    let text = fs::read_to_string(file).ok()?;
    let server: serde_json::Value = serde_json::from_str(&text).ok()?;
    if server["pid"].as_u64()? != u64::from(process) {
        return None;
    }
    let address: std::net::SocketAddr = server["listen"].as_str()?.parse().ok()?;
    Some(address.port())
}

/// Sends a signal to a child that was not waited for yet.
pub fn signal(name: &str, child: &Child) {
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &child.id().to_string()]);
    program::run(&mut kill).success();
}
