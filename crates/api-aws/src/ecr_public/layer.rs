//! Layers: their availability.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::BatchCheckLayerAvailability;
use wharfinger_aws_model::ecr_public::enums::{LayerAvailability, LayerFailureCode};
use wharfinger_aws_model::ecr_public::input::BatchCheckLayerAvailabilityRequest;
use wharfinger_aws_model::ecr_public::output::BatchCheckLayerAvailabilityResponse;
use wharfinger_aws_model::ecr_public::types::{Layer, LayerFailure};
use wharfinger_registry::LayerAvailability as Availability;

use super::Call;
use crate::ecr::error::CallError;
use crate::ecr::layer::DIGEST_PATTERN;
use crate::ecr::long;

/// ECR Public `BatchCheckLayerAvailability`: an unknown layer is `UNAVAILABLE`, not a failure.
pub(super) async fn batch_check_layer_availability(
    call: &Call<'_>,
    input: BatchCheckLayerAvailabilityRequest,
) -> Result<BatchCheckLayerAvailabilityResponse, CallError> {
    let permit: Permit<BatchCheckLayerAvailability> =
        call.permit_by_alias(input.registry_id.as_deref(), &input.repository_name).await?;
    let digests = input.layer_digests;
    let answers = call.service().batch_check_layer_availability(&permit, digests).await?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Availability::Available { digest, size_bytes } => layers.push(Layer {
                layer_digest: Some(digest.to_string()),
                layer_availability: Some(LayerAvailability::Available),
                layer_size: Some(long(size_bytes)),
                media_type: None,
            }),
            // Nothing public is ever archived.
            Availability::Unavailable { digest } | Availability::Archived { digest, .. } => layers
                .push(Layer {
                    layer_digest: Some(digest.to_string()),
                    layer_availability: Some(LayerAvailability::Unavailable),
                    layer_size: None,
                    media_type: None,
                }),
            Availability::Invalid { text } => failures.push(LayerFailure {
                layer_digest: Some(text),
                failure_code: Some(LayerFailureCode::InvalidLayerDigest),
                failure_reason: Some(format!(
                    "Invalid request parameters: layer digest should satisfy the regex \
                     '{DIGEST_PATTERN}'"
                )),
            }),
            Availability::Missing => failures.push(LayerFailure {
                layer_digest: None,
                failure_code: Some(LayerFailureCode::MissingLayerDigest),
                failure_reason: Some(
                    "Invalid request parameters: layer digest cannot be blank".into(),
                ),
            }),
        }
    }
    Ok(BatchCheckLayerAvailabilityResponse { layers: Some(layers), failures: Some(failures) })
}
