//! The ECR calls a benchmark needs, signed.

use anyhow::Result;
use http::HeaderMap;
use serde_json::Value;
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer, body_sha256};
use wharfinger_core::Timestamp;

use crate::client::{Client, Request};

/// Keys to sign with.
pub struct Credentials {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The region to sign for.
    pub region: String,
}

/// Calls an ECR operation.
pub fn call(
    client: &mut Client,
    credentials: &Credentials,
    operation: &str,
    input: &Value,
) -> Result<Value> {
    let body = serde_json::to_vec(input)?;
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let mut headers = HeaderMap::new();
    headers.insert("host", client.host().parse()?);
    headers.insert("content-type", "application/x-amz-json-1.1".parse()?);
    headers.insert("x-amz-target", target.parse()?);
    let region = credentials.region.parse()?;
    let signer = Signer {
        access_key_id: &credentials.access_key_id,
        secret_access_key: &credentials.secret_access_key,
        session_token: None,
        region: &region,
        service: "ecr",
    };
    let parts = RequestParts { method: "POST", path: "/", query: None, headers: &headers };
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed()?;
    let now = Timestamp::from_seconds(i64::try_from(now.as_secs())?);
    let signature = signer
        .sign(&parts, &body_sha256(&body), now)
        .map_err(|error| anyhow::anyhow!(error.message()))?;
    headers.remove("host");
    headers.extend(signature);
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let request = Request { headers: &headers, body: &[&body], ..Request::new("POST", "/") };
    let answer = client.send(&request)?.expect(200, operation)?;
    Ok(serde_json::from_slice(&answer.body)?)
}
