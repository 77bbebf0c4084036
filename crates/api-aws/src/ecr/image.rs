//! Images: listed, described, read, put, deleted.

use bytes::Bytes;
use wharfinger_auth::actions::{
    BatchDeleteImage, BatchGetImage, DescribeImages, ListImages, PutImage,
};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_aws_model::ecr::enums::{
    ImageFailureCode, ImageStatusFilter, TagStatus as TagStatusFilter,
};
use wharfinger_aws_model::ecr::input::{
    BatchDeleteImageRequest, BatchGetImageRequest, DescribeImagesRequest, ListImagesRequest,
    PutImageRequest,
};
use wharfinger_aws_model::ecr::output::{
    BatchDeleteImageResponse, BatchGetImageResponse, DescribeImagesResponse, ListImagesResponse,
    PutImageResponse,
};
use wharfinger_aws_model::ecr::types::{
    Image, ImageDetail as ImageDetailOutput, ImageFailure as ImageFailureOutput,
    ImageIdentifier as ImageIdentifierOutput,
};
use wharfinger_core::tag::{TAG_PATTERN, fits_pattern};
use wharfinger_core::{Digest, Tag};
use wharfinger_registry::{
    ImageDetail, ImageFailure, ImageFailureCode as FailureCode, ImageIdentifier, ImageStatus,
    ListImagesFilter, NewImage, Page, RequestedImage, StoredImage, TagStatus,
};

use super::error::CallError;
use super::layer::DIGEST_PATTERN;
use super::page::{page_request, refuse_page_beside};
use super::scan_finding::summary_output;
use super::scanning::scan_status;
use super::storage_class::image_status;
use super::{Call, long};

/// ECR `ListImages`: an element for each pair of image and tag.
pub(super) async fn list_images(
    call: &Call<'_>,
    input: ListImagesRequest,
) -> Result<ListImagesResponse, CallError> {
    let permit: Permit<ListImages> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let filter = input.filter.unwrap_or_default();
    let filter = shown(filter.tag_status, filter.image_status);
    let page = page_request(input.next_token, input.max_results);
    let page = call.service().list_images(&permit, filter, &page).await?;
    Ok(ListImagesResponse {
        image_ids: Some(page.items.into_iter().map(identifier).collect()),
        next_token: page.next_token,
    })
}

/// ECR `DescribeImages`: an element for each image. With `imageIds` the filter does not matter.
pub(super) async fn describe_images(
    call: &Call<'_>,
    input: DescribeImagesRequest,
) -> Result<DescribeImagesResponse, CallError> {
    let page = page_request(input.next_token, input.max_results);
    let ids = input.image_ids.unwrap_or_default();
    if !ids.is_empty() {
        refuse_page_beside(&page, "imageIds")?;
    }
    let permit: Permit<DescribeImages> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let page = if ids.is_empty() {
        let filter = input.filter.unwrap_or_default();
        let filter = shown(filter.tag_status, filter.image_status);
        call.service().describe_images(&permit, filter, &page).await?
    } else {
        let items = call.service().describe_images_by_id(&permit, requested(ids)).await?;
        Page { items, next_token: None }
    };
    let details = page.items.into_iter().map(|image| detail(permit.resource(), image)).collect();
    Ok(DescribeImagesResponse { image_details: Some(details), next_token: page.next_token })
}

/// ECR `BatchGetImage`. Images come as they were pushed: `acceptedMediaTypes` translates nothing.
pub(super) async fn batch_get_image(
    call: &Call<'_>,
    input: BatchGetImageRequest,
) -> Result<BatchGetImageResponse, CallError> {
    let permit: Permit<BatchGetImage> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let ids = requested(input.image_ids);
    let (images, failures) = call.service().batch_get_image(&permit, ids).await?;
    let images = images.into_iter().map(|stored| image(permit.resource(), stored));
    Ok(BatchGetImageResponse {
        images: Some(images.collect::<Result<_, _>>()?),
        failures: Some(failures.into_iter().map(failure).collect()),
    })
}

/// ECR `PutImage`.
pub(super) async fn put_image(
    call: &Call<'_>,
    input: PutImageRequest,
) -> Result<PutImageResponse, CallError> {
    let new = NewImage {
        manifest: Bytes::from(input.image_manifest),
        media_type: input.image_manifest_media_type,
        tag: input.image_tag.as_deref().map(parse_tag).transpose()?,
        digest: input.image_digest.as_deref().map(parse_digest).transpose()?,
    };
    let permit: Permit<PutImage> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let stored = call.service().put_image(&permit, new).await?;
    Ok(PutImageResponse { image: Some(image(permit.resource(), stored)?) })
}

/// ECR `BatchDeleteImage`.
pub(super) async fn batch_delete_image(
    call: &Call<'_>,
    input: BatchDeleteImageRequest,
) -> Result<BatchDeleteImageResponse, CallError> {
    let permit: Permit<BatchDeleteImage> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let outcome = call.service().batch_delete_image(&permit, requested(input.image_ids)).await?;
    Ok(BatchDeleteImageResponse {
        image_ids: Some(outcome.deleted.into_iter().map(identifier).collect()),
        failures: Some(outcome.failures.into_iter().map(failure).collect()),
    })
}

/// What a filter shows: active images, tagged or not, unless it says otherwise.
fn shown(tag: Option<TagStatusFilter>, image: Option<ImageStatusFilter>) -> ListImagesFilter {
    let tag_status = match tag {
        None | Some(TagStatusFilter::Any) => TagStatus::Any,
        Some(TagStatusFilter::Tagged) => TagStatus::Tagged,
        Some(TagStatusFilter::Untagged) => TagStatus::Untagged,
    };
    let status = match image {
        None | Some(ImageStatusFilter::Active) => Some(ImageStatus::Active),
        Some(ImageStatusFilter::Archived) => Some(ImageStatus::Archived),
        Some(ImageStatusFilter::Activating) => Some(ImageStatus::Activating),
        Some(ImageStatusFilter::Any) => None,
    };
    ListImagesFilter { tag_status, status }
}

pub(super) fn requested(ids: Vec<ImageIdentifierOutput>) -> Vec<RequestedImage> {
    ids.into_iter().map(requested_image).collect()
}

/// An image as a request names it.
pub(super) fn requested_image(id: ImageIdentifierOutput) -> RequestedImage {
    RequestedImage { digest: id.image_digest, tag: id.image_tag }
}

/// An image on the wire.
pub(super) fn identifier(id: ImageIdentifier) -> ImageIdentifierOutput {
    ImageIdentifierOutput {
        image_digest: Some(id.digest.to_string()),
        image_tag: id.tag.map(|tag| tag.to_string()),
    }
}

fn image(resource: &RepositoryResource, stored: StoredImage) -> Result<Image, CallError> {
    // A manifest is JSON, so it is UTF-8; the text holds the very bytes.
    let manifest = String::from_utf8(stored.manifest.into()).map_err(CallError::internal)?;
    Ok(Image {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        image_id: Some(identifier(stored.id)),
        image_manifest: Some(manifest),
        image_manifest_media_type: Some(stored.media_type),
    })
}

fn detail(resource: &RepositoryResource, image: ImageDetail) -> ImageDetailOutput {
    let tags: Vec<String> = image.tags.iter().map(ToString::to_string).collect();
    let summary = image.scan.as_ref().and_then(|scan| scan.summary.as_ref());
    ImageDetailOutput {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        image_digest: Some(image.digest.to_string()),
        image_tags: Some(tags).filter(|tags| !tags.is_empty()),
        image_size_in_bytes: Some(long(image.size_bytes)),
        image_pushed_at: Some(image.pushed_at),
        image_manifest_media_type: Some(image.media_type),
        artifact_media_type: image.artifact_media_type,
        subject_manifest_digest: image.subject.map(|subject| subject.to_string()),
        image_scan_findings_summary: summary.map(summary_output),
        image_scan_status: image.scan.as_ref().map(scan_status),
        image_status: Some(image_status(image.status)),
        last_recorded_pull_time: image.last_pulled_at,
        last_archived_at: image.archived_at,
        last_activated_at: image.activated_at,
    }
}

fn failure(failure: ImageFailure) -> ImageFailureOutput {
    let code = match failure.code {
        FailureCode::InvalidImageDigest => ImageFailureCode::InvalidImageDigest,
        FailureCode::InvalidImageTag => ImageFailureCode::InvalidImageTag,
        FailureCode::ImageTagDoesNotMatchDigest => ImageFailureCode::ImageTagDoesNotMatchDigest,
        FailureCode::ImageNotFound => ImageFailureCode::ImageNotFound,
        FailureCode::MissingDigestAndTag => ImageFailureCode::MissingDigestAndTag,
        FailureCode::ImageReferencedByManifestList(_) => {
            ImageFailureCode::ImageReferencedByManifestList
        }
        FailureCode::ImageInaccessible => ImageFailureCode::ImageInaccessible,
        FailureCode::KmsError { .. } => ImageFailureCode::KmsError,
    };
    ImageFailureOutput {
        failure_reason: Some(failure.code.to_string()),
        failure_code: Some(code),
        image_id: Some(ImageIdentifierOutput {
            image_digest: failure.requested.digest,
            image_tag: failure.requested.tag,
        }),
    }
}

/// ECR's own pattern first, in its words. What passes it and is no tag still is one that no OCI
/// client could pull.
pub(crate) fn parse_tag(text: &str) -> Result<Tag, CallError> {
    text.parse().map_err(|error: wharfinger_core::ParseError| {
        let reason = match fits_pattern(text) {
            true => error.to_string(),
            false => format!("must satisfy regular expression '{TAG_PATTERN}'"),
        };
        CallError::invalid("imageTag", reason)
    })
}

pub(crate) fn parse_digest(text: &str) -> Result<Digest, CallError> {
    text.parse().map_err(|_| {
        let reason = format!("must satisfy regular expression '{DIGEST_PATTERN}'");
        CallError::invalid("imageDigest", reason)
    })
}
