//! What the AWS CLI shows of a scan of a real package database with real advisories.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::{client, program};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus");
const OS_RELEASE: &[u8] =
    b"PRETTY_NAME=\"Debian GNU/Linux 10 (buster)\"\nID=debian\nVERSION_ID=\"10\"\n";

fn corpus(path: &str) -> std::path::PathBuf {
    Path::new(CORPUS).join(path)
}

/// Pushes an image of buster in which `firefox-esr` 78.13 is installed.
fn push(server: &Server, tag: &str) {
    let status = std::fs::read(corpus("pkgdb/dpkg/scalibr/transitional")).expect("a database");
    let files = [("etc/os-release", OS_RELEASE), ("var/lib/dpkg/status", status.as_slice())];
    let image = Image::of_files(tag, &files);
    let distribution = Distribution::root(server);
    for blob in [&image.layer, &image.config] {
        distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob");
    }
    let put = distribution.put_manifest("app", tag, OCI_MANIFEST, &image.manifest.bytes);
    expect(201, put.expect("an answer")).expect("an image");
}

fn import(server: &Server) {
    let mut wharfinger = Command::new(client::wharfinger());
    wharfinger.args(["advisories", "import"]).arg(corpus("advisories/debian/DSA.list"));
    wharfinger.arg("--data-dir").arg(server.data_dir());
    program::run(&mut wharfinger).success();
}

fn described(shell: &Shell, tag: &str) -> Value {
    let told = shell.success(&format!(
        "aws ecr describe-image-scan-findings --repository-name app --image-id imageTag={tag}"
    ));
    serde_json::from_str(&told).expect("JSON")
}

#[test]
fn the_cli_waits_for_a_scan_and_shows_what_it_found() {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let shell = Shell::new(&server);
    let wait = |tag: &str| {
        format!("aws ecr wait image-scan-complete --repository-name app --image-id imageTag={tag}")
    };
    push(&server, "amd64");
    let start = "aws ecr start-image-scan --repository-name app --image-id imageTag=amd64";
    shell.success(start);
    // Nobody has imported anything: the waiter tells of a failure, and the description says why.
    shell.failure(&wait("amd64"));
    let failed = described(&shell, "amd64");
    let why = failed["imageScanStatus"]["description"].as_str().expect("words");
    assert!(why.contains("wharfinger advisories"), "{why}");

    import(&server);
    shell.success(start);
    shell.success(&wait("amd64"));
    let found = described(&shell, "amd64");
    assert_eq!(found["imageScanStatus"]["status"], "COMPLETE", "{found}");
    let findings = found["imageScanFindings"]["findings"].as_array().expect("findings");
    let counted = found["imageScanFindings"]["findingSeverityCounts"].as_object().expect("counts");
    let sum: u64 = counted.values().filter_map(Value::as_u64).sum();
    assert!(sum > 20 && sum == findings.len() as u64, "{counted:?} {}", findings.len());
    // DSA-5156-1, fixed in 91.10.0esr.
    let names: Vec<&str> = findings.iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(names.contains(&"CVE-2022-31736"), "{names:?}");
    shell.failure(start);

    // Enhanced scanning of what is pushed from now on.
    shell.success(
        "aws ecr put-registry-scanning-configuration --scan-type ENHANCED --rules \
         '[{\"scanFrequency\":\"SCAN_ON_PUSH\",\"repositoryFilters\":\
         [{\"filter\":\"*\",\"filterType\":\"WILDCARD\"}]}]'",
    );
    push(&server, "arm64");
    shell.success(&wait("arm64"));
    let found = described(&shell, "arm64");
    let findings = found["imageScanFindings"]["enhancedFindings"].as_array().expect("findings");
    let of_2022 = findings
        .iter()
        .find(|it| it["packageVulnerabilityDetails"]["vulnerabilityId"] == "CVE-2022-31736")
        .expect("the same finding");
    let package = &of_2022["packageVulnerabilityDetails"]["vulnerablePackages"][0];
    assert_eq!(package["name"], "iceweasel");
    assert_eq!(package["version"], "78.13.0esr");
    assert_eq!(package["fixedInVersion"], "91.10.0esr-1~deb10u1");
    assert_eq!(of_2022["fixAvailable"], "YES");
}
