//! Uploads of blobs: begun, fed, asked for, completed, cancelled.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use http_body::Body as _;
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    BatchCheckLayerAvailability, CompleteLayerUpload, InitiateLayerUpload, UploadLayerPart,
};
use wharfinger_core::{Digest, RepositoryName, UploadId};
use wharfinger_oci::range::upload_progress;
use wharfinger_oci::{ByteRange, ErrorCode, Route};
use wharfinger_registry::{EmptyBlob, Error, LayerAvailability, UploadProgress};

use crate::answer::{Answer, CONTENT_DIGEST, UPLOAD_UUID};
use crate::call::Call;
use crate::create_on_push::create_missing;
use crate::error::{bad_digest, invalid_digest};
use crate::mount::mount;
use crate::refusal::{Refusal, chain};
use crate::{Body, body};

/// `[end-4a] POST /v2/<name>/blobs/uploads/`; ECR `InitiateLayerUpload`. With `digest`
/// [end-4b] the body is the whole blob. With `mount` [end-11] a session is begun if the blob cannot
/// be mounted. A creation template may create the repository.
pub(crate) async fn start(
    call: &Call<'_>,
    name: &RepositoryName,
    body: Body,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<InitiateLayerUpload>(name).await?;
    let query = call.query()?;
    if let Some(mounted) = mount(call, name, &permit, &query).await? {
        return Ok(mounted);
    }
    if query.get("mount").is_none() && query.get("digest").is_some() {
        return push_whole(call, name, &permit, body).await;
    }
    let progress = begin(call, name, &permit).await?;
    Ok(described(call, name, Answer::empty(StatusCode::ACCEPTED), progress))
}

/// Begins a session, in a repository that is created for it if need be.
async fn begin(
    call: &Call<'_>,
    name: &RepositoryName,
    permit: &Permit<InitiateLayerUpload>,
) -> Result<UploadProgress, Refusal> {
    match call.registry.initiate_layer_upload(permit).await {
        Err(missing @ Error::RepositoryNotFound { .. }) => {
            create_missing(call, name, permit, missing).await?;
            Ok(call.registry.initiate_layer_upload(permit).await?)
        }
        outcome => Ok(outcome?),
    }
}

/// A blob in one request. The client never learns of the session, so it does not outlive a failure.
async fn push_whole(
    call: &Call<'_>,
    name: &RepositoryName,
    permit: &Permit<InitiateLayerUpload>,
    body: Body,
) -> Result<Answer, Refusal> {
    let digest = digest_parameter(call)?;
    let upload = call.permit::<UploadLayerPart>(name).await?;
    let complete = call.permit::<CompleteLayerUpload>(name).await?;
    let upload_id = begin(call, name, permit).await?.upload_id;
    let pieces = body::pieces(body);
    let outcome = match call.registry.append_to_upload(&upload, upload_id, None, pieces).await {
        Ok(_) => finish(call, &complete, upload_id, digest).await,
        Err(error) => Err(error),
    };
    if outcome.is_err()
        && let Err(error) = call.registry.cancel_layer_upload(permit, upload_id).await
    {
        let (request_id, error) = (call.context.request_id, chain(&error));
        tracing::warn!(%request_id, error, "a failed upload lies idle until it is reclaimed");
    }
    outcome?;
    Ok(stored(call, name, digest))
}

/// `[end-5] PATCH /v2/<name>/blobs/uploads/<id>`; ECR `UploadLayerPart`, of any size. Without
/// `Content-Range` the body goes on where the last one ended.
pub(crate) async fn append(
    call: &Call<'_>,
    name: &RepositoryName,
    upload_id: UploadId,
    body: Body,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<UploadLayerPart>(name).await?;
    let fed = feed(call, &permit, upload_id, body).await?;
    let progress = fed.map_err(|error| refused(call, name, error))?;
    Ok(described(call, name, Answer::empty(StatusCode::ACCEPTED), progress))
}

/// `[end-6] PUT /v2/<name>/blobs/uploads/<id>?digest=…`; ECR `CompleteLayerUpload`, after an
/// `UploadLayerPart` if there is a body.
pub(crate) async fn complete(
    call: &Call<'_>,
    name: &RepositoryName,
    upload_id: UploadId,
    body: Body,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<CompleteLayerUpload>(name).await?;
    let has_body = !body.is_end_stream();
    let upload = match has_body {
        true => Some(call.permit::<UploadLayerPart>(name).await?),
        false => None,
    };
    let digest = digest_parameter(call)?;
    let fed = match upload {
        Some(upload) => feed(call, &upload, upload_id, body).await?.map(|_| ()),
        None => Ok(()),
    };
    let ended = match fed {
        Ok(()) => finish(call, &permit, upload_id, digest).await,
        Err(error) => Err(error),
    };
    match ended {
        // Completed before, by a request whose answer got lost.
        Err(Error::UploadNotFound { .. }) if has_layer(call, name, digest).await => {}
        ended => ended.map_err(|error| refused(call, name, error))?,
    }
    Ok(stored(call, name, digest))
}

/// A refusal, which tells a client whose chunk does not go on where it has to (as distribution
/// does, whose clients look for it).
fn refused(call: &Call<'_>, name: &RepositoryName, error: Error) -> Refusal {
    let Error::InvalidLayerPart { upload: upload_id, last_valid_byte_received, .. } = &error else {
        return error.into();
    };
    let (upload_id, last) = (*upload_id, *last_valid_byte_received);
    let received_bytes = u64::try_from(last.saturating_add(1)).unwrap_or_default();
    let upload = Route::BlobUpload { name: name.clone(), upload_id };
    Refusal::from(error)
        .with_header(LOCATION, call.origin().url(upload))
        .with_header(RANGE, upload_progress(received_bytes))
        .with_header(UPLOAD_UUID, upload_id.to_string())
}

/// Whether the repository has a layer, as `HEAD` would tell this client.
async fn has_layer(call: &Call<'_>, name: &RepositoryName, digest: Digest) -> bool {
    let Ok(permit) = call.permit::<BatchCheckLayerAvailability>(name).await else { return false };
    let digests = vec![digest.to_string()];
    let found = call.registry.batch_check_layer_availability(&permit, digests).await;
    matches!(
        found.as_deref(),
        Ok([LayerAvailability::Available { .. } | LayerAvailability::Archived { .. }])
    )
}

/// `[end-13] GET /v2/<name>/blobs/uploads/<id>`: how far the upload is.
pub(crate) async fn status(
    call: &Call<'_>,
    name: &RepositoryName,
    upload_id: UploadId,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<UploadLayerPart>(name).await?;
    let progress = call.registry.upload_status(&permit, upload_id).await?;
    Ok(described(call, name, Answer::empty(StatusCode::NO_CONTENT), progress))
}

/// `[end-14] DELETE /v2/<name>/blobs/uploads/<id>`: ends the upload.
pub(crate) async fn cancel(
    call: &Call<'_>,
    name: &RepositoryName,
    upload_id: UploadId,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<InitiateLayerUpload>(name).await?;
    call.registry.cancel_layer_upload(&permit, upload_id).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Appends a body, which must be what its `Content-Range` says, if it has one. The outer error is
/// that of the header, the inner one of the registry.
async fn feed(
    call: &Call<'_>,
    permit: &Permit<UploadLayerPart>,
    upload_id: UploadId,
    body: Body,
) -> Result<Result<UploadProgress, Error>, Refusal> {
    let Some(range) = chunk_range(call)? else {
        let pieces = body::pieces(body);
        return Ok(call.registry.append_to_upload(permit, upload_id, None, pieces).await);
    };
    let first_byte = Some(range.first());
    let pieces = body::pieces_of_length(body, range.len());
    Ok(call.registry.append_to_upload(permit, upload_id, first_byte, pieces).await)
}

/// The `Content-Range` of a chunk, which a `Content-Length` must agree with.
fn chunk_range(call: &Call<'_>) -> Result<Option<ByteRange>, Refusal> {
    let invalid = |message: String| {
        Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::BlobUploadInvalid, message)
    };
    let Some(header) = call.headers().get(CONTENT_RANGE) else { return Ok(None) };
    let range = ByteRange::of_chunk(header.to_str().unwrap_or_default())
        .map_err(|error| invalid(error.to_string()))?;
    match call.header(&CONTENT_LENGTH).and_then(|text| text.trim().parse::<u64>().ok()) {
        Some(length) if length != range.len() => {
            let (first, last) = (range.first(), range.last());
            Err(invalid(format!(
                "The layer part from {first} to {last} does not have {length} bytes"
            )))
        }
        _ => Ok(Some(range)),
    }
}

fn digest_parameter(call: &Call<'_>) -> Result<Digest, Refusal> {
    let query = call.query()?;
    let text = query.get("digest").ok_or_else(|| {
        let reason = "Member must have length greater than or equal to 1";
        bad_digest("layerDigests", reason)
    })?;
    text.parse().map_err(|_| invalid_digest("layerDigests"))
}

async fn finish(
    call: &Call<'_>,
    permit: &Permit<CompleteLayerUpload>,
    upload_id: UploadId,
    digest: Digest,
) -> Result<(), Error> {
    let (digests, empty) = (vec![digest], EmptyBlob::Allowed);
    match call.registry.complete_layer_upload(permit, upload_id, digests, empty).await {
        // A layer that was there already is there now, which is what the client wants.
        Ok(_) | Err(Error::LayerAlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// 201: the layer is in the repository.
fn stored(call: &Call<'_>, name: &RepositoryName, digest: Digest) -> Answer {
    let blob = Route::Blob { name: name.clone(), digest };
    Answer::empty(StatusCode::CREATED)
        .header(LOCATION, call.origin().url(blob))
        .header(CONTENT_DIGEST, digest.to_string())
}

/// Where the upload is to be gone on with, and how far it is. `Location` stays the same for the
/// whole session.
fn described(
    call: &Call<'_>,
    name: &RepositoryName,
    answer: Answer,
    progress: UploadProgress,
) -> Answer {
    let upload_id = progress.upload_id;
    let upload = Route::BlobUpload { name: name.clone(), upload_id };
    answer
        .header(LOCATION, call.origin().url(upload))
        .header(RANGE, upload_progress(progress.received_bytes))
        .header(UPLOAD_UUID, upload_id.to_string())
}
