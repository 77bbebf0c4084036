//! Lifecycle policies and their previews.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DeleteLifecyclePolicy, GetLifecyclePolicy, GetLifecyclePolicyPreview, PutLifecyclePolicy,
    StartLifecyclePolicyPreview,
};
use wharfinger_aws_model::ecr::enums::{
    ImageActionType, LifecyclePolicyPreviewStatus, LifecyclePolicyStorageClass,
    LifecyclePolicyTargetStorageClass, TagStatus as TagStatusFilter,
};
use wharfinger_aws_model::ecr::input::{
    DeleteLifecyclePolicyRequest, GetLifecyclePolicyPreviewRequest, GetLifecyclePolicyRequest,
    PutLifecyclePolicyRequest, StartLifecyclePolicyPreviewRequest,
};
use wharfinger_aws_model::ecr::output::{
    DeleteLifecyclePolicyResponse, GetLifecyclePolicyPreviewResponse, GetLifecyclePolicyResponse,
    PutLifecyclePolicyResponse, StartLifecyclePolicyPreviewResponse,
};
use wharfinger_aws_model::ecr::types::{
    LifecyclePolicyPreviewResult, LifecyclePolicyPreviewSummary, LifecyclePolicyRuleAction,
    TransitioningImageTotalCount,
};
use wharfinger_registry::{
    PreviewFilter, PreviewStatus, PreviewSummary, PreviewedImage, TagStatus,
};

use super::Call;
use super::error::CallError;
use super::image::requested;
use super::page::{page_request, refuse_page_beside};

/// ECR `DeleteLifecyclePolicy`.
pub(super) async fn delete_lifecycle_policy(
    call: &Call<'_>,
    input: DeleteLifecyclePolicyRequest,
) -> Result<DeleteLifecyclePolicyResponse, CallError> {
    let permit: Permit<DeleteLifecyclePolicy> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let removed = call.service().delete_lifecycle_policy(&permit).await?;
    let resource = permit.resource();
    Ok(DeleteLifecyclePolicyResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        lifecycle_policy_text: Some(removed.text),
        last_evaluated_at: Some(removed.last_evaluated_at),
    })
}

/// ECR `GetLifecyclePolicy`.
pub(super) async fn get_lifecycle_policy(
    call: &Call<'_>,
    input: GetLifecyclePolicyRequest,
) -> Result<GetLifecyclePolicyResponse, CallError> {
    let permit: Permit<GetLifecyclePolicy> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let policy = call.service().get_lifecycle_policy(&permit).await?;
    let resource = permit.resource();
    Ok(GetLifecyclePolicyResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        lifecycle_policy_text: Some(policy.text),
        last_evaluated_at: Some(policy.last_evaluated_at),
    })
}

/// ECR `PutLifecyclePolicy`.
pub(super) async fn put_lifecycle_policy(
    call: &Call<'_>,
    input: PutLifecyclePolicyRequest,
) -> Result<PutLifecyclePolicyResponse, CallError> {
    let permit: Permit<PutLifecyclePolicy> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let text = input.lifecycle_policy_text;
    call.service().put_lifecycle_policy(&permit, text.clone()).await?;
    let resource = permit.resource();
    Ok(PutLifecyclePolicyResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        lifecycle_policy_text: Some(text),
    })
}

/// ECR `StartLifecyclePolicyPreview`.
pub(super) async fn start_lifecycle_policy_preview(
    call: &Call<'_>,
    input: StartLifecyclePolicyPreviewRequest,
) -> Result<StartLifecyclePolicyPreviewResponse, CallError> {
    let permit: Permit<StartLifecyclePolicyPreview> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let text = input.lifecycle_policy_text;
    let text = call.service().start_lifecycle_policy_preview(&permit, text).await?;
    let resource = permit.resource();
    Ok(StartLifecyclePolicyPreviewResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        lifecycle_policy_text: Some(text),
        status: Some(LifecyclePolicyPreviewStatus::InProgress),
    })
}

/// ECR `GetLifecyclePolicyPreview`: an element for each image that would be acted on.
pub(super) async fn get_lifecycle_policy_preview(
    call: &Call<'_>,
    input: GetLifecyclePolicyPreviewRequest,
) -> Result<GetLifecyclePolicyPreviewResponse, CallError> {
    let page = page_request(input.next_token, input.max_results);
    let ids = input.image_ids.unwrap_or_default();
    if !ids.is_empty() {
        refuse_page_beside(&page, "imageIds")?;
    }
    let permit: Permit<GetLifecyclePolicyPreview> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let tag_status = match input.filter.and_then(|filter| filter.tag_status) {
        None | Some(TagStatusFilter::Any) => TagStatus::Any,
        Some(TagStatusFilter::Tagged) => TagStatus::Tagged,
        Some(TagStatusFilter::Untagged) => TagStatus::Untagged,
    };
    let filter = PreviewFilter { images: requested(ids), tag_status };
    let preview = call.service().get_lifecycle_policy_preview(&permit, filter, page).await?;
    let resource = permit.resource();
    Ok(GetLifecyclePolicyPreviewResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        lifecycle_policy_text: Some(preview.policy_text),
        status: Some(status(preview.status)),
        next_token: preview.results.next_token,
        preview_results: Some(preview.results.items.into_iter().map(result).collect()),
        summary: preview.summary.map(summary),
    })
}

fn status(status: PreviewStatus) -> LifecyclePolicyPreviewStatus {
    match status {
        PreviewStatus::InProgress => LifecyclePolicyPreviewStatus::InProgress,
        PreviewStatus::Complete => LifecyclePolicyPreviewStatus::Complete,
        PreviewStatus::Expired => LifecyclePolicyPreviewStatus::Expired,
        PreviewStatus::Failed => LifecyclePolicyPreviewStatus::Failed,
    }
}

fn result(image: PreviewedImage) -> LifecyclePolicyPreviewResult {
    let tags: Vec<String> = image.tags.iter().map(ToString::to_string).collect();
    let action = match image.would_be_archived {
        false => (ImageActionType::Expire, None),
        true => (ImageActionType::Transition, Some(LifecyclePolicyTargetStorageClass::Archive)),
    };
    let storage_class = match image.is_archived {
        false => LifecyclePolicyStorageClass::Standard,
        true => LifecyclePolicyStorageClass::Archive,
    };
    LifecyclePolicyPreviewResult {
        image_tags: Some(tags).filter(|tags| !tags.is_empty()),
        image_digest: Some(image.digest.to_string()),
        image_pushed_at: Some(image.pushed_at),
        action: Some(LifecyclePolicyRuleAction {
            r#type: Some(action.0),
            target_storage_class: action.1,
        }),
        applied_rule_priority: Some(integer(image.rule_priority.into())),
        storage_class: Some(storage_class),
    }
}

fn summary(summary: PreviewSummary) -> LifecyclePolicyPreviewSummary {
    let transitioning = TransitioningImageTotalCount {
        target_storage_class: Some(LifecyclePolicyTargetStorageClass::Archive),
        image_total_count: Some(integer(summary.transitioning)),
    };
    LifecyclePolicyPreviewSummary {
        expiring_image_total_count: Some(integer(summary.expiring)),
        transitioning_image_total_counts: (summary.transitioning > 0).then(|| vec![transitioning]),
    }
}

/// Counts and priorities as the wire has them; none here comes near the end of `i32`.
fn integer(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
