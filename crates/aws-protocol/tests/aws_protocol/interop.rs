//! Requests as botocore signs them.

use serde::Deserialize;
use wharfinger_aws_protocol::sigv4::SignatureKind;

use super::{HeaderMap, Request, signed_at};

#[derive(Deserialize)]
struct Recorded {
    name: String,
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: String,
}

fn recorded() -> Vec<(String, Request)> {
    let lines = include_str!("../data/botocore_requests.jsonl").lines();
    let read = |line| {
        let Recorded { name, method, path, query, headers, body } =
            serde_json::from_str(line).unwrap();
        let headers_sent = headers;
        let headers = HeaderMap::new();
        let mut request = Request { method, path, query, headers, body: body.into_bytes() };
        for (header, value) in &headers_sent {
            request.set(header, value);
        }
        (name, request)
    };
    lines.map(read).collect()
}

#[test]
fn what_botocore_signs_verifies() {
    let requests = recorded();
    assert_eq!(requests.len(), 11);
    for (name, request) in &requests {
        let signed = request.verify(signed_at()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(signed.timestamp(), signed_at(), "{name}");
        let presigned = matches!(signed.kind(), SignatureKind::Presigned { .. });
        assert_eq!(presigned, name.starts_with("presigned"), "{name}");
        let session = signed.access_key_id().starts_with("ASIA");
        assert_eq!(signed.session_token().is_some(), session, "{name}");
    }
}

#[test]
fn what_botocore_signed_for_another_body_does_not() {
    for (name, mut request) in recorded() {
        request.body.push(b' ');
        assert!(request.verify(signed_at()).is_err(), "{name}");
    }
}

#[test]
fn scopes_are_those_of_the_services() {
    for (name, request) in recorded() {
        let signed = request.verify(signed_at()).unwrap();
        let service = name.split('-').next().unwrap();
        if ["ecr", "sts"].contains(&service) {
            assert_eq!(signed.check_scope(service, Some("eu-central-1")), Ok(()), "{name}");
        }
        assert!(signed.check_scope("ec2", None).is_err(), "{name}");
    }
}
