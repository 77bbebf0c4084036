//! Repository creation templates.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{
    CreateRepositoryCreationTemplateRequest, DeleteRepositoryCreationTemplateRequest,
    DescribeRepositoryCreationTemplatesRequest, UpdateRepositoryCreationTemplateRequest,
};
use wharfinger_aws_model::ecr::output::{
    CreateRepositoryCreationTemplateResponse, DeleteRepositoryCreationTemplateResponse,
    DescribeRepositoryCreationTemplatesResponse, UpdateRepositoryCreationTemplateResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `CreateRepositoryCreationTemplate`.
pub(super) async fn create_repository_creation_template(
    _call: &Call<'_>,
    _input: CreateRepositoryCreationTemplateRequest,
) -> Result<CreateRepositoryCreationTemplateResponse, CallError> {
    Err(CallError::NotImplemented(Operation::CreateRepositoryCreationTemplate))
}

/// ECR `DeleteRepositoryCreationTemplate`.
pub(super) async fn delete_repository_creation_template(
    _call: &Call<'_>,
    _input: DeleteRepositoryCreationTemplateRequest,
) -> Result<DeleteRepositoryCreationTemplateResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DeleteRepositoryCreationTemplate))
}

/// ECR `DescribeRepositoryCreationTemplates`.
pub(super) async fn describe_repository_creation_templates(
    _call: &Call<'_>,
    _input: DescribeRepositoryCreationTemplatesRequest,
) -> Result<DescribeRepositoryCreationTemplatesResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DescribeRepositoryCreationTemplates))
}

/// ECR `UpdateRepositoryCreationTemplate`.
pub(super) async fn update_repository_creation_template(
    _call: &Call<'_>,
    _input: UpdateRepositoryCreationTemplateRequest,
) -> Result<UpdateRepositoryCreationTemplateResponse, CallError> {
    Err(CallError::NotImplemented(Operation::UpdateRepositoryCreationTemplate))
}
