//! Uploads of layers in parts: begun, fed, completed.

use bytes::Bytes;
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{CompleteLayerUpload, InitiateLayerUpload, UploadLayerPart};
use wharfinger_aws_model::ecr::input::{
    CompleteLayerUploadRequest, InitiateLayerUploadRequest, UploadLayerPartRequest,
};
use wharfinger_aws_model::ecr::output::{
    CompleteLayerUploadResponse, InitiateLayerUploadResponse, UploadLayerPartResponse,
};
use wharfinger_core::UploadId;
use wharfinger_core::limits::LAYER_PART_BYTES_RECOMMENDED;
use wharfinger_registry::{EmptyBlob, LayerPart};

use super::error::CallError;
use super::layer::parse_layer_digest;
use super::{Call, long};

/// ECR `InitiateLayerUpload`.
pub(super) async fn initiate_layer_upload(
    call: &Call<'_>,
    input: InitiateLayerUploadRequest,
) -> Result<InitiateLayerUploadResponse, CallError> {
    let permit: Permit<InitiateLayerUpload> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let upload = call.service().initiate_layer_upload(&permit).await?;
    Ok(InitiateLayerUploadResponse {
        upload_id: Some(upload.upload_id.to_string()),
        part_size: Some(long(LAYER_PART_BYTES_RECOMMENDED)),
    })
}

/// ECR `UploadLayerPart`.
pub(super) async fn upload_layer_part(
    call: &Call<'_>,
    input: UploadLayerPartRequest,
) -> Result<UploadLayerPartResponse, CallError> {
    let upload_id = parse_upload_id(&input.upload_id)?;
    let part = LayerPart {
        first_byte: offset("partFirstByte", input.part_first_byte)?,
        last_byte: offset("partLastByte", input.part_last_byte)?,
        bytes: Bytes::from(input.layer_part_blob),
    };
    let permit: Permit<UploadLayerPart> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let progress = call.service().upload_layer_part(&permit, upload_id, part).await?;
    let resource = permit.resource();
    Ok(UploadLayerPartResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        upload_id: Some(progress.upload_id.to_string()),
        last_byte_received: Some(long(progress.received_bytes) - 1),
    })
}

/// ECR `CompleteLayerUpload`. An upload without parts is refused, which OCI would allow.
pub(super) async fn complete_layer_upload(
    call: &Call<'_>,
    input: CompleteLayerUploadRequest,
) -> Result<CompleteLayerUploadResponse, CallError> {
    let upload_id = parse_upload_id(&input.upload_id)?;
    let digests = input.layer_digests.iter().map(|text| parse_layer_digest("layerDigests", text));
    let digests = digests.collect::<Result<_, _>>()?;
    let permit: Permit<CompleteLayerUpload> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let layer = call
        .service()
        .complete_layer_upload(&permit, upload_id, digests, EmptyBlob::Refused)
        .await?;
    let resource = permit.resource();
    Ok(CompleteLayerUploadResponse {
        registry_id: Some(resource.registry.account.to_string()),
        repository_name: Some(resource.name.to_string()),
        upload_id: Some(upload_id.to_string()),
        layer_digest: Some(layer.digest.to_string()),
    })
}

pub(crate) fn parse_upload_id(text: &str) -> Result<UploadId, CallError> {
    text.parse().map_err(|_| {
        let pattern = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
        CallError::invalid("uploadId", format!("must satisfy regular expression '{pattern}'"))
    })
}

pub(crate) fn offset(member: &'static str, value: i64) -> Result<u64, CallError> {
    u64::try_from(value).map_err(|_| {
        CallError::invalid(member, "Member must have value greater than or equal to 0")
    })
}
