//! Tests of reading policies.

mod resource_policy;

use proptest::prelude::*;

use super::*;
use crate::request::ContextKeys;

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

fn condition(members: &str) -> String {
    statement_with(&format!(r#","Condition":{{{members}}}"#))
}

#[test]
fn conditions_are_read() {
    for members in [
        "",
        r#""StringEquals":{}"#,
        r#""Bool":{"aws:SecureTransport":false,"aws:ViaAWSService":["true","FALSE"]}"#,
        r#""NumericLessThan":{"a:b":[1,"-2.5",3e2]},"NumericGreaterThan":{"a:b":0}"#,
        r#""ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a*"]}"#,
        r#""StringEquals":{"aws:RequestTag/a:b":"${aws:username, 'x'}","aws:requesttag/A:B":1}"#,
        r#""DateGreaterThan":{"aws:CurrentTime":1709168523}"#,
    ] {
        parse(&condition(members)).unwrap_or_else(|error| panic!("{members}: {error}"));
    }
    // Without its version, a policy has no variables, so nothing is wrong with them.
    let old = condition(r#""StringEquals":{"a:b":"${x"}"#).replace("2012-10-17", "2008-10-17");
    assert!(parse(&old).is_ok());
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
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:${a:b}:1:x""#),
            "policy variable before the fifth colon",
        ),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:::${username}""#),
            "Invalid policy variable",
        ),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:ecr:::\ud800""#),
            "Syntax errors in policy",
        ),
        (statement_with(r#","Condition":null"#), "Condition must be an object"),
        (statement_with(r#","Condition":[]"#), "Condition must be an object"),
        (condition(r#""StringEqual":{}"#), "Invalid Condition type : StringEqual."),
        (condition(r#""stringequals":{}"#), "Invalid Condition type : stringequals."),
        (condition(r#""NullIfExists":{}"#), "Invalid Condition type : NullIfExists."),
        (condition(r#""ForAnyValue:Null":{}"#), "Invalid Condition type"),
        (condition(r#""ForSomeValues:Bool":{}"#), "Invalid Condition type"),
        (condition(r#""Bool":"true""#), "Bool must be an object"),
        (condition(r#""Bool":{},"Bool":{}"#), "duplicate field `Bool`"),
        (condition(r#""Bool":{"a:b":true,"a:b":true}"#), "duplicate field `a:b`"),
        (condition(r#""Bool":{"username":true}"#), "prefaced by a vendor"),
        (condition(r#""Bool":{"aws:":true}"#), "prefaced by a vendor"),
        (condition(r#""Bool":{"a:b":[]}"#), "a:b must not be empty"),
        (condition(r#""Bool":{"a:b":null}"#), "a:b must be a string, a number or a boolean"),
        (condition(r#""Bool":{"a:b":[["true"]]}"#), "a:b must be a string"),
        (condition(r#""Bool":{"a:b":"yes"}"#), "yes is not true or false"),
        (condition(r#""Null":{"a:b":1}"#), "1 is not true or false"),
        (condition(r#""NumericEquals":{"a:b":"inf"}"#), "inf is not a number"),
        (condition(r#""NumericEquals":{"a:b":1e999}"#), "1e999 is not a number"),
        (condition(r#""NumericEquals":{"a:b":"${a:b}"}"#), "is not a number"),
        (condition(r#""DateEquals":{"a:b":"today"}"#), "today is not a date"),
        (condition(r#""IpAddress":{"a:b":"10.0.0.0/33"}"#), "10.0.0.0/33 is not an IP address"),
        (condition(r#""BinaryEquals":{"a:b":"?"}"#), "? is not base64"),
        (condition(r#""StringLike":{"a:b":"${x"}"#), "Invalid policy variable"),
        (condition(r#""ArnLike":{"a:b":"${x"}"#), "Invalid policy variable"),
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
        Just(r#""Principal":"*","#),
        Just(r#""NotPrincipal":{"AWS":["111122223333"#),
        Just(r#""Condition":{"StringLikeIfExists":{"aws:username":"#),
        Just(r#""Condition":{"NumericLessThan":{"aws:EpochTime":1.5"#),
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

const KINDS: [PolicyKind; 3] = [PolicyKind::Identity, PolicyKind::Repository, PolicyKind::Registry];

/// Evaluates `policy` in both ways, for what it might do wrong.
fn evaluate_all(policy: &PolicyDocument, resource: &str, keys: &ContextKeys) {
    let principal = PrincipalFacts {
        account: "111122223333".parse().unwrap(),
        arn: "arn:aws:sts::111122223333:assumed-role/ci/build".into(),
        role_arn: Some("arn:aws:iam::111122223333:role/ci".into()),
        service: None,
        federated: None,
    };
    let request = Request { action: "ecr:PutImage", resource, principal: &principal, keys };
    let _ = crate::evaluate([policy], &request);
    let _ = crate::evaluate_resource_policy(policy, &request);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![pieces(), any::<String>()]) {
        for kind in KINDS {
            match PolicyDocument::parse_as(kind, &text) {
                Ok(policy) => evaluate_all(&policy, &text, &ContextKeys::new()),
                Err(error) => {
                    prop_assert!(error.line >= 1 && error.column >= 1);
                    prop_assert!(error.line <= text.matches('\n').count() + 1);
                }
            }
        }
    }

    #[test]
    fn any_pattern_is_compiled_or_refused(
        action in "[a-z:*?]{0,12}",
        resource in "(arn:)?[a-z:*?${}]{0,24}|.*",
        operator in "(ForAllValues:|ForAnyValue:)?(String(Not)?Like|Arn(Not)?Equals|Numeric(Not)?Equals|DateLessThan|IpAddress|Bool|BinaryEquals|Null)(IfExists)?",
        value in "[a-z0-9.:/*?${},'-]{0,24}|.*",
        found in proptest::collection::vec("[a-z0-9.:/-]{0,12}|.*", 0..3),
    ) {
        let mut keys = ContextKeys::new();
        keys.insert_all("a:b", found);
        let mut statement = serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resource});
        for kind in KINDS {
            for condition in [false, true] {
                if condition {
                    statement["Condition"] = serde_json::json!({(&operator): {"a:b": value}});
                }
                let document = serde_json::json!({"Version": "2012-10-17", "Statement": statement});
                if let Ok(policy) = PolicyDocument::parse_as(kind, &document.to_string()) {
                    evaluate_all(&policy, &resource, &keys);
                }
            }
            statement["Principal"] = "*".into();
            statement["Condition"] = serde_json::json!({});
        }
    }
}

#[test]
fn a_policy_asks_for_keys_if_it_has_conditions_or_variables() {
    let resource = |resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"ecr:*","Resource":"*"}},
                {{"Effect":"Allow","Action":"ecr:*","NotResource":["*","{resource}"]}}]}}"#
        )
    };
    for (text, asks) in [
        (statement_with(""), false),
        (condition(r#""Null":{"aws:username":true}"#), true),
        (resource("arn:aws:ecr:*:*:repository/a*"), false),
        (resource("arn:aws:ecr:*:*:repository/${*}"), false),
        (resource("arn:aws:ecr:*:*:repository/${aws:username}"), true),
    ] {
        assert_eq!(parse(&text).unwrap().asks_for_keys(), asks, "{text}");
    }
}
