//! Repository creation templates.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    CreateRepositoryCreationTemplate, DeleteRepositoryCreationTemplate,
    DescribeRepositoryCreationTemplates, UpdateRepositoryCreationTemplate,
};
use wharfinger_aws_model::ecr::enums::{EncryptionType, ImageTagMutability, RCTAppliedFor};
use wharfinger_aws_model::ecr::input::{
    CreateRepositoryCreationTemplateRequest, DeleteRepositoryCreationTemplateRequest,
    DescribeRepositoryCreationTemplatesRequest, UpdateRepositoryCreationTemplateRequest,
};
use wharfinger_aws_model::ecr::output::{
    CreateRepositoryCreationTemplateResponse, DeleteRepositoryCreationTemplateResponse,
    DescribeRepositoryCreationTemplatesResponse, UpdateRepositoryCreationTemplateResponse,
};
use wharfinger_aws_model::ecr::types::{
    EncryptionConfigurationForRepositoryCreationTemplate, ImageTagMutabilityExclusionFilter,
    RepositoryCreationTemplate, Tag,
};
use wharfinger_registry::{
    CreationTemplate, CreationTemplateSettings, TemplateEncryption, TemplateScenario,
};

use super::Call;
use super::error::CallError;
use super::page::page_request;
use super::repository::exclusion_filters;
use super::resource_tag::pairs;

/// ECR `CreateRepositoryCreationTemplate`.
pub(super) async fn create_repository_creation_template(
    call: &Call<'_>,
    input: CreateRepositoryCreationTemplateRequest,
) -> Result<CreateRepositoryCreationTemplateResponse, CallError> {
    let permit: Permit<CreateRepositoryCreationTemplate> = call.registry_permit(None).await?;
    let settings = CreationTemplateSettings {
        applied_for: Some(scenarios(&input.applied_for)),
        description: input.description,
        encryption: input.encryption_configuration.map(encryption),
        resource_tags: input.resource_tags.map(pairs),
        tag_mutability: input.image_tag_mutability.map(ImageTagMutability::as_str),
        exclusion_filters: input.image_tag_mutability_exclusion_filters.map(filters),
        repository_policy: input.repository_policy,
        lifecycle_policy: input.lifecycle_policy,
        custom_role_arn: input.custom_role_arn,
    };
    let service = call.service();
    let template =
        service.create_repository_creation_template(&permit, input.prefix, settings).await?;
    Ok(CreateRepositoryCreationTemplateResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_creation_template: Some(describe(template)?),
    })
}

/// ECR `DeleteRepositoryCreationTemplate`.
pub(super) async fn delete_repository_creation_template(
    call: &Call<'_>,
    input: DeleteRepositoryCreationTemplateRequest,
) -> Result<DeleteRepositoryCreationTemplateResponse, CallError> {
    let permit: Permit<DeleteRepositoryCreationTemplate> = call.registry_permit(None).await?;
    let template =
        call.service().delete_repository_creation_template(&permit, input.prefix).await?;
    Ok(DeleteRepositoryCreationTemplateResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_creation_template: Some(describe(template)?),
    })
}

/// ECR `DescribeRepositoryCreationTemplates`.
pub(super) async fn describe_repository_creation_templates(
    call: &Call<'_>,
    input: DescribeRepositoryCreationTemplatesRequest,
) -> Result<DescribeRepositoryCreationTemplatesResponse, CallError> {
    let permit: Permit<DescribeRepositoryCreationTemplates> = call.registry_permit(None).await?;
    let prefixes = input.prefixes.unwrap_or_default();
    let page = page_request(input.next_token, input.max_results);
    let service = call.service();
    let page = service.describe_repository_creation_templates(&permit, prefixes, &page).await?;
    let templates = page.items.into_iter().map(describe);
    Ok(DescribeRepositoryCreationTemplatesResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_creation_templates: Some(templates.collect::<Result<_, _>>()?),
        next_token: page.next_token,
    })
}

/// ECR `UpdateRepositoryCreationTemplate`.
pub(super) async fn update_repository_creation_template(
    call: &Call<'_>,
    input: UpdateRepositoryCreationTemplateRequest,
) -> Result<UpdateRepositoryCreationTemplateResponse, CallError> {
    let permit: Permit<UpdateRepositoryCreationTemplate> = call.registry_permit(None).await?;
    let settings = CreationTemplateSettings {
        applied_for: input.applied_for.as_deref().map(scenarios),
        description: input.description,
        encryption: input.encryption_configuration.map(encryption),
        resource_tags: input.resource_tags.map(pairs),
        tag_mutability: input.image_tag_mutability.map(ImageTagMutability::as_str),
        exclusion_filters: input.image_tag_mutability_exclusion_filters.map(filters),
        repository_policy: input.repository_policy,
        lifecycle_policy: input.lifecycle_policy,
        custom_role_arn: input.custom_role_arn,
    };
    let service = call.service();
    let template =
        service.update_repository_creation_template(&permit, input.prefix, settings).await?;
    Ok(UpdateRepositoryCreationTemplateResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_creation_template: Some(describe(template)?),
    })
}

/// A template with all its members that have a value, the tags even if there are none.
fn describe(template: CreationTemplate) -> Result<RepositoryCreationTemplate, CallError> {
    let unknown = || CallError::internal("a stored template has a setting ECR does not know");
    let applied_for = template.applied_for.iter().map(|it| RCTAppliedFor::from_wire(it.as_str()));
    let tags = template.resource_tags.into_iter().map(|(key, value)| Tag { key, value });
    let TemplateEncryption { encryption_type, kms_key } = template.encryption;
    let encryption_type = EncryptionType::from_wire(&encryption_type).ok_or_else(unknown)?;
    let mode = ImageTagMutability::from_wire(template.tag_mutability.mode()).ok_or_else(unknown)?;
    let filters = template.tag_mutability.filters().map(exclusion_filters);
    Ok(RepositoryCreationTemplate {
        prefix: Some(template.prefix),
        description: template.description,
        encryption_configuration: Some(EncryptionConfigurationForRepositoryCreationTemplate {
            encryption_type,
            kms_key,
        }),
        resource_tags: Some(tags.collect()),
        image_tag_mutability: Some(mode),
        image_tag_mutability_exclusion_filters: filters,
        repository_policy: template.repository_policy,
        lifecycle_policy: template.lifecycle_policy,
        applied_for: Some(applied_for.collect::<Option<_>>().ok_or_else(unknown)?),
        custom_role_arn: template.custom_role_arn,
        created_at: Some(template.created_at),
        updated_at: Some(template.updated_at),
    })
}

fn scenarios(applied_for: &[RCTAppliedFor]) -> Vec<TemplateScenario> {
    let scenario = |applied_for: &RCTAppliedFor| match applied_for {
        RCTAppliedFor::Replication => TemplateScenario::Replication,
        RCTAppliedFor::PullThroughCache => TemplateScenario::PullThroughCache,
        RCTAppliedFor::CreateOnPush => TemplateScenario::CreateOnPush,
    };
    applied_for.iter().map(scenario).collect()
}

fn encryption(
    configuration: EncryptionConfigurationForRepositoryCreationTemplate,
) -> TemplateEncryption {
    TemplateEncryption {
        encryption_type: configuration.encryption_type.to_string(),
        kms_key: configuration.kms_key,
    }
}

fn filters(filters: Vec<ImageTagMutabilityExclusionFilter>) -> Vec<String> {
    filters.into_iter().map(|it| it.filter).collect()
}
