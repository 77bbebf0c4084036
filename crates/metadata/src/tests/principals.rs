//! Users, groups, keys and accounts: each statement once, for the plans; and what goes with what.

use super::{now, open, write};
use crate::access_key::{self, AccessKeyRow};
use crate::credential_use::{self, CredentialUse};
use crate::group::{self, GroupRow};
use crate::user::{self, UserRow};
use crate::{MetadataError, Tx, account_detail};

const ARN: &str = "arn:aws:iam::111122223333:policy/push";

pub(super) async fn run(tx: &mut Tx) -> Result<(), MetadataError> {
    let id = "111122223333".parse().unwrap();
    user::insert(tx, &user_row("AIDA-9", "Nine")).await?;
    user::is_taken(tx, &id, "nine").await?;
    user::count(tx, &id).await?;
    user::list_under(tx, &id, "/", "", 100).await?;
    user::rename(tx, "AIDA-9", "nine", "/team/").await?;
    group::insert(tx, &group_row()).await?;
    group::add_member(tx, "AGPA-9", "AIDA-9", now()).await?;
    user::of_group(tx, "AGPA-9", "", 100).await?;
    group::is_taken(tx, &id, "nine").await?;
    group::count(tx, &id).await?;
    group::list_under(tx, &id, "/", "", 100).await?;
    group::rename(tx, "AGPA-9", "nine", "/team/").await?;
    group::has_members(tx, "AGPA-9").await?;
    group::remove_member(tx, "AGPA-9", "AIDA-9").await?;
    group::delete(tx, "AGPA-9").await?;
    access_key::of_owner(tx, &id, Some("AIDA-9")).await?;
    access_key::of_owner(tx, &id, None).await?;
    account_detail::counts(tx, &id).await?;
    account_detail::role_names(tx, &id, "", 100).await?;
    account_detail::policy_arns(tx, &id, "", 100).await?;
    account_detail::versions(tx, "ANPA").await?;
    account_detail::attachments(tx, &id, ARN).await?;
    account_detail::bounded(tx, &id, ARN).await?;
    account_detail::profiles_of_role(tx, "AROA").await?;
    user::delete(tx, &id, "nine").await?;
    Ok(())
}

fn user_row(user_id: &str, user_name: &str) -> UserRow {
    UserRow {
        user_id: user_id.into(),
        account: "111122223333".parse().unwrap(),
        user_name: user_name.into(),
        path: "/".into(),
        boundary_arn: None,
        created_at: now(),
    }
}

fn group_row() -> GroupRow {
    GroupRow {
        group_id: "AGPA-9".into(),
        account: "111122223333".parse().unwrap(),
        group_name: "Nine".into(),
        path: "/".into(),
        created_at: now(),
    }
}

#[tokio::test]
async fn names_are_one_whatever_their_case_and_lists_pass_other_paths() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let id = "111122223333".parse().unwrap();
            for (number, name) in [(1, "Ann"), (2, "Ben"), (3, "Cid"), (4, "Dan")] {
                user::insert(tx, &user_row(&format!("AIDA-{number}"), name)).await?;
            }
            assert!(user::is_taken(tx, &id, "aNN").await? && !user::is_taken(tx, &id, "an").await?);
            assert!(user::find(tx, &id, "ann").await?.is_none(), "found by how it was given");
            for name in ["Ben", "Dan"] {
                let user = user::find(tx, &id, name).await?.unwrap();
                user::rename(tx, &user.user_id, name, "/team/").await?;
            }
            let names =
                |rows: Vec<UserRow>| rows.into_iter().map(|row| row.user_name).collect::<Vec<_>>();
            assert_eq!(names(user::list_under(tx, &id, "/team", "", 9).await?), ["Ben", "Dan"]);
            assert_eq!(names(user::list_under(tx, &id, "/team", "Ben", 9).await?), ["Dan"]);
            assert_eq!(names(user::list_under(tx, &id, "", "Ann", 2).await?), ["Ben", "Cid"]);
            let clash = user::rename(tx, "AIDA-1", "Ben", "/").await;
            assert!(matches!(clash, Err(MetadataError::Duplicate(_))));
            assert_eq!(user::count(tx, &id).await?, 4);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_use_of_a_key_is_forgotten_with_it_and_with_its_user() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let account = "111122223333".parse().unwrap();
            user::insert(tx, &user_row("AIDA-1", "ann")).await?;
            let used = CredentialUse { used_at: now(), service: "ecr".into(), region: "r".into() };
            for id in ["AKIA-1", "AKIA-2"] {
                let key = AccessKeyRow {
                    access_key_id: id.into(),
                    account,
                    user_id: Some("AIDA-1".into()),
                    active: true,
                    secret_sealed: vec![1],
                    created_at: now(),
                };
                access_key::insert(tx, &key).await?;
                credential_use::put(tx, id, &used).await?;
            }
            assert_eq!(access_key::of_owner(tx, &account, Some("AIDA-1")).await?.len(), 2);
            assert_eq!(access_key::of_owner(tx, &account, None).await?, []);
            assert!(access_key::delete(tx, "AKIA-1").await?);
            assert_eq!(credential_use::get(tx, "AKIA-1").await?, None);
            assert_eq!(credential_use::get(tx, "AKIA-2").await?, Some(used));
            assert!(user::delete(tx, &account, "ann").await?);
            assert_eq!(credential_use::get(tx, "AKIA-2").await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}
