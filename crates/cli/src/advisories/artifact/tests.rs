//! An artifact that goes to a registry and comes back elsewhere.

use std::io::Cursor;
use std::path::Path;

use clap::Parser;
use wharfinger_advisories::Store;
use wharfinger_server::HttpClient;

use super::super::loopback::Loopback;
use super::super::{AdvisoriesArguments, run};
use super::registry::Registry;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: AdvisoriesArguments,
}

async fn advisories(data_dir: &Path, line: &str) -> anyhow::Result<()> {
    let words = ["wharfinger"].into_iter().chain(line.split_whitespace());
    let directory = ["--data-dir", data_dir.to_str().unwrap()];
    run(Line::try_parse_from(words.chain(directory))?.arguments).await
}

#[tokio::test]
async fn advisories_go_by_way_of_a_registry() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Loopback::start();
    server.content.lock().unwrap().authorization = Some("Basic QVdTOnNlY3JldA==".into());
    let file = here.path().join("epss.csv");
    std::fs::write(&file, "cve,epss,percentile\nCVE-2021-7,0.5,0.5\n").unwrap();
    advisories(here.path(), &format!("import {}", file.display())).await.unwrap();
    advisories(here.path(), "status").await.unwrap();
    let image = format!("{}/team/advisories:1", server.address);
    let refused = advisories(here.path(), &format!("push {image}")).await.unwrap_err();
    assert!(refused.to_string().contains("WHARFINGER_REGISTRY_PASSWORD"), "{refused}");

    let login = "--password secret";
    advisories(here.path(), &format!("push {image} {login}")).await.unwrap();
    let manifest = server.content.lock().unwrap().files["/v2/team/advisories/manifests/1"].clone();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["artifactType"], "application/vnd.wharfinger.advisories.v1");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json");

    advisories(there.path(), &format!("pull {image} {login}")).await.unwrap();
    let store = Store::new(&there.path().join("advisories"));
    let database = store.current().unwrap().unwrap();
    assert!(database.epss("CVE-2021-7").unwrap().is_some());
    // The second time there is nothing to fetch.
    server.log();
    advisories(there.path(), &format!("pull {image} {login}")).await.unwrap();
    assert!(server.log().last().unwrap().ends_with(" 304"));

    // And as a file.
    let bundle = here.path().join("advisories.bundle");
    advisories(here.path(), &format!("export {}", bundle.display())).await.unwrap();
    let third = tempfile::tempdir().unwrap();
    advisories(third.path(), &format!("import {}", bundle.display())).await.unwrap();
    assert!(Store::new(&third.path().join("advisories")).current().unwrap().is_some());
}

#[tokio::test]
async fn what_is_no_artifact_of_advisories_is_refused() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Loopback::start());
    let image = format!("{}/team/app:1", server.address);
    let layer = |digest: &str| {
        format!(
            r#"{{"schemaVersion":2,"artifactType":"application/vnd.wharfinger.advisories.v1","config":{{"mediaType":"x","digest":"x","size":2}},
            "layers":[{{"mediaType":"application/vnd.wharfinger.advisories.bundle.v1+zstd","digest":"{digest}","size":5}}]}}"#
        )
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    server.put(&format!("/v2/team/app/blobs/{digest}"), "wrong");
    for (manifest, expected) in [
        (layer(&digest).replace("advisories.v1", "sbom.v1"), "and no advisories"),
        (layer("sha256:../../x"), "none of SHA-256"),
        (layer(&digest).replace("bundle.v1+zstd", "bundle.v2"), "it has no bundle"),
        (layer(&digest), "came instead"),
        ("[]".into(), "cannot be read"),
    ] {
        server.put("/v2/team/app/manifests/1", manifest);
        let error = advisories(folder.path(), &format!("pull {image}")).await.unwrap_err();
        let error = crate::chain(&error);
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let error =
        advisories(folder.path(), &format!("pull {}/a/b:2", server.address)).await.unwrap_err();
    assert!(error.to_string().contains("/v2/a/b/manifests/2"), "{error}");
}

/// Imports an EPSS file of one CVE, and pushes it under a tag.
async fn push(folder: &Path, id: &str, image: &str) {
    let file = folder.join("epss.csv");
    std::fs::write(&file, format!("cve,epss,percentile\n{id},0.5,0.5\n")).unwrap();
    advisories(folder, &format!("import {}", file.display())).await.unwrap();
    advisories(folder, &format!("push {image}")).await.unwrap();
}

#[tokio::test]
async fn an_earlier_bundle_can_be_pulled_again() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Loopback::start();
    let image = |tag: u32| format!("{}/team/advisories:{tag}", server.address);
    push(here.path(), "CVE-2021-1", &image(1)).await;
    // The same again is the same bundle.
    let count = server.content.lock().unwrap().files.len();
    advisories(here.path(), &format!("push {}", image(1))).await.unwrap();
    assert_eq!(server.content.lock().unwrap().files.len(), count);
    push(here.path(), "CVE-2021-2", &image(2)).await;
    let store = Store::new(&there.path().join("advisories"));
    for (tag, id) in [(1, "CVE-2021-1"), (2, "CVE-2021-2"), (1, "CVE-2021-1")] {
        advisories(there.path(), &format!("pull {}", image(tag))).await.unwrap();
        assert!(store.current().unwrap().unwrap().epss(id).unwrap().is_some(), "{tag}");
    }
    // What was imported and is lost is fetched again.
    std::fs::remove_file(there.path().join("advisories/current")).unwrap();
    advisories(there.path(), &format!("pull {}", image(1))).await.unwrap();
    let store = Store::new(&there.path().join("advisories"));
    assert!(store.current().unwrap().is_some());
}

#[tokio::test]
async fn an_upload_that_broke_off_goes_on() {
    let (server, client) = (Loopback::start(), HttpClient::default());
    let image = format!("{}/team/advisories:1", server.address).parse().unwrap();
    let mut registry = Registry::find(&client, &image, false, None).await.unwrap();
    let content: Vec<u8> = (0..20_u32 << 20).map(|number| (number >> 8) as u8).collect();
    let path = "/v2/team/advisories/blobs/uploads/1?state=a";
    server.content.lock().unwrap().cut.insert(path.into(), 5_000_000);
    let size = content.len() as u64;
    registry.push_blob("sha256:00", size, Cursor::new(&content)).await.unwrap();
    let files = &server.content.lock().unwrap().files;
    assert!(files["/v2/team/advisories/blobs/sha256:00"] == content);
}
