//! Referrers of an image.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::ListImageReferrersRequest;
use wharfinger_aws_model::ecr::output::ListImageReferrersResponse;

use super::Call;
use super::error::CallError;

/// ECR `ListImageReferrers`.
pub(super) async fn list_image_referrers(
    _call: &Call<'_>,
    _input: ListImageReferrersRequest,
) -> Result<ListImageReferrersResponse, CallError> {
    Err(CallError::NotImplemented(Operation::ListImageReferrers))
}
