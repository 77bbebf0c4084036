//! Images and their tags: described, put, deleted.

use bytes::Bytes;
use wharfinger_auth::actions::{BatchDeleteImage, DescribeImageTags, DescribeImages, PutImage};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_aws_model::ecr_public::enums::ImageFailureCode;
use wharfinger_aws_model::ecr_public::input::{
    BatchDeleteImageRequest, DescribeImageTagsRequest, DescribeImagesRequest, PutImageRequest,
};
use wharfinger_aws_model::ecr_public::output::{
    BatchDeleteImageResponse, DescribeImageTagsResponse, DescribeImagesResponse, PutImageResponse,
};
use wharfinger_aws_model::ecr_public::types::{
    Image, ImageDetail as ImageDetailOutput, ImageFailure as ImageFailureOutput,
    ImageIdentifier as ImageIdentifierOutput, ImageTagDetail as ImageTagDetailOutput,
    ReferencedImageDetail,
};
use wharfinger_registry::{
    ImageDetail, ImageFailure, ImageFailureCode as FailureCode, ImageIdentifier, ImageTagDetail,
    ListImagesFilter, NewImage, Page, RequestedImage, StoredImage,
};

use super::Call;
use crate::ecr::error::CallError;
use crate::ecr::image::{parse_digest, parse_tag};
use crate::ecr::long;
use crate::ecr::page::{page_request, refuse_page_beside};

/// ECR Public `DescribeImages`: an element for each image.
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
        call.service().describe_images(&permit, ListImagesFilter::default(), &page).await?
    } else {
        let items = call.service().describe_images_by_id(&permit, requested(ids)).await?;
        Page { items, next_token: None }
    };
    let details = page.items.into_iter().map(|image| detail(permit.resource(), image)).collect();
    Ok(DescribeImagesResponse { image_details: Some(details), next_token: page.next_token })
}

/// ECR Public `DescribeImageTags`: an element for each tag, in order.
pub(super) async fn describe_image_tags(
    call: &Call<'_>,
    input: DescribeImageTagsRequest,
) -> Result<DescribeImageTagsResponse, CallError> {
    let permit: Permit<DescribeImageTags> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let page = page_request(input.next_token, input.max_results);
    let page = call.service().describe_image_tags(&permit, &page).await?;
    Ok(DescribeImageTagsResponse {
        image_tag_details: Some(page.items.into_iter().map(tag_detail).collect()),
        next_token: page.next_token,
    })
}

/// ECR Public `PutImage`.
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
        call.permit_by_alias(input.registry_id.as_deref(), &input.repository_name).await?;
    let stored = call.service().put_image(&permit, new).await?;
    Ok(PutImageResponse { image: Some(image(permit.resource(), stored)?) })
}

/// ECR Public `BatchDeleteImage`. Its model has no error for a registry that is not there, so an
/// unknown alias fails as a parameter.
pub(super) async fn batch_delete_image(
    call: &Call<'_>,
    input: BatchDeleteImageRequest,
) -> Result<BatchDeleteImageResponse, CallError> {
    let permit: Permit<BatchDeleteImage> = call
        .permit_by_alias(input.registry_id.as_deref(), &input.repository_name)
        .await
        .map_err(|error| match error {
            CallError::Registry(unknown @ wharfinger_registry::Error::RegistryNotFound { .. }) => {
                CallError::invalid("registryId", unknown.to_string())
            }
            other => other,
        })?;
    let outcome = call.service().batch_delete_image(&permit, requested(input.image_ids)).await?;
    Ok(BatchDeleteImageResponse {
        image_ids: Some(outcome.deleted.into_iter().map(identifier).collect()),
        failures: Some(outcome.failures.into_iter().map(failure).collect()),
    })
}

fn requested(ids: Vec<ImageIdentifierOutput>) -> Vec<RequestedImage> {
    let requested =
        |id: ImageIdentifierOutput| RequestedImage { digest: id.image_digest, tag: id.image_tag };
    ids.into_iter().map(requested).collect()
}

fn identifier(id: ImageIdentifier) -> ImageIdentifierOutput {
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
    ImageDetailOutput {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        image_digest: Some(image.digest.to_string()),
        image_tags: Some(tags).filter(|tags| !tags.is_empty()),
        image_size_in_bytes: Some(long(image.size_bytes)),
        image_pushed_at: Some(image.pushed_at),
        image_manifest_media_type: Some(image.media_type),
        artifact_media_type: image.artifact_media_type,
    }
}

fn tag_detail(detail: ImageTagDetail) -> ImageTagDetailOutput {
    ImageTagDetailOutput {
        image_tag: Some(detail.tag.to_string()),
        created_at: Some(detail.created_at),
        image_detail: Some(ReferencedImageDetail {
            image_digest: Some(detail.digest.to_string()),
            image_size_in_bytes: Some(long(detail.size_bytes)),
            image_pushed_at: Some(detail.pushed_at),
            image_manifest_media_type: Some(detail.media_type),
            artifact_media_type: detail.artifact_media_type,
        }),
    }
}

fn failure(failure: ImageFailure) -> ImageFailureOutput {
    let code = match failure.code {
        FailureCode::InvalidImageDigest => ImageFailureCode::InvalidImageDigest,
        FailureCode::InvalidImageTag => ImageFailureCode::InvalidImageTag,
        FailureCode::ImageTagDoesNotMatchDigest => ImageFailureCode::ImageTagDoesNotMatchDigest,
        // Nothing public is ever archived, which is what makes an image inaccessible.
        FailureCode::ImageNotFound | FailureCode::ImageInaccessible => {
            ImageFailureCode::ImageNotFound
        }
        FailureCode::MissingDigestAndTag => ImageFailureCode::MissingDigestAndTag,
        FailureCode::ImageReferencedByManifestList(_) => {
            ImageFailureCode::ImageReferencedByManifestList
        }
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
