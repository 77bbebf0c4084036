//! Which clients this machine has, and what a test does about one that it has not.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::machine;
use crate::scratch::Disk;

/// Something from outside that a test needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    /// The aws CLI and boto3, in the environment that `cargo xtask bootstrap` makes.
    Aws,
    /// cosign, crane, helm, oras and regctl, as `cargo xtask bootstrap` builds them.
    Artifacts,
    /// docker and a daemon, which must be started as root.
    Docker,
    /// podman, as root.
    Podman,
    /// skopeo.
    Skopeo,
    /// buildah, as root.
    Buildah,
    /// The right to mount a small disk.
    Mount,
    /// node, the AWS SDK for JavaScript and `cdk-assets`, as `cargo xtask bootstrap` installs them.
    Node,
    /// java, and the program of `sdk/java`, as `cargo xtask bootstrap` compiles it.
    Java,
    /// The program of `sdk/rust`, as `cargo xtask bootstrap` compiles it.
    RustSdk,
    /// OpenTofu and the AWS provider, as `cargo xtask bootstrap` builds them.
    Terraform,
    /// The right to make a machine of namespaces, and what is in one.
    Machine,
    /// The conformance suite of OCI Distribution, as `cargo xtask bootstrap` builds it.
    Conformance,
    /// The command line of OpenSSL.
    OpenSsl,
    /// strace, which ends a process at a system call of choice.
    Strace,
    /// `docker-credential-ecr-login`, Amazon's credential helper for docker.
    EcrLogin,
}

/// Whether all of `needed` are there.
///
/// A test that gets `false` returns: it is skipped, and how to install the client is printed past
/// the harness, which would swallow it.
///
/// # Panics
/// In CI, if one is missing: there, nothing may be skipped.
#[track_caller]
pub fn available(needed: &[Client]) -> bool {
    let Some(remedy) = needed.iter().find_map(|client| client.remedy()) else { return true };
    assert!(!in_ci(), "missing: {remedy}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Nobody reads standard error: then nobody misses the line.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {remedy}");
    false
}

/// Demands that all of `needed` are there.
///
/// # Panics
/// With what is missing and how to come by it: for what is proved nowhere else.
#[track_caller]
pub fn require(needed: &[Client]) {
    if let Some(remedy) = needed.iter().find_map(|client| client.remedy()) {
        panic!("missing: {remedy}");
    }
}

impl Client {
    /// How to come by it; `None` if it is there.
    fn remedy(self) -> Option<String> {
        let package = |name: &str, programs: &[&str]| {
            let missing = programs.iter().find(|program| find(program).is_none())?;
            Some(format!("there is no {missing}: apt-get install {name}"))
        };
        let root = |what: &str| {
            (!is_root()).then(|| format!("{what} is run as root: sudo -E cargo xtask test"))
        };
        match self {
            Self::Aws => (!aws_bin().join("aws").is_file())
                .then(|| "there is no aws CLI: cargo xtask bootstrap".to_owned()),
            Self::Artifacts => {
                let program = |name: &&str| !artifacts_bin().join(name).is_file();
                let missing =
                    ["cosign", "crane", "helm", "oras", "regctl"].into_iter().find(program)?;
                Some(format!("there is no {missing}: cargo xtask bootstrap (needs go)"))
            }
            Self::Docker => package("docker.io", &["docker", "dockerd"])
                .or_else(|| package("busybox-static", &["busybox"]))
                .or_else(|| root("a docker daemon")),
            Self::Podman => package("podman", &["podman"]).or_else(|| root("podman")),
            Self::Skopeo => package("skopeo", &["skopeo"]),
            Self::Buildah => package("buildah", &["buildah"]).or_else(|| root("buildah")),
            Self::Node => package("nodejs", &["node"]).or_else(|| {
                (!sdk_folder("js").join("node_modules/cdk-assets").is_dir()).then(|| {
                    "there is no AWS SDK for JavaScript: cargo xtask bootstrap (needs npm)".into()
                })
            }),
            Self::Java => package("default-jdk-headless", &["java"]).or_else(|| {
                (!sdk_folder("java").join("lib").is_dir()).then(|| {
                    "there is no AWS SDK for Java: cargo xtask bootstrap (needs mvn)".into()
                })
            }),
            Self::RustSdk => (!sdk_folder("rust").join("debug/sdk-rust").is_file())
                .then(|| "there is no AWS SDK for Rust: cargo xtask bootstrap".to_owned()),
            Self::Terraform => (!terraform_bin().join("terraform-provider-aws").is_file())
                .then(|| "there is no AWS provider: cargo xtask bootstrap (needs go)".to_owned()),
            Self::Conformance => (!conformance_suite().is_file()).then(|| {
                "there is no suite of OCI Distribution: cargo xtask bootstrap (needs go)".to_owned()
            }),
            Self::Mount => Disk::mount(1)
                .is_none()
                .then(|| "a small disk cannot be mounted: run as root".to_owned()),
            Self::Machine => machine::remedy(),
            Self::OpenSsl => package("openssl", &["openssl"]),
            Self::Strace => package("strace", &["strace"]),
            Self::EcrLogin => {
                package("amazon-ecr-credential-helper", &["docker-credential-ecr-login"])
            }
        }
    }
}

/// The folder of `aws` and of a `python` that has boto3.
pub fn aws_bin() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/venv/bin")
}

/// The folder of `cosign`, `crane`, `helm`, `oras` and `regctl`.
pub fn artifacts_bin() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/artifacts")
}

/// Where the program of a folder of `sdk` is, and what it runs with.
pub fn sdk_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients").join(name)
}

/// The folder of `tofu` and of the AWS provider.
pub fn terraform_bin() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/opentofu")
}

/// The program of OCI Distribution's conformance suite.
pub fn conformance_suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients/conformance/conformance.test")
}

/// The file of a program, looked for in the folders of the administrator too.
pub fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&path())
        .chain(["/usr/sbin", "/sbin", "/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The program under test: `WHARFINGER_BIN`, or the one built beside this test.
pub fn wharfinger() -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().ok()?;
        Some(test.parent()?.parent()?.join("wharfinger"))
    };
    let program = variable("WHARFINGER_BIN").map(PathBuf::from).or_else(beside);
    let program = program.expect("a test has a folder");
    assert!(program.is_file(), "there is no {}: use cargo xtask test", program.display());
    program
}

/// The `PATH` of this process.
pub fn path() -> String {
    variable("PATH").unwrap_or_default()
}

fn in_ci() -> bool {
    variable("CI").is_some_and(|value| value == "true" || value == "1")
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout == b"0\n")
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where it runs")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
