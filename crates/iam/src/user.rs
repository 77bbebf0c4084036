//! Users.

use wharfinger_auth::iam_actions::{CreateUser, DeleteUser, GetUser, ListUsers, UpdateUser};
use wharfinger_auth::{Action, IamResource, Permit, Resource, unique_id};
use wharfinger_core::limits::{USER_NAME_CHARS_MAX, USERS_PER_ACCOUNT_MAX};
use wharfinger_core::{AccountId, Arn, Timestamp};
use wharfinger_metadata::user::{self, UserRow};
use wharfinger_metadata::{
    MetadataError, Tx, access_key, group, iam_tag, inline_policy, managed_policy, policy_attachment,
};

use crate::trust_policy::{self, Fate};
use crate::{Error, Iam, Page, PageRequest, Tag, Tagged, name, scope, tag};

/// An IAM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `AIDA…`, unique for ever.
    pub user_id: String,
    /// Its name, unique in the account whatever its case.
    pub user_name: String,
    /// Its path, `/` as a rule.
    pub path: String,
    /// `arn:aws:iam::A:user/name`, with the path.
    pub arn: Arn,
    /// The policy that bounds it, by ARN.
    pub boundary_arn: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its tags, (key, value), in order of key. Lists leave them out.
    pub tags: Vec<Tag>,
}

/// A user that is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// Its name.
    pub user_name: String,
    /// Its path; `/` if none is given.
    pub path: Option<String>,
    /// The policy that is to bound it, by ARN.
    pub boundary_arn: Option<String>,
    /// Its tags, (key, value).
    pub tags: Vec<Tag>,
}

impl NewUser {
    /// A user of that name, with the path `/` and nothing else.
    pub fn named(user_name: &str) -> Self {
        Self { user_name: user_name.to_owned(), ..Self::default() }
    }
}

impl User {
    pub(crate) fn of(row: UserRow, tags: Vec<Tag>) -> Self {
        let arn = arn_of(&row);
        let UserRow { user_id, user_name, path, boundary_arn, created_at, .. } = row;
        Self { user_id, user_name, path, arn, boundary_arn, created_at, tags }
    }
}

impl Iam {
    /// What policies are asked about a user.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn tagged_user(&self, account: AccountId, name: &str) -> Result<Tagged, Error> {
        let name = name.to_owned();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let Some(row) = user::find(tx, &account, &name).await? else {
                        let arn = Arn::user(&account, "/", &name);
                        return Ok(Tagged { arn, tags: Vec::new() });
                    };
                    let tags = iam_tag::list(tx, &row.user_id).await?;
                    Ok(Tagged { arn: arn_of(&row), tags })
                })
            })
            .await
    }

    /// IAM `CreateUser`: a user, who may do nothing until a policy says so.
    ///
    /// # Errors
    /// [`Error::EntityAlreadyExists`] whatever the case of the name, [`Error::LimitExceeded`],
    /// [`Error::NoSuchEntity`] for a boundary that is not there, [`Error::InvalidInput`] for tags.
    pub async fn create_user(
        &self,
        permit: &Permit<CreateUser>,
        new: NewUser,
    ) -> Result<User, Error> {
        name::check("userName", &new.user_name, USER_NAME_CHARS_MAX)?;
        tag::check(&new.tags)?;
        let row = UserRow {
            user_id: unique_id("AIDA", self.entropy()),
            account: *permit.resource().account(),
            user_name: new.user_name,
            path: name::path(new.path.as_deref())?,
            boundary_arn: new.boundary_arn,
            created_at: self.now(),
        };
        scope::require(permit.resource(), &arn_of(&row))?;
        let tags = new.tags;
        self.metadata().write(move |tx| Box::pin(async move { insert(tx, row, &tags).await })).await
    }

    /// IAM `GetUser`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn get_user(&self, permit: &Permit<GetUser>, name: &str) -> Result<User, Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource, &name).await?;
                    let tags = iam_tag::list(tx, &row.user_id).await?;
                    Ok(User::of(row, tags))
                })
            })
            .await
    }

    /// IAM `UpdateUser`: another name, another path. `target` is the right to make the user what it
    /// becomes.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::EntityAlreadyExists`].
    pub async fn update_user(
        &self,
        permit: &Permit<UpdateUser>,
        target: &Permit<UpdateUser>,
        name: &str,
        new_name: Option<&str>,
        new_path: Option<&str>,
    ) -> Result<(), Error> {
        if let Some(new_name) = new_name {
            name::check("newUserName", new_name, USER_NAME_CHARS_MAX)?;
        }
        let new_path = new_path.map(|path| name::path(Some(path))).transpose()?;
        let (resource, target) = (permit.resource().clone(), target.resource().clone());
        let (name, new_name) = (name.to_owned(), new_name.map(str::to_owned));
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource, &name).await?;
                    let new_name = new_name.unwrap_or_else(|| row.user_name.clone());
                    let new_path = new_path.unwrap_or_else(|| row.path.clone());
                    // Its path was another when `target` was authorized.
                    if !scope::covers(&target, &Arn::user(&row.account, &new_path, &new_name)) {
                        return Err(Error::not_found("user", &name));
                    }
                    let itself = new_name.eq_ignore_ascii_case(&row.user_name);
                    if !itself && user::is_taken(tx, &row.account, &new_name).await? {
                        return Err(Error::exists("User", &new_name));
                    }
                    let (old, new) = (arn_of(&row), Arn::user(&row.account, &new_path, &new_name));
                    trust_policy::principal_changes(tx, &row.user_id, &old, Fate::Becomes(&new))
                        .await?;
                    Ok(user::rename(tx, &row.user_id, &new_name, &new_path).await?)
                })
            })
            .await
    }

    /// Whether the user of that name is there, for what is about credentials that nobody has here.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn require_user<A: Action<Resource = IamResource>>(
        &self,
        permit: &Permit<A>,
        name: &str,
    ) -> Result<(), Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move { must_find(tx, &resource, &name).await.map(|_| ()) })
            })
            .await
    }

    /// IAM `DeleteUser`: of a user that has nothing any more.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::DeleteConflict`], which says what must go first.
    pub async fn delete_user(&self, permit: &Permit<DeleteUser>, name: &str) -> Result<(), Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource, &name).await?;
                    refuse_owner(tx, &row).await?;
                    delete(tx, &row).await
                })
            })
            .await
    }

    /// Deletes a user with its keys, policies, tags and memberships, as whoever owns the installation
    /// may.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn delete_user_with_everything(
        &self,
        permit: &Permit<DeleteUser>,
        name: &str,
    ) -> Result<(), Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource, &name).await?;
                    delete(tx, &row).await
                })
            })
            .await
    }

    /// IAM `ListUsers`: the users whose paths begin with `path_prefix`, in order of name.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn list_users(
        &self,
        permit: &Permit<ListUsers>,
        path_prefix: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<User>, Error> {
        let account = *permit.resource().account();
        let prefix = path_prefix.unwrap_or_default().to_owned();
        let rows: Vec<UserRow> = self
            .metadata()
            .read({
                let (after, limit) = (page.after.clone(), page.max_items + 1);
                move |tx| {
                    Box::pin(async move {
                        let listed = user::list_under(tx, &account, &prefix, &after, limit).await;
                        listed.map_err(Error::from)
                    })
                }
            })
            .await?;
        let users = rows.into_iter().map(|row| User::of(row, Vec::new())).collect();
        Ok(page.page(users, |user: &User| user.user_name.clone()))
    }
}

async fn insert(tx: &mut Tx, row: UserRow, tags: &[Tag]) -> Result<User, Error> {
    if user::is_taken(tx, &row.account, &row.user_name).await? {
        return Err(Error::exists("User", &row.user_name));
    }
    if user::count(tx, &row.account).await? >= USERS_PER_ACCOUNT_MAX {
        let limit = USERS_PER_ACCOUNT_MAX;
        return Err(Error::LimitExceeded { quota: "UsersPerAccount", limit });
    }
    if let Some(arn) = &row.boundary_arn {
        check_boundary(tx, &row.account, arn).await?;
    }
    user::insert(tx, &row).await?;
    tag::put(tx, &row.user_id, tags).await?;
    let tags = iam_tag::list(tx, &row.user_id).await?;
    Ok(User::of(row, tags))
}

/// A boundary is a policy of the account, or one of AWS's.
async fn check_boundary(tx: &mut Tx, account: &AccountId, arn: &str) -> Result<(), Error> {
    let own = managed_policy::find(tx, arn).await?.is_some_and(|row| row.account == *account);
    match own || wharfinger_iam_policy::managed::find(arn).is_some() {
        true => Ok(()),
        false => Err(Error::NoSuchEntity(format!(
            "Scope ARN: {arn} does not exist or is not attachable."
        ))),
    }
}

/// Refuses to delete a user who has anything, with IAM's own sentences.
async fn refuse_owner(tx: &mut Tx, row: &UserRow) -> Result<(), Error> {
    let conflict = |what: &str| {
        Err(Error::DeleteConflict(format!("Cannot delete entity, must {what} first.")))
    };
    if !inline_policy::list(tx, &row.user_id).await?.is_empty() {
        return conflict("delete policies");
    }
    if !policy_attachment::of_principal(tx, &row.user_id).await?.is_empty() {
        return conflict("detach all policies");
    }
    if access_key::count(tx, &row.account, Some(&row.user_id)).await? > 0 {
        return conflict("delete access keys");
    }
    if !group::of_user(tx, &row.user_id).await?.is_empty() {
        return conflict("remove users from group");
    }
    Ok(())
}

/// The user of that name, if the permit reaches it.
///
/// # Errors
/// [`Error::NoSuchEntity`].
pub(crate) async fn must_find(
    tx: &mut Tx,
    resource: &IamResource,
    name: &str,
) -> Result<UserRow, Error> {
    let found = user::find(tx, resource.account(), name).await?;
    let found = found.filter(|row| scope::covers(resource, &arn_of(row)));
    found.ok_or_else(|| Error::not_found("user", name))
}

/// Deletes a user with all that is its own. What trusted it trusts nobody then, whoever is given its
/// name later.
async fn delete(tx: &mut Tx, row: &UserRow) -> Result<(), Error> {
    trust_policy::principal_changes(tx, &row.user_id, &arn_of(row), Fate::Goes).await?;
    user::delete(tx, &row.account, &row.user_name).await?;
    Ok(())
}

/// The user of that name, whatever a permit is of.
///
/// # Errors
/// [`Error::NoSuchEntity`].
pub(crate) async fn must_find_any(
    tx: &mut Tx,
    account: &AccountId,
    name: &str,
) -> Result<UserRow, Error> {
    let found: Result<_, MetadataError> = user::find(tx, account, name).await;
    found?.ok_or_else(|| Error::not_found("user", name))
}

/// The ARN of a user.
pub(crate) fn arn_of(row: &UserRow) -> Arn {
    Arn::user(&row.account, &row.path, &row.user_name)
}
