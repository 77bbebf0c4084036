//! What passes which filter.

use super::*;

const RECORD: &str = r#"{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole",
 "principalId":"AROAX:ci","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci",
 "accountId":"111122223333","accessKeyId":"ASIAX","sessionContext":{"sessionIssuer":{"type":"Role",
 "principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/deploy","accountId":"111122223333",
 "userName":"deploy"},"attributes":{}}},"eventTime":"2026-03-01T12:30:00Z",
 "eventSource":"ecr.amazonaws.com","eventName":"PutImage","errorCode":"AccessDenied",
 "requestParameters":{"repositoryName":"team/app","imageTag":"v1","layerDigests":["sha256:0a"],
 "deep":{"userName":"ann"},"size":3},"requestID":"r-1","eventID":"e-1",
 "resources":[{"ARN":"arn:aws:ecr:eu-west-1:999988887777:repository/team/app"}],
 "recipientAccountId":"999988887777"}"#;

fn passes(query: Query) -> bool {
    let record: Record = serde_json::from_str(RECORD).unwrap();
    query.may_be_line(RECORD) && query.lets_pass(&record)
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn principals_are_known_by_each_of_their_names() {
    for known in [
        "arn:aws:sts::111122223333:assumed-role/deploy/ci",
        "AROAX:ci",
        "ASIAX",
        "ci",
        "arn:aws:iam::111122223333:role/deploy",
        "deploy",
    ] {
        assert!(passes(Query { principal: text(known), ..Query::default() }), "{known}");
    }
    for other in ["", "c", "arn:aws:iam::111122223333:role/deplo", "assumed-role"] {
        assert!(!passes(Query { principal: text(other), ..Query::default() }), "{other}");
    }
}

#[test]
fn events_errors_and_accounts() {
    for (event, expected) in [
        ("PutImage", true),
        ("putimage", true),
        ("ecr:PutImage", true),
        ("sts:PutImage", false),
        ("Put", false),
    ] {
        assert_eq!(passes(Query { event: text(event), ..Query::default() }), expected, "{event}");
    }
    for (error, expected) in [("any", true), ("accessdenied", true), ("Other", false)] {
        assert_eq!(passes(Query { error: text(error), ..Query::default() }), expected, "{error}");
    }
    for (account, expected) in
        [("111122223333", true), ("999988887777", true), ("11112222333", false)]
    {
        let query = Query { account: text(account), ..Query::default() };
        assert_eq!(passes(query), expected, "{account}");
    }
    assert!(passes(Query { request_id: text("r-1"), ..Query::default() }));
    assert!(!passes(Query { request_id: text("e-1"), ..Query::default() }));
}

#[test]
fn resources_are_arns_repositories_and_parameters() {
    for known in
        ["arn:aws:ecr:eu-west-1:999988887777:repository/team/app", "team/app", "v1", "sha256:0a"]
    {
        assert!(passes(Query { resource: text(known), ..Query::default() }), "{known}");
    }
    for other in ["app", "ann", "3", "repository/team/app"] {
        assert!(!passes(Query { resource: text(other), ..Query::default() }), "{other}");
    }
}

#[test]
fn times_include_the_beginning_and_not_the_end() {
    let at = |seconds: i64| Some(Timestamp::from_seconds(1_772_368_200 + seconds));
    for (since, until, expected) in [
        (None, None, true),
        (at(0), None, true),
        (at(1), None, false),
        (None, at(0), false),
        (None, at(1), true),
        (at(-5), at(5), true),
    ] {
        assert_eq!(passes(Query { since, until, ..Query::default() }), expected);
    }
    let query = Query { since: at(0), until: at(10), ..Query::default() };
    let time = |seconds: i64| Timestamp::from_seconds(1_772_368_200 + seconds);
    // A file that ended long before, one that may have begun within, and one of the day after next.
    assert!(!query.may_be_in(time(-900), at(-300)));
    assert!(query.may_be_in(time(-900), None) && query.may_be_in(time(5), at(7)));
    // What began before and took its time.
    assert!(query.may_be_in(time(3600), None));
    assert!(!query.may_be_in(time(2 * 24 * 3600), None));
}
