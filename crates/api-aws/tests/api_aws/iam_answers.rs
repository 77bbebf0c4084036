//! Calls of IAM, and what it answers, taken apart.

use http::StatusCode;
use serde_json::{Value, json};
use wharfinger_auth::AccessKey;

use crate::world::{Reply, World};

/// The prefixes of ids that are random, with the sixteen characters after them.
const ID_PREFIXES: [&str; 4] = ["AIDA", "AGPA", "AKIA", "AROA"];

impl World {
    /// Calls an operation of IAM as the root of the account.
    pub async fn call_iam(&self, form: &str) -> Reply {
        self.call_iam_as(&self.root, form).await
    }

    pub async fn call_iam_as(&self, key: &AccessKey, form: &str) -> Reply {
        self.send(self.iam(form).sign(key)).await
    }
}

impl Reply {
    /// What is within `<OpResult>` of a success, with random ids shortened to their prefixes.
    pub fn result(&self, operation: &str) -> String {
        let text = self.text();
        assert_eq!(self.status, StatusCode::OK, "{text}");
        let start = format!(
            "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <{operation}Result>"
        );
        let rest = text.strip_prefix(&start).unwrap_or_else(|| panic!("{text}"));
        let (result, rest) = rest.split_once(&format!("</{operation}Result>")).unwrap();
        assert!(rest.starts_with("<ResponseMetadata><RequestId>"), "{rest}");
        redacted(result)
    }

    /// That an operation answers nothing.
    pub fn done(&self, operation: &str) {
        let text = self.text();
        assert_eq!(self.status, StatusCode::OK, "{text}");
        assert!(text.starts_with(&format!("<{operation}Response xmlns=")), "{text}");
        assert!(!text.contains("Result>"), "{text}");
    }

    /// The message of an error of this code and status.
    pub fn failed(&self, status: u16, code: &str) -> String {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert!(text.contains(&format!("<Type>Sender</Type><Code>{code}</Code>")), "{text}");
        between(text, "<Message>", "</Message>")
    }
}

/// The first text between two others.
pub fn between(text: &str, start: &str, end: &str) -> String {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} in {text}")).0.to_owned()
}

/// A policy that allows these actions on this resource.
pub fn allow(actions: &[&str], resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": actions, "Resource": resource },
    ] })
}

fn redacted(text: &str) -> String {
    let mut text = text.to_owned();
    for prefix in ID_PREFIXES {
        let mut from = 0;
        while let Some(at) = text[from..].find(prefix) {
            from += at + prefix.len();
            text.replace_range(from..from + 16, "");
        }
    }
    text
}
