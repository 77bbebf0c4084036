//! Referrers of an image.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::BatchGetImage;
use wharfinger_aws_model::ecr::enums::{ArtifactStatus, ArtifactStatusFilter};
use wharfinger_aws_model::ecr::input::ListImageReferrersRequest;
use wharfinger_aws_model::ecr::output::ListImageReferrersResponse;
use wharfinger_aws_model::ecr::types::{ImageReferrer, ListImageReferrersFilter};
use wharfinger_registry::{ImageStatus, Referrer, ReferrersFilter};

use super::error::CallError;
use super::image::parse_digest;
use super::page::page_request;
use super::{Call, long};

/// ECR `ListImageReferrers`, which IAM knows as `ecr:BatchGetImage`.
pub(super) async fn list_image_referrers(
    call: &Call<'_>,
    input: ListImageReferrersRequest,
) -> Result<ListImageReferrersResponse, CallError> {
    let subject = parse_digest(&input.subject_id.image_digest)?;
    let permit: Permit<BatchGetImage> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let filter = shown(input.filter.unwrap_or_default());
    let page = page_request(input.next_token, input.max_results);
    let page = call.service().list_image_referrers(&permit, subject, filter, &page).await?;
    Ok(ListImageReferrersResponse {
        referrers: Some(page.items.into_iter().map(referrer).collect()),
        next_token: page.next_token,
    })
}

fn shown(filter: ListImageReferrersFilter) -> ReferrersFilter {
    let status = match filter.artifact_status {
        None | Some(ArtifactStatusFilter::Active) => Some(ImageStatus::Active),
        Some(ArtifactStatusFilter::Archived) => Some(ImageStatus::Archived),
        Some(ArtifactStatusFilter::Activating) => Some(ImageStatus::Activating),
        Some(ArtifactStatusFilter::Any) => None,
    };
    ReferrersFilter { artifact_types: filter.artifact_types.unwrap_or_default(), status }
}

fn referrer(referrer: Referrer) -> ImageReferrer {
    let status = match referrer.status {
        ImageStatus::Active => ArtifactStatus::Active,
        ImageStatus::Archived => ArtifactStatus::Archived,
        ImageStatus::Activating => ArtifactStatus::Activating,
    };
    ImageReferrer {
        digest: referrer.digest.to_string(),
        media_type: referrer.media_type,
        artifact_type: referrer.artifact_type,
        size: long(referrer.manifest_size_bytes),
        annotations: Some(referrer.annotations).filter(|annotations| !annotations.is_empty()),
        artifact_status: Some(status),
    }
}
