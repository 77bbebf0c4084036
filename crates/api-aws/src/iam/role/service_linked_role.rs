//! Roles that belong to services.

use wharfinger_auth::{ContextKeys, iam_actions};
use wharfinger_aws_model::iam::{enums, input, output};

use super::{authorize, to_wire};
use crate::iam::{Call, Outcome};

pub(super) async fn create(
    call: &Call<'_>,
    input: input::CreateServiceLinkedRoleRequest,
) -> Outcome {
    let service = &input.aws_service_name;
    let arn = call.iam().service_linked_role_arn(call.account(), service);
    let mut keys = ContextKeys::default();
    keys.insert("iam:AWSServiceName", service.as_str());
    let permit = call.authorize_with::<iam_actions::CreateServiceLinkedRole>(&arn, keys);
    let (permit, suffix) = (permit.await?, input.custom_suffix.as_deref());
    let text = input.description;
    let role = call.iam().create_service_linked_role(&permit, service, text, suffix).await?;
    Ok(Box::new(output::CreateServiceLinkedRoleResponse { role: Some(to_wire(role)) }))
}

pub(super) async fn delete(
    call: &Call<'_>,
    input: &input::DeleteServiceLinkedRoleRequest,
) -> Outcome {
    let name = &input.role_name;
    let permit = authorize::<iam_actions::DeleteServiceLinkedRole>(call, name).await?;
    let task = call.iam().delete_service_linked_role(&permit, name).await?;
    Ok(Box::new(output::DeleteServiceLinkedRoleResponse { deletion_task_id: task }))
}

pub(super) async fn deletion_status(
    call: &Call<'_>,
    input: &input::GetServiceLinkedRoleDeletionStatusRequest,
) -> Outcome {
    let task = &input.deletion_task_id;
    let arn = call.iam().deletion_task_role_arn(call.account(), task)?;
    let permit = call.authorize::<iam_actions::GetServiceLinkedRoleDeletionStatus>(&arn).await?;
    call.iam().get_service_linked_role_deletion_status(&permit, task)?;
    let status = enums::DeletionTaskStatusType::Succeeded;
    Ok(Box::new(output::GetServiceLinkedRoleDeletionStatusResponse { status, reason: None }))
}
