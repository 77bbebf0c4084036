//! The rows of IAM: each statement once, for the plans; what moves the counter of access; and what
//! goes with a principal.

use super::{now, open, write};
use crate::account_guardrail;
use crate::credential_use::{self, CredentialUse};
use crate::group::{self, GroupRow};
use crate::instance_profile::{self, InstanceProfileRow};
use crate::managed_policy::{self, ManagedPolicyRow};
use crate::oidc_provider::{self, OidcProviderRow};
use crate::policy_attachment::PolicyUsers;
use crate::role::{self, RoleRow};
use crate::session::{self, SessionRow};
use crate::user::{self, UserRow};
use crate::{
    MetadataError, Tx, account, iam_tag, inline_policy, policy_attachment, trusted_principal,
};

const ARN: &str = "arn:aws:iam::111122223333:policy/push";

pub(super) async fn run(tx: &mut Tx) -> Result<(), MetadataError> {
    run_accounts(tx).await?;
    run_principals(tx).await?;
    run_policies(tx).await?;
    run_sessions(tx).await?;
    run_roles(tx).await
}

async fn run_accounts(tx: &mut Tx) -> Result<(), MetadataError> {
    let id = "111122223333".parse().unwrap();
    account::insert(tx, &id, now()).await?;
    account::find(tx, &id).await?;
    account::list(tx, "", 100).await?;
    account::set_alias(tx, &id, Some("wharf")).await?;
    account_guardrail::put(tx, &id, "region", "{}").await?;
    account_guardrail::list(tx, &id).await?;
    account_guardrail::delete(tx, &id, "region").await?;
    Ok(())
}

async fn run_principals(tx: &mut Tx) -> Result<(), MetadataError> {
    let id = "111122223333".parse().unwrap();
    user::insert(tx, &user_row()).await?;
    let row = GroupRow {
        group_id: "AGPA".into(),
        account: id,
        group_name: "dev".into(),
        path: "/".into(),
        created_at: now(),
    };
    group::insert(tx, &row).await?;
    group::find(tx, &id, "dev").await?;
    group::add_member(tx, "AGPA", "AIDA-2", now()).await?;
    group::of_user(tx, "AIDA-2").await?;
    let row = RoleRow {
        role_id: "AROA".into(),
        account: id,
        role_name: "ci".into(),
        path: "/".into(),
        description: String::new(),
        session_seconds_max: 3_600,
        trust_policy: "{}".into(),
        boundary_arn: Some(ARN.into()),
        created_at: now(),
    };
    role::insert(tx, &row).await?;
    role::find(tx, &id, "ci").await?;
    role::find_by_id(tx, "AROA").await?;
    Ok(())
}

async fn run_roles(tx: &mut Tx) -> Result<(), MetadataError> {
    let id = "111122223333".parse().unwrap();
    assert!(role::is_taken(tx, &id, "CI").await?);
    assert_eq!(role::count(tx, &id).await?, 1);
    assert_eq!(role::list(tx, &id, "/", "", 100).await?.len(), 1);
    assert_eq!(role::list(tx, &id, "/other/", "", 100).await?.len(), 0);
    role::update(tx, "AROA", "what for", 7_200).await?;
    role::set_trust_policy(tx, "AROA", "{ }").await?;
    let found = role::find_by_id(tx, "AROA").await?.unwrap();
    assert_eq!((found.session_seconds_max, found.trust_policy.as_str()), (7_200, "{ }"));
    trusted_principal::replace(tx, "AROA", &["AIDA-2".into()]).await?;
    assert_eq!(trusted_principal::roles(tx, "AIDA-2", "", 10).await?, ["AROA"]);
    trusted_principal::delete(tx, "AIDA-2").await?;
    assert!(trusted_principal::roles(tx, "AIDA-2", "", 10).await?.is_empty());
    run_instance_profiles(tx).await?;
    role::delete(tx, "AROA").await?;
    assert!(role::find_by_id(tx, "AROA").await?.is_none());
    run_oidc_providers(tx).await
}

async fn run_instance_profiles(tx: &mut Tx) -> Result<(), MetadataError> {
    let id = "111122223333".parse().unwrap();
    let row = InstanceProfileRow {
        profile_id: "AIPA".into(),
        account: id,
        profile_name: "web".into(),
        path: "/".into(),
        role_id: None,
        created_at: now(),
    };
    instance_profile::insert(tx, &row).await?;
    assert!(instance_profile::is_taken(tx, &id, "WEB").await?);
    assert_eq!(instance_profile::count(tx, &id).await?, 1);
    instance_profile::set_role(tx, "AIPA", Some("AROA")).await?;
    let of_role = instance_profile::of_role(tx, "AROA", "", 10).await?;
    assert_eq!(of_role, instance_profile::list(tx, &id, "/", "", 10).await?);
    assert_eq!(of_role[0].role_id.as_deref(), Some("AROA"));
    instance_profile::set_role(tx, "AIPA", None).await?;
    assert_eq!(instance_profile::find(tx, &id, "web").await?, Some(row));
    instance_profile::delete(tx, "AIPA").await
}

async fn run_oidc_providers(tx: &mut Tx) -> Result<(), MetadataError> {
    let id = "111122223333".parse().unwrap();
    let row = OidcProviderRow {
        account: id,
        url: "idp.example.com".into(),
        client_ids: "[]".into(),
        thumbprints: "[]".into(),
        created_at: now(),
    };
    oidc_provider::insert(tx, &row).await?;
    let again = oidc_provider::insert(tx, &row).await;
    assert!(matches!(again, Err(MetadataError::Duplicate(_))));
    assert_eq!(oidc_provider::count(tx, &id).await?, 1);
    oidc_provider::set_lists(tx, &id, &row.url, "[\"app\"]", "[]").await?;
    let found = oidc_provider::find(tx, &id, &row.url).await?.unwrap();
    assert_eq!(found.client_ids, "[\"app\"]");
    assert_eq!(oidc_provider::urls(tx, &id).await?, ["idp.example.com"]);
    assert!(oidc_provider::delete(tx, &id, &row.url).await?);
    assert!(!oidc_provider::delete(tx, &id, &row.url).await?);
    Ok(())
}

async fn run_policies(tx: &mut Tx) -> Result<(), MetadataError> {
    let row = ManagedPolicyRow {
        policy_id: "ANPA".into(),
        policy_arn: ARN.into(),
        account: "111122223333".parse().unwrap(),
        policy_name: "push".into(),
        path: "/".into(),
        description: String::new(),
        default_version: 1,
        last_version: 1,
        created_at: now(),
        updated_at: now(),
    };
    managed_policy::insert(tx, &row).await?;
    managed_policy::insert_version(tx, "ANPA", 1, "{}", now()).await?;
    managed_policy::find(tx, ARN).await?;
    managed_policy::text(tx, ARN).await?;
    managed_policy::exists(tx, &row.account, "PUSH").await?;
    managed_policy::count(tx, &row.account).await?;
    managed_policy::list(tx, &row.account, "", "/", 100).await?;
    managed_policy::versions(tx, "ANPA").await?;
    managed_policy::version(tx, "ANPA", 1).await?;
    managed_policy::set_last_version(tx, "ANPA", 2, now()).await?;
    managed_policy::set_default_version(tx, "ANPA", 1).await?;
    managed_policy::delete_version(tx, "ANPA", 2).await?;
    policy_attachment::usage(tx, &row.account, ARN).await?;
    let asked = PolicyUsers {
        policy_arn: ARN,
        account: &row.account,
        after: "",
        path_prefix: "/",
        limit: 100,
    };
    policy_attachment::groups(tx, asked).await?;
    policy_attachment::users(tx, asked).await?;
    policy_attachment::roles(tx, asked).await?;
    policy_attachment::bounded_users(tx, asked).await?;
    policy_attachment::bounded_roles(tx, asked).await?;
    user::set_boundary(tx, "AIDA-2", None).await?;
    role::set_boundary(tx, "AROA", Some(ARN)).await?;
    inline_policy::find(tx, "AROA", "inline").await?;
    inline_policy::names(tx, "AROA", "", 100).await?;
    policy_attachment::attach(tx, "AROA", ARN, now()).await?;
    policy_attachment::of_principal(tx, "AROA").await?;
    policy_attachment::detach(tx, "AROA", ARN).await?;
    policy_attachment::detach_all(tx, "AROA").await?;
    inline_policy::put(tx, "AROA", "inline", "{}").await?;
    inline_policy::delete_all(tx, "AROA").await?;
    iam_tag::put(tx, "AROA", "Team", "a").await?;
    iam_tag::list(tx, "AROA").await?;
    iam_tag::delete(tx, "AROA", "team").await?;
    iam_tag::delete_all(tx, "AROA").await?;
    managed_policy::delete(tx, "ANPA").await
}

async fn run_sessions(tx: &mut Tx) -> Result<(), MetadataError> {
    let row = SessionRow {
        access_key_id: "ASIA".into(),
        account: "111122223333".parse().unwrap(),
        kind: "role".into(),
        issuer_id: Some("AROA".into()),
        session_name: "build".into(),
        secret_sealed: vec![1],
        facts: "{}".into(),
        issued_at: now(),
        expires_at: now(),
    };
    session::insert(tx, &row).await?;
    session::find(tx, "ASIA").await?;
    session::delete_expired(tx, now(), 100).await?;
    let used = CredentialUse { used_at: now(), service: "ecr".into(), region: "r".into() };
    credential_use::put(tx, "AKIA", &used).await?;
    credential_use::get(tx, "AKIA").await?;
    credential_use::delete(tx, "AKIA").await
}

fn user_row() -> UserRow {
    UserRow {
        user_id: "AIDA-2".into(),
        account: "111122223333".parse().unwrap(),
        user_name: "dev".into(),
        path: "/".into(),
        boundary_arn: None,
        created_at: now(),
    }
}

#[tokio::test]
async fn what_is_a_users_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let left: (usize, usize, usize) = write(&metadata, |tx| {
        Box::pin(async move {
            user::insert(tx, &user_row()).await?;
            inline_policy::put(tx, "AIDA-2", "p", "{}").await?;
            policy_attachment::attach(tx, "AIDA-2", ARN, now()).await?;
            iam_tag::put(tx, "AIDA-2", "Team", "a").await?;
            iam_tag::put(tx, "AIDA-2", "TEAM", "b").await?;
            let tags = iam_tag::list(tx, "AIDA-2").await?;
            assert_eq!(tags, [("TEAM".to_owned(), "b".to_owned())], "one key, whatever its case");
            assert!(user::delete(tx, &user_row().account, "dev").await?);
            Ok((
                inline_policy::list(tx, "AIDA-2").await?.len(),
                policy_attachment::of_principal(tx, "AIDA-2").await?.len(),
                iam_tag::list(tx, "AIDA-2").await?.len(),
            ))
        })
    })
    .await
    .unwrap();
    assert_eq!(left, (0, 0, 0));
}
