//! Answers: their headers, and the few shapes they come in.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::{Body, body};

/// `Docker-Distribution-Api-Version`, in every answer.
pub(crate) const API_VERSION: HeaderName =
    HeaderName::from_static("docker-distribution-api-version");
/// `Docker-Content-Digest`: the digest of the manifest or blob the answer is about.
pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// `OCI-Filters-Applied`: which parameters of the request a list of referrers was filtered by.
pub(crate) const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
/// `OCI-Subject`: the subject of a pushed manifest, which is listed among its referrers.
pub(crate) const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// `OCI-Tag`: the tags that a manifest pushed by digest has got.
pub(crate) const TAGS: HeaderName = HeaderName::from_static("oci-tag");
/// `Docker-Upload-UUID`: the id of the upload session.
pub(crate) const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// An answer in the making.
pub(crate) struct Answer(Response<Body>);

impl Answer {
    /// `status` without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        let answer = Self::with_body(status, body::empty());
        // RFC 9110 §8.6: no length with 204, and with 304 only that of the content left out.
        match status {
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => answer,
            _ => answer.header(CONTENT_LENGTH, "0"),
        }
    }

    /// `status` with a body that is all there.
    pub(crate) fn full(status: StatusCode, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = bytes.len().to_string();
        Self::with_body(status, body::full(bytes))
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_LENGTH, length)
    }

    /// `status` with a body of `length_bytes` that is yet to come, or is left out of a `HEAD`.
    pub(crate) fn sized(
        status: StatusCode,
        content_type: &str,
        length_bytes: u64,
        body: Body,
    ) -> Self {
        Self::with_body(status, body)
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_LENGTH, length_bytes.to_string())
    }

    /// The same answer with a header. A value that no header can carry leaves it out; nothing the
    /// registry has validated is one.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        self.0
    }

    fn with_body(status: StatusCode, body: Body) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        Self(response)
    }
}

impl From<Answer> for Response<Body> {
    fn from(answer: Answer) -> Self {
        answer.into_response()
    }
}
