//! Groups, and who is in them.

use wharfinger_auth::iam_actions::{
    AddUserToGroup, CreateGroup, DeleteGroup, GetGroup, ListGroups, ListGroupsForUser,
    RemoveUserFromGroup, UpdateGroup,
};
use wharfinger_auth::{IamResource, Permit, Resource, unique_id};
use wharfinger_core::limits::{GROUP_NAME_CHARS_MAX, GROUPS_PER_ACCOUNT_MAX, GROUPS_PER_USER_MAX};
use wharfinger_core::{AccountId, Arn, Timestamp};
use wharfinger_metadata::group::{self, GroupRow};
use wharfinger_metadata::{Tx, inline_policy, policy_attachment, user};

use crate::user::{must_find as must_find_user, must_find_any};
use crate::{Error, Iam, Page, PageRequest, User, name, scope};

/// An IAM group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `AGPA…`, unique for ever.
    pub group_id: String,
    /// Its name, unique in the account whatever its case.
    pub group_name: String,
    /// Its path, `/` as a rule.
    pub path: String,
    /// `arn:aws:iam::A:group/name`, with the path.
    pub arn: Arn,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Group {
    pub(crate) fn of(row: GroupRow) -> Self {
        let arn = arn_of(&row);
        let GroupRow { group_id, group_name, path, created_at, .. } = row;
        Self { group_id, group_name, path, arn, created_at }
    }
}

impl Iam {
    /// The path of a group, if there is one of that name: for the ARN that is to be authorized.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn group_path(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<String>, Error> {
        let name = name.to_owned();
        self.metadata()
            .read(move |tx| {
                Box::pin(
                    async move { Ok(group::find(tx, &account, &name).await?.map(|row| row.path)) },
                )
            })
            .await
    }

    /// IAM `CreateGroup`.
    ///
    /// # Errors
    /// [`Error::EntityAlreadyExists`] whatever the case of the name, [`Error::LimitExceeded`].
    pub async fn create_group(
        &self,
        permit: &Permit<CreateGroup>,
        name: &str,
        path: Option<&str>,
    ) -> Result<Group, Error> {
        name::check("groupName", name, GROUP_NAME_CHARS_MAX)?;
        let row = GroupRow {
            group_id: unique_id("AGPA", self.entropy()),
            account: *permit.resource().account(),
            group_name: name.to_owned(),
            path: name::path(path)?,
            created_at: self.now(),
        };
        scope::require(permit.resource(), &arn_of(&row))?;
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if group::is_taken(tx, &row.account, &row.group_name).await? {
                        return Err(Error::exists("Group", &row.group_name));
                    }
                    if group::count(tx, &row.account).await? >= GROUPS_PER_ACCOUNT_MAX {
                        let limit = GROUPS_PER_ACCOUNT_MAX;
                        return Err(Error::LimitExceeded { quota: "GroupsPerAccount", limit });
                    }
                    group::insert(tx, &row).await?;
                    Ok(Group::of(row))
                })
            })
            .await
    }

    /// IAM `GetGroup`: the group, and the users in it in order of id.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn get_group(
        &self,
        permit: &Permit<GetGroup>,
        name: &str,
        page: PageRequest,
    ) -> Result<(Group, Page<User>), Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        let (after, limit) = (page.after.clone(), page.max_items + 1);
        let (group, users): (Group, Vec<User>) = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource, &name).await?;
                    let users = user::of_group(tx, &row.group_id, &after, limit).await?;
                    let users = users.into_iter().map(|user| User::of(user, Vec::new()));
                    Ok::<_, Error>((Group::of(row), users.collect()))
                })
            })
            .await?;
        Ok((group, page.page(users, |user: &User| user.user_id.clone())))
    }

    /// IAM `UpdateGroup`: another name, another path. `target` is the right to make the group what it
    /// becomes.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::EntityAlreadyExists`].
    pub async fn update_group(
        &self,
        permit: &Permit<UpdateGroup>,
        target: &Permit<UpdateGroup>,
        name: &str,
        new_name: Option<&str>,
        new_path: Option<&str>,
    ) -> Result<(), Error> {
        if let Some(new_name) = new_name {
            name::check("newGroupName", new_name, GROUP_NAME_CHARS_MAX)?;
        }
        let new_path = new_path.map(|path| name::path(Some(path))).transpose()?;
        let (resource, target) = (permit.resource().clone(), target.resource().clone());
        let (name, new_name) = (name.to_owned(), new_name.map(str::to_owned));
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource, &name).await?;
                    let new_name = new_name.unwrap_or_else(|| row.group_name.clone());
                    let new_path = new_path.unwrap_or_else(|| row.path.clone());
                    // Its path was another when `target` was authorized.
                    if !scope::covers(&target, &Arn::group(&row.account, &new_path, &new_name)) {
                        return Err(Error::not_found("group", &name));
                    }
                    let itself = new_name.eq_ignore_ascii_case(&row.group_name);
                    if !itself && group::is_taken(tx, &row.account, &new_name).await? {
                        return Err(Error::exists("Group", &new_name));
                    }
                    Ok(group::rename(tx, &row.group_id, &new_name, &new_path).await?)
                })
            })
            .await
    }

    /// IAM `DeleteGroup`: of a group without users and policies.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::DeleteConflict`], which says what must go first.
    pub async fn delete_group(
        &self,
        permit: &Permit<DeleteGroup>,
        name: &str,
    ) -> Result<(), Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource, &name).await?;
                    refuse_owner(tx, &row.group_id).await?;
                    group::delete(tx, &row.group_id).await?;
                    Ok(())
                })
            })
            .await
    }

    /// IAM `ListGroups`: the groups whose paths begin with `path_prefix`, in order of name.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn list_groups(
        &self,
        permit: &Permit<ListGroups>,
        path_prefix: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Group>, Error> {
        let account = *permit.resource().account();
        let prefix = path_prefix.unwrap_or_default().to_owned();
        let (after, limit) = (page.after.clone(), page.max_items + 1);
        let rows: Vec<GroupRow> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let listed = group::list_under(tx, &account, &prefix, &after, limit).await;
                    listed.map_err(Error::from)
                })
            })
            .await?;
        let groups = rows.into_iter().map(Group::of).collect();
        Ok(page.page(groups, |group: &Group| group.group_name.clone()))
    }

    /// IAM `ListGroupsForUser`, in order of id.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn list_groups_for_user(
        &self,
        permit: &Permit<ListGroupsForUser>,
        user_name: &str,
        page: PageRequest,
    ) -> Result<Page<Group>, Error> {
        let (resource, name) = (permit.resource().clone(), user_name.to_owned());
        let rows: Vec<GroupRow> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let user = must_find_user(tx, &resource, &name).await?;
                    group::of_user(tx, &user.user_id).await.map_err(Error::from)
                })
            })
            .await?;
        let rest = rows.into_iter().filter(|row| row.group_id > page.after);
        let groups = rest.map(Group::of).collect();
        Ok(page.page(groups, |group: &Group| group.group_id.clone()))
    }

    /// IAM `AddUserToGroup`. A user who is in the group stays in it.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] of the group or the user, [`Error::LimitExceeded`].
    pub async fn add_user_to_group(
        &self,
        permit: &Permit<AddUserToGroup>,
        group_name: &str,
        user_name: &str,
    ) -> Result<(), Error> {
        let (resource, now) = (permit.resource().clone(), self.now());
        let (group_name, user_name) = (group_name.to_owned(), user_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let group = must_find(tx, &resource, &group_name).await?;
                    let user = must_find_any(tx, &group.account, &user_name).await?;
                    let groups = group::of_user(tx, &user.user_id).await?;
                    if groups.iter().any(|of_user| of_user.group_id == group.group_id) {
                        return Ok(());
                    }
                    let limit = GROUPS_PER_USER_MAX;
                    if groups.len() as u64 >= limit {
                        return Err(Error::LimitExceeded { quota: "GroupsPerUser", limit });
                    }
                    Ok(group::add_member(tx, &group.group_id, &user.user_id, now).await?)
                })
            })
            .await
    }

    /// IAM `RemoveUserFromGroup`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] of the group or the user, or if the user is not in the group.
    pub async fn remove_user_from_group(
        &self,
        permit: &Permit<RemoveUserFromGroup>,
        group_name: &str,
        user_name: &str,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let (group_name, user_name) = (group_name.to_owned(), user_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let group = must_find(tx, &resource, &group_name).await?;
                    let user = must_find_any(tx, &group.account, &user_name).await?;
                    if group::remove_member(tx, &group.group_id, &user.user_id).await? {
                        return Ok(());
                    }
                    Err(Error::NoSuchEntity(format!(
                        "The user with name {user_name} cannot be found in group {group_name}."
                    )))
                })
            })
            .await
    }
}

/// Refuses to delete a group that has anything, with IAM's own sentences.
async fn refuse_owner(tx: &mut Tx, group_id: &str) -> Result<(), Error> {
    let conflict = |what: &str| {
        Err(Error::DeleteConflict(format!("Cannot delete entity, must {what} first.")))
    };
    if group::has_members(tx, group_id).await? {
        return conflict("remove users from group");
    }
    if !policy_attachment::of_principal(tx, group_id).await?.is_empty() {
        return conflict("detach all policies");
    }
    if !inline_policy::list(tx, group_id).await?.is_empty() {
        return conflict("delete policies");
    }
    Ok(())
}

/// The group of that name, if the permit reaches it.
async fn must_find(tx: &mut Tx, resource: &IamResource, name: &str) -> Result<GroupRow, Error> {
    let found = group::find(tx, resource.account(), name).await?;
    let found = found.filter(|row| scope::covers(resource, &arn_of(row)));
    found.ok_or_else(|| Error::not_found("group", name))
}

/// The ARN of a group.
fn arn_of(row: &GroupRow) -> Arn {
    Arn::group(&row.account, &row.path, &row.group_name)
}
