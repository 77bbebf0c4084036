//! A pipeline pushes with no stored secret: its OpenID Connect token, of a provider with TLS and keys
//! of its own, is all that the AWS CLI has, by the settings that GitHub's and GitLab's pipelines use.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use wharfinger_e2e::client::{self, Client, available};
use wharfinger_e2e::scratch;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const PROVIDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/oidc_provider.py");

/// Ends with the test: its standard input is closed then.
struct Provider {
    child: Child,
    port: String,
}

impl Provider {
    fn start(folder: &std::path::Path) -> Self {
        let mut python = Command::new(client::aws_bin().join("python"));
        python.arg(PROVIDER).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().expect("a python");
        let mut port = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut port).expect("the port");
        Self { child, port: port.trim().to_owned() }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn a_pipeline_pushes_with_nothing_but_its_token() {
    if !available(&[Client::Aws, Client::Docker, Client::OpenSsl]) {
        return;
    }
    let folder = scratch::folder();
    let provider = Provider::start(folder.path());
    let host = format!("localhost:{}", provider.port);
    let ca = folder.path().join("ca.pem").display().to_string();
    let server = Server::start_with(&["--oidc-allow-host", &host, "--oidc-ca", &ca]);
    let root = Shell::with_docker(&server);
    let account = root.success("aws sts get-caller-identity --query Account --output text");
    root.success("aws ecr create-repository --repository-name app");
    root.success(&format!(
        "aws iam create-open-id-connect-provider --url https://{host} \
         --client-id-list sts.amazonaws.com"
    ));
    let trust = |subject: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{{"Federated":"arn:aws:iam::{account}:oidc-provider/{host}"}},"Condition":{{"StringEquals":{{"{host}:aud":"sts.amazonaws.com","{host}:sub":"{subject}"}}}}}}]}}"#
        )
    };
    root.success(&format!(
        "aws iam create-role --role-name pipeline --assume-role-policy-document '{}'",
        trust("repo:acme/app:ref:refs/heads/main")
    ));
    root.success(
        "aws iam attach-role-policy --role-name pipeline \
         --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser",
    );

    let token = folder.path().join("token");
    let pipeline = |line: &str| {
        format!(
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n\
             export AWS_WEB_IDENTITY_TOKEN_FILE={} AWS_ROLE_SESSION_NAME=run-7 \
             AWS_ROLE_ARN=arn:aws:iam::{account}:role/pipeline\n{line}",
            token.display()
        )
    };
    let who = root.success(&pipeline("aws sts get-caller-identity --query Arn --output text"));
    assert_eq!(who, format!("arn:aws:sts::{account}:assumed-role/pipeline/run-7"));
    root.docker_build("$REGISTRY/app:1", &server.registry());
    root.success(&pipeline(
        "aws ecr get-login-password \
         | docker login --username AWS --password-stdin $REGISTRY && docker push $REGISTRY/app:1",
    ));
    let used = root.success(
        "aws iam get-role --role-name pipeline --query Role.RoleLastUsed.LastUsedDate --output text",
    );
    assert_ne!(used, "None", "the role knows when it was used");

    // Another branch may not, and learns nothing but that.
    root.success(&format!(
        "aws iam update-assume-role-policy --role-name pipeline --policy-document '{}'",
        trust("repo:acme/app:ref:refs/heads/release")
    ));
    let anew = "rm -rf ~/.aws/cli/cache; aws sts get-caller-identity";
    let refused = root.failure(&pipeline(anew));
    assert!(
        refused.contains("Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        "{refused}"
    );
}
