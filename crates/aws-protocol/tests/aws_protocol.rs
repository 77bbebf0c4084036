//! Signatures through the public surface: real clients' requests, round trips, and refusals.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may fail like tests")]

#[path = "aws_protocol/interop.rs"]
mod interop;
#[path = "aws_protocol/refusals.rs"]
mod refusals;
#[path = "aws_protocol/round_trip.rs"]
mod round_trip;

use http::{HeaderMap, HeaderName, HeaderValue};
use wharfinger_aws_protocol::sigv4::{RequestParts, SigV4Error, SignedRequest, body_sha256};
use wharfinger_core::Timestamp;

/// AWS's published example key, and one of the same secret for sessions.
const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SESSION_KEY_ID: &str = "ASIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// 2026-03-01T12:30:00Z.
fn signed_at() -> Timestamp {
    Timestamp::parse_amz_date("20260301T123000Z").unwrap()
}

/// A whole request, to be changed and presented.
#[derive(Clone, Debug)]
struct Request {
    method: String,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn parts(&self) -> RequestParts<'_> {
        let query = self.query.as_deref();
        RequestParts { method: &self.method, path: &self.path, query, headers: &self.headers }
    }

    /// Reads and verifies, as a server does that knows the two keys.
    fn verify(&self, now: Timestamp) -> Result<SignedRequest, SigV4Error> {
        let signed = SignedRequest::from_request(&self.parts())?;
        // The id of the key is not itself signed in the header form: another id is another secret.
        if ![ACCESS_KEY_ID, SESSION_KEY_ID].contains(&signed.access_key_id()) {
            return Err(SigV4Error::UnrecognizedClient);
        }
        signed.verify(&self.parts(), &body_sha256(&self.body), SECRET, now)?;
        Ok(signed)
    }

    fn set(&mut self, name: &str, value: &str) -> &mut Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }
}
