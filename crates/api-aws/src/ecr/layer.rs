//! Layers: availability and download.

use http::header::{HOST, HeaderMap, HeaderValue};
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{BatchCheckLayerAvailability, GetDownloadUrlForLayer};
use wharfinger_aws_model::ecr::SIGNING_NAME;
use wharfinger_aws_model::ecr::enums::{LayerAvailability, LayerFailureCode};
use wharfinger_aws_model::ecr::input::{
    BatchCheckLayerAvailabilityRequest, GetDownloadUrlForLayerRequest,
};
use wharfinger_aws_model::ecr::output::{
    BatchCheckLayerAvailabilityResponse, GetDownloadUrlForLayerResponse,
};
use wharfinger_aws_model::ecr::types::{Layer, LayerFailure};
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer};
use wharfinger_core::limits::DOWNLOAD_URL_SECONDS;
use wharfinger_core::{Digest, RegistryId};
use wharfinger_registry::LayerAvailability as Availability;

use super::error::CallError;
use super::{Call, long};

/// The pattern of digests that ECR's messages quote.
pub(crate) const DIGEST_PATTERN: &str = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+";

/// ECR `BatchCheckLayerAvailability`: an unknown layer is `UNAVAILABLE`, not a failure.
pub(super) async fn batch_check_layer_availability(
    call: &Call<'_>,
    input: BatchCheckLayerAvailabilityRequest,
) -> Result<BatchCheckLayerAvailabilityResponse, CallError> {
    let permit: Permit<BatchCheckLayerAvailability> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
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
            Availability::Archived { digest, size_bytes } => layers.push(Layer {
                layer_digest: Some(digest.to_string()),
                layer_availability: Some(LayerAvailability::Archived),
                layer_size: Some(long(size_bytes)),
                media_type: None,
            }),
            Availability::Unavailable { digest } => layers.push(Layer {
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

/// ECR `GetDownloadUrlForLayer`: a URL of this server's `/v2`, presigned with the caller's own key
/// for an hour. It is good as long as the key is.
pub(super) async fn get_download_url_for_layer(
    call: &Call<'_>,
    input: GetDownloadUrlForLayerRequest,
) -> Result<GetDownloadUrlForLayerResponse, CallError> {
    let digest = parse_layer_digest("layerDigest", &input.layer_digest)?;
    let permit: Permit<GetDownloadUrlForLayer> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    call.service().check_layer_download(&permit, digest).await?;
    let path = format!("/v2/{}/blobs/{digest}", permit.resource().name);
    let query = presign(call, &path, &permit.resource().registry).await?;
    let (scheme, host) = (call.context.scheme(), &call.context.host);
    Ok(GetDownloadUrlForLayerResponse {
        download_url: Some(format!("{scheme}://{host}{path}?{query}")),
        layer_digest: Some(digest.to_string()),
    })
}

/// The query of the URL. It names the registry where that is not the caller's own, because the host
/// need not.
async fn presign(call: &Call<'_>, path: &str, registry: &RegistryId) -> Result<String, CallError> {
    let secret = call.api.auth.secret_of(&call.caller).await?;
    let signer = Signer {
        access_key_id: &call.caller.principal().access_key_id,
        secret_access_key: secret.secret_access_key.expose(),
        session_token: secret.session_token.as_ref().map(|token| token.expose().as_str()),
        region: &call.region,
        service: SIGNING_NAME,
    };
    let host = HeaderValue::from_str(&call.context.host).map_err(CallError::internal)?;
    let headers = HeaderMap::from_iter([(HOST, host)]);
    let foreign = registry.account != call.caller.principal().account;
    let query = foreign.then(|| format!("registryId={}", registry.account));
    let parts = RequestParts { method: "GET", path, query: query.as_deref(), headers: &headers };
    let seconds = u32::try_from(DOWNLOAD_URL_SECONDS).map_err(CallError::internal)?;
    signer.presign(&parts, seconds, call.context.received_at).map_err(CallError::internal)
}

/// A digest this registry can have. What only ECR's pattern admits names nothing here.
pub(crate) fn parse_layer_digest(member: &'static str, text: &str) -> Result<Digest, CallError> {
    text.parse()
        .map_err(|error: wharfinger_core::ParseError| CallError::invalid(member, error.to_string()))
}
