//! Versions of managed policies: texts that held, hold, or may hold, by numbers that do not come again.

use wharfinger_auth::{IamResource, Permit, iam_actions};
use wharfinger_core::Timestamp;
use wharfinger_core::limits::MANAGED_POLICY_VERSIONS_MAX;
use wharfinger_iam_policy::managed;
use wharfinger_metadata::managed_policy::{self, PolicyVersionRow};

use super::{Found, check_document, must_find, must_find_own};
use crate::{Error, Iam, Page, PageRequest};

/// A version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its number, from 1.
    pub version: u64,
    /// Whether it holds.
    pub is_default: bool,
    /// The policy, as it was given.
    pub document: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl PolicyVersion {
    fn own(row: PolicyVersionRow, default_version: u64) -> Self {
        Self {
            version: row.version,
            is_default: row.version == default_version,
            document: row.policy_text,
            created_at: row.created_at,
        }
    }

    fn of_aws(policy: &managed::ManagedPolicy) -> Self {
        Self {
            version: policy.version,
            is_default: true,
            document: policy.document.to_owned(),
            created_at: policy.updated_at,
        }
    }

    /// `v1`, `v2` …
    pub fn id(&self) -> String {
        format!("v{}", self.version)
    }
}

impl Iam {
    /// IAM `CreatePolicyVersion`: the next version, which may hold from now on.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::MalformedPolicyDocument`]; [`Error::LimitExceeded`] for the
    /// text; [`Error::LimitReached`] beyond five versions; [`Error::AccessDenied`] for a policy that is
    /// not the account's.
    pub async fn create_policy_version(
        &self,
        permit: &Permit<iam_actions::CreatePolicyVersion>,
        document: &str,
        set_as_default: bool,
    ) -> Result<PolicyVersion, Error> {
        check_document(document)?;
        let (resource, document) = (permit.resource().clone(), document.to_owned());
        let now = self.now();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find_own(tx, &resource).await?;
                    let (id, version) = (&row.policy_id, row.last_version + 1);
                    if managed_policy::versions(tx, id).await?.len() >= MANAGED_POLICY_VERSIONS_MAX
                    {
                        return Err(too_many());
                    }
                    managed_policy::insert_version(tx, id, version, &document, now).await?;
                    managed_policy::set_last_version(tx, id, version, now).await?;
                    if set_as_default {
                        managed_policy::set_default_version(tx, id, version).await?;
                    }
                    let is_default = set_as_default;
                    Ok(PolicyVersion { version, is_default, document, created_at: now })
                })
            })
            .await
    }

    /// IAM `GetPolicyVersion`. Of AWS's policies there is the version that holds.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::AccessDenied`] for a policy of another account.
    pub async fn get_policy_version(
        &self,
        permit: &Permit<iam_actions::GetPolicyVersion>,
        version_id: &str,
    ) -> Result<PolicyVersion, Error> {
        let (resource, version_id) = (permit.resource().clone(), version_id.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let wanted = number(&version_id);
                    let found = match must_find(tx, &resource).await? {
                        Found::Aws(policy) => {
                            Some(PolicyVersion::of_aws(policy)).filter(|it| it.version == wanted)
                        }
                        Found::Own(row) => managed_policy::version(tx, &row.policy_id, wanted)
                            .await?
                            .map(|version| PolicyVersion::own(version, row.default_version)),
                    };
                    found.ok_or_else(|| no_version(&resource, &version_id))
                })
            })
            .await
    }

    /// IAM `ListPolicyVersions`, the newest first.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::AccessDenied`] for a policy of another account.
    pub async fn list_policy_versions(
        &self,
        permit: &Permit<iam_actions::ListPolicyVersions>,
        page: PageRequest,
    ) -> Result<Page<PolicyVersion>, Error> {
        let resource = permit.resource().clone();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let mut versions = match must_find(tx, &resource).await? {
                        Found::Aws(policy) => vec![PolicyVersion::of_aws(policy)],
                        Found::Own(row) => {
                            let rows = managed_policy::versions(tx, &row.policy_id).await?;
                            let own = |version| PolicyVersion::own(version, row.default_version);
                            rows.into_iter().map(own).collect()
                        }
                    };
                    if !page.after.is_empty() {
                        let after = number(&page.after);
                        versions.retain(|version| version.version < after);
                    }
                    Ok(page.page(versions, PolicyVersion::id))
                })
            })
            .await
    }

    /// IAM `DeletePolicyVersion`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::DeleteConflict`] for the version that holds;
    /// [`Error::AccessDenied`] for a policy that is not the account's.
    pub async fn delete_policy_version(
        &self,
        permit: &Permit<iam_actions::DeletePolicyVersion>,
        version_id: &str,
    ) -> Result<(), Error> {
        let (resource, version_id) = (permit.resource().clone(), version_id.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find_own(tx, &resource).await?;
                    let version = number(&version_id);
                    if version == row.default_version {
                        let text = "Cannot delete the default version of a policy.";
                        return Err(Error::DeleteConflict(text.into()));
                    }
                    match managed_policy::delete_version(tx, &row.policy_id, version).await? {
                        true => Ok(()),
                        false => Err(no_version(&resource, &version_id)),
                    }
                })
            })
            .await
    }

    /// IAM `SetDefaultPolicyVersion`: the version that holds from now on.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::AccessDenied`] for a policy that is not the account's.
    pub async fn set_default_policy_version(
        &self,
        permit: &Permit<iam_actions::SetDefaultPolicyVersion>,
        version_id: &str,
    ) -> Result<(), Error> {
        let (resource, version_id) = (permit.resource().clone(), version_id.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find_own(tx, &resource).await?;
                    let version = number(&version_id);
                    if managed_policy::version(tx, &row.policy_id, version).await?.is_none() {
                        return Err(no_version(&resource, &version_id));
                    }
                    let id = &row.policy_id;
                    Ok(managed_policy::set_default_version(tx, id, version).await?)
                })
            })
            .await
    }
}

/// The number of a version by its id; 0, which none has, for what is no id.
fn number(version_id: &str) -> u64 {
    version_id.strip_prefix('v').and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn no_version(resource: &IamResource, version_id: &str) -> Error {
    Error::NoSuchEntity(format!(
        "Policy {} version {version_id} does not exist or is not attachable.",
        resource.arn()
    ))
}

fn too_many() -> Error {
    Error::LimitReached(format!(
        "A managed policy can have up to {MANAGED_POLICY_VERSIONS_MAX} versions. Before you create \
         a new version, you must delete an existing version."
    ))
}
