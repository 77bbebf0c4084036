//! A record on its way to disk: CloudTrail's members under CloudTrail's names, borrowed from the
//! request they are about. [`Record`](crate::Record) is the same, read back.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Serialize, Serializer};
use wharfinger_core::{EventId, RequestId, Timestamp};

use crate::line::Line;

/// What stands in place of a secret, in CloudTrail's words.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// One record. `P`, `R` and `X` are whatever serializes to the parameters of the request, to what
/// was answered, and to what CloudTrail has no member for. The members that are the same in all
/// records are not among these.
#[derive(Debug)]
pub struct Entry<'a, P, R, X> {
    /// Who called.
    pub user_identity: Who<'a>,
    /// When the request arrived; whole seconds of UTC, RFC 3339.
    pub event_time: Timestamp,
    /// `ecr.amazonaws.com` and the like.
    pub event_source: &'a str,
    /// The operation.
    pub event_name: &'a str,
    /// The region that was called.
    pub aws_region: &'a str,
    /// Whence.
    pub source_ip_address: IpAddr,
    /// What the client calls itself; empty if it says nothing.
    pub user_agent: &'a str,
    /// The exception, if the call failed.
    pub error_code: Option<&'a str>,
    /// Its message.
    pub error_message: Option<&'a str>,
    /// What was asked, without secrets; null if that is not known.
    pub request_parameters: Option<P>,
    /// What a write was answered, without secrets; null for reads and for what failed.
    pub response_elements: Option<R>,
    /// What CloudTrail has no member for.
    pub additional_event_data: Option<X>,
    /// The id in the answer and in the log.
    pub request_id: RequestId,
    /// The id of this record.
    pub event_id: EventId,
    /// Whether the operation changes nothing.
    pub read_only: bool,
    /// What it was about.
    pub resources: &'a [Resource<'a>],
    /// The account whose resources are concerned; absent if nobody knows.
    pub recipient_account_id: Option<&'a str>,
}

impl<'a, P, R, X> Entry<'a, P, R, X> {
    /// A record of which only the obligatory members are set.
    pub fn new(
        user_identity: Who<'a>,
        event_time: Timestamp,
        (event_source, event_name, aws_region): (&'a str, &'a str, &'a str),
        source_ip_address: IpAddr,
        (request_id, event_id): (RequestId, EventId),
    ) -> Self {
        Self {
            user_identity,
            event_time,
            event_source,
            event_name,
            aws_region,
            source_ip_address,
            user_agent: "",
            error_code: None,
            error_message: None,
            request_parameters: None,
            response_elements: None,
            additional_event_data: None,
            request_id,
            event_id,
            read_only: true,
            resources: &[],
            recipient_account_id: None,
        }
    }
}

impl<P: Serialize, R: Serialize, X: Serialize> Line for Entry<'_, P, R, X> {
    /// By hand, because it is done for every read: most of it is names, which are copied as they
    /// are.
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        out.extend_from_slice(br#"{"eventVersion":"1.08","userIdentity":"#);
        match &self.user_identity {
            Who::Rendered(identity) => out.extend_from_slice(identity.0.as_bytes()),
            Who::Described(identity) => serde_json::to_writer(&mut *out, identity)?,
        }
        text(out, ",\"eventTime\":", self.event_time.iso8601_in(&mut [0; 20]))?;
        text(out, ",\"eventSource\":", self.event_source)?;
        text(out, ",\"eventName\":", self.event_name)?;
        text(out, ",\"awsRegion\":", self.aws_region)?;
        json(out, ",\"sourceIPAddress\":", &self.source_ip_address)?;
        text(out, ",\"userAgent\":", self.user_agent)?;
        if let Some(code) = self.error_code {
            text(out, ",\"errorCode\":", code)?;
        }
        if let Some(message) = self.error_message {
            text(out, ",\"errorMessage\":", message)?;
        }
        json(out, ",\"requestParameters\":", &self.request_parameters)?;
        json(out, ",\"responseElements\":", &self.response_elements)?;
        if let Some(data) = &self.additional_event_data {
            json(out, ",\"additionalEventData\":", data)?;
        }
        text(out, ",\"requestID\":", self.request_id.shown_in(&mut [0; 36]))?;
        text(out, ",\"eventID\":", self.event_id.shown_in(&mut [0; 36]))?;
        json(out, ",\"readOnly\":", &self.read_only)?;
        if !self.resources.is_empty() {
            json(out, ",\"resources\":", &self.resources)?;
        }
        out.extend_from_slice(br#","eventType":"AwsApiCall","managementEvent":true"#);
        if let Some(account) = self.recipient_account_id {
            text(out, ",\"recipientAccountId\":", account)?;
        }
        out.extend_from_slice(br#","eventCategory":"Management"}"#);
        Ok(())
    }
}

fn json(out: &mut Vec<u8>, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
    out.extend_from_slice(name.as_bytes());
    serde_json::to_writer(out, value)
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) -> serde_json::Result<()> {
    if value.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        return json(out, name, &value);
    }
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Who called, as a record is given it.
#[derive(Debug)]
pub enum Who<'a> {
    /// Someone whose requests come often.
    Rendered(&'a RenderedIdentity),
    /// Anyone else.
    Described(UserIdentity<'a>),
}

/// A [`UserIdentity`] as JSON, made once and kept with whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedIdentity(Box<str>);

impl RenderedIdentity {
    /// The JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UserIdentity<'_> {
    /// Its JSON, for many records.
    pub fn rendered(&self) -> RenderedIdentity {
        // Texts and nothing else, which always serialize.
        RenderedIdentity(serde_json::to_string(self).unwrap_or_else(|_| "{}".into()).into())
    }
}

/// Who called, in the shapes CloudTrail has for it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity<'a> {
    /// `Root`, `IAMUser`, `AssumedRole`, `FederatedUser`, `WebIdentityUser`, `AWSAccount` of those
    /// without a login, and `Unknown` of those whose login failed.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The unique id that `GetCallerIdentity` answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<Cow<'a, str>>,
    /// The ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<Cow<'a, str>>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<&'a str>,
    /// The key that signed, or that the token was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<&'a str>,
    /// The name of a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<&'a str>,
    /// `ecr.amazonaws.com` of calls that came over `/v2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<&'static str>,
    /// Of temporary credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_context: Option<Box<SessionContext<'a>>>,
}

/// What is known of temporary credentials.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionContext<'a> {
    /// Whose they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_issuer: Option<SessionIssuer<'a>>,
    /// Of whom an identity provider vouched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_id_federation_data: Option<WebIdFederationData<'a>>,
    /// When, and how.
    pub attributes: SessionAttributes,
    /// Who began the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<&'a str>,
}

/// The role or the user that temporary credentials are of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionIssuer<'a> {
    /// `Role`, `IAMUser` or `Root`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its unique id.
    pub principal_id: Cow<'a, str>,
    /// Its ARN.
    pub arn: Cow<'a, str>,
    /// Its account.
    pub account_id: &'a str,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<&'a str>,
}

/// Whom an identity provider vouched for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebIdFederationData<'a> {
    /// The ARN of the provider.
    pub federated_provider: &'a str,
    /// The subject and the audience.
    pub attributes: WebIdAttributes<'a>,
}

/// What the provider said.
#[derive(Debug, Serialize)]
pub struct WebIdAttributes<'a> {
    /// The claim `sub`.
    pub sub: &'a str,
    /// The claim `aud`.
    pub aud: &'a str,
}

impl<'a> WebIdFederationData<'a> {
    /// Of a provider, a subject and an audience.
    pub fn new(federated_provider: &'a str, sub: &'a str, aud: &'a str) -> Self {
        Self { federated_provider, attributes: WebIdAttributes { sub, aud } }
    }
}

/// When temporary credentials were given out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionAttributes {
    /// A text, as in CloudTrail: `false`.
    pub mfa_authenticated: &'static str,
    /// RFC 3339.
    #[serde(serialize_with = "iso8601")]
    pub creation_date: Timestamp,
}

/// A resource that a call was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resource<'a> {
    /// Its ARN.
    #[serde(rename = "ARN")]
    pub arn: Cow<'a, str>,
    /// Its account.
    #[serde(rename = "accountId")]
    pub account_id: Cow<'a, str>,
    /// `AWS::ECR::Repository` and the like.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// The beginning of a text, of so many bytes at the most.
pub fn capped(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn iso8601<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(time.iso8601_in(&mut [0; 20]))
}
