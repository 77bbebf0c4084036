//! Several accounts in one installation.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Home, error_of, in_shell};

const OTHER: &str = "999888777666";

#[test]
fn an_account_is_created_beside_a_server_and_has_its_own_root() {
    let home = Home::new();
    let server = home.serve("--account-id 111122223333");
    let made = home.ok(&format!("account create {OTHER}"));
    let file = home.data_dir().join(format!("credentials-{OTHER}"));
    assert!(made.contains(&format!("Account {OTHER} was created.")), "{made}");
    assert!(made.contains(file.to_str().unwrap()), "{made}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = fs::read_to_string(&file).unwrap();
    let secret = kept.lines().last().unwrap().rsplit_once(' ').unwrap().1;
    assert!(!made.contains(secret), "the secret is in its file alone");
    let again = home.fails(&format!("account create {OTHER}"));
    assert!(again.contains("already exists"), "{again}");
    assert!(home.fails("account create 111122223333").contains("already exists"));

    let exports = home.ok(&format!("env --account {OTHER}"));
    assert!(exports.contains(&format!("AWS_ENDPOINT_URL={}", server.url())), "{exports}");
    let shown = in_shell(&format!("{exports}\nprintf %s \"$AWS_SECRET_ACCESS_KEY\""));
    assert_eq!(shown, secret);
    let first = home.ok("env --account 111122223333");
    assert_eq!(first, home.ok("env"), "the first account may be named as well");
    assert!(home.ok("account list").lines().any(|line| line.starts_with(OTHER)));
    let listed = home.json("account list --json");
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((&listed[0]["first"], &listed[1]["first"]), (&true.into(), &false.into()));
    let doctor = String::from_utf8(home.run("doctor").stdout).unwrap();
    let sentence = "the registry of account 111122223333 and another account can be read";
    assert!(doctor.contains(sentence), "{doctor}");
}

#[test]
fn users_and_keys_are_those_of_one_account() {
    let home = Home::new();
    drop(home.serve(""));
    let made = home.json(&format!("account create {OTHER} --json"));
    assert_eq!(made["account"], OTHER);
    let root = made["access_key_id"].as_str().unwrap();
    let user = home.json(&format!("user create ann --account {OTHER} --json"));
    assert_eq!(user["arn"], format!("arn:aws:iam::{OTHER}:user/ann"));
    assert_eq!(home.ok("user list --json"), "[]\n");
    home.ok("user create ann");
    let key = home.json(&format!("key create ann --account {OTHER} --json"));
    let id = key["access_key_id"].as_str().unwrap();
    assert!(home.fails(&format!("key disable {id}")).contains("cannot be found"));
    home.ok(&format!("key disable {id} --account {OTHER}"));
    let keys = home.ok(&format!("key list --account {OTHER}"));
    assert!(keys.contains(id) && keys.contains(root), "{keys}");
    assert!(!home.ok("key list").contains(root));
    home.ok(&format!("kms create-key --account {OTHER}"));
    assert_eq!(home.ok("kms list-keys --json"), "[]\n");
    home.ok(&format!("user delete ann --account {OTHER}"));
    assert!(home.ok("user list").contains("ann"), "its namesake stays");
}

#[test]
fn a_lost_root_key_is_made_anew() {
    let home = Home::new();
    drop(home.serve("--account-id 111122223333"));
    home.ok(&format!("account create {OTHER}"));
    let file = home.data_dir().join(format!("credentials-{OTHER}"));
    fs::remove_file(&file).unwrap();
    let lost = home.fails(&format!("env --account {OTHER}"));
    assert!(lost.contains(&format!("wharfinger account key {OTHER}")), "{lost}");
    let key = home.json(&format!("account key {OTHER} --json"));
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.contains(key["secret_access_key"].as_str().unwrap()));
    let third = home.fails(&format!("account key {OTHER}"));
    assert!(third.contains("AccessKeysPerUser: 2") && third.contains("key --account"), "{third}");
    assert_eq!(fs::read_to_string(&file).unwrap(), kept, "the file of the key that works stays");

    fs::remove_file(home.data_dir().join("credentials")).unwrap();
    let key = home.json("account key 111122223333 --json");
    let exports = home.ok("env");
    assert!(exports.contains(key["access_key_id"].as_str().unwrap()), "{exports}");
}

#[test]
fn an_account_that_is_not_there_is_none() {
    let home = Home::new();
    for line in ["account list", "account create 999888777666", "account key 999888777666"] {
        assert!(home.fails(line).contains("wharfinger serve"), "{line}");
    }
    drop(home.serve(""));
    for line in ["user list", "key list", "kms list-keys", "env", "user create ann"] {
        let refused = home.fails(&format!("{line} --account {OTHER}"));
        assert!(refused.contains(&format!("wharfinger account create {OTHER}")), "{refused}");
    }
    assert!(home.fails(&format!("account key {OTHER}")).contains("there is no account"));
    let bad = home.run("account create 12");
    assert_eq!(bad.status.code(), Some(2), "{}", error_of(&bad));
    assert!(!home.data_dir().join(format!("credentials-{OTHER}")).exists());
}
