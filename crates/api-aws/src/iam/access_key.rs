//! Access keys.

use wharfinger_auth::iam_actions::{
    CreateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed, ListAccessKeys, UpdateAccessKey,
};
use wharfinger_auth::{Action, ContextKeys, IamResource, Permit};
use wharfinger_aws_model::iam::enums::StatusType;
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::{AccessKeySummary, Error, KeyOwner, PageRequest, Tagged};

use super::{Call, Outcome, not_implemented, nothing, user};
use crate::query_service::CallError;

/// What stands for the service and the region of a key that was never used.
const NEVER: &str = "N/A";

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::CreateAccessKey,
    Operation::DeleteAccessKey,
    Operation::GetAccessKeyLastUsed,
    Operation::ListAccessKeys,
    Operation::UpdateAccessKey,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::CreateAccessKey(input) => create_access_key(call, input).await,
        Request::DeleteAccessKey(input) => delete_access_key(call, input).await,
        Request::GetAccessKeyLastUsed(input) => get_access_key_last_used(call, input).await,
        Request::ListAccessKeys(input) => list_access_keys(call, input).await,
        Request::UpdateAccessKey(input) => update_access_key(call, input).await,
        other => Err(not_implemented(other.operation())),
    }
}

/// Whose keys a call is about, and the right to do `A` to those: the user that it names, or the
/// caller.
async fn authorize<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    user_name: Option<String>,
) -> Result<(KeyOwner, Permit<A>), CallError> {
    let name = match user_name {
        Some(name) => Some(name),
        None => user::caller_name(call)?,
    };
    match name {
        Some(name) => {
            let permit = user::authorize(call, &name).await?;
            Ok((KeyOwner::User(name), permit))
        }
        None => Ok((KeyOwner::Root, call.authorize(&Arn::root(&call.account())).await?)),
    }
}

async fn create_access_key(call: &Call<'_>, input: input::CreateAccessKeyRequest) -> Outcome {
    let (owner, permit) = authorize::<CreateAccessKey>(call, input.user_name).await?;
    let made = call.iam().create_access_key(&permit, &owner).await?;
    Ok(Box::new(output::CreateAccessKeyResponse {
        access_key: types::AccessKey {
            user_name: name_of(owner).unwrap_or_default(),
            access_key_id: made.key.access_key_id,
            status: StatusType::Active,
            secret_access_key: made.key.secret_access_key,
            create_date: Some(made.created_at),
        },
    }))
}

async fn list_access_keys(call: &Call<'_>, input: input::ListAccessKeysRequest) -> Outcome {
    let (owner, permit) = authorize::<ListAccessKeys>(call, input.user_name).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_access_keys(&permit, &owner, page).await?;
    Ok(Box::new(output::ListAccessKeysResponse {
        access_key_metadata: page.items.into_iter().map(listed).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn update_access_key(call: &Call<'_>, input: input::UpdateAccessKeyRequest) -> Outcome {
    let (owner, permit) = authorize::<UpdateAccessKey>(call, input.user_name).await?;
    let active = match input.status {
        StatusType::Active => true,
        StatusType::Inactive => false,
        StatusType::Expired => {
            let text = "An access key is made Active or Inactive.";
            return Err(Error::InvalidInput(text.into()).into());
        }
    };
    call.iam().update_access_key(&permit, Some(&owner), &input.access_key_id, active).await?;
    nothing()
}

async fn delete_access_key(call: &Call<'_>, input: input::DeleteAccessKeyRequest) -> Outcome {
    let (owner, permit) = authorize::<DeleteAccessKey>(call, input.user_name).await?;
    call.iam().delete_access_key(&permit, Some(&owner), &input.access_key_id).await?;
    nothing()
}

/// A call that names a key and no user is about the user who has it; about all, if nobody has.
async fn get_access_key_last_used(
    call: &Call<'_>,
    input: input::GetAccessKeyLastUsedRequest,
) -> Outcome {
    let id = &input.access_key_id;
    let absent = Arn::user(&call.account(), "/", "*");
    let owner = call.iam().key_owner_arn(call.account(), id).await?;
    let found = Tagged { arn: owner.unwrap_or_else(|| absent.clone()), tags: Vec::new() };
    let keys = ContextKeys::default();
    let permit: Permit<GetAccessKeyLastUsed> = call.authorize_found(&found, &absent, keys).await?;
    let used = call.iam().get_access_key_last_used(&permit, id).await?;
    let (last_used_date, service_name, region) = match used.last {
        Some((at, service, region)) => (Some(at), service, region),
        None => (None, NEVER.to_owned(), NEVER.to_owned()),
    };
    Ok(Box::new(output::GetAccessKeyLastUsedResponse {
        user_name: name_of(used.owner),
        access_key_last_used: Some(types::AccessKeyLastUsed {
            last_used_date,
            service_name,
            region,
        }),
    }))
}

fn listed(key: AccessKeySummary) -> types::AccessKeyMetadata {
    types::AccessKeyMetadata {
        user_name: name_of(key.owner),
        access_key_id: Some(key.access_key_id),
        status: Some(if key.active { StatusType::Active } else { StatusType::Inactive }),
        create_date: Some(key.created_at),
    }
}

/// The root has no name.
fn name_of(owner: KeyOwner) -> Option<String> {
    match owner {
        KeyOwner::Root => None,
        KeyOwner::User(name) => Some(name),
    }
}
