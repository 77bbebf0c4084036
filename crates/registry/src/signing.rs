//! Signing: which images are to be signed when they are pushed, and what became of it.

use serde::{Deserialize, Serialize};
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DeleteSigningConfiguration, DescribeImageSigningStatus, GetSigningConfiguration,
    PutSigningConfiguration,
};
use wharfinger_core::{Arn, RegistryId, RepositoryName};
use wharfinger_metadata::{Tx, registry_setting};

use crate::image::resolve;
use crate::mutability::matches;
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, Registry, RequestedImage};

/// The name of the configuration's document among the settings of a registry.
const DOCUMENT: &str = "signing-configuration";
/// What signatures are pushed as. They are not signed themselves.
const SIGNATURE_TYPE: &str = "application/vnd.cncf.notary.signature";

/// The signing rules of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningConfiguration {
    /// The rules, in the order in which they were put.
    pub rules: Vec<SigningRule>,
}

/// One rule: with which profile the images of which repositories are to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningRule {
    /// The ARN of a signing profile in the registry's region.
    pub signing_profile_arn: String,
    /// `WILDCARD_MATCH` filters of repository names; none means every repository.
    pub repository_filters: Option<Vec<String>>,
}

/// What became of signing an image with one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningStatus {
    /// The profile.
    pub signing_profile_arn: String,
    /// Why there is no signature.
    pub failure_code: &'static str,
    /// The same in words.
    pub failure_reason: &'static str,
}

impl Registry {
    /// ECR `PutSigningConfiguration`: replaces all rules.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a profile of another region.
    pub async fn put_signing_configuration(
        &self,
        permit: &Permit<PutSigningConfiguration>,
        configuration: &SigningConfiguration,
    ) -> Result<(), Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        for rule in &configuration.rules {
            let profile = rule.signing_profile_arn.parse::<Arn>();
            if !profile.is_ok_and(|arn| arn.region() == registry.region.as_str()) {
                let reason = format!("The signing profile must be in region {}", registry.region);
                return Err(Error::invalid("signingProfileArn", reason));
            }
        }
        let text =
            serde_json::to_string(configuration).map_err(|error| Error::Server(error.into()))?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    Ok(registry_setting::put(tx, &registry, DOCUMENT, &text, now).await?)
                })
            })
            .await
    }

    /// ECR `GetSigningConfiguration`.
    ///
    /// # Errors
    /// [`Error::SigningConfigurationNotFound`] if none was put.
    pub async fn get_signing_configuration(
        &self,
        permit: &Permit<GetSigningConfiguration>,
    ) -> Result<SigningConfiguration, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .read(move |tx| Box::pin(async move { must_find_configuration(tx, &registry).await }))
            .await
    }

    /// ECR `DeleteSigningConfiguration`: answers what was removed.
    ///
    /// # Errors
    /// [`Error::SigningConfigurationNotFound`] if none was put.
    pub async fn delete_signing_configuration(
        &self,
        permit: &Permit<DeleteSigningConfiguration>,
    ) -> Result<SigningConfiguration, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let removed = must_find_configuration(tx, &registry).await?;
                    registry_setting::delete(tx, &registry, DOCUMENT).await?;
                    Ok(removed)
                })
            })
            .await
    }

    /// ECR `DescribeImageSigningStatus`: one status for each profile whose rule matches the
    /// repository. There is no signing service behind this registry, so that each of them says that
    /// no signature was made.
    ///
    /// # Errors
    /// [`Error::ImageNotFound`].
    pub async fn describe_image_signing_status(
        &self,
        permit: &Permit<DescribeImageSigningStatus>,
        requested: RequestedImage,
    ) -> Result<(ImageIdentifier, Vec<SigningStatus>), Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let (id, row) = match resolve(tx, repository, &requested).await? {
                        Ok(found) => found,
                        Err(code) => return Err(code.as_call_failure(requested, &resource)),
                    };
                    let types = [&row.artifact_type, &row.artifact_media_type];
                    if types.into_iter().flatten().any(|it| it == SIGNATURE_TYPE) {
                        return Ok((id, Vec::new()));
                    }
                    let found = find_configuration(tx, &resource.registry).await?;
                    let rules = found.map(|found| found.rules).unwrap_or_default();
                    Ok((id, statuses(rules, &resource.name)))
                })
            })
            .await
    }
}

/// A status for each profile, however many of its rules match.
fn statuses(rules: Vec<SigningRule>, name: &RepositoryName) -> Vec<SigningStatus> {
    let mut statuses: Vec<SigningStatus> = Vec::new();
    for SigningRule { signing_profile_arn, repository_filters } in rules {
        let applies = repository_filters
            .is_none_or(|filters| filters.iter().any(|filter| matches(filter, name.as_str())));
        let known = statuses.iter().any(|it| it.signing_profile_arn == signing_profile_arn);
        if applies && !known {
            statuses.push(SigningStatus {
                signing_profile_arn,
                failure_code: "SigningNotAvailable",
                failure_reason: "Signing is not available in this registry. No signature was made.",
            });
        }
    }
    statuses
}

async fn find_configuration(
    tx: &mut Tx,
    registry: &RegistryId,
) -> Result<Option<SigningConfiguration>, Error> {
    let text = registry_setting::get(tx, registry, DOCUMENT).await?;
    let read = |text: String| serde_json::from_str(&text);
    text.map(read).transpose().map_err(|error| Error::Server(error.into()))
}

async fn must_find_configuration(
    tx: &mut Tx,
    registry: &RegistryId,
) -> Result<SigningConfiguration, Error> {
    let not_found = Error::SigningConfigurationNotFound { registry: registry.account };
    find_configuration(tx, registry).await?.ok_or(not_found)
}
