//! Roles that belong to services, as ECR and ECS have them in each account.
//!
//! Here no service needs a role to do its work, and nobody may assume one of these. They are for
//! those who make them or look for them: templates, scripts, `AmazonEC2ContainerRegistryFullAccess`.

use wharfinger_auth::{Permit, Resource, iam_actions, unique_id};
use wharfinger_core::limits::ROLE_SESSION_SECONDS_MIN;
use wharfinger_core::{AccountId, Arn, RequestId};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{inline_policy, policy_attachment};

use crate::role::row::{delete, existing, insert};
use crate::{Error, Iam, Role, scope};

/// Where the roles of services are.
pub(crate) const RESERVED_PATH: &str = "/aws-service-role/";

/// A service that has a role in an account.
struct Service {
    /// Whom its trust policy names.
    principal: &'static str,
    role_name: &'static str,
    /// The policy that is attached to it, AWS's own.
    policy_name: &'static str,
}

/// IAM user guide, "AWS services that work with IAM"; ECR user guide, "Service-linked roles".
const SERVICES: [Service; 4] = [
    Service {
        principal: "ecr.amazonaws.com",
        role_name: "AWSServiceRoleForECRTemplate",
        policy_name: "ECRTemplateServiceRolePolicy",
    },
    Service {
        principal: "ecs.amazonaws.com",
        role_name: "AWSServiceRoleForECS",
        policy_name: "AmazonECSServiceRolePolicy",
    },
    Service {
        principal: "pullthroughcache.ecr.amazonaws.com",
        role_name: "AWSServiceRoleForECRPullThroughCache",
        policy_name: "AWSECRPullThroughCache_ServiceRolePolicy",
    },
    Service {
        principal: "replication.ecr.amazonaws.com",
        role_name: "AWSServiceRoleForECRReplication",
        policy_name: "ECRReplicationServiceRolePolicy",
    },
];

impl Iam {
    /// The ARN of the role that a service has in an account; for one that is not known here it ends
    /// in the path.
    pub fn service_linked_role_arn(&self, account: AccountId, principal: &str) -> Arn {
        let name = service(principal).map_or("", |service| service.role_name);
        Arn::role(&account, &path_of(principal), name)
    }

    /// IAM `CreateServiceLinkedRole`: the role, with the policy that AWS attaches to it.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a service that is not known here, for a suffix (none of these
    /// services takes one), and when the role is there; [`Error::LimitExceeded`].
    pub async fn create_service_linked_role(
        &self,
        permit: &Permit<iam_actions::CreateServiceLinkedRole>,
        principal: &str,
        description: Option<String>,
        suffix: Option<&str>,
    ) -> Result<Role, Error> {
        let Some(service) = service(principal) else {
            let text = format!("{principal} is not a service that has a role here.");
            return Err(Error::InvalidInput(text));
        };
        if suffix.is_some() {
            let text = format!("Custom suffix is not allowed for {principal}");
            return Err(Error::InvalidInput(text));
        }
        let now = self.now();
        let row = RoleRow {
            role_id: unique_id("AROA", self.entropy()),
            account: *permit.resource().account(),
            role_name: service.role_name.into(),
            path: path_of(principal),
            description: description.unwrap_or_default(),
            session_seconds_max: ROLE_SESSION_SECONDS_MIN,
            trust_policy: trust_policy_of(principal),
            boundary_arn: None,
            created_at: now,
        };
        scope::require(permit.resource(), &self.service_linked_role_arn(row.account, principal))?;
        let policy = format!("arn:aws:iam::aws:policy{RESERVED_PATH}{}", service.policy_name);
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if role::is_taken(tx, &row.account, &row.role_name).await? {
                        return Err(Error::InvalidInput(format!(
                            "Service role name {} has been taken in this account, please try a \
                             different suffix.",
                            row.role_name
                        )));
                    }
                    let made = insert(tx, row, Vec::new()).await?;
                    policy_attachment::attach(tx, &made.role_id, &policy, now).await?;
                    Ok(made)
                })
            })
            .await
    }

    /// IAM `DeleteServiceLinkedRole`, which is done at once. Answers the id of the task,
    /// `task/aws-service-role/<service>/<role>/<uuid>`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], also for a role that belongs to no service.
    pub async fn delete_service_linked_role(
        &self,
        permit: &Permit<iam_actions::DeleteServiceLinkedRole>,
        role_name: &str,
    ) -> Result<String, Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        let task = RequestId::random(self.entropy());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    if !row.path.starts_with(RESERVED_PATH) {
                        return Err(Error::not_found("role", &wanted));
                    }
                    policy_attachment::detach_all(tx, &row.role_id).await?;
                    inline_policy::delete_all(tx, &row.role_id).await?;
                    delete(tx, &row).await?;
                    Ok(format!("task{}{}/{task}", row.path, row.role_name))
                })
            })
            .await
    }

    /// The ARN of the role that a task deletes.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for what is no id of such a task.
    pub fn deletion_task_role_arn(&self, account: AccountId, task: &str) -> Result<Arn, Error> {
        let role = || {
            let (role, id) = task.strip_prefix("task")?.rsplit_once('/')?;
            id.parse::<RequestId>().ok()?;
            let (principal, role_name) = role.strip_prefix(RESERVED_PATH)?.split_once('/')?;
            let service = service(principal)?;
            (service.role_name == role_name)
                .then(|| Arn::role(&account, &path_of(principal), role_name))
        };
        role().ok_or_else(|| Error::InvalidInput(format!("Invalid deletion task id: {task}")))
    }

    /// IAM `GetServiceLinkedRoleDeletionStatus`: no error says that it succeeded. A deletion is done
    /// before its id is given out.
    ///
    /// # Errors
    /// As [`Self::deletion_task_role_arn`].
    pub fn get_service_linked_role_deletion_status(
        &self,
        permit: &Permit<iam_actions::GetServiceLinkedRoleDeletionStatus>,
        task: &str,
    ) -> Result<(), Error> {
        self.deletion_task_role_arn(*permit.resource().account(), task).map(|_| ())
    }
}

fn service(principal: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.principal == principal)
}

fn path_of(principal: &str) -> String {
    format!("{RESERVED_PATH}{principal}/")
}

fn trust_policy_of(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}
