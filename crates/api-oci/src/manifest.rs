//! Manifests: read, pushed, deleted.

use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{BatchDeleteImage, BatchGetImage, PutImage};
use wharfinger_core::limits::TAGS_PER_PUSH_MAX;
use wharfinger_core::{Digest, Reference, RepositoryName, Tag};
use wharfinger_oci::{ErrorCode, ManifestError, Route};
use wharfinger_registry::{Error, ImageFailureCode, NewImage, RequestedImage};

use crate::answer::{Answer, CONTENT_DIGEST, SUBJECT, TAGS};
use crate::body::{self, ManifestBodyError};
use crate::call::Call;
use crate::conditional::{etag, is_known};
use crate::create_on_push::create_missing;
use crate::refusal::Refusal;
use crate::{Body, error};

/// `[end-3] HEAD /v2/<name>/manifests/<reference>`; ECR `BatchGetImage`.
pub(crate) async fn head(
    call: &Call<'_>,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<BatchGetImage>(name).await?;
    let found = call.registry.head_image(&permit, requested(reference)).await?;
    let found = found.ok_or_else(|| error::of_image(&ImageFailureCode::ImageNotFound))?;
    let answer = match is_known(call.headers(), &found.digest) {
        true => Answer::empty(StatusCode::NOT_MODIFIED),
        false => {
            let size_bytes = found.manifest_size_bytes;
            Answer::sized(StatusCode::OK, &found.media_type, size_bytes, body::empty())
        }
    };
    Ok(described(answer, &found.digest))
}

/// `[end-3] GET /v2/<name>/manifests/<reference>`; ECR `BatchGetImage`. `Accept` changes nothing:
/// there is one form of a manifest, the one that was pushed.
pub(crate) async fn get(
    call: &Call<'_>,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<BatchGetImage>(name).await?;
    let (images, failures) =
        call.registry.batch_get_image(&permit, vec![requested(reference)]).await?;
    let Some(image) = images.into_iter().next() else {
        let code = failures.first().map_or(&ImageFailureCode::ImageNotFound, |failed| &failed.code);
        return Err(error::of_image(code));
    };
    let answer = match is_known(call.headers(), &image.id.digest) {
        true => Answer::empty(StatusCode::NOT_MODIFIED),
        false => Answer::full(StatusCode::OK, &image.media_type, image.manifest),
    };
    Ok(described(answer, &image.id.digest))
}

/// `[end-7] PUT /v2/<name>/manifests/<reference>`; ECR `PutImage`. `OCI-Subject` says that the
/// manifest is listed among the referrers of its subject; `OCI-Tag` names the tags that a push by
/// digest asked for with `tag`, each of them one `PutImage`.
///
/// A creation template may create the repository, if the manifest is sound.
pub(crate) async fn put(
    call: &Call<'_>,
    name: &RepositoryName,
    reference: &Reference,
    body: Body,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<PutImage>(name).await?;
    let (digest, tags) = match reference {
        Reference::Tag(tag) => (None, vec![tag.clone()]),
        Reference::Digest(digest) => (Some(*digest), tag_parameters(call)?),
    };
    let manifest = body::read_manifest(body).await.map_err(unreadable)?;
    let media_type = call.headers().get(CONTENT_TYPE);
    let media_type = media_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let new = NewImage { manifest, media_type, tag: tags.first().cloned(), digest };
    let (stored, subject) = store(call, name, &permit, new.clone()).await?;
    for tag in tags.iter().skip(1) {
        store(call, name, &permit, NewImage { tag: Some(tag.clone()), ..new.clone() }).await?;
    }
    let route = Route::Manifest { name: name.clone(), reference: Reference::Digest(stored) };
    let mut answer = Answer::empty(StatusCode::CREATED)
        .header(LOCATION, call.origin().url(route))
        .header(CONTENT_DIGEST, stored.to_string());
    if let Some(subject) = subject {
        answer = answer.header(SUBJECT, subject.to_string());
    }
    if digest.is_some() && !tags.is_empty() {
        let tags: Vec<_> = tags.iter().map(Tag::to_string).collect();
        answer = answer.header(TAGS, tags.join(", "));
    }
    Ok(answer)
}

/// The tags that a push by digest asks for: OCI Distribution after 1.1, "Pushing Manifests".
fn tag_parameters(call: &Call<'_>) -> Result<Vec<Tag>, Refusal> {
    let query = call.query()?;
    let tags: Vec<&str> = query.all("tag").collect();
    if tags.len() > TAGS_PER_PUSH_MAX {
        let message = format!("A push by digest takes {TAGS_PER_PUSH_MAX} tags at the most");
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, ErrorCode::TagInvalid, message));
    }
    tags.into_iter().map(|text| text.parse().map_err(|_| error::invalid_tag(text))).collect()
}

/// One `PutImage`, in a repository that is created for it if need be: the digest of what is there
/// now, and its subject.
async fn store(
    call: &Call<'_>,
    name: &RepositoryName,
    permit: &Permit<PutImage>,
    new: NewImage,
) -> Result<(Digest, Option<Digest>), Refusal> {
    let stored = match call.registry.put_image(permit, new.clone()).await {
        Err(missing @ Error::RepositoryNotFound { .. }) => {
            create_missing(call, name, permit, missing).await?;
            call.registry.put_image(permit, new).await
        }
        outcome => outcome,
    };
    match stored {
        Ok(stored) => Ok((stored.id.digest, stored.subject)),
        // A push that says nothing new has succeeded.
        Err(Error::ImageAlreadyExists { digest, subject, .. }) => {
            Ok((digest, subject.map(|subject| *subject)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `[end-9] DELETE /v2/<name>/manifests/<reference>`; ECR `BatchDeleteImage`: by digest the image
/// with all its tags, by tag the tag, and the image with its last one.
pub(crate) async fn delete(
    call: &Call<'_>,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Answer, Refusal> {
    let permit = call.permit::<BatchDeleteImage>(name).await?;
    let outcome = call.registry.batch_delete_image(&permit, vec![requested(reference)]).await?;
    match outcome.failures.first() {
        Some(failed) => Err(error::of_image(&failed.code)),
        None => Ok(Answer::empty(StatusCode::ACCEPTED)),
    }
}

fn requested(reference: &Reference) -> RequestedImage {
    match reference {
        Reference::Tag(tag) => RequestedImage { digest: None, tag: Some(tag.to_string()) },
        Reference::Digest(digest) => RequestedImage { digest: Some(digest.to_string()), tag: None },
    }
}

fn described(answer: Answer, digest: &Digest) -> Answer {
    answer.header(CONTENT_DIGEST, digest.to_string()).header(ETAG, etag(digest))
}

fn unreadable(error: ManifestBodyError) -> Refusal {
    match error {
        // The message is that of ECR's API, the status that of OCI Distribution.
        ManifestBodyError::TooLarge => {
            let reason = ManifestError::TooLarge { bytes: 0 }.to_string();
            let error = Error::InvalidParameter { member: "ImageManifest", reason };
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            Refusal::new(status, ErrorCode::ManifestInvalid, error.to_string())
        }
        ManifestBodyError::Interrupted(error) => Refusal::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::ManifestInvalid,
            Error::BodyInterrupted(error.to_string()).to_string(),
        ),
    }
}
