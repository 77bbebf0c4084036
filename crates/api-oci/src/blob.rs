//! Blobs: asked for, read and deleted.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use http::header::{ACCEPT_RANGES, ALLOW, CONTENT_RANGE, ETAG, RANGE};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use wharfinger_auth::actions::{
    BatchCheckLayerAvailability, BatchDeleteImage, GetDownloadUrlForLayer,
};
use wharfinger_core::{Digest, RepositoryName};
use wharfinger_oci::{ByteRange, ErrorCode, Unsatisfiable};
use wharfinger_registry::{BlobDeletion, DownloadTurn, Error, LayerAvailability};

use crate::answer::{Answer, CONTENT_DIGEST};
use crate::call::Call;
use crate::conditional::{etag, is_known};
use crate::refusal::{Refusal, chain};
use crate::{Body, BoxError, body};

const CONTENT_TYPE: &str = "application/octet-stream";

/// `[end-2] HEAD /v2/<name>/blobs/<digest>`; ECR `BatchCheckLayerAvailability`.
///
/// Pushes ask whether they have to send the blob. One that only archived images use is there: the
/// manifest may refer to it, and then it is served again.
pub(crate) async fn head(
    call: &Call<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<BatchCheckLayerAvailability>(name).await?;
    let digests = vec![digest.to_string()];
    let found = call.registry.batch_check_layer_availability(&permit, digests).await?;
    let Some(
        LayerAvailability::Available { size_bytes, .. }
        | LayerAvailability::Archived { size_bytes, .. },
    ) = found.first()
    else {
        let (name, registry) = (name.clone(), call.session.registry.account);
        return Err(Error::LayerNotFound { digest: *digest, name, registry }.into());
    };
    if is_known(call.headers(), digest) {
        return Ok(described(Answer::empty(StatusCode::NOT_MODIFIED), digest));
    }
    let answer = Answer::sized(StatusCode::OK, CONTENT_TYPE, *size_bytes, body::empty());
    Ok(described(answer, digest))
}

/// `[end-2] GET /v2/<name>/blobs/<digest>`, whole or a range of it; ECR `GetDownloadUrlForLayer`.
///
/// `If-Range` needs no look: a digest never means other bytes.
pub(crate) async fn get(
    call: &Call<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<GetDownloadUrlForLayer>(name).await?;
    let turn = call.registry.begin_download().await?;
    let blob = call.registry.open_blob(&permit, *digest).await?;
    if is_known(call.headers(), digest) {
        return Ok(described(Answer::empty(StatusCode::NOT_MODIFIED), digest));
    }
    let size_bytes = blob.size_bytes;
    let range = call.header(&RANGE).map(|header| ByteRange::of_request(header, size_bytes));
    let answer = match range.transpose().map_err(unsatisfiable)?.flatten() {
        None => {
            let body = streamed(call, turn, blob.read_all());
            Answer::sized(StatusCode::OK, CONTENT_TYPE, size_bytes, body)
        }
        Some(range) => {
            let body = streamed(call, turn, blob.read_range(range.first(), range.last())?);
            Answer::sized(StatusCode::PARTIAL_CONTENT, CONTENT_TYPE, range.len(), body)
                .header(CONTENT_RANGE, range.content_range(size_bytes))
        }
    };
    Ok(described(answer, digest))
}

/// `[end-10] DELETE /v2/<name>/blobs/<digest>`; ECR has no operation for it, and whoever may delete
/// images may delete what they leave behind. What an image uses cannot be deleted.
pub(crate) async fn delete(
    call: &Call<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<BatchDeleteImage>(name).await?;
    match call.registry.delete_blob(&permit, *digest).await? {
        BlobDeletion::Deleted => Ok(Answer::empty(StatusCode::ACCEPTED)),
        BlobDeletion::InUse => {
            let message = format!("Images of the repository use the layer with digest '{digest}'");
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Err(Refusal::new(status, ErrorCode::Unsupported, message)
                .with_header(ALLOW, "GET, HEAD".to_owned()))
        }
    }
}

fn described(answer: Answer, digest: &Digest) -> Answer {
    answer
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_DIGEST, digest.to_string())
        .header(ETAG, etag(digest))
}

fn unsatisfiable(error: Unsatisfiable) -> Refusal {
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    Refusal::new(status, ErrorCode::RangeInvalid, error.to_string())
        .with_header(CONTENT_RANGE, error.content_range())
        .with_header(ACCEPT_RANGES, "bytes".to_owned())
}

/// The bytes on their way out. When reading fails the body breaks off, short of the length it was
/// announced with, so that no client takes it for whole.
fn streamed<E>(
    call: &Call<'_>,
    turn: DownloadTurn,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Body
where
    E: Into<BoxError>,
{
    let request_id = call.context.request_id;
    let frames = pieces.map(move |piece| {
        let _kept_until_the_end = &turn;
        match piece {
            Ok(bytes) => Ok(Frame::data(bytes)),
            Err(error) => {
                let error: BoxError = error.into();
                tracing::error!(%request_id, error = chain(&*error), "a blob broke off");
                Err(error)
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}
