//! The audit log of the program as a process: it is read beside the running server, has all that was
//! acknowledged before a `kill -9`, and has no secret in it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::{Distribution, expect, location};
use wharfinger_e2e::http::{Body, Request};
use wharfinger_e2e::image::{Image, OCI_MANIFEST};
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::{program, scratch, wait};

const WRITERS: u64 = 3;
const CYCLES: u64 = 4;
const PULLER: &str = r#"{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchGetImage"],"Resource":"*"}]}"#;

/// What one writer was told is done: the operation, and what its record must name.
type Acknowledged = Vec<(&'static str, String)>;

/// The records that `wharfinger audit` finds, oldest first.
fn records(server: &Server, filters: &[&str]) -> Vec<Value> {
    let mut command = server.command("audit");
    command.args(["--json", "--limit", "0", "--order", "oldest"]).args(filters);
    let printed = program::run(&mut command).success();
    printed.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
}

#[test]
fn what_was_acknowledged_is_on_record_after_a_kill_at_any_moment() {
    let mut server = Server::start();
    let mut seed = Seed::new(1);
    Api::root(&server).create_repository("app");
    let mut kept: Acknowledged = vec![("CreateRepository", "app".into())];
    for cycle in 0..CYCLES {
        let distribution = Distribution::root(&server);
        let (count, moment) = (AtomicU64::new(0), 1 + seed.below(60));
        let written = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (distribution, count) = (&distribution, &count);
                    let seed = Seed::new(2 + cycle * WRITERS + writer);
                    scope.spawn(move || write(distribution, seed, count))
                })
                .collect();
            wait::until("acknowledgements", Duration::from_secs(120), || {
                let all_ended = writers.iter().all(std::thread::ScopedJoinHandle::is_finished);
                assert!(!all_ended, "the server refuses to be written to:\n{}", server.log());
                (count.load(Ordering::Relaxed) >= moment).then_some(())
            });
            server.kill();
            let ended = writers.into_iter().map(|writer| writer.join().expect("a writer ends"));
            ended.flatten().collect::<Acknowledged>()
        });
        kept.extend(written);
        server.restart();
        verify(&records(&server, &[]), &kept);
    }
    assert!(kept.len() > 20, "only {} writes were acknowledged in all", kept.len());
}

/// Each write is there, and the steps of an upload come before what completed it.
fn verify(records: &[Value], kept: &Acknowledged) {
    let mut places: HashMap<(&str, String), usize> = HashMap::new();
    for (place, record) in records.iter().enumerate() {
        let name = record["eventName"].as_str().expect("a name");
        let (asked, told) = (&record["requestParameters"], &record["responseElements"]);
        let members = ["repositoryName", "uploadId", "imageTag"];
        let asked = members.iter().filter_map(|member| asked[member].as_str());
        let texts = asked.chain(told["uploadId"].as_str()).chain(told["layerDigest"].as_str());
        for text in texts {
            places.insert((name, text.to_owned()), place);
        }
    }
    let mut before = 0;
    for (name, text) in kept {
        let place = places.get(&(*name, text.clone()));
        let place = *place.unwrap_or_else(|| panic!("{name} of {text} is not on record"));
        let follows = matches!(*name, "UploadLayerPart" | "CompleteLayerUpload");
        assert!(!follows || place > before, "{name} of {text} is before what it follows");
        before = place;
    }
}

/// Pushes until the server is gone.
fn write(distribution: &Distribution, mut seed: Seed, count: &AtomicU64) -> Acknowledged {
    let mut kept = Acknowledged::new();
    while push(distribution, &mut seed, &mut kept).is_ok() {
        count.fetch_add(1, Ordering::Relaxed);
    }
    kept
}

fn push(distribution: &Distribution, seed: &mut Seed, kept: &mut Acknowledged) -> io::Result<()> {
    let image = Image::new("amd64", &seed.draw_bytes(1000));
    for blob in [&image.layer, &image.config] {
        let at = distribution.start_upload("app")?;
        let path = at.split('?').next().unwrap_or(&at);
        let upload_id = path.rsplit('/').next().expect("an id").to_owned();
        let part = Request::new("PATCH", &at).body(Body::Whole(&blob.bytes));
        let answer = expect(202, distribution.send(part)?)?;
        let completed = distribution.finish_upload(&location(&answer), &blob.digest, Body::None);
        expect(201, completed?)?;
        // Steps count from here on.
        kept.push(("InitiateLayerUpload", upload_id.clone()));
        kept.push(("UploadLayerPart", upload_id));
        kept.push(("CompleteLayerUpload", blob.digest.clone()));
    }
    let tag = format!("t{}", seed.below(u64::MAX));
    let put = distribution.put_manifest("app", &tag, OCI_MANIFEST, &image.manifest.bytes)?;
    expect(201, put)?;
    kept.push(("PutImage", tag));
    Ok(())
}

#[test]
fn the_log_is_read_beside_the_server_and_has_no_secret_in_it() {
    let server = Server::start();
    let api = Api::root(&server);
    api.create_repository("app");
    let (root, (user, user_secret)) = (Distribution::root(&server), user(&server));
    let image = Image::new("amd64", b"content");
    for blob in [&image.layer, &image.config] {
        root.push_blob("app", &blob.digest, &blob.bytes).expect("a layer");
    }
    let put = root.put_manifest("app", "1", OCI_MANIFEST, &image.manifest.bytes);
    expect(201, put.expect("an answer")).expect("an image");
    let layer = json!({ "repositoryName": "app", "layerDigest": image.layer.digest });
    let url = api.success("GetDownloadUrlForLayer", &layer)["downloadUrl"].to_string();
    let url = url.trim_matches('"');
    let path = url.find("/v2/").expect("a path");
    let pulled = Request::get(&url[path..]).send(server.port()).expect("an answer");
    assert_eq!(pulled.body().expect("the layer"), image.layer.bytes);

    let puts = records(&server, &["--event", "PutImage", "--resource", "app"]);
    assert_eq!(puts.len(), 1);
    assert_eq!(puts[0]["responseElements"]["image"]["imageId"]["imageTag"], "1");
    let (root_login, user_login) = (api.authorization(), user.authorization());
    let guess = format!("Basic {}", STANDARD.encode("AWS:a-password-that-was-guessed"));
    for (authorization, status) in [(&root_login, 405), (&user_login, 403), (&guess, 401)] {
        let put = Request::new("PUT", "/v2/app/manifests/2").header("Authorization", authorization);
        let put = put.header("Content-Type", OCI_MANIFEST).body(Body::Whole(b"{}"));
        assert_eq!(put.send(server.port()).expect("an answer").status, status);
    }
    // What failed is recorded without waiting.
    wait::until("the three that failed", Duration::from_secs(60), || {
        (records(&server, &["--error"]).len() >= 3).then_some(())
    });
    let denied = records(&server, &["--principal", "puller", "--error", "AccessDenied"]);
    assert_eq!(denied[0]["eventName"], "PutImage");

    let mut secrets = vec![server.export("AWS_SECRET_ACCESS_KEY").to_owned(), user_secret];
    let signature = url.split("X-Amz-Signature=").nth(1).expect("a signature");
    secrets.push(signature.split('&').next().unwrap_or_default().to_owned());
    for authorization in [root_login, user_login, guess] {
        let encoded = authorization.trim_start_matches("Basic ").to_owned();
        let login = STANDARD.decode(&encoded).expect("base64");
        let login = String::from_utf8(login).expect("text");
        secrets.push(login.split_once(':').expect("a password").1.to_owned());
        secrets.push(encoded);
    }
    look_for(&server, &secrets);
}

/// A user who may pull, and the secret of its key.
fn user(server: &Server) -> (Api, String) {
    let folder = scratch::folder();
    let policy = folder.path().join("policy.json");
    fs::write(&policy, PULLER).expect("a file can be written");
    program::run(server.command("user create").arg("puller").arg("--policy").arg(&policy))
        .success();
    let key = program::run(server.command("key create").args(["puller", "--json"])).success();
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let text = |name: &str| key[name].as_str().expect("a text").to_owned();
    let secret = text("secret_access_key");
    (Api::with_key(server, &text("access_key_id"), &secret), secret)
}

/// None of these may be in any file of the log.
fn look_for(server: &Server, secrets: &[String]) {
    let files = scratch::files(&server.data_dir().join("audit"));
    assert!(!files.is_empty(), "there is no log");
    for file in files {
        let text = fs::read_to_string(&file).expect("the log is text");
        for secret in secrets {
            assert!(secret.len() > 12 && !text.contains(secret), "{secret} is in the audit log");
        }
    }
}
