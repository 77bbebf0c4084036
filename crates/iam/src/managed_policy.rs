//! Managed policies: those of accounts, and those that AWS has for everyone.

mod list;
mod tag;
mod version;

use wharfinger_auth::iam_actions::{CreatePolicy, DeletePolicy, GetPolicy};
use wharfinger_auth::{IamResource, Permit, Resource, unique_id};
use wharfinger_core::limits::MANAGED_POLICIES_MAX;
use wharfinger_core::{AccountId, Arn, Timestamp};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind, managed};
use wharfinger_metadata::managed_policy::{self, ManagedPolicyRow};
use wharfinger_metadata::policy_attachment::{self, PolicyUsage};
use wharfinger_metadata::{MetadataError, Tx, iam_tag};

use crate::{Error, Iam, Tag, name, scope};

pub use list::{PolicyFilter, PolicyScope, PolicyUse};
pub use version::PolicyVersion;

/// The account of AWS's own policies, in their ARNs.
const AWS: &str = "aws";

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// `ANPA…`, unique for ever.
    pub policy_id: String,
    /// `arn:aws:iam::A:policy/path/name`.
    pub arn: String,
    /// Its name, unique in the account whatever its case.
    pub policy_name: String,
    /// Its path; starts and ends with a slash.
    pub path: String,
    /// What it is for, in words; may be empty.
    pub description: String,
    /// The version that holds, from 1.
    pub default_version: u64,
    /// How often the account uses it.
    pub usage: PolicyUsage,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its newest version was created.
    pub updated_at: Timestamp,
    /// Its tags, in order of key; none in lists.
    pub tags: Vec<Tag>,
}

/// What `CreatePolicy` is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewManagedPolicy {
    /// Its name.
    pub policy_name: String,
    /// Its path; `/` if none is given.
    pub path: Option<String>,
    /// What it is for, in words.
    pub description: String,
    /// The policy.
    pub document: String,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// A managed policy, wherever it is kept.
pub(crate) enum Found {
    /// One that AWS has for everyone.
    Aws(&'static managed::ManagedPolicy),
    /// One of the account.
    Own(ManagedPolicyRow),
}

/// Whether a policy may be attached.
pub(crate) enum Attachable {
    Yes,
    ToServiceLinkedRoles,
    No,
}

impl ManagedPolicy {
    fn own(row: ManagedPolicyRow, usage: PolicyUsage) -> Self {
        Self {
            policy_id: row.policy_id,
            arn: row.policy_arn,
            policy_name: row.policy_name,
            path: row.path,
            description: row.description,
            default_version: row.default_version,
            usage,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tags: Vec::new(),
        }
    }

    fn of_aws(policy: &managed::ManagedPolicy, usage: PolicyUsage) -> Self {
        Self {
            policy_id: policy.policy_id.to_owned(),
            arn: policy.arn.to_owned(),
            policy_name: policy.name.to_owned(),
            path: policy.path.to_owned(),
            description: policy.description.to_owned(),
            default_version: policy.version,
            usage,
            created_at: policy.created_at,
            updated_at: policy.updated_at,
            tags: Vec::new(),
        }
    }
}

impl Iam {
    /// IAM `CreatePolicy`, with the version `v1`, which holds.
    ///
    /// # Errors
    /// [`Error::MalformedPolicyDocument`]; [`Error::EntityAlreadyExists`] whatever the case of the
    /// name; [`Error::LimitExceeded`] for the text, or the number of policies;
    /// [`Error::InvalidInput`] for tags; [`Error::Validation`] for the path.
    pub async fn create_policy(
        &self,
        permit: &Permit<CreatePolicy>,
        new: NewManagedPolicy,
    ) -> Result<ManagedPolicy, Error> {
        let (account, now) = (*permit.resource().account(), self.now());
        check_document(&new.document)?;
        let path = name::path(new.path.as_deref())?;
        let arn = Arn::managed_policy(&account, &path, &new.policy_name);
        scope::require(permit.resource(), &arn)?;
        let row = ManagedPolicyRow {
            policy_id: unique_id("ANPA", self.entropy()),
            policy_arn: arn.to_string(),
            account,
            policy_name: new.policy_name,
            path,
            description: new.description,
            default_version: 1,
            last_version: 1,
            created_at: now,
            updated_at: now,
        };
        let (document, tags) = (new.document, new.tags);
        self.metadata()
            .write(move |tx| Box::pin(async move { insert(tx, row, &document, tags).await }))
            .await
    }

    /// IAM `GetPolicy`: the policy of the permit's ARN.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::AccessDenied`] for one of another account.
    pub async fn get_policy(&self, permit: &Permit<GetPolicy>) -> Result<ManagedPolicy, Error> {
        let resource = permit.resource().clone();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let found = find(tx, &resource).await?.ok_or_else(|| {
                        Error::NoSuchEntity(format!("Policy {} was not found.", resource.arn()))
                    })?;
                    describe(tx, resource.account(), found).await
                })
            })
            .await
    }

    /// IAM `DeletePolicy`, with the version that holds, which must be its only one.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::DeleteConflict`] while it is used, or has other versions;
    /// [`Error::AccessDenied`] for one that is not the account's.
    pub async fn delete_policy(&self, permit: &Permit<DeletePolicy>) -> Result<(), Error> {
        let resource = permit.resource().clone();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find_own(tx, &resource).await?;
                    let usage = policy_attachment::usage(tx, &row.account, &row.policy_arn).await?;
                    if usage != PolicyUsage::default() {
                        let text = "Cannot delete a policy attached to entities.";
                        return Err(Error::DeleteConflict(text.into()));
                    }
                    if managed_policy::versions(tx, &row.policy_id).await?.len() > 1 {
                        let text = "This policy has more than one version. Before you delete a \
                                    policy, you must delete the policy's versions. The default \
                                    version is deleted with the policy.";
                        return Err(Error::DeleteConflict(text.into()));
                    }
                    iam_tag::delete_all(tx, &row.policy_id).await?;
                    Ok(managed_policy::delete(tx, &row.policy_id).await?)
                })
            })
            .await
    }
}

async fn insert(
    tx: &mut Tx,
    row: ManagedPolicyRow,
    document: &str,
    tags: Vec<Tag>,
) -> Result<ManagedPolicy, Error> {
    if managed_policy::exists(tx, &row.account, &row.policy_name).await? {
        return Err(Error::EntityAlreadyExists(format!(
            "A policy called {} already exists. Duplicate names are not allowed.",
            row.policy_name
        )));
    }
    if managed_policy::count(tx, &row.account).await? >= MANAGED_POLICIES_MAX {
        let (quota, limit) = ("PoliciesPerAccount", MANAGED_POLICIES_MAX);
        return Err(Error::LimitExceeded { quota, limit });
    }
    managed_policy::insert(tx, &row).await?;
    managed_policy::insert_version(tx, &row.policy_id, 1, document, row.created_at).await?;
    crate::tag::put(tx, &row.policy_id, &tags).await?;
    let tags = iam_tag::list(tx, &row.policy_id).await?;
    Ok(ManagedPolicy { tags, ..ManagedPolicy::own(row, PolicyUsage::default()) })
}

async fn describe(tx: &mut Tx, account: &AccountId, found: Found) -> Result<ManagedPolicy, Error> {
    match found {
        Found::Aws(policy) => {
            let usage = policy_attachment::usage(tx, account, policy.arn).await?;
            Ok(ManagedPolicy::of_aws(policy, usage))
        }
        Found::Own(row) => {
            let usage = policy_attachment::usage(tx, account, &row.policy_arn).await?;
            let tags = iam_tag::list(tx, &row.policy_id).await?;
            Ok(ManagedPolicy { tags, ..ManagedPolicy::own(row, usage) })
        }
    }
}

/// Checks the text of a managed policy.
fn check_document(text: &str) -> Result<(), Error> {
    let kind = PolicyKind::Managed;
    if kind.chars(text) > kind.chars_max() {
        let limit = kind.chars_max().try_into().unwrap_or(u64::MAX);
        return Err(Error::LimitExceeded { quota: kind.quota(), limit });
    }
    PolicyDocument::parse_as(kind, text)?;
    Ok(())
}

/// The policy that a permit is about.
///
/// # Errors
/// [`Error::AccessDenied`] for one of another account, whether or not it exists.
async fn find(tx: &mut Tx, resource: &IamResource) -> Result<Option<Found>, Error> {
    match owner(resource.arn()) {
        AWS => Ok(managed::find(resource.arn()).map(Found::Aws)),
        account if account == resource.account().as_str() => {
            Ok(managed_policy::find(tx, resource.arn()).await?.map(Found::Own))
        }
        _ => Err(outside()),
    }
}

/// The same, which must be there.
pub(crate) async fn must_find(tx: &mut Tx, resource: &IamResource) -> Result<Found, Error> {
    find(tx, resource).await?.ok_or_else(|| no_policy(resource))
}

/// The same, which must be the account's own: nobody changes AWS's.
async fn must_find_own(tx: &mut Tx, resource: &IamResource) -> Result<ManagedPolicyRow, Error> {
    match owner(resource.arn()) {
        AWS => Err(outside()),
        _ => match must_find(tx, resource).await? {
            Found::Own(row) => Ok(row),
            Found::Aws(_) => Err(outside()),
        },
    }
}

/// Whether the users, groups and roles of an account may be given a policy.
pub(crate) async fn attachable(
    tx: &mut Tx,
    account: &AccountId,
    policy_arn: &Arn,
) -> Result<Attachable, MetadataError> {
    let found = match policy_arn.account() {
        AWS => match managed::find(policy_arn.as_str()) {
            Some(policy) if policy.is_for_service_linked_roles() => {
                return Ok(Attachable::ToServiceLinkedRoles);
            }
            policy => policy.is_some(),
        },
        owner if owner == account.as_str() => {
            managed_policy::find(tx, policy_arn.as_str()).await?.is_some()
        }
        _ => false,
    };
    Ok(if found { Attachable::Yes } else { Attachable::No })
}

/// Whose policy has this ARN: an account, or `aws`.
fn owner(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

fn outside() -> Error {
    Error::AccessDenied("Policy is outside your own account.".into())
}

fn no_policy(resource: &IamResource) -> Error {
    let arn = resource.arn();
    Error::NoSuchEntity(format!("Policy {arn} does not exist or is not attachable."))
}
