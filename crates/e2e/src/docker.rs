//! A docker daemon of the tests' own: one for the whole run, without network, with its own state.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::leash::Leash;
use crate::machine::Machine;
use crate::{client, scratch, wait};

const READY_LIMIT: Duration = Duration::from_secs(60);
/// Ends the daemon, which ends its containerd, and then removes its state. `$1` is the process,
/// `$2` the folder.
const CLEAN_UP: &str = r#"
kill -s TERM "$1"
for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
kill -s KILL "$1"
find "$2" -depth -name default -path '*netns*' -exec umount -l {} \;
rm -rf "$2"
"#;

/// A running daemon.
#[derive(Debug)]
pub struct Docker {
    host: String,
    folder: PathBuf,
    _leash: Leash,
}

impl Docker {
    /// The daemon of this test run, started by the first test that asks. It ends with the process.
    pub fn shared() -> &'static Self {
        static DAEMON: OnceLock<Docker> = OnceLock::new();
        DAEMON.get_or_init(Self::start)
    }

    fn start() -> Self {
        let folder = scratch::folder().keep();
        let host = format!("unix://{}", folder.join("docker.sock").display());
        Self::launch(folder, host, Command::new)
    }

    /// A daemon in a machine, at the address where docker looks by itself. It trusts no CA but
    /// those in the places that are docker's own.
    pub fn start_in(machine: &Machine) -> Self {
        let folder = scratch::folder().keep();
        Self::launch(folder, "unix:///var/run/docker.sock".into(), |program| {
            let mut command = machine.command(program);
            command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/nowhere");
            command
        })
    }

    fn launch(folder: PathBuf, host: String, program: impl Fn(PathBuf) -> Command) -> Self {
        let log = fs::File::create(folder.join("dockerd.log")).expect("a log can be made");
        // In place of the machine's own, which may say anything.
        let config = folder.join("daemon.json");
        fs::write(&config, "{}").expect("a file can be written");
        let mut command = program(client::find("dockerd").expect("dockerd is installed"));
        command
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .args(["--storage-driver=vfs", "--config-file"])
            .arg(config)
            // A failure is the server's answer, not the last of five.
            .arg("--max-download-attempts=1")
            // A daemon of the machine may run too, and a containerd that both use.
            .args(["--containerd-namespace=wharfinger-e2e"])
            .args(["--containerd-plugins-namespace=wharfinger-e2e-plugins"])
            .arg("--data-root")
            .arg(folder.join("data"))
            .arg("--exec-root")
            .arg(folder.join("exec"))
            .arg("--pidfile")
            .arg(folder.join("dockerd.pid"))
            .arg("--host")
            .arg(&host)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log);
        let mut child = command.spawn().expect("dockerd can be started");
        let arguments = [child.id().to_string().into(), folder.clone().into_os_string()];
        let leash = Leash::new(CLEAN_UP, arguments);
        let ended = wait::until("the docker daemon", READY_LIMIT, || {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                return Some(Some(status));
            }
            let mut version = program(client::find("docker").expect("docker is installed"));
            version.arg("--host").arg(&host).arg("version");
            crate::program::run(&mut version).status.success().then_some(None)
        });
        let log = || fs::read_to_string(folder.join("dockerd.log")).unwrap_or_default();
        assert!(ended.is_none(), "dockerd ended: {ended:?}\n{}", log());
        Self { host, folder, _leash: leash }
    }

    /// The socket of the daemon's own containerd.
    pub fn containerd(&self) -> PathBuf {
        self.folder.join("exec/containerd/containerd.sock")
    }

    /// The address for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        self.host.clone()
    }
}

/// Writes what an image is built from: busybox as the whole root file system, and one file that
/// tells this image from every other.
pub fn write_build_context(content: &str) -> TempDir {
    let folder = scratch::folder();
    let busybox = client::find("busybox").expect("busybox is installed");
    fs::copy(busybox, folder.path().join("busybox")).expect("busybox can be copied");
    fs::write(folder.path().join("content"), content).expect("a file can be written");
    // The content first: then no layer is one that the daemon has of another test's image, and a
    // pull fetches all of them.
    let recipe = "FROM scratch\nCOPY content /content\nCOPY busybox /bin/busybox\n\
                  CMD [\"/bin/busybox\", \"cat\", \"/content\"]\n";
    fs::write(folder.path().join("Dockerfile"), recipe).expect("a file can be written");
    folder
}
