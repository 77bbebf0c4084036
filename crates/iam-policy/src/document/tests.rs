//! Tests of reading policies.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<PolicyDocument, MalformedPolicy> {
    PolicyDocument::parse(text)
}

/// A policy of one statement, `Allow` on `ecr:*`, with `more` members and a resource.
fn statement_with(more: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"ecr:*","Resource":"*"{more}}}]}}"#
    )
}

fn statement(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{{members}}}}}"#)
}

#[test]
fn a_policy_is_read() {
    let policy = parse(
        r#"{
            "Version": "2012-10-17",
            "Id": "any text: ä",
            "Statement": [
                {"Sid": "One", "Effect": "Allow", "Action": ["ecr:Get*", "ecr:Put*"], "Resource": ["*"]},
                {"Sid": "", "Effect": "Deny", "NotAction": "*", "NotResource": "arn:aws:ecr:*:*:x"},
                {"Sid": "", "Effect": "Deny", "Action": "iam:*", "Resource": "*"}
            ]
        }"#,
    )
    .unwrap();
    assert_eq!(policy.version(), Version::V2012);
    assert_eq!(policy.id(), Some("any text: ä"));
    assert_eq!(policy.statements().len(), 3);
    assert_eq!(policy.statements()[0].sid(), Some("One"));
    assert_eq!(policy.statements()[1].sid(), None);
    assert_eq!(policy.statements()[1].effect(), Effect::Deny);
}

#[test]
fn a_single_statement_needs_no_array_and_no_version() {
    let policy = parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).unwrap();
    assert_eq!(policy.version(), Version::V2008);
    assert_eq!(policy.statements().len(), 1);
}

#[test]
fn what_is_wrong_is_said() {
    for (text, reason) in [
        (String::new(), "must be an object"),
        ("[]".into(), "must be an object"),
        ("{".into(), "Syntax errors in policy"),
        ("{}".into(), "Missing required field Statement"),
        (r#"{"Statement":[]}"#.into(), "Statement must not be empty"),
        (r#"{"Statement":null}"#.into(), "A statement must be an object"),
        (r#"{"Statement":[[]]}"#.into(), "A statement must be an object"),
        (statement_with("") + "x", "trailing characters"),
        (statement_with("").replace("2012-10-17", "2020-01-01"), "Version must be"),
        (statement_with("").replace(r#""2012-10-17""#, "null"), "Version must be"),
        (statement_with("").replace("Version", "version"), "unknown field `version`"),
        (statement_with(r#","Extra":1"#), "unknown field `Extra`"),
        (statement_with(r#","Effect":"Deny""#), "duplicate field `Effect`"),
        (statement_with(r#","Condition":{}"#), "Condition is not supported"),
        (statement_with(r#","Condition":null"#), "Condition is not supported"),
        (statement_with(r#","Principal":"*""#), "should not specify a principal"),
        (statement_with(r#","NotPrincipal":{"AWS":"*"}"#), "should not specify a principal"),
        (statement_with(r#","Sid":"a-b""#), "must be alpha-numeric"),
        (statement_with(r#","Sid":null"#), "Sid must be a string"),
        (statement_with(r#","NotAction":"ecr:*""#), "exactly one of Action and NotAction"),
        (statement_with(r#","NotResource":"*""#), "exactly one of Resource and NotResource"),
        (statement(r#""Action":"*","Resource":"*""#), "Missing required field Effect"),
        (statement(r#""Effect":"allow","Action":"*","Resource":"*""#), "Invalid effect: allow"),
        (statement(r#""Effect":"Allow","Resource":"*""#), "exactly one of Action and NotAction"),
        (statement(r#""Effect":"Allow","Action":"*""#), "exactly one of Resource"),
        (statement(r#""Effect":"Allow","Action":[],"Resource":"*""#), "Action must not be empty"),
        (statement(r#""Effect":"Allow","Action":[1],"Resource":"*""#), "Action must be a string"),
        (statement(r#""Effect":"Allow","Action":"Put","Resource":"*""#), "prefaced by a vendor"),
        (statement(r#""Effect":"Allow","Action":"a:b:c","Resource":"*""#), "only one colon"),
        (statement(r#""Effect":"Allow","Action":"*","Resource":{}"#), "Resource must be a string"),
        (statement(r#""Effect":"Allow","Action":"*","Resource":["*","x"]"#), "in ARN format"),
        (
            statement(
                r#""Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:::${aws:username}""#,
            ),
            "policy variable",
        ),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:::\ud800""#),
            "Syntax errors in policy",
        ),
        (
            r#"{"Statement":[{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"},
                {"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}]}"#
                .into(),
            "must be unique",
        ),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.reason.contains(reason), "{text}: {error}");
        assert!(error.line >= 1 && error.column >= 1, "{text}: {error}");
    }
}

#[test]
fn repeated_members_are_refused_however_they_are_written() {
    let escaped = statement_with(r#","\u0041ction":"iam:*""#);
    assert!(parse(&escaped).unwrap_err().reason.contains("duplicate field `Action`"));
}

#[test]
fn errors_say_where() {
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\",\n     \
                \"Action\": [\"ecr:*\",\n       \"Put\"], \"Resource\": \"*\"}\n  ]\n}";
    let error = parse(text).unwrap_err();
    assert_eq!((error.line, error.column), (6, 8), "{error}");
    let error = parse(&text.replace("\"Put\"", "Put")).unwrap_err();
    assert_eq!(error.line, 6, "{error}");
    let unknown = text.replace("\"Action\"", "\"Actions\"");
    let error = parse(&unknown).unwrap_err();
    assert_eq!((error.line, error.column), (5, 14), "{error}");
}

#[test]
fn limits_hold() {
    let around = format!("{}{}", " ".repeat(100_000), statement_with(""));
    assert!(parse(&around).is_ok());
    let over = format!("{}{}", " ".repeat(POLICY_BYTES_MAX), statement_with(""));
    assert!(parse(&over).unwrap_err().reason.contains("PolicySize"));
    let base = statement_with(r#","Sid":"""#).len();
    let sid = |length: usize| statement_with(&format!(r#","Sid":"{}""#, "a".repeat(length)));
    assert!(parse(&sid(IDENTITY_POLICY_CHARS_MAX - base)).is_ok());
    assert!(parse(&sid(IDENTITY_POLICY_CHARS_MAX - base + 1)).is_err());
    for member in ["Action", "Condition", "Statement", "x"] {
        let deep =
            format!(r#"{{"Statement":{{"{member}":{}{}}}}}"#, "[".repeat(3_000), "]".repeat(3_000));
        assert!(parse(&deep).is_err());
    }
    let long = statement_with(&format!(r#","{}":1"#, "x".repeat(5_000)));
    assert!(parse(&long).unwrap_err().reason.len() < 1_000);
}

/// Pieces of policies, which arbitrary text would hardly ever hit upon.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(r#"{"Statement":"#),
        Just(r#""Version":"2012-10-17","#),
        Just(r#"{"Effect":"Allow","#),
        Just(r#""Action":"ecr:*","#),
        Just(r#""Action":["ecr:*""#),
        Just(r#""Resource":"*""#),
        Just(r#""Resource":"arn:aws:${*}:::${x}""#),
        Just(r#""Sid":"\ud800""#),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(","),
        Just("\n"),
        Just("ä"),
        Just("null"),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![pieces(), any::<String>()]) {
        if let Err(error) = parse(&text) {
            prop_assert!(error.line >= 1 && error.column >= 1);
            prop_assert!(error.line <= text.matches('\n').count() + 1);
        }
    }

    #[test]
    fn any_pattern_is_compiled_or_refused(action in "[a-z:*?]{0,12}", resource in "(arn:)?[a-z:*?${}]{0,24}|.*") {
        let document = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": action, "Resource": resource},
        });
        if let Ok(policy) = parse(&document.to_string()) {
            let _ = crate::evaluate([&policy], "ecr:PutImage", &resource);
        }
    }
}
