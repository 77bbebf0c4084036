//! Users.

use wharfinger_auth::iam_actions::{
    CreateUser, DeleteUser, GetUser, ListUserTags, ListUsers, TagUser, UntagUser, UpdateUser,
};
use wharfinger_auth::{Action, ContextKeys, IamResource, Permit, PrincipalKind, call_keys};
use wharfinger_aws_model::iam::enums::PermissionsBoundaryAttachmentType;
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_aws_model::{XmlSink, XmlStructure};
use wharfinger_core::Arn;
use wharfinger_iam::{Account, Error, NewUser, PageRequest, Tag, User};

use super::{Call, Outcome, not_implemented, nothing};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::CreateUser,
    Operation::DeleteUser,
    Operation::GetUser,
    Operation::ListUserTags,
    Operation::ListUsers,
    Operation::TagUser,
    Operation::UntagUser,
    Operation::UpdateUser,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::CreateUser(input) => create_user(call, input).await,
        Request::DeleteUser(input) => delete_user(call, input).await,
        Request::GetUser(input) => get_user(call, input).await,
        Request::ListUserTags(input) => list_user_tags(call, input).await,
        Request::ListUsers(input) => list_users(call, input).await,
        Request::TagUser(input) => tag_user(call, input).await,
        Request::UntagUser(input) => untag_user(call, input).await,
        Request::UpdateUser(input) => update_user(call, input).await,
        other => Err(not_implemented(other.operation())),
    }
}

/// The right to do `A` to a user, who may be there or not.
pub(crate) async fn authorize<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    name: &str,
) -> Result<Permit<A>, CallError> {
    authorize_with(call, name, ContextKeys::default()).await
}

async fn authorize_with<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    name: &str,
    keys: ContextKeys,
) -> Result<Permit<A>, CallError> {
    let found = call.iam().tagged_user(call.account(), name).await?;
    let absent = Arn::user(&call.account(), "/", name);
    Ok(call.authorize_found(&found, &absent, keys).await?)
}

/// The user that a call is about which names none: the caller itself; none if that is the root.
///
/// # Errors
/// `ValidationError` for a session, which is no user.
pub(crate) fn caller_name(call: &Call<'_>) -> Result<Option<String>, CallError> {
    match &call.caller().principal().kind {
        PrincipalKind::Root => Ok(None),
        PrincipalKind::User { user_name, .. } => Ok(Some(user_name.clone())),
        _ => Err(Error::Validation(
            "Must specify userName when calling with non-User credentials".into(),
        )
        .into()),
    }
}

async fn create_user(call: &Call<'_>, input: input::CreateUserRequest) -> Outcome {
    let input::CreateUserRequest { path, user_name, permissions_boundary, tags } = input;
    let tags = pairs(tags.unwrap_or_default());
    let arn = Arn::user(&call.account(), path.as_deref().unwrap_or("/"), &user_name);
    let mut keys = call_keys::request_tags(&tags);
    if let Some(boundary) = &permissions_boundary {
        keys.insert("iam:PermissionsBoundary", boundary.as_str());
    }
    let permit: Permit<CreateUser> = call.authorize_with(&arn, keys.clone()).await?;
    if !tags.is_empty() {
        // To make something with tags takes the right to tag it as well (IAM user guide, "Tags for
        // IAM resources").
        let _: Permit<TagUser> = call.authorize_with(&arn, keys).await?;
    }
    let new = NewUser { user_name, path, boundary_arn: permissions_boundary, tags };
    let user = call.iam().create_user(&permit, new).await?;
    Ok(Box::new(output::CreateUserResponse { user: Some(whole(user)) }))
}

async fn get_user(call: &Call<'_>, input: input::GetUserRequest) -> Outcome {
    let name = match input.user_name {
        Some(name) => Some(name),
        None => caller_name(call)?,
    };
    let Some(name) = name else {
        let arn = Arn::root(&call.account());
        let root = call.iam().get_root(&call.authorize(&arn).await?).await?;
        return Ok(Box::new(Root(root)));
    };
    let permit: Permit<GetUser> = authorize(call, &name).await?;
    let user = call.iam().get_user(&permit, &name).await?;
    Ok(Box::new(output::GetUserResponse { user: whole(user) }))
}

async fn update_user(call: &Call<'_>, input: input::UpdateUserRequest) -> Outcome {
    let input::UpdateUserRequest { user_name, new_path, new_user_name } = input;
    let permit: Permit<UpdateUser> = authorize(call, &user_name).await?;
    let found = call.iam().tagged_user(call.account(), &user_name).await?;
    let new_name = new_user_name.as_deref().unwrap_or(&user_name);
    let becomes = match &new_path {
        Some(path) => Arn::user(&call.account(), path, new_name),
        None => renamed(call, &found.arn, &user_name, new_name),
    };
    let target: Permit<UpdateUser> = match becomes == found.arn {
        true => permit.clone(),
        false => call.authorize(&becomes).await?,
    };
    let (name, path) = (new_user_name.as_deref(), new_path.as_deref());
    call.iam().update_user(&permit, &target, &user_name, name, path).await?;
    nothing()
}

/// The ARN of a user under another name and its old path.
fn renamed(call: &Call<'_>, arn: &Arn, name: &str, new_name: &str) -> Arn {
    let path = arn.resource().strip_prefix("user").and_then(|rest| rest.strip_suffix(name));
    Arn::user(&call.account(), path.unwrap_or("/"), new_name)
}

async fn delete_user(call: &Call<'_>, input: input::DeleteUserRequest) -> Outcome {
    let permit: Permit<DeleteUser> = authorize(call, &input.user_name).await?;
    call.iam().delete_user(&permit, &input.user_name).await?;
    nothing()
}

async fn list_users(call: &Call<'_>, input: input::ListUsersRequest) -> Outcome {
    let prefix = input.path_prefix.as_deref();
    let arn = Arn::user(&call.account(), prefix.unwrap_or("/"), "");
    let permit: Permit<ListUsers> = call.authorize(&arn).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_users(&permit, prefix, page).await?;
    Ok(Box::new(output::ListUsersResponse {
        users: page.items.into_iter().map(listed).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn tag_user(call: &Call<'_>, input: input::TagUserRequest) -> Outcome {
    let tags = pairs(input.tags);
    let keys = call_keys::request_tags(&tags);
    let permit: Permit<TagUser> = authorize_with(call, &input.user_name, keys).await?;
    call.iam().tag_user(&permit, &input.user_name, tags).await?;
    nothing()
}

async fn untag_user(call: &Call<'_>, input: input::UntagUserRequest) -> Outcome {
    let keys = call_keys::tag_keys(&input.tag_keys);
    let permit: Permit<UntagUser> = authorize_with(call, &input.user_name, keys).await?;
    call.iam().untag_user(&permit, &input.user_name, input.tag_keys).await?;
    nothing()
}

async fn list_user_tags(call: &Call<'_>, input: input::ListUserTagsRequest) -> Outcome {
    let permit: Permit<ListUserTags> = authorize(call, &input.user_name).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_user_tags(&permit, &input.user_name, page).await?;
    Ok(Box::new(output::ListUserTagsResponse {
        tags: tags(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

/// The root of an account as `GetUser` shows it: it has no name and no path.
struct Root(Account);

impl XmlStructure for Root {
    fn members(&self, sink: &mut dyn XmlSink) {
        let Self(Account { account, created_at, .. }) = self;
        sink.start("User");
        sink.text("UserId", account.as_str());
        sink.text("Arn", Arn::root(account).as_str());
        sink.text("CreateDate", &created_at.iso8601());
        sink.end("User");
    }
}

/// A user as lists show it: without its tags and its boundary (IAM `ListUsers`).
pub(crate) fn listed(user: User) -> types::User {
    types::User { tags: None, permissions_boundary: None, ..whole(user) }
}

fn whole(user: User) -> types::User {
    types::User {
        path: user.path,
        user_name: user.user_name,
        user_id: user.user_id,
        arn: user.arn.to_string(),
        create_date: user.created_at,
        password_last_used: None,
        permissions_boundary: user.boundary_arn.map(boundary),
        tags: Some(user.tags).filter(|tags| !tags.is_empty()).map(tags),
    }
}

/// A boundary by its ARN.
pub(crate) fn boundary(arn: String) -> types::AttachedPermissionsBoundary {
    types::AttachedPermissionsBoundary {
        permissions_boundary_type: Some(
            PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy,
        ),
        permissions_boundary_arn: Some(arn),
    }
}

/// Tags as they are answered.
pub(crate) fn tags(tags: Vec<Tag>) -> Vec<types::Tag> {
    tags.into_iter().map(|(key, value)| types::Tag { key, value }).collect()
}

fn pairs(tags: Vec<types::Tag>) -> Vec<Tag> {
    tags.into_iter().map(|types::Tag { key, value }| (key, value)).collect()
}
