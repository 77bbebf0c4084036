//! IAM as its tutorials have it, with the AWS CLI: a user with AWS's managed policies, a role for CI
//! that may push and one that may only pull, and another account that pulls by a repository's
//! policy. Whoever may not is told so in AWS's words, on both planes, and what is taken away is
//! gone at once.

use serde_json::Value;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::program;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const NEEDS: [Client; 4] = [Client::Aws, Client::Docker, Client::Mount, Client::Skopeo];
const OTHER: &str = "999888777666";

/// The exports of new credentials, out of what `aws` prints of them.
const USE: &str = r#"use_credentials() {
    read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<< "$1"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    if [ -n "$AWS_SESSION_TOKEN" ]; then export AWS_SESSION_TOKEN; else unset AWS_SESSION_TOKEN; fi
}
assume() {
    use_credentials "$(aws sts assume-role --role-arn "$1" --role-session-name e2e --output text \
        --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')"
}
new_key() {
    aws iam create-access-key --user-name "$1" --output text \
        --query 'AccessKey.[AccessKeyId,SecretAccessKey]'
}
login() {
    aws ecr get-login-password \
        | skopeo login --tls-verify=false --username AWS --password-stdin "$REGISTRY"
}
copy() { skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "$@"; }
"#;

/// A shell with an image `local` in the folder, and the functions above.
fn shell(server: &Server) -> Shell {
    let shell = Shell::with_docker(server);
    shell.docker_build("local:1", &server.registry());
    shell.success("docker save local:1 --output local.tar");
    shell
}

fn run(shell: &Shell, script: &str) -> String {
    shell.success(&format!("set -euo pipefail\n{USE}{script}"))
}

fn refused(shell: &Shell, script: &str) -> String {
    shell.failure(&format!("set -euo pipefail\n{USE}{script}"))
}

#[test]
fn a_user_with_a_managed_policy_pushes_until_its_key_is_switched_off() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = shell(&server);
    let account = shell.success("aws sts get-caller-identity --query Account --output text");
    shell.success("aws ecr create-repository --repository-name app");
    shell.success("aws iam create-user --user-name ci --tags Key=team,Value=build");
    let key = run(&shell, "new_key ci");
    let denied = refused(&shell, &format!("use_credentials '{key}'; login"));
    let sentence = format!(
        "User: arn:aws:iam::{account}:user/ci is not authorized to perform: \
         ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the \
         ecr:GetAuthorizationToken action"
    );
    assert!(denied.contains(&sentence), "{denied}");
    shell.success(
        "aws iam attach-user-policy --user-name ci \
         --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess",
    );
    let who = run(
        &shell,
        &format!("use_credentials '{key}'; aws sts get-caller-identity --query Arn --output text"),
    );
    assert_eq!(who, format!("arn:aws:iam::{account}:user/ci"));
    let push = "copy docker-archive:local.tar docker://$REGISTRY/app:1";
    run(&shell, &format!("use_credentials '{key}'; login; {push}"));
    let id = key.split_whitespace().next().unwrap_or_default();
    shell.success(&format!(
        "aws iam update-access-key --user-name ci --access-key-id {id} --status Inactive"
    ));
    // The token of that login would be good for twelve hours.
    let off = refused(&shell, "copy docker-archive:local.tar docker://$REGISTRY/app:2");
    assert!(off.contains("unauthorized") || off.contains("Not Authorized"), "{off}");
}

#[test]
fn ci_pushes_by_its_role_and_the_cluster_only_pulls_by_its_own() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = shell(&server);
    let account = shell.success("aws sts get-caller-identity --query Account --output text");
    shell.success("aws ecr create-repository --repository-name app");
    shell.success("aws iam create-user --user-name runner");
    let key = run(&shell, "new_key runner");
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"arn:aws:iam::{account}:user/runner"}}}}]}}"#
    );
    for (role, policy) in [("ci", "PowerUser"), ("cluster", "PullOnly")] {
        shell.success(&format!(
            "aws iam create-role --role-name {role} --assume-role-policy-document '{trust}'"
        ));
        shell.success(&format!(
            "aws iam attach-role-policy --role-name {role} \
             --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{policy}"
        ));
    }
    let assume = |role: &str| {
        format!("use_credentials '{key}'; assume arn:aws:iam::{account}:role/{role}; login; ")
    };
    run(
        &shell,
        &format!("{} copy docker-archive:local.tar docker://$REGISTRY/app:1", assume("ci")),
    );
    run(&shell, &format!("{} copy docker://$REGISTRY/app:1 dir:pulled", assume("cluster")));
    let push = "copy docker-archive:local.tar docker://$REGISTRY/app:2";
    let denied = refused(&shell, &format!("{} {push}", assume("cluster")));
    assert!(denied.contains("403"), "{denied}");
    let begin = "aws ecr initiate-layer-upload --repository-name app";
    let denied = refused(&shell, &format!("{} {begin}", assume("cluster")));
    let who = format!("User: arn:aws:sts::{account}:assumed-role/cluster/e2e is not authorized");
    assert!(denied.contains(&who), "{denied}");

    // What the simulator says is what happened.
    let simulated = shell.success(&format!(
        "aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::{account}:role/cluster \
         --action-names ecr:PutImage ecr:BatchGetImage --output text \
         --query 'EvaluationResults[].EvalDecision'"
    ));
    assert_eq!(simulated, "implicitDeny\tallowed");

    // A role that is gone takes its sessions along, and the logins made with them.
    run(&shell, &format!("{} true", assume("cluster")));
    shell.success(
        "aws iam detach-role-policy --role-name cluster \
         --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
    );
    let denied = refused(&shell, "copy docker://$REGISTRY/app:1 dir:again");
    assert!(denied.contains(&who), "{denied}");
    shell.success("aws iam delete-role --role-name cluster");
    refused(&shell, "copy docker://$REGISTRY/app:1 dir:again");
}

#[test]
fn another_account_pulls_by_the_policy_of_the_repository() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = shell(&server);
    let account = shell.success("aws sts get-caller-identity --query Account --output text");
    shell.success("aws ecr create-repository --repository-name app");
    run(&shell, "login; copy docker-archive:local.tar docker://$REGISTRY/app:1");
    program::run(&mut server.command(&format!("account create {OTHER}"))).success();
    let exports = program::run(&mut server.command(&format!("env --account {OTHER}"))).success();
    let theirs = |script: &str| format!("{exports}\n{script}");
    // Names of registries lead to this machine only where somebody makes them; the API needs none.
    let image = format!("--registry-id {account} --repository-name app");
    let get = format!(
        "aws ecr batch-get-image {image} --image-ids imageTag=1 --output text \
         --query 'images[0].imageManifest'"
    );
    let denied = refused(&shell, &theirs(&get));
    let sentence = format!(
        "User: arn:aws:iam::{OTHER}:root is not authorized to perform: ecr:BatchGetImage on \
         resource: arn:aws:ecr:"
    );
    assert!(denied.contains(&sentence), "{denied}");
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{OTHER}:root"}},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}}]}}"#
    );
    shell.success(&format!(
        "aws ecr set-repository-policy --repository-name app --policy-text '{policy}'"
    ));
    let manifest = run(&shell, &theirs(&get));
    let manifest: Value = serde_json::from_str(&manifest).expect("a manifest");
    let layer = manifest["layers"][0]["digest"].as_str().expect("a layer").to_owned();
    let url = run(
        &shell,
        &theirs(&format!(
            "aws ecr get-download-url-for-layer {image} --layer-digest {layer} --output text \
             --query downloadUrl"
        )),
    );
    assert!(url.contains("/v2/"), "{url}");
    // And by the registry's own name, as a client of images pulls it.
    let host = format!("{account}.dkr.ecr.us-east-1.localhost");
    let hosts = format!("127.0.0.1 localhost {host}\n");
    std::fs::write(shell.home().join("hosts"), hosts).expect("a file");
    let pull = format!(
        "export NAMED={host}:${{REGISTRY##*:}}\n\
         unshare --mount bash -euo pipefail -c 'mount --bind hosts /etc/hosts\n\
         aws ecr get-login-password | skopeo login --tls-verify=false --username AWS \
         --password-stdin $NAMED\n\
         skopeo copy --quiet --src-tls-verify=false docker://$NAMED/app:1 dir:theirs'"
    );
    run(&shell, &theirs(&pull));
    assert!(shell.home().join("theirs/manifest.json").is_file());
    let push = format!("aws ecr initiate-layer-upload {image}");
    refused(&shell, &theirs(&push));
    let listed = run(&shell, &theirs("aws ecr describe-repositories --query repositories"));
    assert_eq!(listed, "[]", "its own registry is empty");

    // Who owns the installation may hold the whole account to less.
    let guardrail = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"ecr:BatchGetImage","Resource":"*"}}"#;
    let file = shell.home().join("guardrail.json");
    std::fs::write(&file, guardrail).expect("a file");
    let put = format!("account guardrail put {OTHER} no-pulls {}", file.display());
    program::run(&mut server.command(&put)).success();
    let denied = refused(&shell, &theirs(&get));
    assert!(denied.contains("with an explicit deny in a service control policy"), "{denied}");
    let explain = format!(
        "explain --principal arn:aws:iam::{OTHER}:root --action ecr:BatchGetImage \
         --resource arn:aws:ecr:us-east-1:{account}:repository/app"
    );
    let told = program::run(&mut server.command(&explain)).success();
    assert!(told.contains("no-pulls"), "{told}");
}
