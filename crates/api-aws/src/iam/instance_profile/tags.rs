//! Tags of instance profiles.

use wharfinger_auth::{call_keys, iam_actions};
use wharfinger_aws_model::iam::{input, output};
use wharfinger_iam::PageRequest;

use super::{authorize, authorize_with};
use crate::iam::{Call, Outcome, nothing, tag};

pub(super) async fn put(call: &Call<'_>, input: input::TagInstanceProfileRequest) -> Outcome {
    let (name, tags) = (&input.instance_profile_name, tag::from_wire(Some(input.tags)));
    let keys = call_keys::request_tags(&tags);
    let permit = authorize_with::<iam_actions::TagInstanceProfile>(call, name, keys).await?;
    call.iam().tag_instance_profile(&permit, name, tags).await?;
    nothing()
}

pub(super) async fn remove(call: &Call<'_>, input: input::UntagInstanceProfileRequest) -> Outcome {
    let name = &input.instance_profile_name;
    let keys = call_keys::tag_keys(&input.tag_keys);
    let permit = authorize_with::<iam_actions::UntagInstanceProfile>(call, name, keys).await?;
    call.iam().untag_instance_profile(&permit, name, input.tag_keys).await?;
    nothing()
}

pub(super) async fn list(
    call: &Call<'_>,
    input: &input::ListInstanceProfileTagsRequest,
) -> Outcome {
    let name = &input.instance_profile_name;
    let permit = authorize::<iam_actions::ListInstanceProfileTags>(call, name).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_instance_profile_tags(&permit, name, &page).await?;
    Ok(Box::new(output::ListInstanceProfileTagsResponse {
        tags: tag::to_wire(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}
