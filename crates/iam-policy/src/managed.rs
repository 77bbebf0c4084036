//! AWS's managed policies that have to do with registries and accounts, as they come with every
//! account.
//!
//! Ids, versions and dates are AWS's where it publishes them; of the others the ids begin with
//! `ANPAWHARFINGER`. Only the version that holds is known here.

macro_rules! managed {
    (
        path: $path:literal,
        name: $name:literal,
        $($member:ident: $value:expr,)*
    ) => {
        ManagedPolicy {
            path: $path,
            name: $name,
            arn: concat!("arn:aws:iam::aws:policy", $path, $name),
            $($member: $value,)*
        }
    };
}

mod account;
mod container_service;
mod container_service_access;
mod public_registry;
mod registry;

use wharfinger_core::Timestamp;

pub use account::{
    ADMINISTRATOR_ACCESS, IAM_FULL_ACCESS, IAM_READ_ONLY_ACCESS, POWER_USER_ACCESS,
    READ_ONLY_ACCESS, VIEW_ONLY_ACCESS,
};
pub use container_service::{
    CONTAINER_INSTANCE_ROLE, SERVICE_ROLE, TASK_EXECUTION_ROLE, VOLUMES_ROLE,
};
pub use container_service_access::ECS_FULL_ACCESS;
pub use public_registry::{PUBLIC_FULL_ACCESS, PUBLIC_POWER_USER, PUBLIC_READ_ONLY};
pub use registry::{
    FULL_ACCESS, POWER_USER, PULL_ONLY, PULL_THROUGH_CACHE_ROLE, READ_ONLY, REPLICATION_ROLE,
    TEMPLATE_ROLE,
};

/// A policy that AWS defines and anyone may attach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ManagedPolicy {
    /// Its name, such as `AmazonEC2ContainerRegistryReadOnly`.
    pub name: &'static str,
    /// Its path, `/` as a rule; starts and ends with a slash.
    pub path: &'static str,
    /// Its ARN, which names the account `aws`.
    pub arn: &'static str,
    /// `ANPA…`, unique for ever.
    pub policy_id: &'static str,
    /// The version that holds, from 1.
    pub version: u64,
    /// What it is for, in AWS's words where they are known.
    pub description: &'static str,
    /// When AWS made it.
    pub created_at: Timestamp,
    /// When AWS made the version that holds.
    pub updated_at: Timestamp,
    /// Its document, JSON.
    pub document: &'static str,
}

impl ManagedPolicy {
    /// Whether it is for service-linked roles alone.
    pub fn is_for_service_linked_roles(&self) -> bool {
        self.path == "/aws-service-role/"
    }
}

/// The managed policy with this ARN.
pub fn find(arn: &str) -> Option<&'static ManagedPolicy> {
    ALL.iter().find(|policy| policy.arn == arn)
}

/// Every managed policy known here, in order of name.
pub static ALL: &[ManagedPolicy] = &[
    PULL_THROUGH_CACHE_ROLE,
    ADMINISTRATOR_ACCESS,
    FULL_ACCESS,
    POWER_USER,
    PULL_ONLY,
    READ_ONLY,
    SERVICE_ROLE,
    CONTAINER_INSTANCE_ROLE,
    VOLUMES_ROLE,
    TASK_EXECUTION_ROLE,
    ECS_FULL_ACCESS,
    PUBLIC_FULL_ACCESS,
    PUBLIC_POWER_USER,
    PUBLIC_READ_ONLY,
    REPLICATION_ROLE,
    TEMPLATE_ROLE,
    IAM_FULL_ACCESS,
    IAM_READ_ONLY_ACCESS,
    POWER_USER_ACCESS,
    READ_ONLY_ACCESS,
    VIEW_ONLY_ACCESS,
];

#[cfg(test)]
mod tests;
