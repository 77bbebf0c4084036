//! Referrers of a manifest, which are stored and not yet listed.

use http::StatusCode;
use wharfinger_auth::actions::BatchGetImage;
use wharfinger_core::RepositoryName;
use wharfinger_oci::ErrorCode;

use crate::call::Call;
use crate::refusal::Refusal;

/// `[end-12a] GET /v2/<name>/referrers/<digest>`; ECR `ListImageReferrers`.
///
/// 404, which by OCI Distribution says that there is no referrers API: clients then keep the list
/// themselves under a tag. An empty index would say that there are no referrers.
pub(crate) async fn list(call: &Call<'_>, name: &RepositoryName) -> Refusal {
    match call.permit::<BatchGetImage>(name).await {
        Err(denied) => denied,
        Ok(_) => Refusal::new(
            StatusCode::NOT_FOUND,
            ErrorCode::Unsupported,
            "Listing referrers is not supported by this registry yet.",
        ),
    }
}
