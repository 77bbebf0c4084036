//! Storage classes of images.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::UpdateImageStorageClassRequest;
use wharfinger_aws_model::ecr::output::UpdateImageStorageClassResponse;

use super::Call;
use super::error::CallError;

/// ECR `UpdateImageStorageClass`.
pub(super) async fn update_image_storage_class(
    _call: &Call<'_>,
    _input: UpdateImageStorageClassRequest,
) -> Result<UpdateImageStorageClassResponse, CallError> {
    Err(CallError::NotImplemented(Operation::UpdateImageStorageClass))
}
