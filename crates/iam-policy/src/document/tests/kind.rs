//! Tests of what the kinds of policies that IAM keeps take, and refuse in its words.

use super::*;

const ASSUME: &str = r#""Effect":"Allow","Action":"sts:AssumeRole""#;
const EC2: &str = r#""Principal":{"Service":"ec2.amazonaws.com"}"#;

fn refused(kind: PolicyKind, text: &str) -> String {
    PolicyDocument::parse_as(kind, text).unwrap_err().reason
}

#[test]
fn a_managed_policy_is_of_the_newer_version() {
    let text = statement_with("");
    assert!(PolicyDocument::parse_as(PolicyKind::Managed, &text).is_ok());
    for old in [text.replace("2012", "2008"), text.replace(r#""Version":"2012-10-17","#, "")] {
        let reason = refused(PolicyKind::Managed, &old);
        assert_eq!(reason, "Policy document must be version 2012-10-17 or greater.");
        assert!(parse(&old).is_ok());
    }
}

#[test]
fn a_trust_policy_names_principals_and_no_resources() {
    let trust = |members: &str| {
        PolicyDocument::parse_as(PolicyKind::Trust, &statement(members))
            .map_err(|error| error.reason)
    };
    for good in [
        format!("{ASSUME},{EC2}"),
        format!(r#""Effect":"Deny","NotAction":"STS:*",{EC2}"#),
        r#""Effect":"Allow","Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],
            "Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/example.com"},
            "Condition":{"StringEquals":{"example.com:sub":"repo:a/b"}}"#
            .to_owned(),
    ] {
        trust(&good).unwrap_or_else(|reason| panic!("{good}: {reason}"));
    }
    for (members, reason) in [
        (ASSUME.to_owned(), "Missing required field Principal"),
        (format!(r#"{EC2},"Effect":"Allow""#), "Missing required field Action"),
        (
            format!(r#"{ASSUME},"NotPrincipal":"*""#),
            "AssumeRole policy must not contain NotPrincipal field.",
        ),
        (format!(r#"{EC2},"Action":"sts:AssumeRole""#), "Missing required field Effect"),
        (format!(r#"{ASSUME},{EC2},"Resource":"*""#), "Has prohibited field Resource"),
        (format!(r#"{ASSUME},{EC2},"NotResource":"*""#), "Has prohibited field NotResource"),
        (
            format!(r#"{EC2},"Effect":"Allow","Action":["sts:AssumeRole","ecr:*"]"#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            format!(r#"{EC2},"Effect":"Allow","Action":"*""#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            format!(r#"{ASSUME},"Principal":{{"AWS":"arn:aws:iam::1:user/x"}}"#),
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:user/x\"",
        ),
    ] {
        assert_eq!(trust(&members).unwrap_err(), reason, "{members}");
    }
}

#[test]
fn each_kind_has_its_size() {
    for (kind, chars_max, quota, counts_blanks) in [
        (PolicyKind::Identity, 10_240, "PolicySize", false),
        (PolicyKind::Managed, 6_144, "PolicySize", false),
        (PolicyKind::Session, 2_048, "PolicySize", true),
        (PolicyKind::Guardrail, 5_120, "PolicySize", true),
        (PolicyKind::Trust, 2_048, "ACLSizePerRole", false),
        (PolicyKind::Repository, 10_240, "PolicySize", true),
        (PolicyKind::Registry, 10_240, "PolicySize", true),
    ] {
        let members = match kind {
            PolicyKind::Trust => format!("{ASSUME},{EC2}"),
            PolicyKind::Repository | PolicyKind::Registry => {
                format!(r#""Effect":"Allow","Action":"ecr:*","Resource":"*",{EC2}"#)
            }
            _ => r#""Effect":"Allow","Action":"ecr:*","Resource":"*""#.to_owned(),
        };
        let text = |sid: usize, blanks: usize| {
            let sid = "a".repeat(sid);
            statement(&format!(r#"{}{members},"Sid":"{sid}""#, " ".repeat(blanks)))
        };
        let room = chars_max - text(0, 0).len();
        assert!(PolicyDocument::parse_as(kind, &text(room, 0)).is_ok(), "{kind:?}");
        let expected = format!("Cannot exceed quota for {quota}: {chars_max}");
        assert_eq!(refused(kind, &text(room + 1, 0)), expected);
        let laid_out = PolicyDocument::parse_as(kind, &text(room, 1));
        assert_eq!(laid_out.is_err(), counts_blanks, "{kind:?}");
    }
}
