//! Storage classes of images.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::UpdateImageStorageClass;
use wharfinger_aws_model::ecr::enums::{ImageStatus, TargetStorageClass};
use wharfinger_aws_model::ecr::input::UpdateImageStorageClassRequest;
use wharfinger_aws_model::ecr::output::UpdateImageStorageClassResponse;
use wharfinger_registry::{ImageStatus as Status, RequestedImage, StorageClass};

use super::Call;
use super::error::CallError;
use super::image::identifier;

/// ECR `UpdateImageStorageClass`.
pub(super) async fn update_image_storage_class(
    call: &Call<'_>,
    input: UpdateImageStorageClassRequest,
) -> Result<UpdateImageStorageClassResponse, CallError> {
    let permit: Permit<UpdateImageStorageClass> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let (digest, tag) = (input.image_id.image_digest, input.image_id.image_tag);
    let target = match input.target_storage_class {
        TargetStorageClass::Standard => StorageClass::Standard,
        TargetStorageClass::Archive => StorageClass::Archive,
    };
    let requested = RequestedImage { digest, tag };
    let change = call.service().update_image_storage_class(&permit, requested, target).await?;
    Ok(UpdateImageStorageClassResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_name: Some(permit.resource().name.to_string()),
        image_id: Some(identifier(change.id)),
        image_status: Some(image_status(change.status)),
    })
}

/// The status of an image on the wire.
pub(super) fn image_status(status: Status) -> ImageStatus {
    match status {
        Status::Active => ImageStatus::Active,
        Status::Archived => ImageStatus::Archived,
        Status::Activating => ImageStatus::Activating,
    }
}
