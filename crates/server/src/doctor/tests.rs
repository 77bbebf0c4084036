//! What the examination finds in directories made for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use wharfinger_core::Clock;

use super::*;
use crate::{Settings, SystemClock};

/// A configuration that listens on a port nobody else can have: the socket is given out with it.
fn config(path: &Path) -> (Config, TcpListener) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().ok();
    let settings = Settings { listen, ..Settings::default() };
    let config = Config::resolve(Settings::default(), settings, Some(path.to_owned())).unwrap();
    (config, taken)
}

async fn examined(config: &Config) -> Vec<Finding> {
    examine(config, SystemClock.now()).await
}

fn of<'f>(findings: &'f [Finding], name: &str) -> &'f Finding {
    findings.iter().find(|finding| finding.name == name).unwrap()
}

fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

#[tokio::test]
async fn a_healthy_installation_has_nothing_to_do() {
    let folder = private_folder();
    let (config, taken) = config(folder.path());
    drop(Installation::start(&config).await.unwrap());
    drop(taken);
    let findings = examined(&config).await;
    for finding in &findings {
        // The disk of the machine that runs the tests is its own business.
        if finding.name != "disk space" {
            assert_eq!(finding.severity, Severity::Ok, "{finding:?}");
            assert_eq!(finding.what_to_do, "");
        }
    }
    let names: Vec<_> = findings.iter().map(|finding| finding.name).collect();
    let all = [
        "data directory",
        "file times",
        "server",
        "data",
        "stored blobs",
        "listen address",
        "tls",
        "clock",
        "disk space",
        "open files",
        "processor",
    ];
    assert_eq!(names, all);
    assert!(
        fs::read_dir(folder.path())
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().contains("doctor") })
    );
}

#[tokio::test]
async fn a_taken_port_is_a_problem_unless_it_is_our_own() {
    let folder = private_folder();
    let (config, taken) = config(folder.path());
    let findings = examined(&config).await;
    let port = of(&findings, "listen address");
    assert_eq!(port.severity, Severity::Problem);
    assert!(port.what_to_do.contains("--listen"));

    let installation = Installation::start(&config).await.unwrap();
    let listen = taken.local_addr().unwrap();
    installation
        .directory()
        .write_running_server(&crate::RunningServer {
            pid: std::process::id(),
            listen,
            endpoint_url: crate::client_url("http", listen),
            ca_certificate: None,
            tls_names: Vec::new(),
            registry_host: None,
            region: "us-east-1".into(),
            account: installation.account().to_string(),
            version: crate::VERSION.into(),
        })
        .unwrap();
    let findings = examined(&config).await;
    assert_eq!(of(&findings, "listen address").severity, Severity::Ok);
    assert!(of(&findings, "server").what.contains(&crate::client_url("http", listen)));
}

#[tokio::test]
async fn a_newer_format_and_a_lost_key_are_problems() {
    let folder = private_folder();
    let (config, _taken) = config(folder.path());
    drop(Installation::start(&config).await.unwrap());
    let key_file = folder.path().join("master.key");
    let key = fs::read(&key_file).unwrap();
    fs::remove_file(&key_file).unwrap();
    let lost = of(&examined(&config).await, "data").clone();
    assert_eq!(lost.severity, Severity::Problem);
    assert!(lost.what.contains("master.key is missing"), "{}", lost.what);

    fs::write(&key_file, key).unwrap();
    let exposed = of(&examined(&config).await, "data").clone();
    assert_eq!(exposed.what_to_do, "run `chmod 600` on it");

    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    crate::installation::tests::set_format(&folder.path().join("metadata.db"), 9_999);
    let newer = of(&examined(&config).await, "data").clone();
    assert_eq!(newer.severity, Severity::Problem);
    assert!(newer.what_to_do.contains("newer"), "{newer:?}");
}

#[tokio::test]
async fn a_directory_others_may_read_is_a_warning_and_a_file_a_problem() {
    let folder = private_folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (open, _taken) = config(folder.path());
    let warning = of(&examined(&open).await, "data directory").clone();
    assert_eq!(warning.severity, Severity::Warning);
    assert!(warning.what_to_do.contains("chmod 700"));
    fs::write(folder.path().join("file"), "").unwrap();
    let (file, _taken) = config(&folder.path().join("file"));
    assert_eq!(of(&examined(&file).await, "data directory").severity, Severity::Problem);
    let (absent, _taken) = config(&folder.path().join("absent"));
    assert_eq!(of(&examined(&absent).await, "data directory").severity, Severity::Ok);
    assert!(!folder.path().join("absent").exists());
}

#[test]
fn a_clock_that_went_back_is_a_problem() {
    let now = Timestamp::from_seconds(1_800_000_000);
    assert_eq!(clock(now, Some(now)).severity, Severity::Ok);
    let later = now.plus(std::time::Duration::from_secs(1));
    assert_eq!(clock(now, Some(later)).severity, Severity::Problem);
    assert_eq!(clock(Timestamp::from_seconds(0), None).severity, Severity::Problem);
}

#[tokio::test]
async fn certificates_and_the_want_of_them_are_seen() {
    let folder = private_folder();
    let (mut config, _taken) = config(folder.path());
    drop(Installation::start(&config).await.unwrap());
    let tls = |findings: &[Finding]| of(findings, "tls").clone();
    config.listen = "192.0.2.1:443".parse().unwrap();
    let found = tls(&examined(&config).await);
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.what_to_do.contains("--tls auto"), "{found:?}");

    config.tls = crate::TlsConfig::Auto { names: Vec::new() };
    let found = tls(&examined(&config).await);
    assert!(found.severity == Severity::Ok && found.what.contains("on first use"), "{found:?}");
    assert!(!folder.path().join("ca.key").exists(), "the doctor makes nothing");
    fs::write(folder.path().join("ca.crt"), "?").unwrap();
    let found = tls(&examined(&config).await);
    assert!(found.severity == Severity::Problem && found.what.contains("ca.key"), "{found:?}");

    let cert = folder.path().join("absent.crt");
    config.tls = crate::TlsConfig::Files { cert: cert.clone(), key: cert };
    let found = tls(&examined(&config).await);
    assert!(found.severity == Severity::Problem && found.what.contains("absent.crt"), "{found:?}");
}
