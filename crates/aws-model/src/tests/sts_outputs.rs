//! STS outputs as XML.

use wharfinger_core::{Secret, Timestamp};

use crate::sts::{output, types};
use crate::{ToXml, XmlSink, XmlStructure};

/// Writes without escaping, which the values here do not need.
#[derive(Default)]
struct Text(String);

impl XmlSink for Text {
    fn start(&mut self, name: &str) {
        self.0 += &format!("<{name}>");
    }

    fn end(&mut self, name: &str) {
        self.0 += &format!("</{name}>");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.0 += &format!("<{name}>{value}</{name}>");
    }
}

fn members(structure: &dyn XmlStructure) -> String {
    let mut text = Text::default();
    structure.members(&mut text);
    text.0
}

#[test]
fn get_caller_identity() {
    let answer = output::GetCallerIdentityResponse {
        user_id: Some("AIDAEXAMPLE".into()),
        account: Some("012345678901".into()),
        arn: Some("arn:aws:iam::012345678901:user/alice".into()),
    };
    assert_eq!(
        members(&answer),
        "<UserId>AIDAEXAMPLE</UserId><Account>012345678901</Account>\
         <Arn>arn:aws:iam::012345678901:user/alice</Arn>"
    );
}

#[test]
fn assume_role() {
    let answer = output::AssumeRoleResponse {
        credentials: Some(types::Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("shh".into()),
            session_token: Secret::new("token".into()),
            expiration: Timestamp::from_seconds(1_772_368_200),
        }),
        packed_policy_size: Some(6),
        ..Default::default()
    };
    assert!(!format!("{answer:?}").contains("shh"));
    assert_eq!(
        members(&answer),
        "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>\
         <SecretAccessKey>shh</SecretAccessKey><SessionToken>token</SessionToken>\
         <Expiration>2026-03-01T12:30:00Z</Expiration></Credentials>\
         <PackedPolicySize>6</PackedPolicySize>"
    );
}

#[test]
fn lists_are_written_as_members() {
    let mut text = Text::default();
    vec!["a".to_owned(), "b".to_owned()].element("Keys", &mut text);
    Some(true).element("Done", &mut text);
    None::<String>.element("Absent", &mut text);
    assert_eq!(text.0, "<Keys><member>a</member><member>b</member></Keys><Done>true</Done>");
}
