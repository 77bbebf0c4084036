//! Every implemented operation through boto3. The scenarios are in `python/ecr.py`; each is one
//! test here, with a server of its own.

use std::path::Path;

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*
    };
}

scenarios!(
    authorization_and_identity,
    repositories,
    repository_settings,
    resource_tags,
    layers_in_parts,
    layers_refused,
    lifecycle_policies,
    lifecycle_previews,
    images,
    image_pages,
    mutability,
    deleting_images,
    signatures_refused,
    parameters_refused,
);

fn run(scenario: &str) {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start();
    let mut shell = Shell::new(&server);
    shell.set("PYTHONDONTWRITEBYTECODE", "1");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/ecr.py");
    shell.success(&format!("python '{}' {scenario}", script.display()));
}
