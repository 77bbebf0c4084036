//! The account itself: its alias, how much it has, and everything about who may do what.

use std::collections::BTreeMap;
use std::fmt::Write;

use wharfinger_auth::Permit;
use wharfinger_auth::iam_actions::{
    CreateAccountAlias, DeleteAccountAlias, GetAccountAuthorizationDetails, GetAccountSummary,
    ListAccountAliases,
};
use wharfinger_aws_model::iam::enums::{EntityType, SummaryKeyType};
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_core::limits;
use wharfinger_iam::{
    AccountSummary, Detail, DetailKind, Group, HeldPolicies, PageRequest, PolicyDetail,
    ProfileDetail, RoleDetail, User,
};

use super::{Call, Outcome, not_implemented, nothing, user};

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::CreateAccountAlias,
    Operation::DeleteAccountAlias,
    Operation::GetAccountAuthorizationDetails,
    Operation::GetAccountSummary,
    Operation::ListAccountAliases,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::CreateAccountAlias(input) => create_account_alias(call, input).await,
        Request::DeleteAccountAlias(input) => delete_account_alias(call, input).await,
        Request::GetAccountAuthorizationDetails(input) => details(call, input).await,
        Request::GetAccountSummary(_) => get_account_summary(call).await,
        Request::ListAccountAliases(_) => list_account_aliases(call).await,
        other => Err(not_implemented(other.operation())),
    }
}

async fn create_account_alias(call: &Call<'_>, input: input::CreateAccountAliasRequest) -> Outcome {
    let permit: Permit<CreateAccountAlias> = call.authorize_account().await?;
    call.iam().create_account_alias(&permit, &input.account_alias).await?;
    nothing()
}

async fn delete_account_alias(call: &Call<'_>, input: input::DeleteAccountAliasRequest) -> Outcome {
    let permit: Permit<DeleteAccountAlias> = call.authorize_account().await?;
    call.iam().delete_account_alias(&permit, &input.account_alias).await?;
    nothing()
}

/// There is one at the most, so there is one page.
async fn list_account_aliases(call: &Call<'_>) -> Outcome {
    let permit: Permit<ListAccountAliases> = call.authorize_account().await?;
    let alias = call.iam().list_account_aliases(&permit).await?;
    Ok(Box::new(output::ListAccountAliasesResponse {
        account_aliases: alias.into_iter().collect(),
        is_truncated: Some(false),
        marker: None,
    }))
}

async fn get_account_summary(call: &Call<'_>) -> Outcome {
    let permit: Permit<GetAccountSummary> = call.authorize_account().await?;
    let summary = call.iam().get_account_summary(&permit).await?;
    let number = |key: &SummaryKeyType| {
        (*key, i32::try_from(summary_value(*key, &summary)).unwrap_or(i32::MAX))
    };
    let summary_map: BTreeMap<_, _> = SummaryKeyType::ALL.iter().map(number).collect();
    Ok(Box::new(output::GetAccountSummaryResponse { summary_map: Some(summary_map) }))
}

/// How much there is of something, or its quota. What there is none of here has the quota of 0.
fn summary_value(key: SummaryKeyType, summary: &AccountSummary) -> u64 {
    use SummaryKeyType as Key;
    match key {
        Key::Users => summary.users,
        Key::UsersQuota => limits::USERS_PER_ACCOUNT_MAX,
        Key::Groups => summary.groups,
        Key::GroupsQuota => limits::GROUPS_PER_ACCOUNT_MAX,
        Key::GroupsPerUserQuota => limits::GROUPS_PER_USER_MAX,
        Key::Roles => summary.roles,
        Key::RolesQuota => limits::ROLES_PER_ACCOUNT_MAX,
        Key::InstanceProfiles => summary.instance_profiles,
        Key::InstanceProfilesQuota => limits::INSTANCE_PROFILES_PER_ACCOUNT_MAX,
        Key::Policies => summary.policies,
        Key::PoliciesQuota => limits::MANAGED_POLICIES_MAX,
        Key::PolicyVersionsInUse => summary.policy_versions,
        Key::PolicyVersionsInUseQuota => {
            limits::MANAGED_POLICIES_MAX * limits::MANAGED_POLICY_VERSIONS_MAX as u64
        }
        Key::VersionsPerPolicyQuota => limits::MANAGED_POLICY_VERSIONS_MAX as u64,
        Key::PolicySizeQuota => limits::MANAGED_POLICY_CHARS_MAX as u64,
        Key::UserPolicySizeQuota => limits::INLINE_POLICY_CHARS_PER_USER_MAX as u64,
        Key::GroupPolicySizeQuota => limits::INLINE_POLICY_CHARS_PER_GROUP_MAX as u64,
        Key::RolePolicySizeQuota => limits::INLINE_POLICY_CHARS_PER_ROLE_MAX as u64,
        Key::AssumeRolePolicySizeQuota => limits::TRUST_POLICY_CHARS_MAX as u64,
        Key::AttachedPoliciesPerGroupQuota
        | Key::AttachedPoliciesPerRoleQuota
        | Key::AttachedPoliciesPerUserQuota => limits::MANAGED_POLICIES_ATTACHED_MAX,
        Key::AccessKeysPerUserQuota => limits::ACCESS_KEYS_PER_USER_MAX,
        Key::AccountAccessKeysPresent => u64::from(summary.has_root_keys),
        Key::Providers => summary.providers,
        Key::GlobalEndpointTokenVersion => 1,
        Key::ServerCertificates
        | Key::ServerCertificatesQuota
        | Key::SigningCertificatesPerUserQuota
        | Key::MFADevices
        | Key::MFADevicesInUse
        | Key::AccountMFAEnabled
        | Key::AccountPasswordPresent
        | Key::AccountSigningCertificatesPresent => 0,
    }
}

async fn details(call: &Call<'_>, input: input::GetAccountAuthorizationDetailsRequest) -> Outcome {
    let permit: Permit<GetAccountAuthorizationDetails> = call.authorize_account().await?;
    let kinds: Vec<_> = input.filter.unwrap_or_default().into_iter().map(kind).collect();
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().get_account_authorization_details(&permit, &kinds, page).await?;
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    let (mut roles, mut policies) = (Vec::new(), Vec::new());
    for detail in page.items {
        match detail {
            Detail::User(user, held, of) => users.push(user_detail(user, held, of)),
            Detail::Group(group, held) => groups.push(group_detail(group, held)),
            Detail::Role(role) => roles.push(role_detail(role)),
            Detail::Policy(policy) => policies.push(policy_detail(policy)),
        }
    }
    Ok(Box::new(output::GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(users),
        group_detail_list: Some(groups),
        role_detail_list: Some(roles),
        policies: Some(policies),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

fn kind(entity: EntityType) -> DetailKind {
    match entity {
        EntityType::User => DetailKind::User,
        EntityType::Role => DetailKind::Role,
        EntityType::Group => DetailKind::Group,
        EntityType::LocalManagedPolicy => DetailKind::LocalPolicy,
        EntityType::AWSManagedPolicy => DetailKind::AwsPolicy,
    }
}

fn user_detail(user: User, held: HeldPolicies, groups: Vec<String>) -> types::UserDetail {
    types::UserDetail {
        path: Some(user.path),
        user_name: Some(user.user_name),
        user_id: Some(user.user_id),
        arn: Some(user.arn.to_string()),
        create_date: Some(user.created_at),
        user_policy_list: Some(inline(held.inline)),
        group_list: Some(groups),
        attached_managed_policies: Some(attached(held.attached)),
        permissions_boundary: user.boundary_arn.map(user::boundary),
        tags: Some(user::tags(user.tags)),
    }
}

fn group_detail(group: Group, held: HeldPolicies) -> types::GroupDetail {
    types::GroupDetail {
        path: Some(group.path),
        group_name: Some(group.group_name),
        group_id: Some(group.group_id),
        arn: Some(group.arn.to_string()),
        create_date: Some(group.created_at),
        group_policy_list: Some(inline(held.inline)),
        attached_managed_policies: Some(attached(held.attached)),
    }
}

fn role_detail(mut role: RoleDetail) -> types::RoleDetail {
    let profiles = std::mem::take(&mut role.instance_profiles);
    let profiles = profiles.into_iter().map(|profile| instance_profile(profile, &role)).collect();
    types::RoleDetail {
        path: Some(role.path),
        role_name: Some(role.role_name),
        role_id: Some(role.role_id),
        arn: Some(role.arn.to_string()),
        create_date: Some(role.created_at),
        assume_role_policy_document: Some(url_encoded(&role.trust_policy)),
        instance_profile_list: Some(profiles),
        role_policy_list: Some(inline(role.policies.inline)),
        attached_managed_policies: Some(attached(role.policies.attached)),
        permissions_boundary: role.boundary_arn.map(user::boundary),
        tags: Some(user::tags(role.tags)),
        role_last_used: Some(last_used(role.last_used)),
    }
}

fn last_used(used: Option<(wharfinger_core::Timestamp, String)>) -> types::RoleLastUsed {
    let (last_used_date, region) = used.unzip();
    types::RoleLastUsed { last_used_date, region }
}

fn instance_profile(profile: ProfileDetail, role: &RoleDetail) -> types::InstanceProfile {
    let of = types::Role {
        path: role.path.clone(),
        role_name: role.role_name.clone(),
        role_id: role.role_id.clone(),
        arn: role.arn.to_string(),
        create_date: role.created_at,
        assume_role_policy_document: Some(url_encoded(&role.trust_policy)),
        ..types::Role::default()
    };
    types::InstanceProfile {
        path: profile.path,
        instance_profile_name: profile.profile_name,
        instance_profile_id: profile.profile_id,
        arn: profile.arn.to_string(),
        create_date: profile.created_at,
        roles: vec![of],
        tags: None,
    }
}

fn policy_detail(policy: PolicyDetail) -> types::ManagedPolicyDetail {
    let number = |many: u64| Some(i32::try_from(many).unwrap_or(i32::MAX));
    let default = policy.default_version;
    let versions =
        policy.versions.into_iter().map(|(version, text, created_at)| types::PolicyVersion {
            document: Some(url_encoded(&text)),
            version_id: Some(format!("v{version}")),
            is_default_version: Some(version == default),
            create_date: created_at,
        });
    let mut detail = types::ManagedPolicyDetail {
        policy_name: Some(policy.policy_name),
        arn: Some(policy.arn),
        default_version_id: Some(format!("v{default}")),
        attachment_count: number(policy.attachments),
        permissions_boundary_usage_count: number(policy.bounded),
        is_attachable: Some(true),
        policy_version_list: Some(versions.collect()),
        ..types::ManagedPolicyDetail::default()
    };
    if let Some(own) = policy.own {
        detail.policy_id = Some(own.policy_id);
        detail.path = Some(own.path);
        detail.description = Some(own.description).filter(|text| !text.is_empty());
        detail.create_date = Some(own.created_at);
        detail.update_date = Some(own.updated_at);
    }
    detail
}

fn inline(policies: Vec<(String, String)>) -> Vec<types::PolicyDetail> {
    let detail = |(name, text): (String, String)| types::PolicyDetail {
        policy_name: Some(name),
        policy_document: Some(url_encoded(&text)),
    };
    policies.into_iter().map(detail).collect()
}

fn attached(policies: Vec<(String, String)>) -> Vec<types::AttachedPolicy> {
    let attached =
        |(name, arn)| types::AttachedPolicy { policy_name: Some(name), policy_arn: Some(arn) };
    policies.into_iter().map(attached).collect()
}

/// A policy as IAM answers it: each byte that RFC 3986 reserves as `%XX`.
fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
