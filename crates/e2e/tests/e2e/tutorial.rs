//! The flow of every ECR tutorial, line by line as people type it.

use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;

const NEEDS: [Client; 2] = [Client::Aws, Client::Docker];

#[test]
fn the_flow_of_every_tutorial() {
    if !available(&NEEDS) {
        return;
    }
    let mut server = Server::start();
    let shell = Shell::with_docker(&server);
    let account = shell.success("aws sts get-caller-identity --query Account --output text");
    assert!(
        account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit()),
        "{account}"
    );
    create_repositories(&shell, &server);
    assert!(shell.docker_login().contains("Login Succeeded"));

    shell.docker_build("news-aggregator-api:1", &server.registry());
    for tag in ["v1.0.0", "latest", "sha-abc1234"] {
        shell.success(&format!(
            "docker tag news-aggregator-api:1 $REGISTRY/news-aggregator-api:{tag}"
        ));
        shell.success(&format!("docker push $REGISTRY/news-aggregator-api:{tag}"));
    }
    let digest = look_at_the_images(&shell);

    // What was acknowledged is there after the power was cut, and the login still holds.
    server.kill();
    server.restart();
    pull_what_was_pushed(&shell, &digest);
    delete_what_was_pushed(&shell);
}

fn create_repositories(shell: &Shell, server: &Server) {
    let scanned = shell.success(
        "aws ecr create-repository --repository-name news-aggregator-api \
         --image-scanning-configuration scanOnPush=true \
         --query repository.imageScanningConfiguration.scanOnPush --output text",
    );
    assert_eq!(scanned, "True");
    let settings = shell.success(
        "aws ecr create-repository --repository-name user-service --image-tag-mutability IMMUTABLE \
         --encryption-configuration encryptionType=AES256 --output text --query \
         '[repository.imageTagMutability, repository.encryptionConfiguration.encryptionType]'",
    );
    assert_eq!(settings, "IMMUTABLE\tAES256");
    let uri = shell.success(
        "aws ecr describe-repositories --repository-names user-service \
         --query 'repositories[0].repositoryUri' --output text",
    );
    assert_eq!(uri, format!("{}/user-service", server.registry()));
}

/// Answers the digest that all three tags point at.
fn look_at_the_images(shell: &Shell) -> String {
    let tags = shell.success(
        "aws ecr list-images --repository-name news-aggregator-api \
         --query 'sort(imageIds[].imageTag)' --output text",
    );
    assert_eq!(tags, "latest\tsha-abc1234\tv1.0.0");
    let digest = shell.success(
        "aws ecr describe-images --repository-name news-aggregator-api --image-ids imageTag=v1.0.0 \
         --query 'imageDetails[0].imageDigest' --output text",
    );
    let pushed = shell.success(
        "docker image inspect $REGISTRY/news-aggregator-api:v1.0.0 --format '{{index .RepoDigests 0}}'",
    );
    assert!(pushed.ends_with(&format!("/news-aggregator-api@{digest}")), "{pushed} {digest}");
    let manifest = shell.success(
        "aws ecr batch-get-image --repository-name news-aggregator-api --image-ids imageTag=latest \
         --query 'images[0].imageManifest' --output text",
    );
    assert_eq!(wharfinger_e2e::image::digest(manifest.as_bytes()), digest, "byte for byte");
    digest
}

fn pull_what_was_pushed(shell: &Shell, digest: &str) {
    let before = shell.success("docker image inspect news-aggregator-api:1 --format '{{.Id}}'");
    for reference in [":v1.0.0".to_owned(), format!("@{digest}")] {
        let image = format!("$REGISTRY/news-aggregator-api{reference}");
        // Whatever names the image, it must go, so that the pull fetches every byte of it.
        shell.success("docker image rm --force $(docker image ls --no-trunc --quiet \
             --filter reference='*/news-aggregator-api' --filter reference=news-aggregator-api | sort -u)");
        shell.success(&format!("docker pull {image}"));
        let after = shell.success(&format!("docker image inspect {image} --format '{{{{.Id}}}}'"));
        assert_eq!(after, before);
        shell.success(&format!("docker tag {image} news-aggregator-api:1"));
    }
}

fn delete_what_was_pushed(shell: &Shell) {
    let deleted = shell.success(
        "aws ecr batch-delete-image --repository-name news-aggregator-api \
         --image-ids imageTag=sha-abc1234 imageTag=absent --output text \
         --query '[imageIds[0].imageTag, failures[0].failureCode]'",
    );
    assert_eq!(deleted, "sha-abc1234\tImageNotFound");
    let refused = shell.failure("aws ecr delete-repository --repository-name news-aggregator-api");
    assert!(refused.contains("RepositoryNotEmptyException"), "{refused}");
    let uri = shell.success(
        "aws ecr delete-repository --force --repository-name news-aggregator-api \
         --query repository.repositoryName --output text",
    );
    assert_eq!(uri, "news-aggregator-api");
    let gone = shell.failure("docker pull $REGISTRY/news-aggregator-api:v1.0.0");
    assert!(
        gone.contains("does not exist in the registry") || gone.contains("not found"),
        "{gone}"
    );
}

#[test]
fn an_immutable_tag_holds_on_both_surfaces() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::with_docker(&server);
    shell.success(
        "aws ecr create-repository --repository-name user-service --image-tag-mutability IMMUTABLE",
    );
    shell.docker_login();
    let image = "$REGISTRY/user-service";
    shell.docker_build(&format!("{image}:v1.0.0"), "the first");
    shell.success(&format!("docker push {image}:v1.0.0"));
    shell.success(&format!("docker push {image}:v1.0.0"));

    let message = "The image tag 'v1.0.0' already exists in the 'user-service' repository and \
                   cannot be overwritten because the tag is immutable.";
    shell.docker_build(&format!("{image}:v1.0.0"), "the second");
    let refused = shell.failure(&format!("docker push {image}:v1.0.0"));
    assert!(refused.contains(message), "{refused}");

    shell.success(&format!("docker tag {image}:v1.0.0 {image}:v2.0.0"));
    shell.success(&format!("docker push {image}:v2.0.0"));
    let refused = shell.failure(
        "MANIFEST=$(aws ecr batch-get-image --repository-name user-service --image-ids imageTag=v2.0.0 \
         --query 'images[0].imageManifest' --output text) && \
         aws ecr put-image --repository-name user-service --image-tag v1.0.0 --image-manifest \"$MANIFEST\"",
    );
    assert!(refused.contains("ImageTagAlreadyExistsException"), "{refused}");
    assert!(refused.contains(message), "{refused}");
}

#[test]
fn an_image_put_through_the_api_is_pulled_by_docker() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::with_docker(&server);
    shell.success("aws ecr create-repository --repository-name app");
    shell.docker_login();
    shell.docker_build("$REGISTRY/app:1", &server.registry());
    shell.success("docker push $REGISTRY/app:1");
    let id = shell.success("docker image inspect $REGISTRY/app:1 --format '{{.Id}}'");
    shell.success(
        "MANIFEST=$(aws ecr batch-get-image --repository-name app --image-ids imageTag=1 \
         --query 'images[0].imageManifest' --output text) && \
         aws ecr put-image --repository-name app --image-tag stable --image-manifest \"$MANIFEST\"",
    );
    shell.success("docker image rm $REGISTRY/app:1");
    shell.success("docker pull $REGISTRY/app:stable");
    let pulled = shell.success("docker image inspect $REGISTRY/app:stable --format '{{.Id}}'");
    assert_eq!(pulled, id);
}

#[test]
fn names_that_are_not_there_and_logins_that_are_wrong() {
    if !available(&NEEDS) {
        return;
    }
    let server = Server::start();
    let shell = Shell::with_docker(&server);
    let refused =
        shell.failure("echo wrong | docker login --username AWS --password-stdin $REGISTRY");
    assert!(refused.contains("401") || refused.contains("400"), "{refused}");
    shell.docker_build("$REGISTRY/absent:1", &server.registry());
    let refused = shell.failure("docker push $REGISTRY/absent:1");
    assert!(refused.contains("no basic auth credentials"), "{refused}");
    shell.docker_login();
    let refused = shell.failure("docker push $REGISTRY/absent:1");
    let message = "The repository with name 'absent' does not exist in the registry with id";
    assert!(refused.contains(message), "{refused}");
    let refused = shell.failure("aws ecr list-images --repository-name absent");
    assert!(refused.contains("RepositoryNotFoundException"), "{refused}");
    assert!(refused.contains(message), "{refused}");
    let refused = shell.failure("AWS_SECRET_ACCESS_KEY=wrong aws ecr describe-repositories");
    assert!(refused.contains("InvalidSignatureException"), "{refused}");
    let refused =
        shell.failure("AWS_ACCESS_KEY_ID=AKIAAAAAAAAAAAAAAAAA aws ecr describe-repositories");
    assert!(refused.contains("UnrecognizedClientException"), "{refused}");
}
