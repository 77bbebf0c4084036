//! Access keys.

use wharfinger_auth::{Permit, iam_actions};
use wharfinger_core::{Arn, Timestamp};
use wharfinger_iam::KeyOwner;
use wharfinger_metadata::credential_use::{self, CredentialUse};

use super::people::permit;
use super::principal_fixture::{fixture, page, page_after, refusal};

fn owner(name: &str) -> KeyOwner {
    KeyOwner::User(name.into())
}

#[tokio::test]
async fn a_user_has_two_keys_at_the_most() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    fixture.user("ann").await;
    for _ in 0..2 {
        fixture.people.create_access_key(account, &owner("ann")).await.unwrap();
    }
    let third = refusal(fixture.people.create_access_key(account, &owner("ann")).await);
    let text = "Cannot exceed quota for AccessKeysPerUser: 2";
    assert_eq!(third, ("LimitExceeded", text.into()));
    let first = iam.list_access_keys(&permit(account), &owner("ann"), page(1)).await.unwrap();
    let rest = page_after(&first.marker, 1);
    let second = iam.list_access_keys(&permit(account), &owner("ann"), rest).await.unwrap();
    assert!(first.items[0].access_key_id < second.items[0].access_key_id);
    assert!(second.marker.is_none() && first.items[0].active);
    let all = iam.list_account_keys(&permit(account)).await.unwrap();
    assert_eq!(all.iter().filter(|key| key.owner == owner("ann")).count(), 2);
    assert_eq!(all.iter().filter(|key| key.owner == KeyOwner::Root).count(), 1);
    let absent = refusal(fixture.people.create_access_key(account, &owner("zoe")).await);
    assert_eq!(absent.0, "NoSuchEntity");
}

#[tokio::test]
async fn a_key_is_its_owners() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    fixture.user("ann").await;
    fixture.user("ben").await;
    let key = fixture.people.create_access_key(account, &owner("ann")).await.unwrap();
    let id = &key.access_key_id;
    let not_found = ("NoSuchEntity", format!("The Access Key with id {id} cannot be found."));
    let of_ben = iam.update_access_key(&permit(account), Some(&owner("ben")), id, false).await;
    assert_eq!(refusal(of_ben), not_found);
    let of_ben = iam.delete_access_key(&permit(account), Some(&owner("ben")), id).await;
    assert_eq!(refusal(of_ben), not_found);
    let elsewhere = "444455556666".parse().unwrap();
    assert_eq!(refusal(fixture.people.delete_access_key(elsewhere, id).await), not_found);
    let named: Permit<iam_actions::UpdateAccessKey> =
        Permit::system(fixture.resource(&Arn::user(&account, "/", "ben")));
    assert_eq!(refusal(iam.update_access_key(&named, None, id, false).await), not_found);
    let named: Permit<iam_actions::ListAccessKeys> =
        Permit::system(fixture.resource(&Arn::user(&account, "/", "ben")));
    assert_eq!(refusal(iam.list_account_keys(&named).await).0, "ServiceFailure");

    iam.update_access_key(&permit(account), Some(&owner("ann")), id, false).await.unwrap();
    let listed = iam.list_access_keys(&permit(account), &owner("ann"), page(9)).await.unwrap();
    assert!(!listed.items[0].active);
    iam.delete_access_key(&permit(account), Some(&owner("ann")), id).await.unwrap();
    let gone = iam.delete_access_key(&permit(account), Some(&owner("ann")), id).await;
    assert_eq!(refusal(gone), not_found);
    let absent = iam.delete_access_key(&permit(account), Some(&owner("zoe")), id).await;
    assert_eq!(refusal(absent).1, "The user with name zoe cannot be found.");
}

#[tokio::test]
async fn the_last_active_key_of_the_root_stays() {
    let fixture = fixture().await;
    let (account, root) = (fixture.account, &fixture.root_key);
    let text = format!("{root} is the last active key of the root user; create another one first");
    let off = refusal(fixture.people.set_access_key_active(account, root, false).await);
    assert_eq!(off, ("InvalidInput", text.clone()));
    let deleted = refusal(fixture.people.delete_access_key(account, root).await);
    assert_eq!(deleted, ("DeleteConflict", text));
    fixture.people.create_access_key(account, &KeyOwner::Root).await.unwrap();
    fixture.people.set_access_key_active(account, root, false).await.unwrap();
    fixture.people.delete_access_key(account, root).await.unwrap();
    let keys = fixture.iam.list_access_keys(&permit(account), &KeyOwner::Root, page(9)).await;
    assert_eq!(keys.unwrap().items.len(), 1);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_what_was_noted() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    let ann = fixture.user("ann").await;
    let key = fixture.people.create_access_key(account, &owner("ann")).await.unwrap();
    let id = key.access_key_id.clone();
    assert_eq!(iam.key_owner_arn(account, &id).await.unwrap(), Some(ann.arn));
    let never = iam.get_access_key_last_used(&permit(account), &id).await.unwrap();
    assert_eq!((never.owner, never.last), (owner("ann"), None));
    let used_at = Timestamp::from_seconds(1_800_000_123);
    let noted = id.clone();
    fixture
        .write(move |tx| {
            Box::pin(async move {
                let region = "eu-west-1".to_owned();
                let used = CredentialUse { used_at, service: "ecr".into(), region };
                credential_use::put(tx, &noted, &used).await
            })
        })
        .await;
    let used = iam.get_access_key_last_used(&permit(account), &id).await.unwrap();
    assert_eq!(used.last, Some((used_at, "ecr".into(), "eu-west-1".into())));
    let elsewhere = "444455556666".parse().unwrap();
    let absent = iam.get_access_key_last_used(&permit(elsewhere), &id).await;
    assert_eq!(refusal(absent).0, "NoSuchEntity");
    assert_eq!(iam.key_owner_arn(elsewhere, &id).await.unwrap(), None);
    let root = iam.key_owner_arn(account, &fixture.root_key).await.unwrap();
    assert_eq!(root, Some(Arn::root(&account)));
}
