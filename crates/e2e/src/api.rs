//! The AWS JSON API with signed requests by hand, for what must be quick or strange. The clients
//! of AWS themselves are met in the tests of `tutorial` and `boto3`.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer, body_sha256};
use wharfinger_core::{Region, Timestamp};

use crate::http::{Body, Request};
use crate::server::Server;

const JSON: &str = "application/x-amz-json-1.1";
const TARGET_PREFIX: &str = "AmazonEC2ContainerRegistry_V20150921";

/// An access key and the server it is for.
#[derive(Clone)]
pub struct Api {
    port: u16,
    region: Region,
    access_key_id: String,
    secret_access_key: String,
}

/// What an operation answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Api {
    /// With the root key.
    pub fn root(server: &Server) -> Self {
        Self::with_key(
            server,
            server.export("AWS_ACCESS_KEY_ID"),
            server.export("AWS_SECRET_ACCESS_KEY"),
        )
    }

    /// With another key.
    pub fn with_key(server: &Server, access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            port: server.port(),
            region: server.export("AWS_REGION").parse().expect("a region"),
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
        }
    }

    /// Calls an operation of ECR.
    ///
    /// # Errors
    /// If no whole answer came, as from a server that was killed.
    pub fn call(&self, operation: &str, input: &Value) -> io::Result<Answer> {
        let body = input.to_string();
        let mut headers = HeaderMap::new();
        let host = format!("localhost:{}", self.port);
        let target = format!("{TARGET_PREFIX}.{operation}");
        for (name, value) in [("host", &*host), ("x-amz-target", &*target), ("content-type", JSON)]
        {
            let value = HeaderValue::from_str(value).expect("a header");
            headers.insert(HeaderName::from_static(name), value);
        }
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret_access_key,
            session_token: None,
            region: &self.region,
            service: "ecr",
        };
        let parts = RequestParts { method: "POST", path: "/", query: None, headers: &headers };
        let signature = signer.sign(&parts, &body_sha256(body.as_bytes()), now());
        headers.extend(signature.expect("a request can be signed"));
        headers.remove("host");
        let mut request = Request::new("POST", "/").body(Body::Whole(body.as_bytes()));
        for (name, value) in &headers {
            request = request.header(name.as_str(), value.to_str().expect("text"));
        }
        let answer = request.send(self.port)?;
        let status = answer.status;
        let body = serde_json::from_slice(&answer.body()?)?;
        Ok(Answer { status, body })
    }

    /// Calls an operation that must succeed.
    #[track_caller]
    pub fn success(&self, operation: &str, input: &Value) -> Value {
        let answer = self.call(operation, input).expect("an answer");
        assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
        answer.body
    }

    /// Makes a repository with a name, and everything else as it comes.
    #[track_caller]
    pub fn create_repository(&self, name: &str) {
        self.success("CreateRepository", &serde_json::json!({ "repositoryName": name }));
    }

    /// The value of an `Authorization` header for `/v2`.
    #[track_caller]
    pub fn authorization(&self) -> String {
        let answer = self.success("GetAuthorizationToken", &serde_json::json!({}));
        let token = answer["authorizationData"][0]["authorizationToken"].as_str();
        format!("Basic {}", token.expect("a token"))
    }
}

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "a client signs with the machine's time")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("later than 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a time"))
}
