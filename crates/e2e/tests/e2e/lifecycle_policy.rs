//! A lifecycle policy put with the AWS CLI is carried out by the server itself, and the audit log
//! says what went by which rule.

use std::time::Duration;

use serde_json::Value;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::{program, wait};

const POLICY: &str = r#"{"rules":[
{"rulePriority":1,"description":"Keep two releases","selection":{"tagStatus":"tagged",
"tagPatternList":["v*"],"countType":"imageCountMoreThan","countNumber":2},
"action":{"type":"expire"}},
{"rulePriority":2,"description":"Expire untagged images after a day","selection":
{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":1},
"action":{"type":"expire"}}]}"#;

#[test]
fn a_policy_put_with_the_cli_is_carried_out_and_on_record() {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let mut digests = Vec::new();
    for number in 1..=4 {
        let image = Image::new("amd64", format!("release {number}").as_bytes());
        for blob in [&image.layer, &image.config] {
            distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob");
        }
        let (tag, manifest) = (format!("v{number}"), &image.manifest);
        let put = distribution.put_manifest("app", &tag, OCI_MANIFEST, &manifest.bytes);
        expect(201, put.expect("an answer")).expect("an image");
        digests.push(manifest.digest.clone());
    }
    let shell = Shell::new(&server);
    shell.success(&format!(
        "aws ecr put-lifecycle-policy --repository-name app --lifecycle-policy-text '{POLICY}'"
    ));
    wait::until("an evaluation", Duration::from_secs(60), || {
        let evaluated = shell.success(
            "aws ecr get-lifecycle-policy --repository-name app \
             --query lastEvaluatedAt --output text",
        );
        (!evaluated.starts_with("1970-01-01")).then_some(())
    });
    let tags = shell.success(
        "aws ecr describe-images --repository-name app --output text \
         --query 'sort(imageDetails[].imageTags[])'",
    );
    assert_eq!(tags, "v3\tv4");
    let missing =
        shell.failure("aws ecr describe-images --repository-name app --image-ids imageTag=v1");
    assert!(missing.contains("ImageNotFoundException"), "{missing}");
    let mut found = Vec::new();
    wait::until("records of it", Duration::from_secs(60), || {
        found = records(&server);
        (!found.is_empty()).then_some(())
    });
    let gone: Vec<&str> = found
        .iter()
        .flat_map(|record| {
            let detail = &record["serviceEventDetails"];
            assert_eq!(detail["repositoryName"], "app", "{record}");
            detail["lifecycleEventImageActions"].as_array().expect("a list")
        })
        .map(|action| {
            assert_eq!(action["rulePriority"], 1);
            action["lifecycleEventImage"]["digest"].as_str().expect("a digest")
        })
        .collect();
    assert_eq!(gone, digests[..2]);
}

/// What the audit log has of evaluations, oldest first.
fn records(server: &Server) -> Vec<Value> {
    let mut command = server.command("audit");
    command.args(["--json", "--limit", "0", "--order", "oldest"]);
    command.args(["--event", "PolicyExecutionEvent"]);
    let printed = program::run(&mut command).success();
    printed.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
}
