//! What a request says of a template: checked by itself, then laid over the template.

use std::collections::BTreeSet;

use wharfinger_auth::ResourcePolicy;
use wharfinger_core::{Arn, RegistryId};
use wharfinger_lifecycle_policy::LifecyclePolicy;

use super::{CreationTemplate, TemplateEncryption, TemplateScenario};
use crate::custom_role::check_custom_role;
use crate::resource_tag::check_tags;
use crate::{Error, TagMutability};

/// Settings of a template. What is absent stays as it is, or has ECR's default in a new one; an
/// empty text clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreationTemplateSettings {
    /// When the template is used: at least one.
    pub applied_for: Option<Vec<TemplateScenario>>,
    /// What it is for.
    pub description: Option<String>,
    /// How the bytes of its repositories are encrypted.
    pub encryption: Option<TemplateEncryption>,
    /// The resource tags of its repositories, (key, value).
    pub resource_tags: Option<Vec<(String, String)>>,
    /// The wire name of the tag mutability of its repositories.
    pub tag_mutability: Option<&'static str>,
    /// The filters of the modes with exclusion.
    pub exclusion_filters: Option<Vec<String>>,
    /// The text of the policy of its repositories.
    pub repository_policy: Option<String>,
    /// The text of the lifecycle policy of its repositories.
    pub lifecycle_policy: Option<String>,
    /// The ARN of the role that creates its repositories.
    pub custom_role_arn: Option<String>,
}

impl CreationTemplateSettings {
    /// These settings, if each of them is sound by itself.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] naming the member.
    pub(super) fn checked(mut self, registry: &RegistryId) -> Result<Self, Error> {
        if let Some(applied_for) = &mut self.applied_for {
            let mut seen = BTreeSet::new();
            applied_for.retain(|scenario| seen.insert(*scenario));
            if applied_for.is_empty() {
                let reason = "Member must have length greater than or equal to 1";
                return Err(Error::invalid("appliedFor", reason));
            }
        }
        if let Some(encryption) = &mut self.encryption {
            check_encryption(encryption, registry)?;
        }
        if let Some(tags) = &self.resource_tags {
            check_resource_tags(tags)?;
        }
        if let Some(policy) = given(&self.repository_policy) {
            check_repository_policy(policy, registry)?;
        }
        if let Some(policy) = given(&self.lifecycle_policy) {
            LifecyclePolicy::parse_template(policy)?;
        }
        if let Some(role) = given(&self.custom_role_arn) {
            check_custom_role(role, registry)?;
        }
        Ok(self)
    }

    /// Lays these settings over a template.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when tag mutability and filters do not go together.
    pub(super) fn apply(self, template: &mut CreationTemplate) -> Result<(), Error> {
        template.tag_mutability = self.tag_mutability_over(&template.tag_mutability)?;
        replace(&mut template.applied_for, self.applied_for);
        replace(&mut template.encryption, self.encryption);
        replace(&mut template.resource_tags, self.resource_tags);
        replace_text(&mut template.description, self.description);
        replace_text(&mut template.repository_policy, self.repository_policy);
        replace_text(&mut template.lifecycle_policy, self.lifecycle_policy);
        replace_text(&mut template.custom_role_arn, self.custom_role_arn);
        Ok(())
    }

    /// Mode and filters, each as given or else as they are; a mode without exclusion drops them.
    fn tag_mutability_over(&self, old: &TagMutability) -> Result<TagMutability, Error> {
        let mode = self.tag_mutability.unwrap_or(old.mode());
        let kept = || old.filters().filter(|_| mode.ends_with("_WITH_EXCLUSION"));
        let filters = self.exclusion_filters.as_deref().or_else(kept);
        TagMutability::new(mode, filters.map(<[String]>::to_vec))
    }
}

/// A text that is there and not empty.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn replace<T>(old: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *old = new;
    }
}

fn replace_text(old: &mut Option<String>, new: Option<String>) {
    if let Some(new) = new {
        *old = Some(new).filter(|text| !text.is_empty());
    }
}

/// A KMS key must be named by its full ARN, and be one of the registry's region; it is looked for
/// when a repository is created. None means the registry's default key.
fn check_encryption(
    encryption: &mut TemplateEncryption,
    registry: &RegistryId,
) -> Result<(), Error> {
    let invalid = |reason: &str| Err(Error::invalid("encryptionConfiguration.kmsKey", reason));
    encryption.kms_key.take_if(|key| key.is_empty());
    let Some(key) = &encryption.kms_key else { return Ok(()) };
    if encryption.encryption_type == "AES256" {
        return invalid("KMS key can't be set when encryptionType is set as AES256");
    }
    let is_key = |arn: Arn| {
        arn.service() == "kms"
            && arn.region() == registry.region.as_str()
            && arn.resource().strip_prefix("key/").is_some_and(|id| !id.is_empty())
    };
    match key.parse().is_ok_and(is_key) {
        true => Ok(()),
        false => invalid("Member must be the ARN of a KMS key of the registry's region"),
    }
}

/// The rules of tags, as errors that the operations of templates have in ECR's model.
fn check_resource_tags(tags: &[(String, String)]) -> Result<(), Error> {
    check_tags(tags).map_err(|error| match error {
        Error::InvalidTagParameter { reason } => Error::invalid("resourceTags", reason),
        other => Error::invalid("resourceTags", other.to_string()),
    })
}

/// Whether a text is a repository policy. Whom it names is looked for by nobody: they may come to be
/// before the policy is used.
///
/// # Errors
/// [`Error::InvalidParameter`].
fn check_repository_policy(text: &str, registry: &RegistryId) -> Result<(), Error> {
    ResourcePolicy::repository(text, registry).map(|_| ()).map_err(|error| {
        tracing::debug!(%error, "a template's repository policy was refused");
        Error::invalid("repositoryPolicy", "Invalid repository policy provided")
    })
}
