//! The actions of ECR, IAM and STS, each with the kind of resource it is about.
//!
//! The table is that of the IAM service reference for Amazon ECR ("Actions defined by Amazon
//! Elastic Container Registry", and of Amazon ECR Public, whose actions bear the same names).

use crate::{
    IamResource, PublicRegistryResource, RegistryResource, RepositoriesResource,
    RepositoryResource, Resource,
};

/// An action, as a type: `Permit<actions::PutImage>` is the right to put an image.
pub trait Action: Send + Sync + 'static {
    /// The name without its service, such as `PutImage`. Policies put `ecr:` before it, or
    /// `ecr-public:` when the registry is a public one.
    const NAME: &'static str;
    /// The name with its service, such as `ecr:PutImage`: of actions on registries, as policies of
    /// private ones have it.
    const ECR_NAME: &'static str;
    /// The service it belongs to, where that is not the one of the resource's registry.
    const SERVICE: Option<&'static str> = None;
    /// What it is about.
    type Resource: Resource;
}

macro_rules! actions {
    ($($resource:ty { $($name:ident),* $(,)? })*) => {
        /// The actions.
        pub mod actions {
            use super::{
                Action, PublicRegistryResource, RegistryResource, RepositoriesResource,
                RepositoryResource,
            };

            /// `sts:GetServiceBearerToken`, which a login to a public registry takes as well.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum GetServiceBearerToken {}

            impl Action for GetServiceBearerToken {
                const NAME: &'static str = "GetServiceBearerToken";
                const ECR_NAME: &'static str = "sts:GetServiceBearerToken";
                const SERVICE: Option<&'static str> = Some("sts");
                type Resource = RegistryResource;
            }

            $($(
                #[doc = concat!("`", stringify!($name), "`.")]
                #[derive(Debug, Clone, Copy, PartialEq, Eq)]
                pub enum $name {}

                impl Action for $name {
                    const NAME: &'static str = stringify!($name);
                    const ECR_NAME: &'static str = concat!("ecr:", stringify!($name));
                    type Resource = $resource;
                }
            )*)*
        }
    };
}

actions! {
    PublicRegistryResource {
        DescribeRegistries,
        GetRegistryCatalogData,
        PutRegistryCatalogData,
    }
    RegistryResource {
        CreatePullThroughCacheRule,
        CreateRepositoryCreationTemplate,
        DeletePullThroughCacheRule,
        DeleteRegistryPolicy,
        DeleteRepositoryCreationTemplate,
        DeleteSigningConfiguration,
        DeregisterPullTimeUpdateExclusion,
        DescribePullThroughCacheRules,
        DescribeRegistry,
        DescribeReplicationBackfillResults,
        DescribeRepositoryCreationTemplates,
        GetAccountSetting,
        GetAuthorizationToken,
        GetRegistryPolicy,
        GetRegistryScanningConfiguration,
        GetSigningConfiguration,
        ListPullTimeUpdateExclusions,
        ListReplicationBackfills,
        PutAccountSetting,
        PutRegistryPolicy,
        PutRegistryScanningConfiguration,
        PutReplicationConfiguration,
        PutSigningConfiguration,
        RegisterPullTimeUpdateExclusion,
        StartReplicationBackfill,
        StopReplicationBackfill,
        UpdatePullThroughCacheRule,
        UpdateRepositoryCreationTemplate,
        ValidatePullThroughCacheRule,
    }
    RepositoriesResource {
        BatchGetRepositoryScanningConfiguration,
        DescribeRepositories,
    }
    RepositoryResource {
        BatchCheckLayerAvailability,
        BatchDeleteImage,
        BatchGetImage,
        BatchImportUpstreamImage,
        CompleteLayerUpload,
        CreateRepository,
        DeleteLifecyclePolicy,
        DeleteRepository,
        DeleteRepositoryPolicy,
        DescribeImageReplicationStatus,
        DescribeImageScanFindings,
        DescribeImageSigningStatus,
        DescribeImageTags,
        DescribeImages,
        GetDownloadUrlForLayer,
        GetLifecyclePolicy,
        GetLifecyclePolicyPreview,
        GetRepositoryCatalogData,
        GetRepositoryPolicy,
        InitiateLayerUpload,
        ListImages,
        ListTagsForResource,
        PutImage,
        PutImageScanningConfiguration,
        PutImageTagMutability,
        PutLifecyclePolicy,
        PutRepositoryCatalogData,
        SetRepositoryPolicy,
        StartImageScan,
        StartLifecyclePolicyPreview,
        TagResource,
        UntagResource,
        UpdateImageStorageClass,
        UploadLayerPart,
    }
}

macro_rules! account_actions {
    ($module:ident, $service:literal { $($name:ident),* $(,)? }) => {
        #[doc = concat!("The actions of ", $service, ", which are about what an account has.")]
        pub mod $module {
            use super::{Action, IamResource};

            $(
                #[doc = concat!("`", $service, ":", stringify!($name), "`.")]
                #[derive(Debug, Clone, Copy, PartialEq, Eq)]
                pub enum $name {}

                impl Action for $name {
                    const NAME: &'static str = stringify!($name);
                    const ECR_NAME: &'static str = concat!($service, ":", stringify!($name));
                    const SERVICE: Option<&'static str> = Some($service);
                    type Resource = IamResource;
                }
            )*
        }
    };
}

account_actions! {
    iam_actions, "iam" {
        AddClientIDToOpenIDConnectProvider,
        AddRoleToInstanceProfile,
        AddUserToGroup,
        AttachGroupPolicy,
        AttachRolePolicy,
        AttachUserPolicy,
        CreateAccessKey,
        CreateAccountAlias,
        CreateGroup,
        CreateInstanceProfile,
        CreateOpenIDConnectProvider,
        CreatePolicy,
        CreatePolicyVersion,
        CreateRole,
        CreateServiceLinkedRole,
        CreateUser,
        DeleteAccessKey,
        DeleteAccountAlias,
        DeleteGroup,
        DeleteGroupPolicy,
        DeleteInstanceProfile,
        DeleteLoginProfile,
        DeleteOpenIDConnectProvider,
        DeletePolicy,
        DeletePolicyVersion,
        DeleteRole,
        DeleteRolePermissionsBoundary,
        DeleteRolePolicy,
        DeleteServiceLinkedRole,
        DeleteUser,
        DeleteUserPermissionsBoundary,
        DeleteUserPolicy,
        DetachGroupPolicy,
        DetachRolePolicy,
        DetachUserPolicy,
        GetAccessKeyLastUsed,
        GetAccountAuthorizationDetails,
        GetAccountSummary,
        GetContextKeysForCustomPolicy,
        GetContextKeysForPrincipalPolicy,
        GetGroup,
        GetGroupPolicy,
        GetInstanceProfile,
        GetLoginProfile,
        GetOpenIDConnectProvider,
        GetPolicy,
        GetPolicyVersion,
        GetRole,
        GetRolePolicy,
        GetServiceLinkedRoleDeletionStatus,
        GetUser,
        GetUserPolicy,
        ListAccessKeys,
        ListAccountAliases,
        ListAttachedGroupPolicies,
        ListAttachedRolePolicies,
        ListAttachedUserPolicies,
        ListEntitiesForPolicy,
        ListGroupPolicies,
        ListGroups,
        ListGroupsForUser,
        ListInstanceProfileTags,
        ListInstanceProfiles,
        ListInstanceProfilesForRole,
        ListMFADevices,
        ListOpenIDConnectProviderTags,
        ListOpenIDConnectProviders,
        ListPolicies,
        ListPolicyTags,
        ListPolicyVersions,
        ListRolePolicies,
        ListRoleTags,
        ListRoles,
        ListSSHPublicKeys,
        ListServiceSpecificCredentials,
        ListSigningCertificates,
        ListUserPolicies,
        ListUserTags,
        ListUsers,
        ListVirtualMFADevices,
        PutGroupPolicy,
        PutRolePermissionsBoundary,
        PutRolePolicy,
        PutUserPermissionsBoundary,
        PutUserPolicy,
        RemoveClientIDFromOpenIDConnectProvider,
        RemoveRoleFromInstanceProfile,
        RemoveUserFromGroup,
        SetDefaultPolicyVersion,
        SimulateCustomPolicy,
        SimulatePrincipalPolicy,
        TagInstanceProfile,
        TagOpenIDConnectProvider,
        TagPolicy,
        TagRole,
        TagUser,
        UntagInstanceProfile,
        UntagOpenIDConnectProvider,
        UntagPolicy,
        UntagRole,
        UntagUser,
        UpdateAccessKey,
        UpdateAssumeRolePolicy,
        UpdateGroup,
        UpdateOpenIDConnectProviderThumbprint,
        UpdateRole,
        UpdateRoleDescription,
        UpdateUser,
        PassRole,
    }
}

account_actions! {
    organizations_actions, "organizations" {
        AttachPolicy,
        CreateAccount,
        DetachPolicy,
        ListAccounts,
        ListPoliciesForTarget,
    }
}

account_actions! {
    sts_actions, "sts" {
        AssumeRole,
        AssumeRoleWithWebIdentity,
        DecodeAuthorizationMessage,
        GetAccessKeyInfo,
        GetCallerIdentity,
        GetFederationToken,
        GetSessionToken,
        SetSourceIdentity,
        TagSession,
    }
}
