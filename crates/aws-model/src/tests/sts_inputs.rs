//! STS inputs out of Query parameters.

use std::collections::BTreeMap;

use crate::DecodeError;
use crate::sts::{Operation, Request};

const ROLE: &str = "arn:aws:iam::012345678901:role/Reader";

fn query(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
}

/// AssumeRole with what it requires and `more`.
fn assume_role(more: &[(&str, &str)]) -> Result<Request, DecodeError> {
    let mut source = query(&[("RoleArn", ROLE), ("RoleSessionName", "s1")]);
    source.extend(query(more));
    Request::decode(Operation::AssumeRole, &source)
}

#[test]
fn lists_and_structures_are_read_from_flat_keys() {
    let request = assume_role(&[
        ("Action", "AssumeRole"),
        ("DurationSeconds", "900"),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", ""),
        ("Tags.member.2.Key", "env"),
        ("Tags.member.2.Value", "prod"),
        ("TransitiveTagKeys.member.1", "team"),
        ("TokenCode", "123456"),
    ]);
    let Ok(Request::AssumeRole(input)) = request else { panic!("{request:?}") };
    assert_eq!((input.role_arn.as_str(), input.duration_seconds), (ROLE, Some(900)));
    let tags: Vec<_> = input.tags.unwrap().into_iter().map(|tag| (tag.key, tag.value)).collect();
    assert_eq!(tags, [("team".into(), String::new()), ("env".into(), "prod".into())]);
    assert_eq!(input.transitive_tag_keys.unwrap(), ["team"]);
    assert_eq!(input.policy_arns.unwrap().len(), 1);
    assert_eq!(input.token_code.unwrap().expose(), "123456");
    assert_eq!(input.external_id, None);
}

#[test]
fn an_empty_list_is_a_key_without_value() {
    let request = assume_role(&[("PolicyArns", "")]);
    let Ok(Request::AssumeRole(input)) = request else { panic!("{request:?}") };
    assert_eq!(input.policy_arns, Some(Vec::new()));
}

#[test]
fn nothing_is_needed_to_ask_who_one_is() {
    assert!(Request::decode(Operation::GetCallerIdentity, &query(&[])).is_ok());
}

#[test]
fn constraints_are_refused_in_the_sentence_of_sts() {
    let cases = [
        (
            ("RoleSessionName", "foo bar"),
            r"Value 'foo bar' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            ("RoleArn", ""),
            "Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
        ),
        (
            ("DurationSeconds", "43201"),
            "Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
        ),
        (
            ("Tags.member.1.Key", "k"),
            "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
        ),
        (
            ("TransitiveTagKeys.member.1", "a\u{1}"),
            r"Value at 'transitiveTagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+]",
        ),
    ];
    for (pair, sentence) in cases {
        let error = assume_role(&[pair]).unwrap_err();
        assert!(matches!(error, DecodeError::Constraint(_)));
        assert_eq!(error.to_string(), format!("1 validation error detected: {sentence}"));
    }
    let error = Request::decode(Operation::AssumeRole, &query(&[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: \
         Member must not be null"
    );
}

/// Seen from IAM for a tag that a client had filled with free text.
#[test]
fn a_member_of_an_element_is_named_by_its_number() {
    let error = assume_role(&[("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "a, b")]);
    assert_eq!(
        error.unwrap_err().to_string(),
        r"1 validation error detected: Value 'a, b' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"
    );
    assert!(assume_role(&[("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "größe 9")]).is_ok());
}

#[test]
fn secrets_are_not_repeated() {
    let error = assume_role(&[("TokenCode", "12345")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 validation error detected: Value at 'tokenCode' failed to satisfy constraint: \
         Member must have length greater than or equal to 6"
    );
    assert!(!format!("{error:?}").contains("12345"));
    let request = assume_role(&[("TokenCode", "654321")]).unwrap();
    assert!(!format!("{request:?}").contains("654321"));
}

#[test]
fn a_number_that_is_none_is_a_serialization_error() {
    let error = assume_role(&[("DurationSeconds", "1h")]).unwrap_err();
    assert_eq!(
        error,
        DecodeError::Serialization(
            "STRING_VALUE can not be converted to an Integer at 'durationSeconds'".into()
        )
    );
}

#[test]
fn a_required_structure_is_there_when_one_of_its_members_is() {
    let target = ("TargetPrincipal", "012345678901");
    let arn =
        ("TaskPolicyArn.arn", "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials");
    assert!(Request::decode(Operation::AssumeRoot, &query(&[target, arn])).is_ok());
    let error = Request::decode(Operation::AssumeRoot, &query(&[target])).unwrap_err();
    assert!(error.to_string().contains("Value null at 'taskPolicyArn'"), "{error}");
}
