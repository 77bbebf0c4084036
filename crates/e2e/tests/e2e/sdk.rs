//! The story of ECR through the AWS SDKs that type every member: a text for a time, a value that an
//! enumeration has not, a missing member or an unknown error, and they break. The programs are in
//! `sdk/`; `cargo xtask bootstrap` builds them.

use std::path::Path;

use wharfinger_e2e::client::{Client, available, sdk_folder};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

use crate::contract::check_coverage;

/// Runs a program that has a server to itself, and compares what it drove with what the file of
/// the coverage says of it.
fn tell(client: Client, name: &str, command: &str) {
    if !available(&[client]) {
        return;
    }
    let server = Server::start();
    let mut shell = Shell::new(&server);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk").join(name);
    shell.set("sources", &sources.display().to_string());
    shell.set("made", &sdk_folder(name).display().to_string());
    shell.set("NODE_PATH", &sdk_folder(name).join("node_modules").display().to_string());
    let printed = shell.success(command);
    let driven = printed.lines().last().expect("a line that says what was driven");
    let driven = serde_json::from_str(driven).expect("a list of names");
    check_coverage("ecr", &format!("{name}-sdk"), &driven);
}

#[test]
fn the_sdk_for_rust_drives_every_operation_of_ecr() {
    tell(Client::RustSdk, "rust", "\"$made/debug/sdk-rust\"");
}

/// All that it has: its newest release is older than the backfills of replication.
#[test]
fn the_sdk_for_java_drives_every_operation_it_has_of_ecr() {
    let java = "java -XX:TieredStopAtLevel=1 -cp \"$made/classes:$made/lib/*\" story.Main";
    tell(Client::Java, "java", java);
}

#[test]
fn the_sdk_for_javascript_drives_every_operation_of_ecr() {
    tell(Client::Node, "js", "node \"$sources/main.js\"");
}
