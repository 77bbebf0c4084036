//! Requests on their way to be signed.

use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use wharfinger_api_aws::Body;
use wharfinger_auth::AccessKey;
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer, body_sha256};
use wharfinger_core::{Region, Timestamp};

/// A request on its way to be signed. Tests change what they are about.
pub struct Draft<'a> {
    pub method: Method,
    pub uri: String,
    pub headers: Vec<(&'a str, String)>,
    pub body: Vec<u8>,
    pub region: &'a str,
    pub service: &'a str,
    pub signed_at: Timestamp,
}

impl Draft<'_> {
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(have, _)| *have != name);
        self.headers.push((name, value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(have, _)| *have != name);
        self
    }

    pub fn unsigned(&self) -> Request<Body> {
        let body = Full::from(self.body.clone()).map_err(|never| match never {});
        let mut request = Request::new(body.boxed_unsync());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.parse().unwrap();
        for (name, value) in &self.headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }

    pub fn sign(&self, key: &AccessKey) -> Request<Body> {
        self.sign_with(key, None)
    }

    /// The same with a session token.
    pub fn sign_with(&self, key: &AccessKey, token: Option<&str>) -> Request<Body> {
        let mut request = self.unsigned();
        let region: Region = self.region.parse().unwrap();
        let signer = Signer {
            access_key_id: &key.access_key_id,
            secret_access_key: key.secret_access_key.expose(),
            session_token: token,
            region: &region,
            service: self.service,
        };
        let parts = RequestParts {
            method: request.method().as_str(),
            path: request.uri().path(),
            query: request.uri().query(),
            headers: request.headers(),
        };
        let added = signer.sign(&parts, &body_sha256(&self.body), self.signed_at).unwrap();
        request.headers_mut().extend(added);
        request
    }
}
