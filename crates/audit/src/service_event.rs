//! A record of what the registry did by itself, in the shape that CloudTrail has for the events of a
//! service (`ecr-semantics` 12.2): nobody called, and `serviceEventDetails` says what was done.

use serde::Serialize;
use serde_json::value::RawValue;
use wharfinger_core::limits::AUDIT_RECORD_BYTES_MAX;
use wharfinger_core::{EventId, Timestamp};

use crate::Resource;
use crate::event_id;
use crate::line::Line;

/// What CloudTrail calls the one who calls when nobody does.
const NOBODY: &str = "AWS Internal";
/// Bytes of a record beside its details, at the most.
const MEMBERS_BYTES_MAX: usize = 8 * 1024;

/// Something that the registry did by itself.
#[derive(Debug)]
pub struct ServiceEvent<'a> {
    /// The number it is stored under, from which the id of the record is made.
    pub number: i64,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// `PolicyExecutionEvent` and the like.
    pub event_name: &'a str,
    /// The region of the registry.
    pub aws_region: &'a str,
    /// The account of the registry.
    pub account_id: &'a str,
    /// What it was about.
    pub resources: &'a [Resource<'a>],
    /// `serviceEventDetails`, without secrets. More than fits into a record is left out.
    pub details: &'a RawValue,
}

/// CloudTrail's members, in its order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    event_version: &'static str,
    user_identity: Nobody<'a>,
    event_time: &'a str,
    event_source: &'static str,
    event_name: &'a str,
    aws_region: &'a str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'static str,
    user_agent: &'static str,
    request_parameters: (),
    response_elements: (),
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resources: &'a [Resource<'a>],
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: &'a str,
    service_event_details: Details<'a>,
    event_category: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Nobody<'a> {
    account_id: &'a str,
    invoked_by: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Details<'a> {
    Whole(&'a RawValue),
    #[serde(rename_all = "camelCase")]
    Omitted {
        omitted: bool,
        original_size: usize,
    },
}

impl ServiceEvent<'_> {
    /// The id of the record.
    pub fn event_id(&self) -> EventId {
        event_id::of_service_event(self.number, self.occurred_at)
    }
}

impl Line for ServiceEvent<'_> {
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let original_size = self.details.get().len();
        let service_event_details = match original_size < AUDIT_RECORD_BYTES_MAX - MEMBERS_BYTES_MAX
        {
            true => Details::Whole(self.details),
            false => Details::Omitted { omitted: true, original_size },
        };
        let (mut time, mut id) = ([0; 20], [0; 36]);
        let event_id = self.event_id();
        let shown = Shown {
            event_version: "1.08",
            user_identity: Nobody { account_id: self.account_id, invoked_by: NOBODY },
            event_time: self.occurred_at.iso8601_in(&mut time),
            event_source: "ecr.amazonaws.com",
            event_name: self.event_name,
            aws_region: self.aws_region,
            source_ip_address: NOBODY,
            user_agent: NOBODY,
            request_parameters: (),
            response_elements: (),
            event_id: event_id.shown_in(&mut id),
            read_only: true,
            resources: self.resources,
            event_type: "AwsServiceEvent",
            management_event: true,
            recipient_account_id: self.account_id,
            service_event_details,
            event_category: "Management",
        };
        // A line ends where a record does: what was stored with breaks of lines in it is written anew.
        match self.details.get().contains(['\n', '\r']) {
            false => serde_json::to_writer(out, &shown),
            true => serde_json::to_writer(out, &serde_json::to_value(&shown)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn written(number: i64, details: &str) -> Value {
        let details: Box<RawValue> = serde_json::from_str(details).unwrap();
        let resource = Resource {
            arn: "arn:aws:ecr:eu-west-1:111122223333:repository/team/app".into(),
            account_id: "111122223333".into(),
            kind: "AWS::ECR::Repository",
        };
        let event = ServiceEvent {
            number,
            occurred_at: Timestamp::from_seconds(1_772_368_200),
            event_name: "PolicyExecutionEvent",
            aws_region: "eu-west-1",
            account_id: "111122223333",
            resources: &[resource],
            details: &details,
        };
        let mut line = Vec::new();
        event.write(&mut line).unwrap();
        assert!(!line.contains(&b'\n') && line.len() < AUDIT_RECORD_BYTES_MAX);
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn it_has_the_shape_of_cloudtrails() {
        let mut record = written(7, "{\"repositoryName\":\n\"team/app\"}");
        let id = record["eventID"].take();
        assert_eq!(id, written(7, "{}")["eventID"], "twice recorded is the same record");
        assert_ne!(id, written(8, "{}")["eventID"]);
        let expected = serde_json::json!({
            "eventVersion": "1.08",
            "userIdentity": {"accountId": "111122223333", "invokedBy": "AWS Internal"},
            "eventTime": "2026-03-01T12:30:00Z",
            "eventSource": "ecr.amazonaws.com",
            "eventName": "PolicyExecutionEvent",
            "awsRegion": "eu-west-1",
            "sourceIPAddress": "AWS Internal",
            "userAgent": "AWS Internal",
            "requestParameters": null,
            "responseElements": null,
            "eventID": null,
            "readOnly": true,
            "resources": [{
                "ARN": "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
                "accountId": "111122223333",
                "type": "AWS::ECR::Repository",
            }],
            "eventType": "AwsServiceEvent",
            "managementEvent": true,
            "recipientAccountId": "111122223333",
            "serviceEventDetails": {"repositoryName": "team/app"},
            "eventCategory": "Management",
        });
        assert_eq!(record, expected);
    }

    #[test]
    fn details_without_end_are_left_out() {
        let details = format!("[\"{}\"]", "x".repeat(AUDIT_RECORD_BYTES_MAX));
        let record = written(1, &details);
        let expected = serde_json::json!({"omitted": true, "originalSize": details.len()});
        assert_eq!(record["serviceEventDetails"], expected);
    }
}
