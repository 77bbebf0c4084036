//! Roles, and the temporary credentials of sessions, as tests come by them.

use serde_json::Value;
use wharfinger_auth::{AccessKey, unique_id};
use wharfinger_core::{Clock, Secret, SeededEntropy};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{BoxFuture, MetadataError, Tx, inline_policy};

use crate::world::{Draft, Reply, World};

/// Temporary credentials.
#[derive(Clone)]
pub struct Session {
    pub key: AccessKey,
    pub token: String,
}

impl Session {
    /// Out of the answer of an operation that begins one.
    #[track_caller]
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.text());
        let key = AccessKey {
            access_key_id: reply.member("AccessKeyId").into(),
            secret_access_key: Secret::new(reply.member("SecretAccessKey").into()),
        };
        Self { key, token: reply.member("SessionToken").into() }
    }
}

impl Reply {
    /// The text of the first element of this name.
    #[track_caller]
    pub fn member(&self, name: &str) -> &str {
        let begin = format!("<{name}>");
        let rest = self.text().split_once(&begin).unwrap_or_else(|| panic!("{}", self.text())).1;
        rest.split_once("</").unwrap().0
    }

    /// The message of a refusal in the words of the Query protocol.
    #[track_caller]
    pub fn refused_query(&self, status: u16, code: &str) -> String {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert!(text.contains(&format!("<Code>{code}</Code>")), "{code}: {text}");
        self.member("Message").to_owned()
    }
}

impl World {
    pub async fn write<F>(&self, body: F)
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), MetadataError>> + Send + 'static,
    {
        self.metadata.write(body).await.unwrap();
    }

    /// Makes a role, and answers its ARN. Each of them has an id of its own.
    pub async fn role(&self, account: &str, name: &str, trust: Value, policy: Value) -> String {
        let sum = |sum: u64, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
        let seed = name.bytes().chain(account.bytes()).fold(self.clock.now().millis() as u64, sum);
        let row = RoleRow {
            role_id: unique_id("AROA", &SeededEntropy::new(seed)),
            account: account.parse().unwrap(),
            role_name: name.into(),
            path: "/ci/".into(),
            description: String::new(),
            session_seconds_max: 7_200,
            trust_policy: trust.to_string(),
            boundary_arn: None,
            created_at: self.clock.now(),
        };
        self.write(move |tx| {
            Box::pin(async move {
                inline_policy::put(tx, &row.role_id, "inline", &policy.to_string()).await?;
                role::insert(tx, &row).await
            })
        })
        .await;
        format!("arn:aws:iam::{account}:role/ci/{name}")
    }

    /// Calls STS with long-lived credentials.
    pub async fn sts_as(&self, key: &AccessKey, form: &str) -> Reply {
        self.send(self.sts_form(form).sign(key)).await
    }

    /// Calls STS with temporary credentials.
    pub async fn sts_in(&self, session: &Session, form: &str) -> Reply {
        let draft = self.sts_form(form);
        self.send(draft.sign_with(&session.key, Some(&session.token))).await
    }

    /// Calls STS without any.
    pub async fn sts_unsigned(&self, form: &str) -> Reply {
        self.send(self.sts_form(form).unsigned()).await
    }

    fn sts_form(&self, form: &str) -> Draft<'static> {
        self.sts(&format!("Version=2011-06-15&{form}"))
    }

    /// Calls ECR with temporary credentials.
    pub async fn call_in(&self, session: &Session, operation: &str, body: Value) -> Reply {
        let draft = self.ecr(operation, body.to_string());
        self.send(draft.sign_with(&session.key, Some(&session.token))).await
    }

    /// A session of a role that somebody may assume.
    pub async fn assume(&self, key: &AccessKey, role_arn: &str) -> Session {
        let form = format!("Action=AssumeRole&RoleArn={role_arn}&RoleSessionName=session");
        Session::of(&self.sts_as(key, &form).await)
    }
}
