//! Pull through cache rules: kept, listed, changed. Nothing is fetched by them yet, so repositories
//! under their prefixes are like any others.

mod upstream;

use wharfinger_auth::actions::{
    CreatePullThroughCacheRule, DeletePullThroughCacheRule, DescribePullThroughCacheRules,
    UpdatePullThroughCacheRule, ValidatePullThroughCacheRule,
};
use wharfinger_auth::{Permit, RegistryResource};
use wharfinger_core::limits::PULL_THROUGH_CACHE_RULES_MAX;
use wharfinger_core::{Arn, RegistryId, Timestamp};
use wharfinger_metadata::pull_through_cache_rule::{self, PullThroughCacheRuleRow};
use wharfinger_metadata::{MetadataError, Tx};

pub use upstream::UpstreamRegistry;

use crate::custom_role::check_custom_role;
use crate::repository_prefix::RepositoryPrefix;
use crate::{Error, Page, PageRequest, Registry};

/// A rule as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullThroughCacheRule {
    /// The prefix of the repositories it is for, as it was written.
    pub prefix: String,
    /// The kind of the upstream registry.
    pub upstream_registry: UpstreamRegistry,
    /// Where the upstream registry is, such as `quay.io`.
    pub upstream_registry_url: String,
    /// The prefix of the upstream repositories, as it was given; `ROOT`, or none, is all of them.
    pub upstream_prefix: Option<String>,
    /// The ARN of the secret with the upstream registry's login.
    pub credential_arn: Option<String>,
    /// The ARN of the role to assume for an upstream registry of ECR.
    pub custom_role_arn: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, or created.
    pub updated_at: Timestamp,
}

/// What a new rule is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPullThroughCacheRule {
    /// The prefix of the repositories it is for.
    pub prefix: String,
    /// Where the upstream registry is.
    pub upstream_registry_url: String,
    /// The kind of the upstream registry by its name; the URL tells it as well.
    pub upstream_registry: Option<&'static str>,
    /// The prefix of the upstream repositories; none means `ROOT`.
    pub upstream_prefix: Option<String>,
    /// The ARN of the secret with the upstream registry's login.
    pub credential_arn: Option<String>,
    /// The ARN of the role to assume for an upstream registry of ECR.
    pub custom_role_arn: Option<String>,
}

/// Why no rule is valid: what `ValidatePullThroughCacheRule` answers.
const UPSTREAM_NOT_CONTACTED: &str = "This registry does not contact upstream registries yet: the \
    rule is kept, but neither the upstream registry nor the secret was reached";

impl Registry {
    /// ECR `CreatePullThroughCacheRule`.
    ///
    /// # Errors
    /// [`Error::UnsupportedUpstreamRegistry`], [`Error::InvalidParameter`] for members that do not
    /// go together, [`Error::SecretNotFound`] for a secret of another account or region,
    /// [`Error::PullThroughCacheRuleAlreadyExists`], [`Error::LimitExceeded`].
    pub async fn create_pull_through_cache_rule(
        &self,
        permit: &Permit<CreatePullThroughCacheRule>,
        new: NewPullThroughCacheRule,
    ) -> Result<PullThroughCacheRule, Error> {
        let registry = permit.resource().registry.clone();
        let row = row_of(new, &registry, self.now())?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    match pull_through_cache_rule::insert(tx, &registry, &row).await {
                        Err(MetadataError::Duplicate(_)) => {
                            return Err(Error::PullThroughCacheRuleAlreadyExists {
                                prefix: row.prefix_text,
                                registry: registry.account,
                            });
                        }
                        other => other?,
                    }
                    let limit = u64::from(PULL_THROUGH_CACHE_RULES_MAX);
                    if pull_through_cache_rule::count(tx, &registry).await? > limit {
                        let what = "pull through cache rules per registry";
                        return Err(Error::LimitExceeded { what, limit });
                    }
                    PullThroughCacheRule::from_row(row)
                })
            })
            .await
    }

    /// ECR `DescribePullThroughCacheRules`: those of `prefixes`, or all, a page in order of prefix.
    ///
    /// # Errors
    /// [`Error::PullThroughCacheRuleNotFound`] for the first prefix that has no rule.
    pub async fn describe_pull_through_cache_rules(
        &self,
        permit: &Permit<DescribePullThroughCacheRules>,
        prefixes: Vec<String>,
        page: &PageRequest,
    ) -> Result<Page<PullThroughCacheRule>, Error> {
        let registry = permit.resource().registry.clone();
        let list = format!("DescribePullThroughCacheRules {} {registry:?}", prefixes.join(" "));
        let after = page.position::<String>(&list)?.unwrap_or_default();
        let rows = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    for prefix in &prefixes {
                        must_find(tx, &registry, prefix).await?;
                    }
                    let limit = PULL_THROUGH_CACHE_RULES_MAX;
                    let mut rows =
                        pull_through_cache_rule::list(tx, &registry, &after, limit).await?;
                    let prefixes = prefixes.into_iter().map(RepositoryPrefix::new);
                    let prefixes: Vec<RepositoryPrefix> = prefixes.collect();
                    let asked = |key: &str| prefixes.iter().any(|prefix| prefix.key() == key);
                    rows.retain(|row| prefixes.is_empty() || asked(&row.prefix));
                    Ok::<_, Error>(rows)
                })
            })
            .await?;
        let page = Page::cut(rows, page.limit(), &list, |last| last.prefix.clone());
        let items = page.items.into_iter().map(PullThroughCacheRule::from_row);
        Ok(Page { items: items.collect::<Result<_, _>>()?, next_token: page.next_token })
    }

    /// ECR `UpdatePullThroughCacheRule`: another secret or role; what is not given stays.
    ///
    /// # Errors
    /// [`Error::PullThroughCacheRuleNotFound`], [`Error::InvalidParameter`],
    /// [`Error::SecretNotFound`].
    pub async fn update_pull_through_cache_rule(
        &self,
        permit: &Permit<UpdatePullThroughCacheRule>,
        prefix: String,
        credential_arn: Option<String>,
        custom_role_arn: Option<String>,
    ) -> Result<PullThroughCacheRule, Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let mut row = must_find(tx, &registry, &prefix).await?;
                    row.credential_arn = credential_arn.or(row.credential_arn);
                    // An empty text clears, as it does in templates.
                    let role = custom_role_arn.or(row.custom_role_arn);
                    row.custom_role_arn = role.filter(|role| !role.is_empty());
                    row.updated_at = now;
                    let rule = PullThroughCacheRule::from_row(row.clone())?;
                    rule.check_access(&registry)?;
                    pull_through_cache_rule::update(tx, &registry, &row).await?;
                    Ok(rule)
                })
            })
            .await
    }

    /// ECR `DeletePullThroughCacheRule`. Repositories under its prefix stay.
    ///
    /// # Errors
    /// [`Error::PullThroughCacheRuleNotFound`].
    pub async fn delete_pull_through_cache_rule(
        &self,
        permit: &Permit<DeletePullThroughCacheRule>,
        prefix: String,
    ) -> Result<PullThroughCacheRule, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &registry, &prefix).await?;
                    pull_through_cache_rule::delete(tx, &registry, &row.prefix).await?;
                    PullThroughCacheRule::from_row(row)
                })
            })
            .await
    }

    /// ECR `ValidatePullThroughCacheRule`: the rule, and why nothing can be pulled by it.
    ///
    /// # Errors
    /// [`Error::PullThroughCacheRuleNotFound`].
    pub async fn validate_pull_through_cache_rule(
        &self,
        permit: &Permit<ValidatePullThroughCacheRule>,
        prefix: String,
    ) -> Result<(PullThroughCacheRule, &'static str), Error> {
        let RegistryResource { registry } = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &registry, &prefix).await?;
                    Ok((PullThroughCacheRule::from_row(row)?, UPSTREAM_NOT_CONTACTED))
                })
            })
            .await
    }
}

async fn must_find(
    tx: &mut Tx,
    registry: &RegistryId,
    prefix: &str,
) -> Result<PullThroughCacheRuleRow, Error> {
    let prefix = RepositoryPrefix::new(prefix);
    let found = pull_through_cache_rule::find(tx, registry, prefix.key()).await?;
    found.ok_or_else(|| Error::PullThroughCacheRuleNotFound {
        prefix: prefix.into_text(),
        registry: registry.account,
    })
}

/// The row of a new rule whose members go together.
fn row_of(
    new: NewPullThroughCacheRule,
    registry: &RegistryId,
    now: Timestamp,
) -> Result<PullThroughCacheRuleRow, Error> {
    let upstream_registry =
        UpstreamRegistry::of_url(&new.upstream_registry_url).ok_or_else(|| {
            let reason = "The specified upstream registry isn't supported".to_owned();
            Error::UnsupportedUpstreamRegistry { reason }
        })?;
    if new.upstream_registry.is_some_and(|name| name != upstream_registry.as_str()) {
        let reason =
            format!("Member must be '{}' for this upstreamRegistryUrl", upstream_registry.as_str());
        return Err(Error::invalid("upstreamRegistry", reason));
    }
    let prefix = RepositoryPrefix::new(new.prefix);
    // What was not given is not answered either: that is what keeps Terraform from replacing rules.
    let upstream = new.upstream_prefix.map(RepositoryPrefix::new);
    if prefix.is_root() && upstream.as_ref().is_some_and(|upstream| !upstream.is_root()) {
        let reason =
            "UpstreamRepositoryPrefix can't be set when ecrRepositoryPrefix is set as ROOT";
        return Err(Error::invalid("upstreamRepositoryPrefix", reason));
    }
    let row = PullThroughCacheRuleRow {
        prefix: prefix.key().to_owned(),
        prefix_text: prefix.into_text(),
        upstream_registry: upstream_registry.as_str().to_owned(),
        upstream_registry_url: new.upstream_registry_url,
        upstream_prefix: upstream.map(RepositoryPrefix::into_text),
        credential_arn: new.credential_arn,
        custom_role_arn: new.custom_role_arn.filter(|role| !role.is_empty()),
        created_at: now,
        updated_at: now,
    };
    PullThroughCacheRule::from_row(row.clone())?.check_access(registry)?;
    Ok(row)
}

impl PullThroughCacheRule {
    fn from_row(row: PullThroughCacheRuleRow) -> Result<Self, Error> {
        let upstream_registry =
            UpstreamRegistry::of_name(&row.upstream_registry).ok_or_else(|| {
                let what = format!("rule {} has an unknown upstream registry", row.prefix);
                Error::Server(what.into())
            })?;
        Ok(Self {
            prefix: row.prefix_text,
            upstream_registry,
            upstream_registry_url: row.upstream_registry_url,
            upstream_prefix: row.upstream_prefix,
            credential_arn: row.credential_arn,
            custom_role_arn: row.custom_role_arn,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    /// Whether the rule names what access to its upstream registry takes.
    fn check_access(&self, registry: &RegistryId) -> Result<(), Error> {
        if let Some(secret) = &self.credential_arn {
            check_secret(secret, registry)?;
        } else if self.upstream_registry.needs_credential() {
            let kind = self.upstream_registry.as_str();
            let reason = format!("CredentialArn can't be null when upstreamRegistry is {kind}");
            return Err(Error::invalid("credentialArn", reason));
        }
        if let Some(role) = &self.custom_role_arn {
            return check_custom_role(role, registry);
        }
        match upstream::ecr_account(&self.upstream_registry_url) {
            Some(account) if account != registry.account => Err(Error::invalid(
                "customRoleArn",
                "CustomRoleArn can't be null when the upstream registry is of another account",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether the secret can be one of the registry's account and region, where AWS looks for it. Its
/// form is the model's; whether it exists is not asked, since there are no secrets here.
fn check_secret(text: &str, registry: &RegistryId) -> Result<(), Error> {
    let is_here = |arn: Arn| {
        arn.account() == registry.account.as_str() && arn.region() == registry.region.as_str()
    };
    match text.parse().is_ok_and(is_here) {
        true => Ok(()),
        false => Err(Error::SecretNotFound { arn: text.to_owned() }),
    }
}
