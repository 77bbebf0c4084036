//! Tags of roles.

use wharfinger_auth::{call_keys, iam_actions};
use wharfinger_aws_model::iam::{input, output};
use wharfinger_iam::PageRequest;

use super::{authorize, authorize_with};
use crate::iam::{Call, Outcome, nothing, tag};

pub(super) async fn put(call: &Call<'_>, input: input::TagRoleRequest) -> Outcome {
    let tags = tag::from_wire(Some(input.tags));
    let keys = call_keys::request_tags(&tags);
    let permit = authorize_with::<iam_actions::TagRole>(call, &input.role_name, keys).await?;
    call.iam().tag_role(&permit, &input.role_name, tags).await?;
    nothing()
}

pub(super) async fn remove(call: &Call<'_>, input: input::UntagRoleRequest) -> Outcome {
    let keys = call_keys::tag_keys(&input.tag_keys);
    let permit = authorize_with::<iam_actions::UntagRole>(call, &input.role_name, keys).await?;
    call.iam().untag_role(&permit, &input.role_name, input.tag_keys).await?;
    nothing()
}

pub(super) async fn list(call: &Call<'_>, input: &input::ListRoleTagsRequest) -> Outcome {
    let permit = authorize::<iam_actions::ListRoleTags>(call, &input.role_name).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_role_tags(&permit, &input.role_name, &page).await?;
    Ok(Box::new(output::ListRoleTagsResponse {
        tags: tag::to_wire(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}
