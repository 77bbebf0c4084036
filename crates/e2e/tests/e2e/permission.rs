//! Users who may do some things and not others, and keys that are switched off.

use serde_json::{Value, json};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::program;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const NEEDS: [Client; 2] = [Client::Aws, Client::Docker];
const READ_ONLY: &str = "AmazonEC2ContainerRegistryReadOnly";

/// An access key of a new user.
struct Key {
    id: String,
    secret: String,
}

fn create_user(server: &Server, name: &str, options: &[&str]) -> Key {
    let mut create = server.command(&format!("user create {name}"));
    program::run(create.args(options)).success();
    let mut create = server.command(&format!("key create {name}"));
    let key = program::run(create.arg("--json")).success();
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let member = |name: &str| key[name].as_str().expect("a member").to_owned();
    Key { id: member("access_key_id"), secret: member("secret_access_key") }
}

#[test]
fn a_read_only_user_pulls_and_does_not_push() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let root = Shell::with_docker(&server);
    let account = root.success("aws sts get-caller-identity --query Account --output text");
    root.success("aws ecr create-repository --repository-name app");
    root.docker_login();
    root.docker_build("$REGISTRY/app:1", &server.registry());
    root.success("docker push $REGISTRY/app:1");

    let key = create_user(&server, "reader", &["--managed", READ_ONLY]);
    let reader = Shell::with_docker(&server).with_key(&key.id, &key.secret);
    let arn = reader.success("aws sts get-caller-identity --query Arn --output text");
    assert_eq!(arn, format!("arn:aws:iam::{account}:user/reader"));
    reader.docker_login();
    reader.success("docker pull $REGISTRY/app:1");

    let resource = format!("arn:aws:ecr:us-east-1:{account}:repository/app");
    let denied = |action: &str| {
        format!(
            "User: {arn} is not authorized to perform: ecr:{action} on resource: {resource} \
             because no identity-based policy allows the ecr:{action} action"
        )
    };
    reader.docker_build("$REGISTRY/app:2", "of the reader");
    let refused = reader.failure("docker push $REGISTRY/app:2");
    assert!(refused.contains(&denied("InitiateLayerUpload")), "{refused}");
    let refused =
        reader.failure("aws ecr batch-delete-image --repository-name app --image-ids imageTag=1");
    assert!(refused.contains("AccessDeniedException"), "{refused}");
    assert!(refused.contains(&denied("BatchDeleteImage")), "{refused}");
}

#[test]
fn a_policy_holds_for_the_repositories_it_names() {
    let server = Server::start();
    let root = Api::root(&server);
    for name in ["team/app", "other/app"] {
        root.create_repository(name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.json");
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/team/*" },
        { "Effect": "Deny", "Action": "ecr:DeleteRepository", "Resource": "*" },
    ] });
    std::fs::write(&policy, document.to_string()).expect("a file can be written");
    let key = create_user(&server, "builder", &["--policy", &policy.display().to_string()]);
    let user = Api::with_key(&server, &key.id, &key.secret);
    let message = |operation: &str, repository: &str| {
        let answer = user.call(operation, &json!({ "repositoryName": repository }));
        let answer = answer.expect("an answer");
        (answer.status, answer.body["message"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(message("ListImages", "team/app").0, 200);
    let (status, text) = message("ListImages", "other/app");
    assert_eq!(status, 400);
    assert!(text.contains("because no identity-based policy allows"), "{text}");
    let (status, text) = message("DeleteRepository", "team/app");
    assert_eq!(status, 400);
    assert!(text.ends_with("with an explicit deny in an identity-based policy"), "{text}");
    // Whoever may see neither cannot tell what is forbidden from what is not there.
    let absent = message("ListImages", "other/absent").1;
    assert_eq!(absent.replace("absent", "app"), message("ListImages", "other/app").1);
}

#[test]
fn a_key_that_is_switched_off_stops_a_docker_that_is_logged_in() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let root = Shell::with_docker(&server);
    root.success("aws ecr create-repository --repository-name app");
    root.docker_login();
    root.docker_build("$REGISTRY/app:1", &server.registry());
    root.success("docker push $REGISTRY/app:1");
    let key = create_user(&server, "reader", &["--managed", READ_ONLY]);
    let reader = Shell::with_docker(&server).with_key(&key.id, &key.secret);
    reader.docker_login();
    reader.success("docker pull $REGISTRY/app:1");

    let set = |what: &str| program::run(&mut server.command(&format!("key {what} {}", key.id)));
    set("disable").success();
    reader.failure("docker pull $REGISTRY/app:1");
    let refused = reader.failure("aws ecr get-login-password");
    assert!(refused.contains("UnrecognizedClientException"), "{refused}");
    set("enable").success();
    reader.success("docker pull $REGISTRY/app:1");
    program::run(&mut server.command("user delete reader")).success();
    reader.failure("docker pull $REGISTRY/app:1");
    root.success("docker pull $REGISTRY/app:1");
}
