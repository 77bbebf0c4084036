//! `/v2` by hand: pushing and pulling without a client that would try again, check twice, or hide
//! a status.

use std::io;

use crate::api::Api;
use crate::http::{Body, Request, Response};
use crate::server::Server;

/// The `/v2` of a server, with a token.
#[derive(Clone, Debug)]
pub struct Distribution {
    port: u16,
    authorization: String,
}

impl Distribution {
    /// With a token of the root key.
    pub fn root(server: &Server) -> Self {
        Self::with_key(server, &Api::root(server))
    }

    /// With a token of another key.
    pub fn with_key(server: &Server, key: &Api) -> Self {
        Self { port: server.port(), authorization: key.authorization() }
    }

    /// Sends a request with the token.
    ///
    /// # Errors
    /// If no head of an answer came.
    pub fn send(&self, request: Request<'_>) -> io::Result<Response> {
        request.header("Authorization", &self.authorization).send(self.port)
    }

    /// The head of a request whose body, of `length` bytes, is sent by hand.
    pub fn head(&self, method: &str, target: &str, length: u64) -> String {
        let Self { port, authorization } = self;
        format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\
             Authorization: {authorization}\r\nContent-Length: {length}\r\n\r\n"
        )
    }

    /// Begins an upload; answers where it goes on.
    ///
    /// # Errors
    /// If no answer came, or another than 202.
    pub fn start_upload(&self, repository: &str) -> io::Result<String> {
        let target = format!("/v2/{repository}/blobs/uploads/");
        let answer = expect(202, self.send(Request::new("POST", &target))?)?;
        Ok(location(&answer))
    }

    /// Sends the rest of a blob and completes its upload.
    ///
    /// # Errors
    /// If no answer came.
    pub fn finish_upload(&self, at: &str, digest: &str, rest: Body<'_>) -> io::Result<Response> {
        let separator = if at.contains('?') { '&' } else { '?' };
        let target = format!("{at}{separator}digest={digest}");
        self.send(Request::new("PUT", &target).body(rest))
    }

    /// Pushes a blob in one request after the first.
    ///
    /// # Errors
    /// If it was not acknowledged with 201.
    pub fn push_blob(&self, repository: &str, digest: &str, bytes: &[u8]) -> io::Result<()> {
        let at = self.start_upload(repository)?;
        expect(201, self.finish_upload(&at, digest, Body::Whole(bytes))?).map(drop)
    }

    /// Puts a manifest under a tag or digest.
    ///
    /// # Errors
    /// If no answer came.
    pub fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> io::Result<Response> {
        let target = format!("/v2/{repository}/manifests/{reference}");
        let request = Request::new("PUT", &target).header("Content-Type", media_type);
        self.send(request.body(Body::Whole(bytes)))
    }

    /// A blob.
    ///
    /// # Errors
    /// If it did not come whole, with status 200.
    pub fn pull_blob(&self, repository: &str, digest: &str) -> io::Result<Vec<u8>> {
        let target = format!("/v2/{repository}/blobs/{digest}");
        expect(200, self.send(Request::get(&target))?)?.body()
    }

    /// A manifest.
    ///
    /// # Errors
    /// If it did not come whole, with status 200.
    pub fn pull_manifest(&self, repository: &str, reference: &str) -> io::Result<Vec<u8>> {
        let target = format!("/v2/{repository}/manifests/{reference}");
        let accept = "application/vnd.oci.image.manifest.v1+json, */*";
        expect(200, self.send(Request::get(&target).header("Accept", accept))?)?.body()
    }
}

/// The answer, if it has this status.
///
/// # Errors
/// With the body in the message, if it has another.
pub fn expect(status: u16, answer: Response) -> io::Result<Response> {
    if answer.status == status {
        return Ok(answer);
    }
    let found = answer.status;
    let body = answer.body().unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    Err(io::Error::other(format!("status {found} instead of {status}: {body}")))
}

/// Path and query of the `Location` of an answer, which may name the host as well.
#[track_caller]
pub fn location(answer: &Response) -> String {
    let location = answer.header("location").expect("a Location");
    let path = location.find("/v2/").expect("a location in /v2");
    location[path..].to_owned()
}
