//! The archive as people use it: an image out of the way with the AWS CLI, and back, with a directory
//! of its own for its bytes and without.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::program;
use wharfinger_e2e::scratch;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::wait;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_image_is_archived_and_restored() {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start();
    archive_and_restore(&server, "", &mut |_| {});
}

#[test]
fn an_archive_with_a_directory_of_its_own_holds_the_bytes() {
    if !available(&[Client::Aws]) {
        return;
    }
    let folder = scratch::folder();
    let cold = folder.path().join("cold");
    let flag = format!(" --archive-dir {}", cold.display());
    let server = Server::start_with(&["--archive-dir", &cold.display().to_string()]);
    archive_and_restore(&server, &flag, &mut |archived| {
        let held = wait::until("the archive to hold what is archived", PATIENCE, || {
            let files = files(&cold.join("objects"));
            (files == usize::from(archived)).then_some(files)
        });
        assert_eq!(files(&server.data_dir().join("objects")), 1 - held);
        if archived {
            let refused = program::run(&mut server.command("usage")).failure();
            assert!(refused.contains("--archive-dir"), "{refused}");
        }
    });
}

/// `look` is told whether the bytes belong into the archive now.
fn archive_and_restore(server: &Server, flag: &str, look: &mut dyn FnMut(bool)) {
    let (shell, distribution) = (Shell::new(server), Distribution::root(server));
    shell.success("aws ecr create-repository --repository-name app");
    let image = Image::new("amd64", &Seed::new(3).draw_bytes(500_000));
    push(&distribution, &image);
    let status = "aws ecr describe-images --repository-name app --image-ids imageTag=v1 \
                  --query 'imageDetails[0].imageStatus' --output text";
    let list = "aws ecr list-images --repository-name app --query 'imageIds[].imageTag' \
                --output text";
    let update = |class: &str| {
        shell.success(&format!(
            "aws ecr update-image-storage-class --repository-name app --image-id imageTag=v1 \
             --target-storage-class {class} --query imageStatus --output text"
        ))
    };
    assert_eq!((shell.success(status), shell.success(list)), ("ACTIVE".into(), "v1".into()));
    assert_eq!(update("ARCHIVE"), "ARCHIVED");
    assert_eq!(shell.success(status), "ARCHIVED");
    assert_ne!(shell.success(list), "v1");
    let failure = shell.success(
        "aws ecr batch-get-image --repository-name app --image-ids imageTag=v1 \
         --query 'failures[0].failureCode' --output text",
    );
    assert_eq!(failure, "ImageInaccessible");
    let refused = distribution.pull_manifest("app", "v1").expect_err("it is archived");
    assert!(refused.to_string().contains("404"), "{refused}");
    look(true);
    let usage = program::run(&mut server.command(&format!("usage --json{flag}"))).success();
    let usage: Value = serde_json::from_str(&usage).expect("JSON");
    let bytes = (image.layer.bytes.len() + image.config.bytes.len()) as u64;
    assert_eq!(usage["total"]["archived_bytes"], bytes, "{usage}");
    assert_eq!(usage["total"]["archived_images"], 1, "{usage}");

    assert_eq!(update("STANDARD"), "ACTIVATING");
    wait::until("the image to be restored", PATIENCE, || {
        (shell.success(status) == "ACTIVE").then_some(())
    });
    assert_eq!(shell.success(list), "v1");
    let manifest = distribution.pull_manifest("app", "v1").expect("a manifest");
    assert!(manifest == image.manifest.bytes);
    look(false);
    for blob in [&image.layer, &image.config] {
        assert!(distribution.pull_blob("app", &blob.digest).expect("a blob") == blob.bytes);
    }
}

fn push(distribution: &Distribution, image: &Image) {
    for blob in [&image.layer, &image.config] {
        distribution.push_blob("app", &blob.digest, &blob.bytes).expect("a blob");
    }
    let put = distribution.put_manifest("app", "v1", OCI_MANIFEST, &image.manifest.bytes);
    expect(201, put.expect("an answer")).expect("a manifest");
}

fn files(objects: &Path) -> usize {
    let folders = fs::read_dir(objects).expect("the objects can be listed");
    let folders = folders.map(|entry| entry.expect("an entry").path());
    folders.map(|folder| fs::read_dir(folder).expect("a folder can be listed").count()).sum()
}
