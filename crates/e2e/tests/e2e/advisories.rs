//! Advisories that go by way of the registry, as those take them who scan where there is no network:
//! pushed out of one data directory, pulled into another.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::client::{self, Client, available};
use wharfinger_e2e::image::{self, Image};
use wharfinger_e2e::object;
use wharfinger_e2e::scratch;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::shell::Shell;
use wharfinger_e2e::traffic;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus");
const OS_RELEASE: &[u8] = b"ID=debian\nVERSION_ID=\"10\"\n";
const BLOBS: &str = "/v2/team/advisories/blobs/sha256:";
/// Both folders of the story are in the folder in which the lines run.
const PUSH: &str = "$WHARFINGER advisories push --data-dir here $REGISTRY/team/advisories";
const PULL: &str = "$WHARFINGER advisories pull --data-dir there $REGISTRY/team/advisories";

/// A shell that knows the program; with the password that everybody has who uses ECR.
fn shell(server: &Server) -> Shell {
    let mut shell = Shell::new(server);
    shell.set("WHARFINGER", &client::wharfinger().display().to_string());
    shell.set("CORPUS", CORPUS);
    shell
}

fn log_in(shell: &mut Shell) {
    let password = shell.success("aws ecr get-login-password");
    shell.set("WHARFINGER_REGISTRY_PASSWORD", &password);
}

/// As `docker login` leaves it.
fn log_in_with_docker(shell: &mut Shell, server: &Server) {
    let login = Api::root(server).authorization();
    let auth = json!({ "auth": login.trim_start_matches("Basic ") });
    let config = json!({ "auths": { server.registry(): auth } });
    fs::write(shell.home().join("config.json"), config.to_string()).expect("a file");
    let folder = shell.home().display().to_string();
    shell.set("DOCKER_CONFIG", &folder);
}

fn import(shell: &Shell, file: &str) {
    shell.success(&format!("$WHARFINGER advisories import --data-dir here $CORPUS/{file}"));
}

/// Id, dates, sources and all, as `status` shows them.
fn status(shell: &Shell, data_dir: &str) -> Value {
    let told =
        shell.success(&format!("$WHARFINGER advisories status --json --data-dir {data_dir}"));
    serde_json::from_str(&told).expect("JSON")
}

#[test]
fn advisories_are_pushed_and_pulled_and_found_with() {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start_with(&traffic::LOG);
    let mut shell = shell(&server);
    import(&shell, "advisories/debian/DSA.list");
    let push = format!("{PUSH}:buster");
    let nobody = shell.failure(&push);
    assert!(nobody.contains("WHARFINGER_REGISTRY_PASSWORD"), "{nobody}");
    shell.set("WHARFINGER_REGISTRY_PASSWORD", "old");
    let refused = shell.failure(&push);
    assert!(refused.contains("does not accept the password"), "{refused}");
    log_in(&mut shell);
    let absent = shell.failure(&push);
    assert!(absent.contains("aws ecr create-repository --repository-name team/advisories"));
    shell.success("aws ecr create-repository --repository-name team/advisories");
    let pushed = shell.success(&push);
    assert_eq!(shell.success(&push), pushed);
    let uploads = "/v2/team/advisories/blobs/uploads/";
    let sent = traffic::exchanges(&server).iter().filter(|it| it.is("PATCH", uploads)).count();
    assert_eq!(sent, 2, "the bundle and the configuration, once");

    let pull = format!("{PULL}:buster");
    shell.success(&pull);
    assert_eq!(status(&shell, "there"), status(&shell, "here"));
    let again = shell.success(&pull);
    assert!(again.ends_with("nothing new"), "{again}");
    traffic::until(&server, |all| {
        all.iter().find(|it| it.is("GET", BLOBS) && it.status == 304).cloned()
    });
    assert_found(&shell);
}

/// What a saved image of buster has, by the advisories that were pulled.
fn assert_found(shell: &Shell) {
    let packages = Path::new(CORPUS).join("pkgdb/dpkg/scalibr/transitional");
    let packages = fs::read(packages).expect("a database");
    let files = [("etc/os-release", OS_RELEASE), ("var/lib/dpkg/status", packages.as_slice())];
    let images = [Image::of_files("amd64", &files)];
    image::write_layout(&shell.home().join("saved"), "app", &images, &image::index(&images));
    let scan = "$WHARFINGER scan --archive saved --format json --data-dir";
    let report = shell.success(&format!("{scan} there"));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|it| it["vulnerability"] == "CVE-2022-31736");
    assert_eq!(found.expect("DSA-5156-1")["fixed_version"], "91.10.0esr-1~deb10u1");
    assert_eq!(report["advisories"]["id"], status(shell, "here")["id"]);
    shell.failure(&format!("{scan} elsewhere"));
}

#[test]
fn who_may_not_push_is_told_so() {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start();
    let root = shell(&server);
    Api::root(&server).create_repository("team/advisories");
    import(&root, "advisories/kev/kev.jsonl.zst");
    root.success("aws iam create-user --user-name guest");
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchGet*"],"Resource":"*"}}"#;
    root.success(&format!(
        "aws iam put-user-policy --user-name guest --policy-name p --policy-document '{policy}'"
    ));
    let key = root.success(
        "aws iam create-access-key --user-name guest --output text \
         --query AccessKey.[AccessKeyId,SecretAccessKey]",
    );
    let (id, secret) = key.split_once(char::is_whitespace).expect("a key");
    let mut guest = root.with_key(id, secret.trim());
    log_in(&mut guest);
    let refused = guest.failure(&format!("{PUSH}:1"));
    assert!(refused.contains("does not permit it"), "{refused}");
    assert!(refused.contains("ecr:InitiateLayerUpload"), "{refused}");
}

#[test]
fn a_pull_that_breaks_off_leaves_what_was_there_and_is_continued() {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start_with(&traffic::LOG);
    Api::root(&server).create_repository("team/advisories");
    let mut shell = shell(&server);
    log_in_with_docker(&mut shell, &server);
    import(&shell, "advisories/kev/kev.jsonl.zst");
    shell.success(&format!("{PUSH}:1"));
    shell.success(&format!("{PULL}:1"));
    let before = status(&shell, "there");

    import(&shell, "advisories/almalinux/alma-osv.jsonl.zst");
    let before_it = object::files(&server);
    shell.success(&format!("{PUSH}:2"));
    let object = object::files(&server).into_iter().find(|it| !before_it.contains(it));
    object::damage(&object.expect("a bundle is a file"), 500);
    let pull = format!("{PULL}:2");
    // It is damaged in the middle, so that the beginning comes.
    shell.failure(&pull);
    assert_eq!(status(&shell, "there"), before);
    let downloads = shell.home().join("there/advisories/downloads");
    let part = scratch::files(&downloads).into_iter().find(|it| it.extension().is_none());
    let part = part.expect("what came is kept");
    assert!(fs::metadata(&part).expect("a file").len() > 65_536);

    let gone = shell.failure(&pull);
    assert!(gone.contains("push it again"), "{gone}");
    shell.success(&format!("{PUSH}:2"));

    // What came was damaged here as well: that is found before anything is imported.
    object::damage(&part, 500);
    let wrong = shell.failure(&pull);
    assert!(wrong.contains("came instead"), "{wrong}");
    assert_eq!(status(&shell, "there"), before);
    let ranges = |server: &Server| {
        traffic::exchanges(server)
            .iter()
            .filter(|it| it.is("GET", BLOBS) && it.status == 206)
            .count()
    };
    assert!(ranges(&server) > 0, "the rest was asked for, not all");
    shell.success(&pull);
    assert_eq!(status(&shell, "there"), status(&shell, "here"));
    assert_eq!(scratch::files(&downloads).len(), 1, "nothing but the state is left");
}

#[test]
fn a_registry_with_tls_is_believed_by_its_certificate() {
    if !available(&[Client::Aws]) {
        return;
    }
    let server = Server::start_with(&["--tls", "auto"]);
    let mut shell = shell(&server);
    // The push makes the repository.
    shell.success(
        "aws ecr create-repository-creation-template --prefix team --applied-for CREATE_ON_PUSH",
    );
    log_in(&mut shell);
    import(&shell, "advisories/kev/kev.jsonl.zst");
    let unknown = shell.failure(&format!("{PUSH}:1"));
    assert!(unknown.contains("certificate"), "{unknown}");
    shell.set("WHARFINGER_ADVISORIES_CA", server.export("AWS_CA_BUNDLE"));
    shell.success(&format!("{PUSH}:1"));
    shell.success(&format!("{PULL}:1"));
    assert_eq!(status(&shell, "there"), status(&shell, "here"));
}
