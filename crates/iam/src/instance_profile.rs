//! Instance profiles: the boxes in which EC2 hands roles to machines. Here no machine asks for one;
//! they are kept for the templates that make them with each role.

mod tags;

use wharfinger_auth::{IamResource, Permit, Resource, iam_actions, unique_id};
use wharfinger_core::limits::INSTANCE_PROFILES_PER_ACCOUNT_MAX;
use wharfinger_core::{Arn, Timestamp};
use wharfinger_metadata::instance_profile::{self, InstanceProfileRow};
use wharfinger_metadata::{Tx, iam_tag, role};

use crate::role::row;
use crate::{Error, Iam, Page, PageRequest, Role, Tag, name, scope, tag};

/// An instance profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfile {
    /// `AIPA…`, unique for ever.
    pub profile_id: String,
    /// `arn:aws:iam::A:instance-profile/path/name`.
    pub arn: Arn,
    /// Its name, unique in the account whatever its case.
    pub profile_name: String,
    /// Its path; starts and ends with a slash.
    pub path: String,
    /// The role in it, without the role's tags.
    pub role: Option<Role>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its tags, in order of key; none in lists.
    pub tags: Vec<Tag>,
}

/// What `CreateInstanceProfile` is given.
#[derive(Clone, Debug, Default)]
pub struct NewInstanceProfile {
    /// Its name.
    pub profile_name: String,
    /// Its path; `/` if none is given.
    pub path: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Iam {
    /// IAM `CreateInstanceProfile`.
    ///
    /// # Errors
    /// [`Error::EntityAlreadyExists`], [`Error::LimitExceeded`], [`Error::InvalidInput`],
    /// [`Error::Validation`].
    pub async fn create_instance_profile(
        &self,
        permit: &Permit<iam_actions::CreateInstanceProfile>,
        new: NewInstanceProfile,
    ) -> Result<InstanceProfile, Error> {
        let row = InstanceProfileRow {
            profile_id: unique_id("AIPA", self.entropy()),
            account: *permit.resource().account(),
            profile_name: new.profile_name,
            path: name::path(new.path.as_deref())?,
            role_id: None,
            created_at: self.now(),
        };
        scope::require(permit.resource(), &arn_of(&row))?;
        let tags = new.tags;
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let (account, name) = (&row.account, &row.profile_name);
                    if instance_profile::is_taken(tx, account, name).await? {
                        let text = format!("Instance Profile {name} already exists.");
                        return Err(Error::EntityAlreadyExists(text));
                    }
                    let limit = INSTANCE_PROFILES_PER_ACCOUNT_MAX;
                    if instance_profile::count(tx, account).await? >= limit {
                        let quota = "InstanceProfilesPerAccount";
                        return Err(Error::LimitExceeded { quota, limit });
                    }
                    instance_profile::insert(tx, &row).await?;
                    tag::put(tx, &row.profile_id, &tags).await?;
                    let tags = iam_tag::list(tx, &row.profile_id).await?;
                    Ok(InstanceProfile { tags, ..describe(tx, row).await? })
                })
            })
            .await
    }

    /// IAM `GetInstanceProfile`, with its tags.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn get_instance_profile(
        &self,
        permit: &Permit<iam_actions::GetInstanceProfile>,
        profile_name: &str,
    ) -> Result<InstanceProfile, Error> {
        let (resource, wanted) = (permit.resource().clone(), profile_name.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    let tags = iam_tag::list(tx, &row.profile_id).await?;
                    Ok(InstanceProfile { tags, ..describe(tx, row).await? })
                })
            })
            .await
    }

    /// IAM `ListInstanceProfiles`: those whose paths begin with `path_prefix`, in order of name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn list_instance_profiles(
        &self,
        permit: &Permit<iam_actions::ListInstanceProfiles>,
        path_prefix: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<InstanceProfile>, Error> {
        let account = *permit.resource().account();
        let (prefix, request) = (path_prefix.unwrap_or("/").to_owned(), page.clone());
        let limit = page.max_items.saturating_add(1);
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let after = &request.after;
                    let rows = instance_profile::list(tx, &account, &prefix, after, limit);
                    let rows = rows.await?;
                    page_of(tx, &request, rows).await
                })
            })
            .await
    }

    /// IAM `ListInstanceProfilesForRole`, in order of name.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn list_instance_profiles_for_role(
        &self,
        permit: &Permit<iam_actions::ListInstanceProfilesForRole>,
        role_name: &str,
        page: &PageRequest,
    ) -> Result<Page<InstanceProfile>, Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        let (request, limit) = (page.clone(), page.max_items.saturating_add(1));
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let role = row::existing(tx, &resource, &wanted).await?;
                    let after = &request.after;
                    let rows = instance_profile::of_role(tx, &role.role_id, after, limit).await?;
                    page_of(tx, &request, rows).await
                })
            })
            .await
    }

    /// IAM `AddRoleToInstanceProfile`, which takes the right to pass the role on.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::LimitExceeded`] if there is a role in it,
    /// [`Error::UnmodifiableEntity`] for the role of a service.
    pub async fn add_role_to_instance_profile(
        &self,
        permit: &Permit<iam_actions::AddRoleToInstanceProfile>,
        pass_role: &Permit<iam_actions::PassRole>,
        profile_name: &str,
        role_name: &str,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let passed = pass_role.resource().clone();
        let (profile_name, role_name) = (profile_name.to_owned(), role_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let profile = existing(tx, &resource, &profile_name).await?;
                    let role = row::existing(tx, &passed, &role_name).await?;
                    row::check_modifiable(&role)?;
                    if profile.role_id.is_some() {
                        let quota = "InstanceSessionsPerInstanceProfile";
                        return Err(Error::LimitExceeded { quota, limit: 1 });
                    }
                    let (id, role_id) = (&profile.profile_id, Some(role.role_id.as_str()));
                    Ok(instance_profile::set_role(tx, id, role_id).await?)
                })
            })
            .await
    }

    /// IAM `RemoveRoleFromInstanceProfile`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], also when another role is in it, or none.
    pub async fn remove_role_from_instance_profile(
        &self,
        permit: &Permit<iam_actions::RemoveRoleFromInstanceProfile>,
        profile_name: &str,
        role_name: &str,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let (profile_name, role_name) = (profile_name.to_owned(), role_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let profile = existing(tx, &resource, &profile_name).await?;
                    let role = role::find(tx, &profile.account, &role_name).await?;
                    if role.is_none_or(|role| profile.role_id != Some(role.role_id)) {
                        return Err(Error::not_found("role", &role_name));
                    }
                    Ok(instance_profile::set_role(tx, &profile.profile_id, None).await?)
                })
            })
            .await
    }

    /// IAM `DeleteInstanceProfile`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::DeleteConflict`] while a role is in it.
    pub async fn delete_instance_profile(
        &self,
        permit: &Permit<iam_actions::DeleteInstanceProfile>,
        profile_name: &str,
    ) -> Result<(), Error> {
        let (resource, wanted) = (permit.resource().clone(), profile_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let profile = existing(tx, &resource, &wanted).await?;
                    if profile.role_id.is_some() {
                        let text =
                            "Cannot delete entity, must remove roles from instance profile first.";
                        return Err(Error::DeleteConflict(text.into()));
                    }
                    Ok(instance_profile::delete(tx, &profile.profile_id).await?)
                })
            })
            .await
    }
}

async fn existing(
    tx: &mut Tx,
    resource: &IamResource,
    profile_name: &str,
) -> Result<InstanceProfileRow, Error> {
    let found = instance_profile::find(tx, resource.account(), profile_name).await?;
    let found = found.filter(|row| scope::covers(resource, &arn_of(row)));
    found.ok_or_else(|| {
        Error::NoSuchEntity(format!("Instance Profile {profile_name} cannot be found."))
    })
}

/// The page out of one row more than it shows.
async fn page_of(
    tx: &mut Tx,
    request: &PageRequest,
    rows: Vec<InstanceProfileRow>,
) -> Result<Page<InstanceProfile>, Error> {
    let Page { items, marker } = request.page(rows, |row| row.profile_name.clone());
    let mut profiles = Vec::with_capacity(items.len());
    for row in items {
        profiles.push(describe(tx, row).await?);
    }
    Ok(Page { items: profiles, marker })
}

/// A profile with the role in it, without tags.
async fn describe(tx: &mut Tx, row: InstanceProfileRow) -> Result<InstanceProfile, Error> {
    let role = match &row.role_id {
        Some(role_id) => role::find_by_id(tx, role_id).await?.map(Role::from_row),
        None => None,
    };
    Ok(InstanceProfile {
        arn: arn_of(&row),
        profile_id: row.profile_id,
        profile_name: row.profile_name,
        path: row.path,
        role,
        created_at: row.created_at,
        tags: Vec::new(),
    })
}

fn arn_of(row: &InstanceProfileRow) -> Arn {
    Arn::instance_profile(&row.account, &row.path, &row.profile_name)
}
