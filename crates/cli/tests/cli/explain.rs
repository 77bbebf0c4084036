//! `wharfinger explain` and `wharfinger account guardrail`.

use std::fs;

use crate::Home;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Push","Effect":"Allow","Action":"ecr:*","Resource":"*",
     "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}},
    {"Sid":"Keep","Effect":"Deny","Action":"ecr:DeleteRepository","Resource":"*"}]}"#;
const READ: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ecr:Describe*","Resource":"*"}]}"#;

#[test]
fn explain_names_the_statement_that_decides() {
    let home = Home::new();
    let mut server = home.serve("--account-id 111122223333");
    let file = |name: &str, text: &str| {
        let path = home.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    home.ok(&format!("user create bob --policy {}", file("policy.json", POLICY)));
    let explain = |action: &str, more: &str| {
        format!(
            "explain --principal arn:aws:iam::111122223333:user/bob --action ecr:{action} \
             --resource arn:aws:ecr:us-east-1:111122223333:repository/app {more}"
        )
    };
    let allowed = home.json(&explain("PutImage", "--context aws:SourceIp=192.0.2.7 --json"));
    assert_eq!(allowed["decision"], "allowed");
    assert_eq!(allowed["decided_by"]["sid"], "Push");
    assert_eq!(
        (&allowed["decided_by"]["policy"], &allowed["message"]),
        (&"inline".into(), &().into())
    );
    let silent = home.json(&explain("PutImage", "--json"));
    assert_eq!((&silent["decision"], &silent["decided_by"]), (&"implicitDeny".into(), &().into()));
    let text = home.ok(&explain("DeleteRepository", ""));
    assert!(text.starts_with("explicitDeny\n"), "{text}");
    let decided = "Decided by statement 2 (Keep) of the identity-based policy inline of \
                   arn:aws:iam::111122223333:user/bob";
    assert!(text.contains(decided), "{text}");
    assert!(
        text.trim_end().ends_with("with an explicit deny in an identity-based policy"),
        "{text}"
    );

    let put = format!("account guardrail put 111122223333 read {}", file("read.json", READ));
    assert_eq!(home.ok(&put), "Account 111122223333 has guardrail read.\n");
    let bounded = home.json(&explain("PutImage", "--context aws:SourceIp=192.0.2.7 --json"));
    assert!(bounded["message"].as_str().unwrap().contains("no service control policy"));
    let listed = home.json("account guardrail list 111122223333 --json");
    assert_eq!((&listed[0]["name"], listed.as_array().unwrap().len()), (&"read".into(), 1));
    assert_eq!(listed[0]["policy"]["Version"], "2012-10-17");
    assert_eq!(home.ok("account guardrail list 111122223333"), "NAME\nread\n");
    home.ok("account guardrail delete 111122223333 read");
    let gone = home.fails("account guardrail delete 111122223333 read");
    assert!(gone.contains("cannot be found"), "{gone}");
    assert!(home.fails("account guardrail put 999999999999 x -").contains("is not a policy"));

    let nobody =
        "explain --principal arn:aws:iam::111122223333:user/eve --action ecr:X --resource *";
    assert!(home.fails(nobody).contains("there is nobody of the name"));
    let root = "explain --principal arn:aws:iam::111122223333:root --resource * --action";
    assert!(home.ok(&format!("{root} ecr:PutImage")).starts_with("allowed\n"));
    assert!(home.fails(&format!("{root} PutImage")).contains("begins with its service"));
    assert!(home.fails(&format!("{root} ecr:X --context a=b")).contains("not a condition key"));
    assert_eq!(server.signal("-INT"), 0);
}
