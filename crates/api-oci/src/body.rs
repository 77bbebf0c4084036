//! Bodies: made, streamed into the registry, and read up to a bound.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyDataStream, BodyExt, Empty, Full};
use wharfinger_core::limits::MANIFEST_BYTES_MAX;

use crate::{Body, BoxError};

/// Bytes of a body that is too large which are still read, so that the client gets to read the
/// answer instead of a broken connection.
const DISCARD_BYTES_MAX: usize = 4 * MANIFEST_BYTES_MAX;

/// No body.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is all there.
pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A body as the registry takes it: piece by piece, never more than one at a time.
pub(crate) fn pieces(body: Body) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    BodyDataStream::new(body)
}

/// A body that must have exactly `length_bytes`: it fails where it goes beyond them, and if it
/// ends before.
pub(crate) fn pieces_of_length(
    body: Body,
    length_bytes: u64,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let start = Some((BodyDataStream::new(body), length_bytes));
    stream::unfold(start, |state| async move {
        let (mut body, wanted) = state?;
        match body.next().await {
            None if wanted == 0 => None,
            None => {
                Some((Err(format!("{wanted} bytes of its Content-Range are missing").into()), None))
            }
            Some(Ok(piece)) => match wanted.checked_sub(piece.len() as u64) {
                Some(rest) => Some((Ok(piece), Some((body, rest)))),
                None => Some((Err("it goes on where its Content-Range ends".into()), None)),
            },
            Some(Err(error)) => Some((Err(error), None)),
        }
    })
}

/// Why a manifest could not be read.
pub(crate) enum ManifestBodyError {
    /// More than [`MANIFEST_BYTES_MAX`].
    TooLarge,
    /// The body broke off.
    Interrupted(BoxError),
}

/// Reads a manifest, which must fit into [`MANIFEST_BYTES_MAX`].
pub(crate) async fn read_manifest(body: Body) -> Result<Bytes, ManifestBodyError> {
    let mut pieces = BodyDataStream::new(body);
    let mut manifest = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(ManifestBodyError::Interrupted)?;
        if manifest.len() + piece.len() > MANIFEST_BYTES_MAX {
            drop(manifest);
            discard(pieces).await;
            return Err(ManifestBodyError::TooLarge);
        }
        manifest.extend_from_slice(&piece);
    }
    Ok(manifest.freeze())
}

async fn discard(mut pieces: BodyDataStream<Body>) {
    let mut discarded = 0;
    while discarded < DISCARD_BYTES_MAX
        && let Some(Ok(piece)) = pieces.next().await
    {
        discarded += piece.len();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, TryStreamExt};
    use http_body_util::StreamBody;

    use super::*;

    fn body(pieces: &'static [&'static [u8]]) -> Body {
        let frames =
            pieces.iter().map(|piece| Ok(http_body::Frame::data(Bytes::from_static(piece))));
        StreamBody::new(stream::iter(frames)).boxed_unsync()
    }

    fn of_length(
        pieces: &'static [&'static [u8]],
        length_bytes: u64,
    ) -> Result<Vec<Bytes>, String> {
        let read =
            pieces_of_length(body(pieces), length_bytes).try_collect().now_or_never().unwrap();
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn a_body_of_a_length_has_that_length() {
        assert_eq!(of_length(&[b"ab", b"", b"c"], 3).unwrap().concat(), b"abc");
        assert_eq!(of_length(&[], 0).unwrap(), Vec::<Bytes>::new());
        assert_eq!(of_length(&[b"ab"], 3).unwrap_err(), "1 bytes of its Content-Range are missing");
        assert_eq!(
            of_length(&[b"ab", b"cd"], 3).unwrap_err(),
            "it goes on where its Content-Range ends"
        );
    }

    #[test]
    fn what_is_beyond_a_length_is_not_passed_on() {
        let read: Vec<_> =
            pieces_of_length(body(&[b"ab", b"cd", b"e"]), 3).collect().now_or_never().unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].as_ref().unwrap(), &Bytes::from_static(b"ab"));
        assert!(read[1].is_err());
    }
}
