//! Reading a request's body whole, up to a limit, with the hash that its signature covers.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt;

use crate::{Body, BoxError};

/// A body that was read whole.
pub(crate) struct WholeBody {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: [u8; 32],
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is longer than the limit. The rest of it is not read.
    #[error("The request body must have at most {limit_bytes} bytes.")]
    TooLarge { limit_bytes: usize },
    /// The connection broke off.
    #[error("The request body ended early.")]
    Interrupted(#[source] BoxError),
}

/// Reads a body of at most `limit_bytes`.
pub(crate) async fn read(mut body: Body, limit_bytes: usize) -> Result<WholeBody, BodyError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > limit_bytes {
        return Err(BodyError::TooLarge { limit_bytes });
    }
    let mut bytes = Vec::with_capacity(expected);
    let mut hash = Context::new(&SHA256);
    while let Some(frame) = body.frame().await {
        // Trailers mean nothing to AWS.
        let Ok(data) = frame.map_err(BodyError::Interrupted)?.into_data() else { continue };
        if data.len() > limit_bytes - bytes.len() {
            return Err(BodyError::TooLarge { limit_bytes });
        }
        hash.update(&data);
        bytes.extend_from_slice(&data);
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    Ok(WholeBody { bytes: bytes.into(), sha256 })
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use wharfinger_aws_protocol::sigv4::body_sha256;

    use super::*;

    fn streamed(parts: Vec<Result<&'static str, BoxError>>) -> Body {
        let frames = parts.into_iter().map(|part| part.map(|text| Frame::data(text.into())));
        StreamBody::new(stream::iter(frames)).boxed_unsync()
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read_and_hashed() {
        let whole = read(streamed(vec![Ok("ab"), Ok(""), Ok("c")]), 3).await.unwrap();
        assert_eq!((&whole.bytes[..], whole.sha256), (&b"abc"[..], body_sha256(b"abc")));
    }

    #[tokio::test]
    async fn a_longer_one_is_not() {
        let full = Full::from("abcd").map_err(|never| match never {}).boxed_unsync();
        for body in [full, streamed(vec![Ok("ab"), Ok("cd")])] {
            let refused = read(body, 3).await.err().unwrap();
            assert_eq!(refused.to_string(), "The request body must have at most 3 bytes.");
        }
    }

    #[tokio::test]
    async fn a_broken_one_is_not() {
        let body = streamed(vec![Ok("a"), Err("connection reset".into())]);
        assert!(matches!(read(body, 3).await, Err(BodyError::Interrupted(_))));
    }
}
