//! Resource tags: `TagResource`, `UntagResource`, `ListTagsForResource`.

use wharfinger_auth::actions::{ListTagsForResource, TagResource, UntagResource};
use wharfinger_auth::{Action, ContextKeys, Permit, RepositoryResource, call_keys};
use wharfinger_aws_model::ecr::input::{
    ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest,
};
use wharfinger_aws_model::ecr::output::{
    ListTagsForResourceResponse, TagResourceResponse, UntagResourceResponse,
};
use wharfinger_aws_model::ecr::types::Tag;
use wharfinger_core::arn::PARTITION;
use wharfinger_core::limits::RESOURCE_TAGS_MAX;
use wharfinger_core::{Arn, RegistryId};
use wharfinger_registry::Error;

use super::Call;
use super::error::CallError;

/// ECR `ListTagsForResource`.
pub(super) async fn list_tags_for_resource(
    call: &Call<'_>,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, CallError> {
    let keys = ContextKeys::default();
    let permit: Permit<ListTagsForResource> = permit(call, &input.resource_arn, keys).await?;
    let tags = call.service().list_tags_for_resource(&permit).await?;
    let tags = tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    Ok(ListTagsForResourceResponse { tags: Some(tags) })
}

/// ECR `TagResource`.
pub(super) async fn tag_resource(
    call: &Call<'_>,
    input: TagResourceRequest,
) -> Result<TagResourceResponse, CallError> {
    let tags = pairs(no_more_than_there_may_be(input.tags)?);
    let keys = call_keys::request_tags(&tags);
    let permit: Permit<TagResource> = permit(call, &input.resource_arn, keys).await?;
    call.service().tag_resource(&permit, tags).await?;
    Ok(TagResourceResponse {})
}

/// ECR `UntagResource`.
pub(super) async fn untag_resource(
    call: &Call<'_>,
    input: UntagResourceRequest,
) -> Result<UntagResourceResponse, CallError> {
    let tag_keys = no_more_than_there_may_be(input.tag_keys)?;
    let keys = call_keys::tag_keys(&tag_keys);
    let permit: Permit<UntagResource> = permit(call, &input.resource_arn, keys).await?;
    call.service().untag_resource(&permit, tag_keys).await?;
    Ok(UntagResourceResponse {})
}

/// Tags as the registry takes them.
pub(super) fn pairs(tags: Vec<Tag>) -> Vec<(String, String)> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Tags, or keys of tags, unless they are more than a resource can have.
///
/// The model bounds neither, and policies look at every one of them before it is known who may send
/// them: a request of 29 MiB names millions.
pub(super) fn no_more_than_there_may_be<T>(tags: Vec<T>) -> Result<Vec<T>, CallError> {
    match tags.len() <= RESOURCE_TAGS_MAX {
        true => Ok(tags),
        false => Err(Error::TooManyTags { limit: RESOURCE_TAGS_MAX }.into()),
    }
}

async fn permit<A: Action<Resource = RepositoryResource>>(
    call: &Call<'_>,
    arn: &str,
    keys: ContextKeys,
) -> Result<Permit<A>, CallError> {
    let resource = repository(call, arn);
    let resource = resource.ok_or_else(|| CallError::invalid("resourceArn", "Invalid ARN"))?;
    Ok(call.caller.authorize_with(resource, keys).await?)
}

/// The repository an ARN names, if it is one of this partition and of the region of the call.
fn repository(call: &Call<'_>, arn: &str) -> Option<RepositoryResource> {
    let arn: Arn = arn.parse().ok()?;
    let here = arn.partition() == PARTITION
        && arn.service() == "ecr"
        && arn.region() == call.region.as_str();
    let name = arn.resource().strip_prefix("repository/").filter(|_| here)?;
    let registry = RegistryId::new(arn.account().parse().ok()?, call.region.clone());
    Some(RepositoryResource { registry, name: name.parse().ok()? })
}
