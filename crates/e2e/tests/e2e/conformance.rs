//! The official conformance suite of OCI Distribution, all of its workflows. What it prints in the
//! end is printed past the harness.

use std::io::Write as _;
use std::process::Command;

use wharfinger_e2e::client::{self, Client, available};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::{program, scratch};

/// The checks that only run where something is not as it is here: where tags are known beforehand
/// (two), where a blob that no image uses yet can be mounted (two, for ECR mounts none), and where
/// mounting needs no `from`.
const SKIPPED: u32 = 5;
/// Those that do run, so that a suite that checks nothing does not pass.
const PASSED_MIN: u32 = 70;

/// What the suite says last: `Ran 75 of 79 Specs …`, `SUCCESS! -- 75 Passed | 0 Failed | …`.
fn count(said: &str, what: &str) -> u32 {
    let summary = said.lines().rev().find(|line| line.contains(" Passed ")).expect("a summary");
    let (before, _) = summary.split_once(&format!(" {what}")).expect("a count");
    let digits: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
    digits.chars().rev().collect::<String>().parse().expect("a number")
}

fn check(deletes_manifests_first: bool) {
    if !available(&[Client::Aws, Client::Conformance]) {
        return;
    }
    let server = Server::start();
    let shell = Shell::new(&server);
    for name in ["conformance/app", "conformance/mounted"] {
        shell.success(&format!("aws ecr create-repository --repository-name {name}"));
    }
    let password = shell.success("aws ecr get-login-password");
    let folder = scratch::folder();
    let mut suite = Command::new(client::conformance_suite());
    suite.env_clear().env("HOME", folder.path()).current_dir(folder.path());
    suite.env("OCI_ROOT_URL", format!("http://{}", server.registry()));
    suite.env("OCI_NAMESPACE", "conformance/app");
    suite.env("OCI_CROSSMOUNT_NAMESPACE", "conformance/mounted");
    suite.env("OCI_USERNAME", "AWS").env("OCI_PASSWORD", password);
    for workflow in ["PULL", "PUSH", "CONTENT_DISCOVERY", "CONTENT_MANAGEMENT"] {
        suite.env(format!("OCI_TEST_{workflow}"), "1");
    }
    suite.env("OCI_AUTOMATIC_CROSSMOUNT", "0").env("OCI_HIDE_SKIPPED_WORKFLOWS", "0");
    let first = if deletes_manifests_first { "1" } else { "0" };
    suite.env("OCI_DELETE_MANIFEST_BEFORE_BLOBS", first);
    suite.env("OCI_REPORT_DIR", "none");
    suite.args(["-ginkgo.no-color", "-ginkgo.seed=1", "-ginkgo.v"]);

    let said = program::run(&mut suite).success();
    let from = said.find("Ran ").unwrap_or_default();
    let _ = writeln!(std::io::stderr(), "OCI Distribution: {}", &said[from..]);
    assert_eq!(count(&said, "Failed"), 0, "{said}");
    assert_eq!(count(&said, "Skipped"), SKIPPED, "{said}");
    assert!(count(&said, "Passed") >= PASSED_MIN, "{said}");
}

#[test]
fn the_official_suite_passes() {
    check(true);
}

#[test]
fn the_official_suite_passes_when_it_deletes_blobs_first() {
    check(false);
}
