//! A record on its way to disk: CloudTrail's members under CloudTrail's names, borrowed from the
//! request they are about. [`Record`](crate::Record) is the same, read back.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Serialize, Serializer};
use wharfinger_core::{EventId, RequestId, Timestamp};

/// What stands in place of a secret, in CloudTrail's words.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// One record. `P`, `R` and `X` are whatever serializes to the parameters of the request, to what
/// was answered, and to what CloudTrail has no member for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a, P, R, X> {
    /// The version of the shape: `1.08`.
    pub event_version: &'static str,
    /// Who called.
    pub user_identity: UserIdentity<'a>,
    /// When the request arrived; whole seconds of UTC, RFC 3339.
    #[serde(serialize_with = "iso8601")]
    pub event_time: Timestamp,
    /// `ecr.amazonaws.com` and the like.
    pub event_source: &'a str,
    /// The operation.
    pub event_name: &'a str,
    /// The region that was called.
    pub aws_region: &'a str,
    /// Whence.
    #[serde(rename = "sourceIPAddress")]
    pub source_ip_address: IpAddr,
    /// What the client calls itself; empty if it says nothing.
    pub user_agent: &'a str,
    /// The exception, if the call failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<&'a str>,
    /// Its message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<&'a str>,
    /// What was asked, without secrets; null if that is not known.
    pub request_parameters: Option<P>,
    /// What a write was answered, without secrets; null for reads and for what failed.
    pub response_elements: Option<R>,
    /// What CloudTrail has no member for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_event_data: Option<X>,
    /// The id in the answer and in the log.
    #[serde(rename = "requestID", serialize_with = "shown")]
    pub request_id: RequestId,
    /// The id of this record.
    #[serde(rename = "eventID", serialize_with = "shown")]
    pub event_id: EventId,
    /// Whether the operation changes nothing.
    pub read_only: bool,
    /// What it was about.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub resources: &'a [Resource<'a>],
    /// `AwsApiCall`.
    pub event_type: &'static str,
    /// Always true, as for all of ECR.
    pub management_event: bool,
    /// The account whose resources are concerned; absent if nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_account_id: Option<&'a str>,
    /// `Management`.
    pub event_category: &'static str,
}

/// The version of the shape that is written.
pub(crate) const EVENT_VERSION: &str = "1.08";

impl<'a, P, R, X> Entry<'a, P, R, X> {
    /// A record of which only the obligatory members are set.
    pub fn new(
        user_identity: UserIdentity<'a>,
        event_time: Timestamp,
        (event_source, event_name, aws_region): (&'a str, &'a str, &'a str),
        source_ip_address: IpAddr,
        (request_id, event_id): (RequestId, EventId),
    ) -> Self {
        Self {
            event_version: EVENT_VERSION,
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
            event_type: "AwsApiCall",
            management_event: true,
            recipient_account_id: None,
            event_category: "Management",
        }
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
    serializer.serialize_str(&time.iso8601())
}

fn shown<S: Serializer>(id: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}
