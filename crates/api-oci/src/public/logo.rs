//! `/logo/<sha256>.png`: the logos of public repositories, for anyone.

use http::header::{CACHE_CONTROL, ETAG, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{Method, StatusCode};
use wharfinger_core::Digest;

use super::no_route;
use crate::ApiOci;
use crate::answer::Answer;
use crate::conditional::{etag, is_known};
use crate::refusal::Refusal;
use crate::routing::not_allowed;

impl ApiOci {
    /// `GET /logo/<sha256>.png`. The name is that of the content, which therefore never changes.
    pub(super) async fn logo(&self, head: &Parts, file: &str) -> Result<Answer, Refusal> {
        if head.method != Method::GET && head.method != Method::HEAD {
            return Err(not_allowed("GET, HEAD"));
        }
        let hex = file.strip_suffix(".png").ok_or_else(no_route)?;
        let digest: Digest = format!("sha256:{hex}").parse().map_err(|_| no_route())?;
        let image = self.registry.logo(digest).await?.ok_or_else(no_route)?;
        let answer = match is_known(&head.headers, &digest) {
            true => Answer::empty(StatusCode::NOT_MODIFIED),
            false => Answer::full(StatusCode::OK, "image/png", image),
        };
        Ok(answer
            .header(ETAG, etag(&digest))
            .header(CACHE_CONTROL, "public, max-age=31536000, immutable")
            .header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
    }
}
