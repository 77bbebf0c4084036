//! Roles: identities without keys, which those whom their trust policies name may assume.

pub(crate) mod row;
mod tags;

use wharfinger_auth::{IamResource, Permit, Resource, iam_actions, unique_id};
use wharfinger_core::{Arn, Timestamp};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{credential_use, iam_tag, trusted_principal};

use crate::service_linked_role::RESERVED_PATH;
use crate::{Error, Iam, Page, PageRequest, Tag, name, scope, trust_policy};
use row::{
    arn_of, check_boundary, check_modifiable, check_unused, delete, existing, insert,
    session_seconds,
};

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `AROA…`, unique for ever.
    pub role_id: String,
    /// `arn:aws:iam::A:role/path/name`.
    pub arn: Arn,
    /// Its name, unique in the account whatever its case.
    pub role_name: String,
    /// Its path; starts and ends with a slash.
    pub path: String,
    /// What it is for, in words; may be empty.
    pub description: String,
    /// The longest session it gives, in seconds.
    pub session_seconds_max: u32,
    /// Who may assume it: a policy.
    pub trust_policy: String,
    /// The policy that bounds it, by ARN.
    pub boundary_arn: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its tags, in order of key; none in lists.
    pub tags: Vec<Tag>,
    /// When it was used last, if that is known and asked for.
    pub last_used: Option<RoleLastUse>,
}

/// A use of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleLastUse {
    /// When.
    pub used_at: Timestamp,
    /// In which region.
    pub region: String,
}

/// What `CreateRole` is given.
#[derive(Clone, Debug, Default)]
pub struct NewRole {
    /// Its name.
    pub role_name: String,
    /// Its path; `/` if none is given.
    pub path: Option<String>,
    /// What it is for, in words.
    pub description: String,
    /// The longest session it gives, in seconds; an hour if nothing is given.
    pub session_seconds_max: Option<u32>,
    /// Who may assume it: a policy.
    pub trust_policy: String,
    /// The policy that bounds it, by ARN.
    pub boundary_arn: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Role {
    pub(crate) fn from_row(row: RoleRow) -> Self {
        Self {
            arn: arn_of(&row),
            role_id: row.role_id,
            role_name: row.role_name,
            path: row.path,
            description: row.description,
            session_seconds_max: row.session_seconds_max,
            trust_policy: row.trust_policy,
            boundary_arn: row.boundary_arn,
            created_at: row.created_at,
            tags: Vec::new(),
            last_used: None,
        }
    }
}

impl Iam {
    /// IAM `CreateRole`.
    ///
    /// # Errors
    /// [`Error::EntityAlreadyExists`], [`Error::LimitExceeded`], [`Error::MalformedPolicyDocument`] for
    /// the trust policy, [`Error::NoSuchEntity`] for the boundary, [`Error::InvalidInput`],
    /// [`Error::Validation`].
    pub async fn create_role(
        &self,
        permit: &Permit<iam_actions::CreateRole>,
        new: NewRole,
    ) -> Result<Role, Error> {
        let path = name::path(new.path.as_deref())?;
        if path.starts_with(RESERVED_PATH) {
            let text = format!("The path {RESERVED_PATH} is for roles that services make.");
            return Err(Error::InvalidInput(text));
        }
        let row = RoleRow {
            role_id: unique_id("AROA", self.entropy()),
            account: *permit.resource().account(),
            role_name: new.role_name,
            path,
            description: new.description,
            session_seconds_max: session_seconds(new.session_seconds_max)?,
            trust_policy: new.trust_policy,
            boundary_arn: new.boundary_arn,
            created_at: self.now(),
        };
        scope::require(permit.resource(), &arn_of(&row))?;
        let tags = new.tags;
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if role::is_taken(tx, &row.account, &row.role_name).await? {
                        return Err(Error::exists("Role", &row.role_name));
                    }
                    if let Some(arn) = &row.boundary_arn {
                        check_boundary(tx, &row.account, arn).await?;
                    }
                    insert(tx, row, tags).await
                })
            })
            .await
    }

    /// IAM `GetRole`, with its tags and when it was used last.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn get_role(
        &self,
        permit: &Permit<iam_actions::GetRole>,
        role_name: &str,
    ) -> Result<Role, Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    let tags = iam_tag::list(tx, &row.role_id).await?;
                    let last_used = credential_use::get(tx, &row.role_id).await?;
                    let last_used = last_used
                        .map(|used| RoleLastUse { used_at: used.used_at, region: used.region });
                    Ok(Role { tags, last_used, ..Role::from_row(row) })
                })
            })
            .await
    }

    /// IAM `ListRoles`: those whose paths begin with `path_prefix`, in order of name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn list_roles(
        &self,
        permit: &Permit<iam_actions::ListRoles>,
        path_prefix: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Role>, Error> {
        let account = *permit.resource().account();
        let (prefix, request) = (path_prefix.unwrap_or("/").to_owned(), page.clone());
        let limit = page.max_items.saturating_add(1);
        let rows: Result<Vec<RoleRow>, Error> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    Ok(role::list(tx, &account, &prefix, &request.after, limit).await?)
                })
            })
            .await;
        let roles = rows?.into_iter().map(Role::from_row).collect();
        Ok(page.page(roles, |role: &Role| role.role_name.clone()))
    }

    /// IAM `UpdateRole`. What is not given stays.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::UnmodifiableEntity`], [`Error::Validation`].
    pub async fn update_role(
        &self,
        permit: &Permit<iam_actions::UpdateRole>,
        role_name: &str,
        description: Option<String>,
        session_seconds_max: Option<u32>,
    ) -> Result<Role, Error> {
        let resource = permit.resource();
        let seconds = session_seconds_max.map(|it| session_seconds(Some(it))).transpose()?;
        self.change_role(resource, role_name, description, seconds).await
    }

    /// IAM `UpdateRoleDescription`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::UnmodifiableEntity`].
    pub async fn update_role_description(
        &self,
        permit: &Permit<iam_actions::UpdateRoleDescription>,
        role_name: &str,
        description: String,
    ) -> Result<Role, Error> {
        self.change_role(permit.resource(), role_name, Some(description), None).await
    }

    async fn change_role(
        &self,
        resource: &IamResource,
        role_name: &str,
        description: Option<String>,
        seconds: Option<u32>,
    ) -> Result<Role, Error> {
        let (resource, wanted) = (resource.clone(), role_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let mut row = existing(tx, &resource, &wanted).await?;
                    // The description of a service's role is its account's own.
                    if seconds.is_some() {
                        check_modifiable(&row)?;
                    }
                    row.description = description.unwrap_or(row.description);
                    row.session_seconds_max = seconds.unwrap_or(row.session_seconds_max);
                    let (text, seconds) = (&row.description, row.session_seconds_max);
                    role::update(tx, &row.role_id, text, seconds).await?;
                    Ok(Role::from_row(row))
                })
            })
            .await
    }

    /// IAM `UpdateAssumeRolePolicy`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::UnmodifiableEntity`], [`Error::MalformedPolicyDocument`],
    /// [`Error::LimitExceeded`].
    pub async fn update_assume_role_policy(
        &self,
        permit: &Permit<iam_actions::UpdateAssumeRolePolicy>,
        role_name: &str,
        trust_policy: String,
    ) -> Result<(), Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    check_modifiable(&row)?;
                    let document = trust_policy::check(&trust_policy)?;
                    let trusted = trust_policy::principal_ids(tx, &document).await?;
                    role::set_trust_policy(tx, &row.role_id, &trust_policy).await?;
                    Ok(trusted_principal::replace(tx, &row.role_id, &trusted).await?)
                })
            })
            .await
    }

    /// IAM `DeleteRole`. Its sessions end with it.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::UnmodifiableEntity`], [`Error::DeleteConflict`] while
    /// policies are attached to it or in it, or an instance profile has it.
    pub async fn delete_role(
        &self,
        permit: &Permit<iam_actions::DeleteRole>,
        role_name: &str,
    ) -> Result<(), Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    check_modifiable(&row)?;
                    check_unused(tx, &row.role_id).await?;
                    delete(tx, &row).await
                })
            })
            .await
    }
}
