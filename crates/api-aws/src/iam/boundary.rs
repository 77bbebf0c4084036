//! Permissions boundaries of users and roles.

use wharfinger_auth::{ContextKeys, iam_actions};
use wharfinger_aws_model::iam::{Operation, Request, input, output};
use wharfinger_iam::{DeleteBoundary, PutBoundary};

use super::inline_policy::{BOUNDARY_KEY, authorize_holder};
use super::managed_policy::policy_arn;
use super::{Call, Outcome, not_implemented};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::DeleteRolePermissionsBoundary,
    Operation::DeleteUserPermissionsBoundary,
    Operation::PutRolePermissionsBoundary,
    Operation::PutUserPermissionsBoundary,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::DeleteRolePermissionsBoundary(input) => of_no_role(call, &input).await,
        Request::DeleteUserPermissionsBoundary(input) => of_no_user(call, &input).await,
        Request::PutRolePermissionsBoundary(input) => of_role(call, &input).await,
        Request::PutUserPermissionsBoundary(input) => of_user(call, &input).await,
        other => Err(not_implemented(other.operation())),
    }
}

async fn put<A: PutBoundary>(call: &Call<'_>, holder: &str, arn: &str) -> Result<(), CallError> {
    let mut keys = ContextKeys::default();
    keys.insert(BOUNDARY_KEY, arn);
    let permit = authorize_holder::<A>(call, holder, keys).await?;
    Ok(call.iam().put_permissions_boundary(&permit, holder, &policy_arn(arn)?).await?)
}

async fn delete<A: DeleteBoundary>(call: &Call<'_>, holder: &str) -> Result<(), CallError> {
    let permit = authorize_holder::<A>(call, holder, ContextKeys::default()).await?;
    Ok(call.iam().delete_permissions_boundary(&permit, holder).await?)
}

async fn of_user(call: &Call<'_>, input: &input::PutUserPermissionsBoundaryRequest) -> Outcome {
    let (name, arn) = (&input.user_name, &input.permissions_boundary);
    put::<iam_actions::PutUserPermissionsBoundary>(call, name, arn).await?;
    Ok(Box::new(output::PutUserPermissionsBoundaryResponse {}))
}

async fn of_no_user(
    call: &Call<'_>,
    input: &input::DeleteUserPermissionsBoundaryRequest,
) -> Outcome {
    delete::<iam_actions::DeleteUserPermissionsBoundary>(call, &input.user_name).await?;
    Ok(Box::new(output::DeleteUserPermissionsBoundaryResponse {}))
}

async fn of_role(call: &Call<'_>, input: &input::PutRolePermissionsBoundaryRequest) -> Outcome {
    let (name, arn) = (&input.role_name, &input.permissions_boundary);
    put::<iam_actions::PutRolePermissionsBoundary>(call, name, arn).await?;
    Ok(Box::new(output::PutRolePermissionsBoundaryResponse {}))
}

async fn of_no_role(
    call: &Call<'_>,
    input: &input::DeleteRolePermissionsBoundaryRequest,
) -> Outcome {
    delete::<iam_actions::DeleteRolePermissionsBoundary>(call, &input.role_name).await?;
    Ok(Box::new(output::DeleteRolePermissionsBoundaryResponse {}))
}
