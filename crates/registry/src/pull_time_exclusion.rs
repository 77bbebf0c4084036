//! Pull-time update exclusions: whose pulls leave the time of an image's last pull as it is.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DeregisterPullTimeUpdateExclusion, ListPullTimeUpdateExclusions,
    RegisterPullTimeUpdateExclusion,
};
use wharfinger_core::limits::PULL_TIME_EXCLUSIONS_MAX;
use wharfinger_core::{Arn, Timestamp};
use wharfinger_metadata::{MetadataError, pull_time_exclusion};

use crate::{Error, Page, PageRequest, Registry};

impl Registry {
    /// ECR `RegisterPullTimeUpdateExclusion`: answers since when. The principal need not exist.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for what is not the ARN of a user or a role;
    /// [`Error::ExclusionAlreadyExists`]; [`Error::LimitExceeded`] beyond
    /// [`PULL_TIME_EXCLUSIONS_MAX`].
    pub async fn register_pull_time_update_exclusion(
        &self,
        permit: &Permit<RegisterPullTimeUpdateExclusion>,
        principal_arn: String,
    ) -> Result<Timestamp, Error> {
        check_principal(&principal_arn)?;
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    match pull_time_exclusion::insert(tx, &registry, &principal_arn, now).await {
                        Err(MetadataError::Duplicate(_)) => {
                            return Err(Error::ExclusionAlreadyExists {
                                principal: principal_arn,
                                registry: registry.account,
                            });
                        }
                        other => other?,
                    }
                    let limit = PULL_TIME_EXCLUSIONS_MAX;
                    if pull_time_exclusion::count(tx, &registry).await? > limit {
                        let what = "pull time update exclusions per registry";
                        return Err(Error::LimitExceeded { what, limit });
                    }
                    Ok(now)
                })
            })
            .await
    }

    /// ECR `DeregisterPullTimeUpdateExclusion`.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for what is not the ARN of a user or a role;
    /// [`Error::ExclusionNotFound`].
    pub async fn deregister_pull_time_update_exclusion(
        &self,
        permit: &Permit<DeregisterPullTimeUpdateExclusion>,
        principal_arn: String,
    ) -> Result<(), Error> {
        check_principal(&principal_arn)?;
        let registry = permit.resource().registry.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    match pull_time_exclusion::delete(tx, &registry, &principal_arn).await? {
                        true => Ok(()),
                        false => Err(Error::ExclusionNotFound {
                            principal: principal_arn,
                            registry: registry.account,
                        }),
                    }
                })
            })
            .await
    }

    /// ECR `ListPullTimeUpdateExclusions`: a page of ARNs, in their order.
    pub async fn list_pull_time_update_exclusions(
        &self,
        permit: &Permit<ListPullTimeUpdateExclusions>,
        page: &PageRequest,
    ) -> Result<Page<String>, Error> {
        let registry = permit.resource().registry.clone();
        let list = format!("ListPullTimeUpdateExclusions {} {}", registry.account, registry.region);
        let after = page.position::<String>(&list)?.unwrap_or_default();
        let limit = page.limit();
        let arns = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let arns = pull_time_exclusion::list(tx, &registry, &after, limit + 1).await?;
                    Ok::<_, Error>(arns)
                })
            })
            .await?;
        Ok(Page::cut(arns, limit, &list, Clone::clone))
    }
}

/// The model's pattern says the same; here it holds for every caller.
fn check_principal(text: &str) -> Result<(), Error> {
    let fits = text.parse::<Arn>().is_ok_and(|arn| {
        let name = arn.resource().split_once('/');
        arn.service() == "iam"
            && arn.region().is_empty()
            && arn.account().parse::<wharfinger_core::AccountId>().is_ok()
            && name.is_some_and(|(kind, name)| matches!(kind, "role" | "user") && !name.is_empty())
    });
    let reason = "Member must be the ARN of an IAM user or role";
    if fits { Ok(()) } else { Err(Error::invalid("principalArn", reason)) }
}
