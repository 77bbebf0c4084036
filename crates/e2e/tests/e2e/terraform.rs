//! The resources of `examples/terraform`, through the AWS provider of Terraform: applied, planned
//! again without a change, changed, read back, destroyed.

use std::path::Path;

use serde_json::{Value, json};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available, terraform_bin};
use wharfinger_e2e::scratch;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

/// A copy of an example, and a shell in which `tofu` finds the provider that was built.
pub fn shell(server: &Server, example: &str) -> Shell {
    let mut shell = Shell::new(server);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
    for file in scratch::files(&folder) {
        let name = file.file_name().expect("a name");
        std::fs::copy(&file, shell.home().join(name)).expect("a file can be copied");
    }
    let programs = terraform_bin();
    let config = format!(
        "provider_installation {{\n  dev_overrides {{ \"hashicorp/aws\" = \"{}\" }}\n  direct {{}}\n}}\n",
        programs.display()
    );
    let file = shell.home().join("tofu.rc");
    std::fs::write(&file, config).expect("a file can be written");
    shell.set("TF_CLI_CONFIG_FILE", &file.display().to_string());
    shell.set("TF_IN_AUTOMATION", "1");
    shell.set("CHECKPOINT_DISABLE", "1");
    shell.set("tofu", &programs.join("tofu").display().to_string());
    shell
}

pub const APPLY: &str = "$tofu apply -auto-approve -no-color -input=false";
/// Ends with 0 if nothing would change, and with 2 if something would.
pub const PLAN: &str = "$tofu plan -detailed-exitcode -no-color -input=false";
pub const DESTROY: &str = "$tofu destroy -auto-approve -no-color -input=false";

#[test]
fn the_example_is_applied_and_planned_again_without_a_change() {
    if !available(&[Client::Aws, Client::Terraform]) {
        return;
    }
    let server = Server::start();
    let (shell, api) = (shell(&server, "terraform"), Api::root(&server));
    shell.success(APPLY);
    shell.success(PLAN);
    let outputs = shell.success("$tofu output -json");
    let outputs: Value = serde_json::from_str(&outputs).expect("JSON");
    let url = outputs["repository_urls"]["value"]["user-service"].as_str().expect("a url");
    assert_eq!(url, format!("{}/shop/user-service", server.registry()));

    let described = api.success("DescribeRepositories", &json!({}));
    let names: Vec<&str> = described["repositories"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|repository| repository["repositoryName"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["shop/order-service", "shop/user-service", "shop/vault"]);
    assert_eq!(described["repositories"][0]["imageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
    let key = &described["repositories"][2]["encryptionConfiguration"]["kmsKey"];
    assert!(key.as_str().expect("a key").starts_with("arn:aws:kms:us-east-1:"), "{key}");

    // One service less, and another region to replicate to.
    let fewer = "-var 'services=[\"user-service\"]' -var replica_region=us-west-2";
    shell.success(&format!("{APPLY} {fewer}"));
    shell.success(&format!("{PLAN} {fewer}"));
    let registry = api.success("DescribeRegistry", &json!({}));
    let rule = &registry["replicationConfiguration"]["rules"][0];
    assert_eq!(rule["destinations"][0]["region"], "us-west-2");

    shell.success(&format!("{DESTROY} {fewer}"));
    let described = api.success("DescribeRepositories", &json!({}));
    assert_eq!(described["repositories"], json!([]));
    let registry = api.success("DescribeRegistry", &json!({}));
    assert_eq!(registry["replicationConfiguration"], json!({ "rules": [] }));
}

#[test]
fn what_was_changed_by_hand_is_seen_and_put_right() {
    if !available(&[Client::Aws, Client::Terraform]) {
        return;
    }
    let server = Server::start();
    let (shell, api) = (shell(&server, "terraform"), Api::root(&server));
    shell.success(APPLY);
    let named = json!({ "repositoryName": "shop/user-service" });
    api.success("DeleteLifecyclePolicy", &named);
    api.success("DeleteRegistryPolicy", &json!({}));
    let mut mutable = named.clone();
    mutable["imageTagMutability"] = "MUTABLE".into();
    api.success("PutImageTagMutability", &mutable);
    assert!(!shell.run(PLAN).status.success(), "the plan misses what was changed");
    shell.success(APPLY);
    shell.success(PLAN);
    api.success("GetLifecyclePolicy", &named);

    // A repository that holds images goes with `force_delete`, and is found gone afterwards.
    api.success("DeleteRepository", &named);
    shell.success(APPLY);
    shell.success(PLAN);
}
