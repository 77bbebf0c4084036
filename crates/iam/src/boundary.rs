//! Permissions boundaries: managed policies beyond which a user or a role may do nothing.

use wharfinger_auth::{Permit, Resource};
use wharfinger_core::Arn;
use wharfinger_metadata::{MetadataError, Tx, role, user};

use crate::managed_policy::{Attachable, attachable};
use crate::policy_holder::{DeleteBoundary, HolderKind, PolicyHolder, PutBoundary, must_find};
use crate::{Error, Iam};

impl Iam {
    /// IAM `PutUserPermissionsBoundary`, `PutRolePermissionsBoundary`: sets a boundary in the place of
    /// any other.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder, or the policy; [`Error::PolicyNotAttachable`] for a
    /// policy of roles that belong to services; [`Error::UnmodifiableEntity`] for such a role.
    pub async fn put_permissions_boundary<A: PutBoundary>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        policy_arn: &Arn,
    ) -> Result<(), Error> {
        let (resource, holder) = (permit.resource().clone(), holder.to_owned());
        let policy_arn = policy_arn.clone();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    holder.require_modifiable()?;
                    match attachable(tx, resource.account(), &policy_arn).await? {
                        Attachable::Yes => {}
                        Attachable::ToServiceLinkedRoles => {
                            let text =
                                "Cannot use a Service Role Policy as a permissions boundary.";
                            return Err(Error::PolicyNotAttachable(text.into()));
                        }
                        Attachable::No => {
                            let text = format!(
                                "Scope ARN: {policy_arn} does not exist or is not attachable."
                            );
                            return Err(Error::NoSuchEntity(text));
                        }
                    }
                    Ok(set(tx, &holder, Some(policy_arn.as_str())).await?)
                })
            })
            .await
    }

    /// IAM `DeleteUserPermissionsBoundary`, `DeleteRolePermissionsBoundary`. Nothing changes if there
    /// is none.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder; [`Error::UnmodifiableEntity`] for a role that belongs to
    /// a service.
    pub async fn delete_permissions_boundary<A: DeleteBoundary>(
        &self,
        permit: &Permit<A>,
        holder: &str,
    ) -> Result<(), Error> {
        let (resource, holder) = (permit.resource().clone(), holder.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    holder.require_modifiable()?;
                    Ok(set(tx, &holder, None).await?)
                })
            })
            .await
    }
}

async fn set(
    tx: &mut Tx,
    holder: &PolicyHolder,
    policy_arn: Option<&str>,
) -> Result<(), MetadataError> {
    match holder.kind {
        HolderKind::User => user::set_boundary(tx, &holder.id, policy_arn).await,
        HolderKind::Role => role::set_boundary(tx, &holder.id, policy_arn).await,
        // Groups have none; no action says otherwise.
        HolderKind::Group => Ok(()),
    }
}
