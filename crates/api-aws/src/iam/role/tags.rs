//! Tags of roles.

use wharfinger_auth::{ContextKeys, call_keys, iam_actions};
use wharfinger_aws_model::iam::{input, output};
use wharfinger_iam::PageRequest;

use crate::iam::{Call, Outcome, tag};

pub(super) async fn put(call: &Call<'_>, input: input::TagRoleRequest) -> Outcome {
    let tags = tag::from_wire(Some(input.tags));
    let tagged = call.iam().tagged_role(call.account(), &input.role_name).await?;
    let keys = call_keys::request_tags(&tags);
    let permit = call.authorize_tagged::<iam_actions::TagRole>(&tagged, keys).await?;
    call.iam().tag_role(&permit, &input.role_name, tags).await?;
    Ok(Box::new(output::TagRoleResponse {}))
}

pub(super) async fn remove(call: &Call<'_>, input: input::UntagRoleRequest) -> Outcome {
    let tagged = call.iam().tagged_role(call.account(), &input.role_name).await?;
    let keys = call_keys::tag_keys(&input.tag_keys);
    let permit = call.authorize_tagged::<iam_actions::UntagRole>(&tagged, keys).await?;
    call.iam().untag_role(&permit, &input.role_name, input.tag_keys).await?;
    Ok(Box::new(output::UntagRoleResponse {}))
}

pub(super) async fn list(call: &Call<'_>, input: &input::ListRoleTagsRequest) -> Outcome {
    let tagged = call.iam().tagged_role(call.account(), &input.role_name).await?;
    let permit =
        call.authorize_tagged::<iam_actions::ListRoleTags>(&tagged, ContextKeys::default()).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_role_tags(&permit, &input.role_name, &page).await?;
    Ok(Box::new(output::ListRoleTagsResponse {
        tags: tag::to_wire(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}
