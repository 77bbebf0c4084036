//! The resources of `examples/terraform-iam`, through the AWS provider of Terraform: applied, planned
//! again without a change, changed, changed by hand, destroyed.

use serde_json::{Value, json};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

use crate::terraform::{APPLY, DESTROY, PLAN, shell};

/// What the aws CLI answers.
fn aws(shell: &Shell, command: &str) -> Value {
    let printed = shell.success(&format!("aws --output json iam {command}"));
    serde_json::from_str(&printed).expect("JSON")
}

#[test]
fn the_example_of_iam_is_applied_and_planned_again_without_a_change() {
    if !available(&[Client::Aws, Client::Terraform]) {
        return;
    }
    let server = Server::start();
    let shell = shell(&server, "terraform-iam");
    shell.success(APPLY);
    shell.success(PLAN);

    let role = aws(&shell, "get-role --role-name ci");
    assert_eq!(role["Role"]["Path"], "/shop/");
    assert_eq!(role["Role"]["MaxSessionDuration"], 7_200);
    let trust = &role["Role"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Action"], "sts:AssumeRoleWithWebIdentity");
    let attached = aws(&shell, "list-attached-role-policies --role-name ci");
    assert_eq!(attached["AttachedPolicies"][0]["PolicyName"], "push");
    let profile = aws(&shell, "get-instance-profile --instance-profile-name machine");
    assert_eq!(profile["InstanceProfile"]["Roles"][0]["RoleName"], "machine");
    let group = aws(&shell, "get-group --group-name developers");
    assert_eq!(group["Users"].as_array().map(Vec::len), Some(2));
    let alias = aws(&shell, "list-account-aliases");
    assert_eq!(alias["AccountAliases"], json!(["example-shop"]));

    // The key that was made is one, and may what is attached to its user.
    let id = shell.success("$tofu output -raw mirror_access_key_id");
    let secret = shell.success("$tofu output -raw mirror_secret_access_key");
    let mirror = Api::with_key(&server, &id, &secret);
    mirror.success("DescribeRepositories", &json!({}));
    let denied = mirror.call("CreateRepository", &json!({ "repositoryName": "mirrored" }));
    assert_eq!(denied.expect("an answer").body["__type"], "AccessDeniedException");

    // One developer more and one less, another alias and other workflows.
    let other = "-var 'developers=[\"ann\",\"eve\"]' -var account_alias=other-shop \
                 -var github_repository=example/other";
    shell.success(&format!("{APPLY} {other}"));
    shell.success(&format!("{PLAN} {other}"));
    let group = aws(&shell, "get-group --group-name developers");
    let users = group["Users"].as_array().expect("a list");
    let mut names: Vec<_> = users.iter().filter_map(|user| user["UserName"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ann", "eve"]);
    let role = aws(&shell, "get-role --role-name ci").to_string();
    assert!(role.contains("repo:example/other:*"), "{role}");

    shell.success(&format!("{DESTROY} {other}"));
    for (list, member) in [
        ("list-users", "Users"),
        ("list-groups", "Groups"),
        ("list-roles", "Roles"),
        ("list-policies --scope Local", "Policies"),
        ("list-instance-profiles", "InstanceProfiles"),
        ("list-open-id-connect-providers", "OpenIDConnectProviderList"),
        ("list-account-aliases", "AccountAliases"),
    ] {
        assert_eq!(aws(&shell, list)[member], json!([]), "{list}");
    }
}

#[test]
fn what_was_changed_by_hand_in_iam_is_seen_and_put_right() {
    if !available(&[Client::Aws, Client::Terraform]) {
        return;
    }
    let server = Server::start();
    let shell = shell(&server, "terraform-iam");
    shell.success(APPLY);
    let account = aws(&shell, "get-role --role-name ci")["Role"]["Arn"].to_string();
    let account = account.split(':').nth(4).expect("an account");
    for change in [
        format!(
            "detach-role-policy --role-name ci --policy-arn arn:aws:iam::{account}:policy/shop/push"
        ),
        "update-role --role-name ci --max-session-duration 3600".into(),
        "untag-role --role-name machine --tag-keys team".into(),
        "delete-role-policy --role-name machine --policy-name pull".into(),
        "remove-role-from-instance-profile --instance-profile-name machine --role-name machine"
            .into(),
        format!(
            "add-client-id-to-open-id-connect-provider --client-id other \
             --open-id-connect-provider-arn \
             arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"
        ),
        "remove-user-from-group --group-name developers --user-name ann".into(),
    ] {
        shell.success(&format!("aws iam {change}"));
        assert!(!shell.run(PLAN).status.success(), "the plan misses: {change}");
    }
    shell.success(APPLY);
    shell.success(PLAN);

    // What is gone is made again.
    shell.success("aws iam delete-account-alias --account-alias example-shop");
    shell.success(&format!(
        "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn \
         arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"
    ));
    shell.success(APPLY);
    shell.success(PLAN);
    shell.success(DESTROY);
}
