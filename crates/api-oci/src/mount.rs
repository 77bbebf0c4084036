//! Mounting a blob of another repository, at the start of an upload.

use http::StatusCode;
use http::header::LOCATION;
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{GetDownloadUrlForLayer, InitiateLayerUpload};
use wharfinger_core::{Digest, RepositoryName};
use wharfinger_oci::{Query, Route};

use crate::answer::{Answer, CONTENT_DIGEST};
use crate::call::Call;
use crate::refusal::Refusal;

/// `[end-11] POST /v2/<name>/blobs/uploads/?mount=<digest>&from=<source>`. `None` where nothing is
/// mounted, whatever the reason: the upload is then begun as without `mount`, so that one who may
/// not read the source learns nothing of it.
pub(crate) async fn mount(
    call: &Call<'_>,
    name: &RepositoryName,
    permit: &Permit<InitiateLayerUpload>,
    query: &Query,
) -> Result<Option<Answer>, Refusal> {
    let Some(digest) = query.get("mount").and_then(|text| text.parse::<Digest>().ok()) else {
        return Ok(None);
    };
    let Some(source) = query.get("from").and_then(|text| call.name_of(text)) else {
        return Ok(None);
    };
    let Ok(source) = call.permit::<GetDownloadUrlForLayer>(&source).await else { return Ok(None) };
    if !call.registry.mount_blob(permit, &source, digest).await? {
        return Ok(None);
    }
    let blob = Route::Blob { name: name.clone(), digest };
    let answer = Answer::empty(StatusCode::CREATED)
        .header(LOCATION, call.origin().url(blob))
        .header(CONTENT_DIGEST, digest.to_string());
    Ok(Some(answer))
}
