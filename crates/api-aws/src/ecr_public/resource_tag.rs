//! Resource tags: `TagResource`, `UntagResource`, `ListTagsForResource`.

use wharfinger_auth::actions::{ListTagsForResource, TagResource, UntagResource};
use wharfinger_auth::{Action, ContextKeys, Permit, RepositoryResource, call_keys};
use wharfinger_aws_model::ecr_public::input::{
    ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest,
};
use wharfinger_aws_model::ecr_public::output::{
    ListTagsForResourceResponse, TagResourceResponse, UntagResourceResponse,
};
use wharfinger_aws_model::ecr_public::types::Tag;
use wharfinger_core::arn::PARTITION;
use wharfinger_core::{Arn, RegistryId};

use super::Call;
use crate::ecr::error::CallError;

/// ECR Public `ListTagsForResource`.
pub(super) async fn list_tags_for_resource(
    call: &Call<'_>,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, CallError> {
    let permit: Permit<ListTagsForResource> =
        permit(call, &input.resource_arn, ContextKeys::default()).await?;
    let tags = call.service().list_tags_for_resource(&permit).await?;
    let tag = |(key, value)| Tag { key: Some(key), value: Some(value) };
    Ok(ListTagsForResourceResponse { tags: Some(tags.into_iter().map(tag).collect()) })
}

/// ECR Public `TagResource`.
pub(super) async fn tag_resource(
    call: &Call<'_>,
    input: TagResourceRequest,
) -> Result<TagResourceResponse, CallError> {
    let tags = pairs(input.tags);
    let keys = call_keys::request_tags(&tags);
    let permit: Permit<TagResource> = permit(call, &input.resource_arn, keys).await?;
    call.service().tag_resource(&permit, tags).await?;
    Ok(TagResourceResponse {})
}

/// ECR Public `UntagResource`.
pub(super) async fn untag_resource(
    call: &Call<'_>,
    input: UntagResourceRequest,
) -> Result<UntagResourceResponse, CallError> {
    let keys = call_keys::tag_keys(&input.tag_keys);
    let permit: Permit<UntagResource> = permit(call, &input.resource_arn, keys).await?;
    call.service().untag_resource(&permit, input.tag_keys).await?;
    Ok(UntagResourceResponse {})
}

/// Tags as the registry takes them. The model requires neither member; a key that is not there is
/// an empty one, which the registry refuses.
pub(super) fn pairs(tags: Vec<Tag>) -> Vec<(String, String)> {
    let pair = |tag: Tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
    tags.into_iter().map(pair).collect()
}

async fn permit<A: Action<Resource = RepositoryResource>>(
    call: &Call<'_>,
    arn: &str,
    keys: ContextKeys,
) -> Result<Permit<A>, CallError> {
    let resource = repository(arn);
    let resource = resource.ok_or_else(|| CallError::invalid("resourceArn", "Invalid ARN"))?;
    Ok(call.caller.authorize_with(resource, keys).await?)
}

/// The repository an ARN names, if it is a public one of this partition.
fn repository(arn: &str) -> Option<RepositoryResource> {
    let arn: Arn = arn.parse().ok()?;
    let public =
        arn.partition() == PARTITION && arn.service() == "ecr-public" && arn.region().is_empty();
    let name = arn.resource().strip_prefix("repository/").filter(|_| public)?;
    let registry = RegistryId::public(arn.account().parse().ok()?);
    Some(RepositoryResource { registry, name: name.parse().ok()? })
}
