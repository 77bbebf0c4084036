//! Tags of managed policies.

use wharfinger_auth::{ContextKeys, call_keys, iam_actions};
use wharfinger_aws_model::iam::{input, output};
use wharfinger_iam::PageRequest;

use super::authorize;
use crate::iam::{Call, Outcome, tag};

pub(super) async fn put(call: &Call<'_>, input: input::TagPolicyRequest) -> Outcome {
    let tags = tag::from_wire(Some(input.tags));
    let keys = call_keys::request_tags(&tags);
    let permit = authorize::<iam_actions::TagPolicy>(call, &input.policy_arn, keys).await?;
    call.iam().tag_policy(&permit, tags).await?;
    Ok(Box::new(output::TagPolicyResponse {}))
}

pub(super) async fn remove(call: &Call<'_>, input: input::UntagPolicyRequest) -> Outcome {
    let keys = call_keys::tag_keys(&input.tag_keys);
    let permit = authorize::<iam_actions::UntagPolicy>(call, &input.policy_arn, keys).await?;
    call.iam().untag_policy(&permit, input.tag_keys).await?;
    Ok(Box::new(output::UntagPolicyResponse {}))
}

pub(super) async fn list(call: &Call<'_>, input: &input::ListPolicyTagsRequest) -> Outcome {
    let keys = ContextKeys::default();
    let permit = authorize::<iam_actions::ListPolicyTags>(call, &input.policy_arn, keys).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_policy_tags(&permit, page).await?;
    Ok(Box::new(output::ListPolicyTagsResponse {
        tags: tag::to_wire(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}
