//! Every operation through every client: each answer is held against the model, and what a client
//! drove is what `crates/e2e/coverage.json` says, from which `docs/compatibility.md` is made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

/// By service and operation, the clients that drive it.
type Coverage = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn tell(client: &str, service: &str) {
    if !available(&[Client::Aws]) {
        return;
    }
    // Nothing of ECR Public is served unless it is asked for.
    let server = Server::start_with(&["--public-path-prefix", "public.ecr.aws"]);
    let mut shell = Shell::new(&server);
    shell.set("PYTHONDONTWRITEBYTECODE", "1");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    shell.set("PYTHONPATH", &scripts.display().to_string());
    let printed = shell.success(&format!("python -m contract {client} {service}"));
    let driven = printed.lines().last().expect("a line that says what was driven");
    check_coverage(service, client, &serde_json::from_str(driven).expect("a list of names"));
}

/// What was driven must be what the file says: no more, or the document says too little, and no
/// less, or it lies.
pub fn check_coverage(service: &str, client: &str, driven: &BTreeSet<String>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("coverage.json");
    let text = std::fs::read_to_string(&file).expect("the file of the coverage");
    let coverage: Coverage = serde_json::from_str(&text).expect("operations and clients");
    let operations = &coverage[service];
    let told = operations.iter().filter(|(_, clients)| clients.contains(client));
    let told: BTreeSet<String> = told.map(|(operation, _)| operation.clone()).collect();
    assert_eq!(&told, driven, "what {client} drives of {service} is not what the file says");
}

#[test]
fn boto3_drives_every_operation_of_ecr() {
    tell("boto3", "ecr");
}

#[test]
fn the_command_line_drives_every_operation_of_ecr() {
    tell("aws-cli", "ecr");
}

#[test]
fn boto3_drives_every_operation_of_ecr_public() {
    tell("boto3", "ecr-public");
}

#[test]
fn the_command_line_drives_every_operation_of_ecr_public() {
    tell("aws-cli", "ecr-public");
}
