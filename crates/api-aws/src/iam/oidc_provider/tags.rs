//! Tags of OpenID Connect providers.

use wharfinger_auth::{ContextKeys, call_keys, iam_actions};
use wharfinger_aws_model::iam::{input, output};
use wharfinger_iam::PageRequest;

use super::authorize;
use crate::iam::{Call, Outcome, nothing, tag};

pub(super) async fn put(call: &Call<'_>, input: input::TagOpenIDConnectProviderRequest) -> Outcome {
    let tags = tag::from_wire(Some(input.tags));
    let (wanted, keys) = (&input.open_id_connect_provider_arn, call_keys::request_tags(&tags));
    let (permit, arn) =
        authorize::<iam_actions::TagOpenIDConnectProvider>(call, wanted, keys).await?;
    call.iam().tag_oidc_provider(&permit, &arn, tags).await?;
    nothing()
}

pub(super) async fn remove(
    call: &Call<'_>,
    input: input::UntagOpenIDConnectProviderRequest,
) -> Outcome {
    let keys = call_keys::tag_keys(&input.tag_keys);
    let wanted = &input.open_id_connect_provider_arn;
    let (permit, arn) =
        authorize::<iam_actions::UntagOpenIDConnectProvider>(call, wanted, keys).await?;
    call.iam().untag_oidc_provider(&permit, &arn, input.tag_keys).await?;
    nothing()
}

pub(super) async fn list(
    call: &Call<'_>,
    input: &input::ListOpenIDConnectProviderTagsRequest,
) -> Outcome {
    let (wanted, keys) = (&input.open_id_connect_provider_arn, ContextKeys::default());
    let (permit, arn) =
        authorize::<iam_actions::ListOpenIDConnectProviderTags>(call, wanted, keys).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_oidc_provider_tags(&permit, &arn, &page).await?;
    Ok(Box::new(output::ListOpenIDConnectProviderTagsResponse {
        tags: tag::to_wire(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}
