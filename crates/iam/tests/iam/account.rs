//! Accounts, their aliases and their summaries.

use wharfinger_core::Arn;
use wharfinger_iam::KeyOwner;
use wharfinger_metadata::role;

use super::account_details::{policy_row, role_row};
use super::people::permit;
use super::principal_fixture::{NOW, fixture, page, refusal};

#[tokio::test]
async fn an_account_is_made_once_with_a_root_key_of_its_own() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let other = "999888777666".parse().unwrap();
    assert!(!iam.has_account(other).await.unwrap());
    let made = iam.create_account(&permit(other)).await.unwrap();
    let keys = iam.list_access_keys(&permit(other), &KeyOwner::Root, page(9)).await.unwrap();
    assert_eq!(keys.items[0].access_key_id, made.key.access_key_id);
    let again = refusal(iam.create_account(&permit(other)).await);
    let text = "Account 999888777666 already exists.";
    assert_eq!(again, ("EntityAlreadyExists", text.into()));
    let first = refusal(iam.create_account(&permit(fixture.account)).await);
    assert_eq!(first.0, "EntityAlreadyExists");
    let accounts = iam.list_accounts(&permit(fixture.account)).await.unwrap();
    let ids: Vec<_> = accounts.iter().map(|it| it.account.as_str()).collect();
    assert_eq!(ids, ["111122223333", "999888777666"]);
    assert_eq!(accounts[1].created_at, NOW);
    assert!(iam.has_account(other).await.unwrap());
}

#[tokio::test]
async fn an_alias_is_one_accounts() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    let other = "999888777666".parse().unwrap();
    iam.create_account(&permit(other)).await.unwrap();
    assert_eq!(iam.list_account_aliases(&permit(account)).await.unwrap(), None);
    iam.create_account_alias(&permit(account), "wharf").await.unwrap();
    iam.create_account_alias(&permit(account), "pier").await.unwrap();
    let alias = iam.list_account_aliases(&permit(account)).await.unwrap();
    assert_eq!(alias.as_deref(), Some("pier"), "the new one takes the place of the old");
    let taken = refusal(iam.create_account_alias(&permit(other), "pier").await);
    let text = "The account alias pier already exists.";
    assert_eq!(taken, ("EntityAlreadyExists", text.into()));
    iam.create_account_alias(&permit(other), "wharf").await.unwrap();
    let absent = refusal(iam.delete_account_alias(&permit(account), "wharf").await);
    assert_eq!(absent.0, "NoSuchEntity", "it is another account's");
    iam.delete_account_alias(&permit(account), "pier").await.unwrap();
    assert_eq!(iam.list_account_aliases(&permit(account)).await.unwrap(), None);
}

#[tokio::test]
async fn a_summary_counts_what_is_there() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    fixture.user("ann").await;
    fixture.user("ben").await;
    iam.create_group(&permit(account), "dev", None).await.unwrap();
    fixture
        .write(move |tx| {
            Box::pin(async move {
                role::insert(tx, &role_row(account, "ci")).await?;
                policy_row(tx, account, "push", 3).await
            })
        })
        .await;
    let summary = iam.get_account_summary(&permit(account)).await.unwrap();
    assert_eq!((summary.users, summary.groups, summary.roles), (2, 1, 1));
    assert_eq!((summary.policies, summary.policy_versions), (1, 3));
    assert_eq!((summary.instance_profiles, summary.providers), (0, 0));
    assert!(summary.has_root_keys);
    let other = "999888777666".parse().unwrap();
    let theirs = iam.get_account_summary(&permit(other)).await.unwrap();
    assert!(theirs.users == 0 && !theirs.has_root_keys);
}

#[tokio::test]
async fn the_root_is_the_account() {
    let fixture = fixture().await;
    let root = fixture.iam.get_root(&permit(fixture.account)).await.unwrap();
    assert_eq!((root.account, root.created_at), (fixture.account, NOW));
    let user = Arn::user(&fixture.account, "/", "ann");
    let permit = wharfinger_auth::Permit::system(fixture.resource(&user));
    assert_eq!(refusal(fixture.iam.get_root(&permit).await).0, "ServiceFailure");
}
