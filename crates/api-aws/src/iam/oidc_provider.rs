//! OpenID Connect providers.

mod tags;

use wharfinger_auth::{Action, ContextKeys, IamResource, Permit, call_keys, iam_actions};
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::NewOidcProvider;

use super::{Call, Outcome, not_implemented, nothing, tag};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::AddClientIDToOpenIDConnectProvider,
    Operation::CreateOpenIDConnectProvider,
    Operation::DeleteOpenIDConnectProvider,
    Operation::GetOpenIDConnectProvider,
    Operation::ListOpenIDConnectProviderTags,
    Operation::ListOpenIDConnectProviders,
    Operation::RemoveClientIDFromOpenIDConnectProvider,
    Operation::TagOpenIDConnectProvider,
    Operation::UntagOpenIDConnectProvider,
    Operation::UpdateOpenIDConnectProviderThumbprint,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::AddClientIDToOpenIDConnectProvider(input) => add_client_id(call, input).await,
        Request::CreateOpenIDConnectProvider(input) => create(call, input).await,
        Request::DeleteOpenIDConnectProvider(input) => delete(call, &input).await,
        Request::GetOpenIDConnectProvider(input) => get(call, &input).await,
        Request::ListOpenIDConnectProviderTags(input) => tags::list(call, &input).await,
        Request::ListOpenIDConnectProviders(_) => list(call).await,
        Request::RemoveClientIDFromOpenIDConnectProvider(input) => {
            remove_client_id(call, input).await
        }
        Request::TagOpenIDConnectProvider(input) => tags::put(call, input).await,
        Request::UntagOpenIDConnectProvider(input) => tags::remove(call, input).await,
        Request::UpdateOpenIDConnectProviderThumbprint(input) => {
            update_thumbprint(call, input).await
        }
        other => Err(not_implemented(other.operation())),
    }
}

/// Whether the caller may do `A` to the provider of an ARN, which comes back as one.
async fn authorize<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    arn: &str,
    keys: ContextKeys,
) -> Result<(Permit<A>, Arn), CallError> {
    let tagged = call.iam().tagged_oidc_provider(call.account(), arn).await?;
    // Who asks has named the whole ARN, so it gives nothing away.
    let permit = call.authorize_found::<A>(&tagged, &tagged.arn, keys).await?;
    Ok((permit, tagged.arn))
}

async fn create(call: &Call<'_>, input: input::CreateOpenIDConnectProviderRequest) -> Outcome {
    let tags = tag::from_wire(input.tags);
    let arn = call.iam().oidc_provider_arn(call.account(), &input.url);
    let keys = call_keys::request_tags(&tags);
    let permit: Permit<iam_actions::CreateOpenIDConnectProvider> =
        call.authorize_with(&arn, keys.clone()).await?;
    if !tags.is_empty() {
        // To make something with tags takes the right to tag it as well.
        let _: Permit<iam_actions::TagOpenIDConnectProvider> =
            call.authorize_with(&arn, keys).await?;
    }
    let new = NewOidcProvider {
        url: input.url,
        client_ids: input.client_id_list.unwrap_or_default(),
        thumbprints: input.thumbprint_list.unwrap_or_default(),
        tags,
    };
    let made = call.iam().create_oidc_provider(&permit, new).await?;
    Ok(Box::new(output::CreateOpenIDConnectProviderResponse {
        open_id_connect_provider_arn: Some(made.arn.to_string()),
        tags: tag::to_wire_unless_none(made.tags),
    }))
}

async fn get(call: &Call<'_>, input: &input::GetOpenIDConnectProviderRequest) -> Outcome {
    let (wanted, keys) = (&input.open_id_connect_provider_arn, ContextKeys::default());
    let (permit, arn) =
        authorize::<iam_actions::GetOpenIDConnectProvider>(call, wanted, keys).await?;
    let found = call.iam().get_oidc_provider(&permit, &arn).await?;
    Ok(Box::new(output::GetOpenIDConnectProviderResponse {
        url: Some(found.url),
        client_id_list: Some(found.client_ids),
        thumbprint_list: Some(found.thumbprints),
        create_date: Some(found.created_at),
        tags: tag::to_wire_unless_none(found.tags),
    }))
}

async fn list(call: &Call<'_>) -> Outcome {
    let arn = Arn::oidc_provider(&call.account(), "*");
    let permit = call.authorize::<iam_actions::ListOpenIDConnectProviders>(&arn).await?;
    let arns = call.iam().list_oidc_providers(&permit).await?;
    let entry = |arn: Arn| types::OpenIDConnectProviderListEntry { arn: Some(arn.to_string()) };
    let list = Some(arns.into_iter().map(entry).collect());
    Ok(Box::new(output::ListOpenIDConnectProvidersResponse { open_id_connect_provider_list: list }))
}

async fn delete(call: &Call<'_>, input: &input::DeleteOpenIDConnectProviderRequest) -> Outcome {
    let (wanted, keys) = (&input.open_id_connect_provider_arn, ContextKeys::default());
    let (permit, arn) =
        authorize::<iam_actions::DeleteOpenIDConnectProvider>(call, wanted, keys).await?;
    call.iam().delete_oidc_provider(&permit, &arn).await?;
    nothing()
}

async fn add_client_id(
    call: &Call<'_>,
    input: input::AddClientIDToOpenIDConnectProviderRequest,
) -> Outcome {
    let (wanted, keys) = (&input.open_id_connect_provider_arn, ContextKeys::default());
    let (permit, arn) =
        authorize::<iam_actions::AddClientIDToOpenIDConnectProvider>(call, wanted, keys).await?;
    call.iam().add_client_id(&permit, &arn, input.client_id).await?;
    nothing()
}

async fn remove_client_id(
    call: &Call<'_>,
    input: input::RemoveClientIDFromOpenIDConnectProviderRequest,
) -> Outcome {
    let (wanted, keys) = (&input.open_id_connect_provider_arn, ContextKeys::default());
    let (permit, arn) =
        authorize::<iam_actions::RemoveClientIDFromOpenIDConnectProvider>(call, wanted, keys)
            .await?;
    call.iam().remove_client_id(&permit, &arn, input.client_id).await?;
    nothing()
}

async fn update_thumbprint(
    call: &Call<'_>,
    input: input::UpdateOpenIDConnectProviderThumbprintRequest,
) -> Outcome {
    let (wanted, keys) = (&input.open_id_connect_provider_arn, ContextKeys::default());
    let (permit, arn) =
        authorize::<iam_actions::UpdateOpenIDConnectProviderThumbprint>(call, wanted, keys).await?;
    call.iam().update_oidc_provider_thumbprint(&permit, &arn, input.thumbprint_list).await?;
    nothing()
}
