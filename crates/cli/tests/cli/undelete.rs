//! `wharfinger undelete` and `wharfinger history`, as far as they go without an image; the rest is in
//! the tests with clients.

use crate::{Home, error_of};

#[test]
fn what_is_not_there_is_said_in_one_line() {
    let home = Home::new();
    assert!(home.fails("undelete app").contains("wharfinger serve"));
    let server = home.serve("");
    assert_eq!(home.json("undelete --list --json"), serde_json::json!([]));
    let digest = format!("sha256:{}", "a".repeat(64));
    for (line, expected) in [
        ("undelete app", "no repository 'app' can be brought back"),
        ("undelete app:v1", "bring the repository back first"),
        ("undelete --list app", "bring the repository back first"),
        ("undelete app --move-tags", "--move-tags is for a tag or an image"),
        ("undelete app:v1 --as other", "--as is for a repository"),
        ("undelete --list app:v1", "--list is of a repository"),
        ("undelete app:v1 --at someday", "--at"),
        ("undelete app --public", "no repository 'app' can be brought back"),
        ("history app", "app:TAG"),
        ("history app:v1", "The repository with name 'app' does not exist"),
        (&format!("history app@{digest}"), "app:TAG"),
        (&format!("undelete app@{digest} --at 1d"), "--at is for a tag or a repository"),
        (&format!("undelete app@{digest} --account 999999999999"), "there is no account"),
    ] {
        let error = home.fails(line);
        assert!(error.contains(expected), "{line}: {error}");
    }
    for line in ["undelete", "undelete App", "undelete --list app --at 1d", "history"] {
        let refused = home.run(line);
        assert_eq!(refused.status.code(), Some(2), "{line}: {}", error_of(&refused));
    }
    drop(server);
    assert_eq!(home.json("undelete --list --json"), serde_json::json!([]));
}
