//! A machine within the machine: its own network with nothing but loopback, its own `/etc` and
//! `/run`. What a test does to system files in there is gone with it, and nobody outside sees it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::leash::Leash;
use crate::{client, program, scratch, wait};

const READY_LIMIT: Duration = Duration::from_secs(20);
/// Makes the namespaces a machine and holds them. `$1` is the folder of the machine.
const BOOT: &str = r#"
set -e
ip link set lo up
mount --bind "$1/etc" /etc
mount --bind "$1/ca-certificates" /usr/local/share/ca-certificates
mount -t tmpfs tmpfs /run
: >"$1/ready"
exec sleep infinity
"#;

/// A running machine.
#[derive(Debug)]
pub struct Machine {
    // Dropped in this order.
    _leash: Leash,
    process: u32,
    folder: TempDir,
}

/// What a machine needs: programs with their packages, and the right to make namespaces. Answers
/// how to come by what is missing.
pub fn remedy() -> Option<String> {
    let programs = [
        ("ip", "iproute2"),
        ("unshare", "util-linux"),
        ("nsenter", "util-linux"),
        ("update-ca-certificates", "ca-certificates"),
    ];
    for (program, package) in programs {
        if client::find(program).is_none() {
            return Some(format!("there is no {program}: apt-get install {package}"));
        }
    }
    let mut unshare = Command::new(client::find("unshare")?);
    unshare.args(["--mount", "--net", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let allowed = unshare.status().is_ok_and(|status| status.success());
    (!allowed).then(|| {
        "namespaces for mounts and network cannot be made: run as root, and in a container with \
         CAP_SYS_ADMIN and CAP_NET_ADMIN"
            .to_owned()
    })
}

impl Machine {
    /// Boots a machine with a copy of this one's `/etc`.
    pub fn boot() -> Self {
        let folder = scratch::folder();
        let mut copy = Command::new("cp");
        program::run(copy.args(["-a", "/etc"]).arg(folder.path())).success();
        // What was trusted beside the CAs of the system is the machine's own business.
        fs::create_dir(folder.path().join("ca-certificates")).expect("a folder can be made");
        fs::create_dir_all("/usr/local/share/ca-certificates").expect("a folder can be made");
        let mut unshare = Command::new(client::find("unshare").expect("unshare is installed"));
        unshare.args(["--mount", "--net", "--propagation", "private", "sh", "-c", BOOT, "machine"]);
        let log = fs::File::create(folder.path().join("boot.log")).expect("a log can be made");
        let mut child = unshare
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("unshare can be started");
        let leash = Leash::kill(&child);
        let ready = folder.path().join("ready");
        let ended = wait::until("a machine", READY_LIMIT, || {
            let ended = child.try_wait().expect("a child can be waited for");
            ended.map(Some).or_else(|| ready.exists().then_some(None))
        });
        let log = || fs::read_to_string(folder.path().join("boot.log")).unwrap_or_default();
        assert!(ended.is_none(), "the machine ended: {ended:?}\n{}", log());
        Self { _leash: leash, process: child.id(), folder }
    }

    /// A command that runs in the machine.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(client::find("nsenter").expect("nsenter is installed"));
        command.arg(format!("--target={}", self.process)).args(["--mount", "--net", "--"]);
        command.arg(program.as_ref());
        command
    }

    /// Adds a line to the machine's `/etc/hosts`.
    pub fn add_host(&self, line: &str) {
        let hosts = self.folder.path().join("etc/hosts");
        let file = fs::OpenOptions::new().append(true).open(hosts);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the hosts file can be written");
    }

    /// A folder that the machine sees at the same place.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
