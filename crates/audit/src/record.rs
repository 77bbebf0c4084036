//! A record as it is read back: what the filters and the table need, and the line it stood in.

use serde::Deserialize;
use serde_json::value::RawValue;
use wharfinger_core::Timestamp;

/// A record that a search found.
#[derive(Debug)]
pub struct Found {
    /// The whole line, without its end.
    pub line: String,
    /// What it says.
    pub record: Record,
}

/// What is read of a record. Members that are absent are empty; those that are not known are not
/// looked at, so that records of later versions can be read too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Who called.
    pub user_identity: Identity,
    /// When, RFC 3339.
    pub event_time: String,
    /// The service.
    pub event_source: String,
    /// The operation.
    pub event_name: String,
    /// The region that was called.
    #[serde(default)]
    pub aws_region: String,
    /// Whence.
    #[serde(rename = "sourceIPAddress", default)]
    pub source_ip_address: String,
    /// What the client calls itself.
    #[serde(default)]
    pub user_agent: String,
    /// The exception, if the call failed.
    pub error_code: Option<String>,
    /// Its message.
    pub error_message: Option<String>,
    /// What was asked, as JSON.
    pub request_parameters: Option<Box<RawValue>>,
    /// What was answered, as JSON.
    pub response_elements: Option<Box<RawValue>>,
    /// What CloudTrail has no member for, as JSON.
    pub additional_event_data: Option<Box<RawValue>>,
    /// What the registry did by itself, as JSON.
    pub service_event_details: Option<Box<RawValue>>,
    /// The id of the request.
    #[serde(rename = "requestID")]
    pub request_id: Option<String>,
    /// The id of the record.
    #[serde(rename = "eventID")]
    pub event_id: Option<String>,
    /// Whether the operation changes nothing.
    #[serde(default)]
    pub read_only: bool,
    /// What it was about.
    #[serde(default)]
    pub resources: Vec<NamedResource>,
    /// The account whose resources are concerned.
    pub recipient_account_id: Option<String>,
}

/// Who called.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// `IAMUser` and the like.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The unique id.
    pub principal_id: Option<String>,
    /// The ARN.
    pub arn: Option<String>,
    /// The account.
    pub account_id: Option<String>,
    /// The key.
    pub access_key_id: Option<String>,
    /// The name of a user.
    pub user_name: Option<String>,
    /// The service that called; `AWS Internal` of what the registry did by itself.
    pub invoked_by: Option<String>,
    /// Of temporary credentials.
    pub session_context: Option<Session>,
}

/// What is known of temporary credentials.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Whose they are.
    pub session_issuer: Option<Issuer>,
}

/// The role or the user that temporary credentials are of.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issuer {
    /// Its ARN.
    pub arn: Option<String>,
    /// Its name.
    pub user_name: Option<String>,
}

/// A resource that a call was about.
#[derive(Debug, Deserialize)]
pub struct NamedResource {
    /// Its ARN.
    #[serde(rename = "ARN", default)]
    pub arn: String,
}

impl Record {
    /// When the request arrived; none if that is no time.
    pub fn time(&self) -> Option<Timestamp> {
        Timestamp::parse_http_date(&self.event_time)
    }

    /// The caller in a word: its ARN, else its key, else what kind of caller it is, else the service
    /// itself.
    pub fn caller(&self) -> &str {
        let who = &self.user_identity;
        let known = who.arn.as_ref().or(who.access_key_id.as_ref()).or(who.kind.as_ref());
        let known = known.or(who.invoked_by.as_ref());
        known.map_or("", String::as_str)
    }
}
