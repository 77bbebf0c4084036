//! A client of IAM, and what it is answered of roles.

use http::StatusCode;
use wharfinger_auth::AccessKey;

use crate::world::{ACCOUNT, Reply, World};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
/// `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},
/// "Action":"sts:AssumeRole"}]}`, as forms and answers have it.
pub const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A\
                     %22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D\
                     %2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
pub const CREATED: &str = "<CreateDate>2026-03-01T12:30:00Z</CreateDate>";

/// A client of IAM.
pub struct Client<'a> {
    pub world: &'a World,
    pub key: &'a AccessKey,
}

impl Client<'_> {
    async fn call(&self, form: &str) -> Reply {
        self.world.send(self.world.iam(form).sign(self.key)).await
    }

    /// What stands in the answer of a success: its result, or nothing.
    pub async fn ok(&self, form: &str) -> String {
        let reply = self.call(form).await;
        assert_eq!(reply.status, StatusCode::OK, "{form}: {}", reply.text());
        let operation = form.strip_prefix("Action=").unwrap().split('&').next().unwrap();
        let text = reply.text();
        let text = text.strip_prefix(&format!("<{operation}Response xmlns=\"{NAMESPACE}\">"));
        let (text, _) = text.unwrap().split_once("<ResponseMetadata><RequestId>").unwrap();
        let result = text.strip_prefix(&format!("<{operation}Result>")).unwrap_or(text);
        let end = format!("</{operation}Result>");
        redacted(result.strip_suffix(end.as_str()).unwrap_or(result))
    }

    /// The message of a refusal.
    pub async fn refused(&self, form: &str, status: u16, code: &str) -> String {
        let reply = self.call(form).await;
        let text = reply.text();
        assert_eq!(reply.status.as_u16(), status, "{form}: {text}");
        let beginning = format!("<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type>");
        assert!(text.starts_with(&format!("{beginning}<Code>{code}</Code>")), "{text}");
        let (_, message) = text.split_once("<Message>").unwrap();
        message.split("</Message>").next().unwrap().replace("&quot;", "\"")
    }
}

/// The text without what is random in it: unique ids, and the ids of tasks.
fn redacted(text: &str) -> String {
    let mut parts = text.split_inclusive("Id>");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("</") {
            Some((id, rest)) if id.len() == 20 => {
                whole += &format!("{}…</{rest}", &id[..4]);
            }
            _ => whole += part,
        }
    }
    whole
}

pub fn root(world: &World) -> Client<'_> {
    Client { world, key: &world.root }
}

pub fn role(path: &str, name: &str, rest: &str) -> String {
    format!(
        "<Path>{path}</Path><RoleName>{name}</RoleName><RoleId>AROA…</RoleId>\
         <Arn>arn:aws:iam::{ACCOUNT}:role{path}{name}</Arn>{CREATED}\
         <AssumeRolePolicyDocument>{TRUST}</AssumeRolePolicyDocument>{rest}"
    )
}

pub const HOUR: &str = "<MaxSessionDuration>3600</MaxSessionDuration>";
pub const TAGS: &str = "<Tags><member><Key>Team</Key><Value>a b</Value></member></Tags>";
pub const TRUNCATED: &str = "<IsTruncated>false</IsTruncated>";

pub fn create_role(name: &str) -> String {
    format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={TRUST}")
}
