//! `cargo xtask bootstrap`: the programs that the tests drive, put where the tests find them.
//!
//! Debian packages come through `apt-get`, the AWS clients as pinned wheels in a virtual
//! environment of their own, `cargo-deny` from crates.io. Nothing is done twice: what is there
//! stays. Called by `test` and `lint` too; the tests find the programs by themselves
//! (`wharfinger_e2e::client`).

mod artifacts;
mod conformance;
mod go_module;
mod sdks;
mod terraform;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace;

/// The version CI checks dependencies with.
const CARGO_DENY_VERSION: &str = "0.20.2";
/// The requirements of the virtual environment, from the root of the workspace.
const REQUIREMENTS: &str = "crates/e2e/requirements.txt";

/// A program of a Debian package.
struct Package {
    name: &'static str,
    /// Where the package puts it, for programs that may be outside of `PATH`.
    program: &'static str,
}

const PACKAGES: [Package; 10] = [
    Package { name: "docker.io", program: "dockerd" },
    Package { name: "podman", program: "podman" },
    Package { name: "openssl", program: "openssl" },
    Package { name: "skopeo", program: "skopeo" },
    Package { name: "buildah", program: "buildah" },
    Package { name: "busybox-static", program: "busybox" },
    Package { name: "amazon-ecr-credential-helper", program: "docker-credential-ecr-login" },
    Package { name: "ca-certificates", program: "update-ca-certificates" },
    Package { name: "iproute2", program: "ip" },
    Package { name: "strace", program: "strace" },
];

/// Installs what is missing of the clients of the tests.
///
/// # Errors
/// In CI, if a client cannot be had. Elsewhere the tests of that client are skipped, and how to
/// install it is printed.
pub fn install() -> Result<()> {
    let parts = [
        install_packages,
        install_aws_clients,
        terraform::install,
        sdks::install,
        artifacts::install,
        conformance::install,
    ];
    for part in parts {
        match part() {
            Err(error) if !workspace::in_ci() => {
                println!("The tests of these clients will be skipped: {error:#}");
            }
            other => other?,
        }
    }
    Ok(())
}

/// `cargo-deny`, installed if it was not.
///
/// # Errors
/// If it cannot be built.
pub fn cargo_deny() -> Result<PathBuf> {
    let root = folder();
    let program = root.join("bin/cargo-deny");
    if !prints(&program, CARGO_DENY_VERSION) {
        println!("Building cargo-deny {CARGO_DENY_VERSION}, once; it takes a few minutes.");
        let mut command = Command::new("cargo");
        command.args(["install", "--quiet", "--locked", "--force", "cargo-deny"]);
        command.args(["--version", CARGO_DENY_VERSION, "--root"]).arg(root);
        workspace::run(&mut command).context("cargo-deny could not be installed")?;
    }
    Ok(program)
}

fn install_packages() -> Result<()> {
    let mut missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|package| find(package.program).is_none())
        .map(|package| package.name)
        .collect();
    if python().is_none() {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install --no-install-recommends {}", missing.join(" "));
    ensure!(find("apt-get").is_some(), "missing, and there is no apt-get: {}", missing.join(", "));
    let Some(mut prefix) = privilege() else {
        bail!("missing: {}; as root, run: {by_hand}", missing.join(", "));
    };
    println!("Installing {}", missing.join(", "));
    prefix.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new(prefix[0]);
        workspace::run(command.args(&prefix[1..]).args(arguments))
    };
    // Another apt-get may be at work, as on a machine that was just started.
    let patience = "--option=DPkg::Lock::Timeout=300";
    let mut install = vec!["install", patience, "--yes", "--quiet", "--no-install-recommends"];
    install.extend(&missing);
    apt_get(&["update", "--quiet"])
        .and_then(|()| apt_get(&install))
        .with_context(|| format!("apt-get failed; by hand it is: {by_hand}"))
}

/// What to put before a command that needs root: nothing, `sudo`, or `None` if neither will do.
fn privilege() -> Option<Vec<&'static str>> {
    let root = output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if root {
        return Some(Vec::new());
    }
    output(Command::new("sudo").args(["-n", "true"])).map(|_| vec!["sudo", "-n"])
}

/// The aws CLI and boto3. A copy of the requirements in the environment says which are in it.
fn install_aws_clients() -> Result<()> {
    let environment = folder().join("venv");
    let requirements = workspace::root().join(REQUIREMENTS);
    let wanted = fs::read(&requirements).with_context(|| format!("reading {REQUIREMENTS}"))?;
    let installed = environment.join("requirements.txt");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    println!("Installing the aws CLI and boto3 into {}", environment.display());
    let python = python().context("no python3 that can make virtual environments")?;
    workspace::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment))
        .context("the virtual environment could not be made")?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    workspace::run(pip.arg(&requirements)).context("pip could not install the AWS clients")?;
    fs::write(installed, wanted).context("the installed requirements could not be noted")
}

/// Debian's own Python first: the package of `venv` belongs to it.
fn python() -> Option<PathBuf> {
    let candidates = [Some(PathBuf::from("/usr/bin/python3")), find("python3")];
    candidates.into_iter().flatten().find(|python| {
        output(Command::new(python).args(["-c", "import ensurepip, venv"])).is_some()
    })
}

fn prints(program: &Path, text: &str) -> bool {
    output(Command::new(program).arg("--version")).is_some_and(|printed| printed.contains(text))
}

/// What a command prints; `None` if it is not there or fails.
fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn find(program: &str) -> Option<PathBuf> {
    let path = workspace::environment("PATH").unwrap_or_default();
    // The daemons are in the folders of the administrator, which a user's PATH may leave out.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn folder() -> PathBuf {
    workspace::root().join("target/clients")
}
