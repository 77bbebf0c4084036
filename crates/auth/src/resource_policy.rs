//! Policies of resources as they are put: what makes a text the policy of a repository or of a
//! registry, and whether those whom it names exist.

use wharfinger_core::arn::PARTITION;
use wharfinger_core::{AccountId, Arn, RegistryId};
use wharfinger_iam_policy::{MalformedPolicy, PolicyDocument, PolicyKind, PrincipalName};
use wharfinger_metadata::{MetadataError, Tx, account, user};

/// A policy that a repository or a registry may have.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    document: PolicyDocument,
}

/// Why a text is not such a policy. For logs: ECR tells clients only that it is none.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPolicy {
    /// It is no policy of this kind at all, or too long.
    #[error(transparent)]
    Malformed(#[from] MalformedPolicy),
    /// It is about actions of another service.
    #[error("{0} is not an action of this service")]
    ForeignAction(String),
    /// It is about something outside its registry.
    #[error("{0} is not in this registry")]
    ForeignResource(String),
}

impl ResourcePolicy {
    /// Reads the policy of a repository of `registry`. Its `Resource`, which may be left out, is not
    /// looked at here: one that names something else allows nothing.
    ///
    /// # Errors
    /// [`InvalidPolicy`].
    pub fn repository(text: &str, registry: &RegistryId) -> Result<Self, InvalidPolicy> {
        Self::read(PolicyKind::Repository, text, registry)
    }

    /// Reads the policy of `registry`, whose resources must all be in it.
    ///
    /// # Errors
    /// [`InvalidPolicy`].
    pub fn registry(text: &str, registry: &RegistryId) -> Result<Self, InvalidPolicy> {
        let policy = Self::read(PolicyKind::Registry, text, registry)?;
        for pattern in policy.document.resource_patterns() {
            if !is_within(pattern, registry) {
                return Err(InvalidPolicy::ForeignResource(pattern.to_owned()));
            }
        }
        Ok(policy)
    }

    /// Whether every user it names exists, as far as that can be known: who is in an account that is
    /// not kept here may exist, and so may any role.
    pub async fn principals_exist(&self, tx: &mut Tx) -> Result<bool, MetadataError> {
        for principal in self.document.principals() {
            let PrincipalName::Arn(arn) = principal else { continue };
            // What is no ARN is the unique id of one that is gone.
            let Ok(arn) = arn.parse::<Arn>() else { return Ok(false) };
            if !may_exist(tx, &arn).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn document(&self) -> &PolicyDocument {
        &self.document
    }

    fn read(kind: PolicyKind, text: &str, registry: &RegistryId) -> Result<Self, InvalidPolicy> {
        let document = PolicyDocument::parse_as(kind, text)?;
        for pattern in document.action_patterns() {
            let service = pattern.split_once(':').map(|(service, _)| service);
            if service.is_some_and(|service| !service.eq_ignore_ascii_case(registry.service())) {
                return Err(InvalidPolicy::ForeignAction(pattern.to_owned()));
            }
        }
        Ok(Self { document })
    }
}

/// Whether a pattern of resources means something in a registry: `*`, or an ARN that names its
/// repositories, with `*` for what need not be said.
fn is_within(pattern: &str, registry: &RegistryId) -> bool {
    let Ok(arn) = pattern.parse::<Arn>() else { return pattern == "*" };
    let fields = [
        (arn.partition(), PARTITION),
        (arn.service(), registry.service()),
        (arn.region(), registry.region.as_str()),
        (arn.account(), registry.account.as_str()),
    ];
    fields.into_iter().all(|(field, own)| field == own || field == "*")
        && (arn.resource() == "*" || arn.resource().starts_with("repository/"))
}

async fn may_exist(tx: &mut Tx, arn: &Arn) -> Result<bool, MetadataError> {
    let (Some(path), Ok(account)) =
        (arn.resource().strip_prefix("user"), arn.account().parse::<AccountId>())
    else {
        return Ok(true);
    };
    if arn.service() != "iam" || !is_kept_here(tx, &account).await? {
        return Ok(true);
    }
    // `/name`, or `/path/name`.
    let name = path.rsplit('/').next().unwrap_or_default();
    let found = user::find(tx, &account, name).await?;
    Ok(found.is_some_and(|user| Arn::user(&account, &user.path, &user.user_name) == *arn))
}

/// Whether an account is one of this installation.
async fn is_kept_here(tx: &mut Tx, account: &AccountId) -> Result<bool, MetadataError> {
    Ok(account::find(tx, account).await?.is_some())
}
