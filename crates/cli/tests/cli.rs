//! The built binary, as a person meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there and then")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

#[path = "cli/accounts.rs"]
mod accounts;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/jobs.rs"]
mod jobs;
#[path = "cli/scan.rs"]
mod scan;
#[path = "cli/tls.rs"]
mod tls;
#[path = "cli/undelete.rs"]
mod undelete;

/// A home directory of its own, so that nothing of the machine is seen.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharfinger"));
        command.env_clear().env("HOME", self.folder.path());
        command.env("WHARFINGER_DATA_DIR", self.data_dir()).args(line.split_whitespace());
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// What a command that must succeed prints.
    fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", error_of(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(line)).unwrap()
    }

    /// What a command that must fail says on standard error.
    fn fails(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        let error = error_of(&output);
        assert!(error.starts_with("error: ") && error.trim_end().lines().count() == 1, "{error}");
        error
    }

    fn serve(&self, more: &str) -> Server {
        Server::spawn(self.command(&format!("serve --listen 127.0.0.1:0 --log warn {more}")))
    }
}

fn error_of(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

struct Server {
    child: Child,
    /// What it prints up to the docker login.
    greeting: Vec<String>,
}

impl Server {
    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let greeting = lines.take_while(|line| !line.contains("docker login")).collect();
        Self { child, greeting }
    }

    fn url(&self) -> &str {
        let (_, rest) = self.greeting[0].split_once(" listens on ").unwrap();
        rest.split_once(' ').unwrap().0
    }

    fn signal(&mut self, name: &str) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a script prints in a POSIX shell.
fn in_shell(script: &str) -> String {
    let mut shell = Command::new("sh");
    shell.env_clear().env("PATH", "/usr/bin:/bin").args(["-c", script]);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{script}: {}", error_of(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn get(url: &str, path: &str) -> String {
    let port = url.rsplit_once(':').unwrap().1;
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn serve_says_what_to_do_next_and_it_works() {
    let home = Home::new();
    let mut server = home.serve("");
    let text = server.greeting.join("\n");
    let credentials = home.data_dir().join("credentials");
    assert!(text.contains(credentials.to_str().unwrap()), "{text}");
    assert!(server.url().starts_with("http://localhost:"), "{text}");
    assert!(get(server.url(), "/health/ready").ends_with("ready\n"));

    let eval = server.greeting.iter().find(|line| line.contains("eval ")).unwrap();
    let other = "AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN \
                 AWS_ENDPOINT_URL_ECR AWS_ENDPOINT_URL_STS AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
    let script = format!("for name in {other}; do export $name=other; done; {eval}; env");
    let exported = in_shell(&script);
    assert!(!exported.contains("=other"), "{exported}");
    let secret = fs::read_to_string(credentials).unwrap();
    for expected in [
        format!("AWS_ENDPOINT_URL={}", server.url()),
        "AWS_DEFAULT_REGION=us-east-1".to_owned(),
        "AWS_REGION=us-east-1".to_owned(),
    ] {
        assert!(exported.lines().any(|line| line == expected), "{expected} in {exported}");
    }
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let value = exported.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        let kept = secret
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{} = ", name.to_ascii_lowercase())));
        assert!(value.is_some() && value == kept, "{name}");
    }
    assert_eq!(server.signal("-TERM"), 0);

    // A stopped server leaves the exports of one that would be started.
    let stopped = home.run("env --listen localhost:99");
    assert!(error_of(&stopped).starts_with("warning: no server runs"));
    assert!(
        String::from_utf8_lossy(&stopped.stdout).contains("AWS_ENDPOINT_URL=http://localhost:99\n")
    );

    let again = home.serve("--region eu-west-1");
    assert!(!again.greeting.join("\n").contains("root access key was made"));
    assert!(home.ok("env").contains("export AWS_REGION=eu-west-1\n"));
}

#[test]
fn a_killed_server_is_no_running_server() {
    let home = Home::new();
    let mut server = home.serve("");
    server.signal("-KILL");
    assert!(home.data_dir().join("server.json").exists());
    assert!(error_of(&home.run("env")).starts_with("warning: no server runs"));
    home.serve("");
}

#[test]
fn without_a_registry_each_command_says_how_to_start_one() {
    let home = Home::new();
    for line in ["env", "user list", "key list", "key create --root", "kms list-keys", "jobs"] {
        assert!(home.fails(line).contains("wharfinger serve"), "{line}");
    }
    assert!(!home.data_dir().exists());
}

#[test]
fn a_port_in_use_touches_nothing() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = home.fails(&format!("serve --listen {}", taken.local_addr().unwrap()));
    assert!(error.contains("in use") && error.contains("--listen"), "{error}");
    assert!(!home.data_dir().exists());
}

#[test]
fn a_second_server_on_the_directory_is_refused() {
    let home = Home::new();
    let server = home.serve("");
    let error = home.fails("serve --listen 127.0.0.1:0");
    assert!(error.contains(&format!("(pid {})", server.child.id())), "{error}");
}

/// Users and keys are managed in the same way beside a server and without one.
fn manage_users_and_keys(home: &Home) {
    let policy = home.folder.path().join("policy.json");
    fs::write(&policy, r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
    let bad = home.fails(&format!("user create eve --policy {}", policy.display()));
    assert!(bad.contains("policy.json is not a policy"), "{bad}");
    let allow = r#"{"Version":"2012-10-17",
        "Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}"#;
    fs::write(&policy, allow).unwrap();

    let user = home.json(&format!(
        "user create bob --policy {} --managed AmazonEC2ContainerRegistryPowerUser --json",
        policy.display()
    ));
    assert_eq!(user["user_name"], "bob");
    assert!(user["arn"].as_str().unwrap().ends_with(":user/bob"));
    assert_eq!(user["policies"].as_array().unwrap().len(), 2);
    assert!(home.fails("user create bob").contains("already exists"));
    home.ok(&format!("user put-policy bob --policy-name more {}", policy.display()));
    home.ok("user delete-policy bob --policy-name inline");
    let users = home.json("user list --json");
    let policies = users[0]["policies"].as_array().unwrap();
    assert_eq!(policies, &["AmazonEC2ContainerRegistryPowerUser", "more"]);
    assert!(home.ok("user list").contains("bob"));

    let key = home.json("key create bob --json");
    let id = key["access_key_id"].as_str().unwrap();
    let secret = key["secret_access_key"].as_str().unwrap();
    home.ok(&format!("key disable {id}"));
    let listed = home.ok("key list --json");
    assert!(!listed.contains(secret));
    let keys: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let of_bob = keys.iter().find(|key| key["user_name"] == "bob").unwrap();
    assert_eq!(
        (of_bob["access_key_id"].as_str(), of_bob["active"].as_bool()),
        (Some(id), Some(false))
    );
    home.ok(&format!("key enable {id}"));
    assert!(home.ok("key list").lines().any(|line| line.contains(id) && line.contains("  on  ")));
    home.ok(&format!("key delete {id}"));
    assert!(home.fails(&format!("key delete {id}")).contains("cannot be found"));

    let root = keys.iter().find(|key| key["user_name"].is_null()).unwrap();
    let root = root["access_key_id"].as_str().unwrap();
    assert!(home.fails(&format!("key delete {root}")).contains("last active key"));
    home.ok("user delete bob");
    assert!(home.fails("user delete bob").contains("cannot be found"));
}

#[test]
fn users_and_keys_are_managed_beside_a_server_and_without_it() {
    let home = Home::new();
    let mut server = home.serve("");
    manage_users_and_keys(&home);
    assert_eq!(server.signal("-INT"), 0);
    manage_users_and_keys(&home);
}

/// KMS keys are managed in the same way beside a server and without one.
fn manage_kms_keys(home: &Home) {
    let key = home.json("kms create-key --alias alias/app --description layers --json");
    let (arn, id) = (key["arn"].as_str().unwrap(), key["key_id"].as_str().unwrap());
    assert!(arn.starts_with("arn:aws:kms:us-east-1:") && arn.ends_with(id), "{arn}");
    assert_eq!(key["aliases"], serde_json::json!(["alias/app"]));
    assert_eq!((&key["enabled"], &key["aws_managed"]), (&true.into(), &false.into()));
    assert!(home.fails("kms create-key --alias alias/app").contains("already exists"));
    assert!(home.fails("kms create-key --alias alias/aws/ecr").contains("AWS's own"));

    assert!(home.ok("kms disable-key alias/app").contains(" is off."));
    let listed = home.json("kms list-keys --json");
    let listed = listed.as_array().unwrap().iter().find(|it| it["key_id"] == id).unwrap();
    assert_eq!((&listed["enabled"], &listed["description"]), (&false.into(), &"layers".into()));
    assert!(home.ok("kms list-keys").lines().any(|it| it.contains(id) && it.contains("  off  ")));
    assert_eq!(home.json(&format!("kms enable-key {arn} --json"))["enabled"], true);
    let named = home.json(&format!("kms create-alias alias/more {id} --json"));
    assert_eq!(named["aliases"], serde_json::json!(["alias/app", "alias/more"]));
    home.ok("kms delete-alias alias/more");
    home.ok("kms delete-alias alias/app");
    assert!(home.fails("kms delete-alias alias/app").contains("is not found"));
    assert!(home.fails("kms enable-key alias/app").contains("is not found"));

    // Another region has keys of its own.
    assert_eq!(home.ok("kms list-keys --region eu-west-1 --json"), "[]\n");
    let refused = home.fails(&format!("kms disable-key {arn} --region eu-west-1"));
    assert!(refused.contains("not in region eu-west-1"), "{refused}");
}

#[test]
fn kms_keys_are_managed_beside_a_server_and_without_it() {
    let home = Home::new();
    let mut server = home.serve("");
    manage_kms_keys(&home);
    assert_eq!(server.signal("-INT"), 0);
    manage_kms_keys(&home);
    assert_eq!(home.json("kms list-keys --json").as_array().unwrap().len(), 2);
}

#[test]
fn a_log_line_has_the_request_and_none_of_its_secrets() {
    let home = Home::new();
    let mut command = home.command("serve --listen 127.0.0.1:0 --log trace --log-format json");
    let log = home.folder.path().join("log");
    command.stderr(fs::File::create(&log).unwrap());
    let mut server = Server::spawn(command);
    let address = server.url().replace("http://localhost", "127.0.0.1");
    let mut stream = TcpStream::connect(address).unwrap();
    let authorization = "authorization: Basic c2VjcmV0LWhlYWRlcg==";
    let target = "/v2/?X-Amz-Signature=secret-query";
    write!(stream, "GET {target} HTTP/1.1\r\nhost: x\r\nuser-agent: me/1\r\n{authorization}\r\n")
        .unwrap();
    write!(stream, "connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let id = answer.lines().find_map(|line| line.strip_prefix("x-amzn-requestid: ")).unwrap();
    server.signal("-TERM");

    let log = fs::read_to_string(log).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.into_iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!(line["request_id"], id);
    assert_eq!(line["method"], "GET");
    assert_eq!(line["path"], "/v2/");
    assert_eq!(line["user_agent"], "me/1");
    assert_eq!(line["complete"], true);
    for secret in ["secret", "c2VjcmV0", "aws_secret_access_key"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let kept = fs::read_to_string(home.data_dir().join("credentials")).unwrap();
    let kept = kept.lines().last().unwrap().rsplit_once(' ').unwrap().1;
    assert!(!log.contains(kept));
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let home = Home::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("doctor --json --listen {}", port.local_addr().unwrap());
    let output = home.run(&line);
    assert_eq!(output.status.code(), Some(1));
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let problems: Vec<&Value> =
        findings.iter().filter(|finding| finding["severity"] == "problem").collect();
    assert_eq!(problems[0]["name"], "listen address");
    assert!(problems[0]["what_to_do"].as_str().unwrap().contains("--listen"));

    let server = home.serve("");
    let listen = server.url().replace("http://localhost", "127.0.0.1");
    let text = home.run(&format!("doctor --listen {listen}"));
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("is served by the server of this data directory"), "{text}");
    assert!(text.contains(&format!("runs at {}", server.url())), "{text}");
}

#[test]
fn flags_count_more_than_the_environment_and_that_more_than_the_file() {
    let home = Home::new();
    drop(home.serve(""));
    let file = home.folder.path().join("wharfinger.toml");
    fs::write(&file, "listen = '127.0.0.1:1'\nregion = 'eu-north-1'\n").unwrap();
    let env = |flags: &str, variable: Option<&str>| {
        let mut command = home.command(&format!("env --config {} {flags}", file.display()));
        command.envs(variable.map(|value| ("WHARFINGER_LISTEN", value)));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(env("", None).contains("localhost:1\n"));
    assert!(env("", None).contains("AWS_REGION=eu-north-1\n"));
    assert!(env("", Some("127.0.0.1:2")).contains("localhost:2\n"));
    assert!(env("--listen 127.0.0.1:3", Some("127.0.0.1:2")).contains("localhost:3\n"));
    fs::write(&file, "region = 'eu-north-1'\nlisten_on = '127.0.0.1:1'\n").unwrap();
    let error = home.fails(&format!("env --config {}", file.display()));
    assert!(error.contains("line 2") && error.contains("listen_on"), "{error}");
}

#[test]
fn usage_and_version() {
    let home = Home::new();
    assert_eq!(home.run("nonsense").status.code(), Some(2));
    assert_eq!(home.run("key create").status.code(), Some(2));
    assert_eq!(home.run("user create x --managed Nonsense").status.code(), Some(2));
    let version = concat!("wharfinger ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(home.ok("version"), version);
    assert_eq!(home.ok("--version"), version);
    assert!(!Path::new(&home.data_dir()).exists());
}
